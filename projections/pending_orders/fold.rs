//! Keeps a row per order for as long as anything about the order is open, and afterwards how it read meanwhile and what it
//! takes to open it again.

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, Fact, OrderFact},
    ids::OrderId,
    order::{Order, Status},
};
use orderlog_read_models::{CachedRows, CannotApply, Counters, Fold, Json, Row as _, RowCache, day, table};
use uuid::Uuid;

use crate::{
    order_state::CompactOrder,
    orders::{evolve, held_until, order_of, placed, products, renew},
};

use super::{
    intervals::level,
    scope::{Reading, Scope},
    versions::Versions,
};

table! {
    /// An order about which something is open.
    pub struct PendingOrder = "pending_orders" on conflict Replace {
        key {
            /// Its number.
            order_id: i64,
        }
        /// Who ordered.
        customer_id: Uuid,
        /// ISO code of the amounts.
        currency: String,
        /// Milliseconds since the epoch.
        placed_at: i64,
        /// Business day, ISO.
        placed_on: String,
        /// Position from which something is open: its placement, or where it was opened again.
        opened_position: i64,
        /// Name of its status.
        status: String,
        /// Name of its payment status.
        payment_status: String,
        /// In the scope `pending`.
        owes_goods: bool,
        /// In the scope `unconfirmed`.
        unconfirmed: bool,
        /// In the scope `unpaid`.
        unpaid: bool,
        /// In the scope `on_hold` before this time, milliseconds since the epoch; 0 when it is not held.
        held_until: i64,
        /// In the scope `backordered`.
        backordered: bool,
        /// Active units that have not left.
        units_owed: i64,
        /// What the order comes to now, minor units.
        total: i64,
        /// What the customer still owes; negative when too much came in.
        due: i64,
        /// Ids of the products it holds now, with blanks between.
        products: String,
        /// The position from which it reads as it does.
        since: i64,
        /// How it read from `opened_position` on.
        story: Json<Versions>,
        /// The order itself, to take the next event in.
        the_order: CompactOrder,
    }
}

table! {
    /// How an order read while something about it was open. Written once, when that is over.
    pub struct PendingPast = "pending_past" on conflict Never {
        key {
            /// The level of the interval of positions in which it was open; see `intervals.rs`.
            level: i64,
            /// The position from which something was open: its placement, or where it was opened again.
            from_position: i64,
        }
        /// The position from which nothing was open any more.
        until_position: i64,
        /// The order's number.
        order_id: i64,
        /// Who ordered.
        customer_id: Uuid,
        /// ISO code of the amounts.
        currency: String,
        /// Milliseconds since the epoch.
        placed_at: i64,
        /// Business day, ISO.
        placed_on: String,
        /// How it read.
        story: Json<Versions>,
    }
}

table! {
    /// An order about which nothing is open. Whatever may open it again is folded into it.
    pub struct PendingClosed = "pending_closed" on conflict Replace {
        key {
            /// Its number.
            order_id: i64,
        }
        /// The order itself.
        the_order: CompactOrder,
    }
}

table! {
    /// What the orders of a scope that were placed on a day and have the same status come to.
    pub struct PendingCount = "pending_counts" on conflict Add {
        key {
            /// Column of the scope.
            scope: String,
            /// Business day, ISO.
            placed_on: String,
            /// Name of their status.
            status: String,
            /// ISO code of the amounts.
            currency: String,
        }
        /// How many; 0 where all have moved on.
        orders: i64,
        /// Active units that have not left.
        units_owed: i64,
        /// What the orders come to.
        total: i64,
        /// What is still owed for them.
        due: i64,
    }
}

table! {
    /// When the first and the last order of a day was placed, and where in the log the first.
    pub struct PendingDay = "pending_days" on conflict Replace {
        key {
            /// Business day, ISO.
            placed_on: String,
        }
        /// Milliseconds since the epoch.
        first_placed_at: i64,
        /// Milliseconds since the epoch.
        last_placed_at: i64,
        /// No order of the day was placed before this position.
        first_position: i64,
    }
}

