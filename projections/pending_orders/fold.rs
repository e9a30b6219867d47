//! Stores a row per order as long as anything about the order is open. Afterwards it stores the versions of that time,
//! and what is needed to open the order again.

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, Fact, OrderFact},
    ids::{OrderId, Position},
    order::{Order, Status},
};
use orderlog_read_models::{CachedRows, CannotApply, Counters, Fold, Json, Row as _, RowCache, day};
use uuid::Uuid;

use crate::{
    order_state::CompactOrder,
    orders::{evolve, held_until, order_of, placed, products, renew},
};

use super::{
    intervals::level,
    open_orders::OpenOrders,
    scope::{Reading, Scope},
    tables::{PendingClosed, PendingCount, PendingDay, PendingOrder, PendingPast},
    versions::Versions,
};

pub(super) struct PendingOrdersFold {
    pub(super) orders: CachedRows<PendingOrder>,
    past: Counters<PendingPast>,
    closed: CachedRows<PendingClosed>,
    counts: Counters<PendingCount>,
    days: CachedRows<PendingDay>,
    /// The order of lists, if a node serves from memory.
    pub(super) open: Option<OpenOrders>,
}

impl Default for PendingOrdersFold {
    fn default() -> PendingOrdersFold {
        PendingOrdersFold {
            orders: CachedRows::whole(),
            past: Counters::default(),
            closed: CachedRows::default(),
            counts: Counters::default(),
            days: CachedRows::whole(),
            open: None,
        }
    }
}

impl Fold for PendingOrdersFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        vec![&mut self.orders, &mut self.past, &mut self.closed, &mut self.counts, &mut self.days]
    }

    fn prefetch(&mut self, event: &Envelope<Event>) {
        let Some(OrderId(id)) = order_of(event) else { return };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(_)) => {
                self.orders.expect_new((id,));
                self.days.prefetch((day(event.provenance.business_date),));
            }
            Fact::Order(fact) => {
                self.orders.prefetch((id,));
                if fact.can_follow_the_end() {
                    self.closed.prefetch((id,));
                }
            }
            Fact::Stock(_)
            | Fact::Product(_)
            | Fact::Customer(_)
            | Fact::Rate(_)
            | Fact::Notification(_)
            | Fact::Confirmation(_) => {}
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let Some(id) = order_of(event) else { return Ok(()) };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(_)) => {
                let row = row(placed(id, event)?, event.position.0);
                self.placed(&row);
                self.opened(event.position, row);
            }
            Fact::Order(fact) => {
                let Some(row) = self.orders.get_mut(&(id.0,)) else { return self.closed(id, event) };
                evolve(&mut row.the_order, event)?;
                count(&mut self.counts, event.position, row, -1);
                if let Some(open) = &mut self.open {
                    open.remove(row);
                }
                if let OrderFact::LinesChanged(_) = fact {
                    hold(row, event.position.0);
                }
                if refresh(row, event.position.0) {
                    count(&mut self.counts, event.position, row, 1);
                    if let Some(open) = &mut self.open {
                        open.add(row);
                    }
                    return Ok(());
                }
                if let Some(past) = past(row) {
                    self.past.entry(event.position, past.key(), || past);
                }
                let the_order = std::mem::replace(&mut row.the_order, CompactOrder(Order::empty(id)));
                self.closed.put(PendingClosed { order_id: id.0, the_order });
                self.orders.remove((id.0,));
            }
            Fact::Stock(_)
            | Fact::Product(_)
            | Fact::Customer(_)
            | Fact::Rate(_)
            | Fact::Notification(_)
            | Fact::Confirmation(_) => {}
        }
        Ok(())
    }

    fn serve(&mut self) {
        self.open = Some(OpenOrders::of(self.orders.iter(), self.days.iter()));
    }
}

impl PendingOrdersFold {
    /// The orders for lists, if every open order is in memory.
    pub(super) fn open(&self) -> Option<&OpenOrders> {
        self.open.as_ref().filter(|_| self.orders.is_whole() && self.days.is_whole())
    }

    /// Something about an order is open from here on.
    fn opened(&mut self, position: Position, row: PendingOrder) {
        count(&mut self.counts, position, &row, 1);
        if let Some(open) = &mut self.open {
            open.add(&row);
        }
        self.orders.put(row);
    }

    /// Folds an event of an order about which nothing was open: the order may owe something again.
    fn closed(&mut self, id: OrderId, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let Some(closed) = self.closed.get_mut(&(id.0,)) else { return Ok(()) };
        evolve(&mut closed.the_order, event)?;
        if is_open(&closed.the_order.0) {
            let order = std::mem::replace(&mut closed.the_order, CompactOrder(Order::empty(id)));
            self.opened(event.position, row(order, event.position.0));
            self.closed.remove((id.0,));
        }
        Ok(())
    }

    fn placed(&mut self, row: &PendingOrder) {
        let (at, position) = (row.placed_at, row.opened_position);
        if let Some(open) = &mut self.open {
            open.placed(&row.placed_on, at);
        }
        match self.days.get_mut(&(row.placed_on.clone(),)) {
            Some(day) => {
                day.first_placed_at = day.first_placed_at.min(at);
                day.last_placed_at = day.last_placed_at.max(at);
                day.first_position = day.first_position.min(position);
            }
            None => {
                let placed_on = row.placed_on.clone();
                self.days.put(PendingDay {
                    placed_on,
                    first_placed_at: at,
                    last_placed_at: at,
                    first_position: position,
                });
            }
        }
    }
}

/// Adds the order to the counts of its scopes, or takes it away from them.
fn count(counts: &mut Counters<PendingCount>, position: Position, row: &PendingOrder, sign: i64) {
    let Some(reading) = row.story.0.latest() else { return };
    for scope in Scope::COUNTED.into_iter().filter(|scope| scope.holds(&reading, 0)) {
        let key = (scope.column().to_owned(), row.placed_on.clone(), row.status.clone(), row.currency.clone());
        let count = counts.at(position, key);
        count.orders += sign;
        count.units_owed += sign * row.units_owed;
        count.total += sign * row.total;
        count.due += sign * row.due;
    }
}

fn row(the_order: CompactOrder, position: i64) -> PendingOrder {
    let order = &the_order.0;
    let mut row = PendingOrder {
        order_id: order.id.0,
        customer_id: order.customer_id.0,
        currency: order.currency.code().to_owned(),
        placed_at: order.times.placed.map_or(0, |at| at.timestamp_millis()),
        placed_on: day(order.placed_on),
        opened_position: position,
        status: String::new(),
        payment_status: String::new(),
        owes_goods: false,
        unconfirmed: false,
        unpaid: false,
        held_until: 0,
        backordered: false,
        units_owed: 0,
        total: 0,
        due: 0,
        products: String::new(),
        since: position,
        story: Json(Versions::default()),
        the_order,
    };
    hold(&mut row, position);
    refresh(&mut row, position);
    row
}

/// Notes the products of the order from `position` on.
fn hold(row: &mut PendingOrder, position: i64) {
    let products = products(&row.the_order.0);
    let ids: Vec<String> = products.iter().map(Uuid::to_string).collect();
    row.products = ids.join(" ");
    row.story.0.record_products(position, products);
}

/// Whether anything about the order is open, or will be before its end.
fn is_open(order: &Order) -> bool {
    match order.status() {
        Status::Pending | Status::Confirmed | Status::Processing | Status::PartiallyShipped | Status::Shipped => true,
        Status::Delivered | Status::Returned => order.due() > 0,
        Status::Cancelled => false,
    }
}

/// Derives the columns that the event at `position` can have changed; true if anything about the order is still open.
fn refresh(row: &mut PendingOrder, position: i64) -> bool {
    let order = &row.the_order.0;
    let reading = Reading {
        status: order.status(),
        payment: order.payment_status(),
        held_until: held_until(order),
        backordered: order.backordered(),
        units_owed: order.unshipped(),
        total: order.current_totals().total,
        due: order.due(),
    };
    renew(&mut row.status, reading.status.name());
    renew(&mut row.payment_status, reading.payment.name());
    row.owes_goods = Scope::Pending.holds(&reading, 0);
    row.unconfirmed = Scope::Unconfirmed.holds(&reading, 0);
    row.unpaid = Scope::Unpaid.holds(&reading, 0);
    row.held_until = reading.held_until;
    row.backordered = Scope::Backordered.holds(&reading, 0);
    row.units_owed = reading.units_owed;
    row.total = reading.total;
    row.due = reading.due;
    row.since = row.story.0.record(position, reading);
    is_open(order)
}

/// The stored past of an order about which nothing is open any more.
fn past(row: &mut PendingOrder) -> Option<PendingPast> {
    let mut versions = std::mem::take(&mut row.story.0);
    let (from, until) = versions.close()?;
    Some(PendingPast {
        level: level(until - from),
        from_position: from,
        until_position: until,
        order_id: row.order_id,
        customer_id: row.customer_id,
        currency: std::mem::take(&mut row.currency),
        placed_at: row.placed_at,
        placed_on: std::mem::take(&mut row.placed_on),
        story: Json(versions),
    })
}