#[derive(Default)]
pub(super) struct PendingOrdersFold {
    orders: CachedRows<PendingOrder>,
    past: Counters<PendingPast>,
    closed: CachedRows<PendingClosed>,
    counts: Counters<PendingCount>,
    days: CachedRows<PendingDay>,
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
                if follows_the_end(&fact) {
                    self.closed.prefetch((id,));
                }
            }
            Fact::Stock(_) | Fact::Product(_) | Fact::Customer(_) | Fact::Rate(_) => {}
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let Some(id) = order_of(event) else { return Ok(()) };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(_)) => {
                let row = row(placed(id, event)?, event.position.0);
                count(&mut self.counts, &row, 1);
                self.placed(&row);
                self.orders.put(row);
            }
            Fact::Order(fact) => {
                let Some(row) = self.orders.get_mut(&(id.0,)) else { return self.closed(id, event) };
                evolve(&mut row.the_order, event)?;
                count(&mut self.counts, row, -1);
                if let OrderFact::LinesChanged(_) = fact {
                    hold(row, event.position.0);
                }
                if refresh(row, event.position.0) {
                    count(&mut self.counts, row, 1);
                    return Ok(());
                }
                if let Some(past) = past(row) {
                    self.past.entry(past.key(), || past);
                }
                let the_order = std::mem::replace(&mut row.the_order, CompactOrder(Order::empty(id)));
                self.closed.put(PendingClosed { order_id: id.0, the_order });
                self.orders.remove((id.0,));
            }
            Fact::Stock(_) | Fact::Product(_) | Fact::Customer(_) | Fact::Rate(_) => {}
        }
        Ok(())
    }
}

impl PendingOrdersFold {
    /// Something happened to an order about which nothing was open: it may owe something again.
    fn closed(&mut self, id: OrderId, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let Some(closed) = self.closed.get_mut(&(id.0,)) else { return Ok(()) };
        evolve(&mut closed.the_order, event)?;
        if is_open(&closed.the_order.0) {
            let order = std::mem::replace(&mut closed.the_order, CompactOrder(Order::empty(id)));
            let row = row(order, event.position.0);
            count(&mut self.counts, &row, 1);
            self.orders.put(row);
            self.closed.remove((id.0,));
        }
        Ok(())
    }

    fn placed(&mut self, row: &PendingOrder) {
        let (at, position) = (row.placed_at, row.opened_position);
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

/// Whether such a fact can still come when nothing about the order is open.
fn follows_the_end(fact: &OrderFact<'_>) -> bool {
    match fact {
        OrderFact::PaymentCaptured(_)
        | OrderFact::PaymentRefunded(_)
        | OrderFact::UnitsReturned(_)
        | OrderFact::ShipmentVoided(_) => true,
        // No unit of it is left that could be held, shipped, delivered or cancelled.
        OrderFact::OrderPlaced(_)
        | OrderFact::OrderConfirmed(_)
        | OrderFact::OrderUnconfirmed(_)
        | OrderFact::OrderHeld(_)
        | OrderFact::OrderReleased(_)
        | OrderFact::ProcessingStarted(_)
        | OrderFact::UnitsShipped(_)
        | OrderFact::UnitsDelivered(_)
        | OrderFact::UnitsCancelled(_)
        | OrderFact::BackorderFilled(_)
        | OrderFact::LinesChanged(_) => false,
    }
}

/// Adds the order to the counts of the scopes it is in, or takes it away from them.
fn count(counts: &mut Counters<PendingCount>, row: &PendingOrder, sign: i64) {
    let Some(reading) = row.story.0.latest() else { return };
    for scope in Scope::COUNTED.into_iter().filter(|scope| scope.holds(&reading, 0)) {
        let key = (scope.column().to_owned(), row.placed_on.clone(), row.status.clone(), row.currency.clone());
        let count = counts.at(key);
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

/// Notes which products the order holds from `position` on.
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

/// Derives anew what the event at `position` can have changed; whether anything about the order is still open.
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

/// What is kept of an order about which nothing is open any more.
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
