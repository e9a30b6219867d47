//! Stores one row for each order, also after the order is finished.

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, Fact, OrderFact, PlacedLine},
    ids::{OrderId, Position},
    text::{key, name_key},
};
use orderlog_read_models::{CachedRows, CannotApply, Counters, Fold, RowCache, day, table};
use uuid::Uuid;

use super::{
    acts::OrderSummaryAct,
    facts::{self, Before},
    texts::OrderSummaryText,
};
use crate::{
    order_state::CompactOrder,
    orders::{evolve, held_until, order_of, placed, products, renew},
};

table! {
    /// An order as it is now; amounts are those of its remaining parts, in minor units.
    pub struct OrderSummary = "order_summary" on conflict Replace {
        key {
            /// Order number.
            order_id: i64,
        }
        /// The customer who ordered.
        customer_id: Uuid,
        /// ISO code of the amounts.
        currency: String,
        /// Milliseconds since the epoch.
        placed_at: i64,
        /// Business day, ISO.
        placed_on: String,
        /// Position of its placement.
        placed_position: i64,
        /// Name of its status.
        status: String,
        /// Name of its payment status.
        payment_status: String,
        /// Nothing may ship before this time, milliseconds since the epoch; 0 if the order is not on hold.
        held_until: i64,
        /// A unit waits for stock.
        backordered: bool,
        /// Active units.
        units: i64,
        /// Before discounts.
        gross: i64,
        /// A positive amount.
        discount: i64,
        /// Without tax.
        shipping: i64,
        /// The complete tax.
        tax: i64,
        /// The amount that the customer pays.
        total: i64,
        /// The money received.
        captured: i64,
        /// Its number in the system from which it was imported, as `reference_key` writes it.
        reference: Option<String>,
        /// The order itself, into which the next event is folded.
        the_order: CompactOrder,
    }
}

table! {
    /// A product in an order.
    pub struct OrderSummaryLine = "order_summary_lines" on conflict Replace {
        key {
            /// The product.
            product_id: Uuid,
            /// The order.
            order_id: i64,
        }
    }
}

table! {
    /// A product as an order names it.
    pub struct OrderSummaryProduct = "order_summary_products" on conflict Replace {
        key {
            /// The product.
            product_id: Uuid,
            /// The name in comparable form, as it was then.
            name_lower: String,
        }
        /// The SKU in comparable form.
        sku_lower: String,
    }
}

table! {
    /// The sums of the orders that were placed on a day and have equal statuses.
    pub struct OrderSummaryCount = "order_summary_counts" on conflict Add {
        key {
            /// Business day, ISO.
            placed_on: String,
            /// ISO code of the amounts.
            currency: String,
            /// Name of their status.
            status: String,
            /// Name of their payment status.
            payment_status: String,
        }
        /// How many; 0 where all have moved on.
        orders: i64,
        /// Active units.
        units: i64,
        /// The amount that customers pay.
        total: i64,
        /// The money received.
        captured: i64,
    }
}

table! {
    /// Which orders were placed on a day.
    pub struct OrderSummaryDay = "order_summary_days" on conflict Replace {
        key {
            /// Business day, ISO.
            placed_on: String,
        }
        /// The first of the orders.
        first_order: i64,
        /// The last of the orders.
        last_order: i64,
    }
}

pub(super) struct OrderSummaryFold {
    pub(super) orders: CachedRows<OrderSummary>,
    lines: CachedRows<OrderSummaryLine>,
    products: CachedRows<OrderSummaryProduct>,
    counts: Counters<OrderSummaryCount>,
    days: CachedRows<OrderSummaryDay>,
    acts: CachedRows<OrderSummaryAct>,
    texts: CachedRows<OrderSummaryText>,
}

impl Default for OrderSummaryFold {
    fn default() -> OrderSummaryFold {
        OrderSummaryFold {
            orders: CachedRows::default(),
            lines: CachedRows::passing(),
            products: CachedRows::whole(),
            counts: Counters::default(),
            days: CachedRows::whole(),
            acts: CachedRows::passing(),
            texts: CachedRows::passing(),
        }
    }
}

impl Fold for OrderSummaryFold {
    fn caches(&mut self) -> Vec<&mut dyn RowCache> {
        let OrderSummaryFold { orders, lines, products, counts, days, acts, texts } = self;
        vec![orders, lines, products, counts, days, acts, texts]
    }

    fn prefetch(&mut self, event: &Envelope<Event>) {
        let Some(OrderId(id)) = order_of(event) else { return };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(placed)) => {
                self.orders.expect_new((id,));
                self.days.prefetch((day(event.provenance.business_date),));
                self.want_products(&placed.lines);
            }
            Fact::Order(OrderFact::LinesChanged(changed)) => {
                self.orders.prefetch((id,));
                self.want_products(&changed.lines);
            }
            Fact::Order(_) => self.orders.prefetch((id,)),
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
            Fact::Order(OrderFact::OrderPlaced(fact)) => {
                let order = placed(id, event)?;
                name_products(&mut self.products, &fact.lines);
                for product_id in products(&order.0) {
                    self.lines.expect_new((product_id, id.0));
                    self.lines.put(OrderSummaryLine { product_id, order_id: id.0 });
                }
                let (before, fact_of) = (Before::of(&order.0), OrderFact::OrderPlaced(fact));
                facts::note(&mut self.acts, &mut self.texts, &before, &order.0, event, &fact_of);
                let row = row(order, event.position.0, fact.external_reference.as_deref());
                count(&mut self.counts, event.position, &row, 1);
                self.placed(&row);
                self.orders.put(row);
            }
            Fact::Order(fact) => {
                let Some(row) = self.orders.get_mut(&(id.0,)) else {
                    return Err(CannotApply(format!("order {id} was never placed")));
                };
                let lines = match fact {
                    OrderFact::LinesChanged(changed) => Some(&changed.lines),
                    _ => None,
                };
                let before = if lines.is_some() { products(&row.the_order.0) } else { vec![] };
                let noted_before = Before::of(&row.the_order.0);
                evolve(&mut row.the_order, event)?;
                facts::note(&mut self.acts, &mut self.texts, &noted_before, &row.the_order.0, event, &fact);
                count(&mut self.counts, event.position, row, -1);
                refresh(row);
                count(&mut self.counts, event.position, row, 1);
                if let Some(lines) = lines {
                    name_products(&mut self.products, lines);
                    let now = products(&row.the_order.0);
                    for product_id in now.iter().filter(|id| !before.contains(id)) {
                        self.lines.put(OrderSummaryLine { product_id: *product_id, order_id: id.0 });
                    }
                    for product_id in before.iter().filter(|id| !now.contains(id)) {
                        self.lines.remove((*product_id, id.0));
                    }
                }
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
}

impl OrderSummaryFold {
    fn want_products(&mut self, lines: &[PlacedLine]) {
        for line in lines {
            self.products.prefetch((line.product_id.0, name_key(&line.name)));
        }
    }

    /// Orders are numbered as they are placed, but orders of a day may be recorded after the next day begins.
    fn placed(&mut self, row: &OrderSummary) {
        let number = row.order_id;
        match self.days.get_mut(&(row.placed_on.clone(),)) {
            Some(day) => {
                day.first_order = day.first_order.min(number);
                day.last_order = day.last_order.max(number);
            }
            None => {
                let placed_on = row.placed_on.clone();
                self.days.put(OrderSummaryDay { placed_on, first_order: number, last_order: number });
            }
        }
    }
}

fn name_products(products: &mut CachedRows<OrderSummaryProduct>, lines: &[PlacedLine]) {
    for line in lines {
        let row = OrderSummaryProduct {
            product_id: line.product_id.0,
            name_lower: name_key(&line.name),
            sku_lower: key(&line.sku),
        };
        if products.get(&(row.product_id, row.name_lower.clone())).is_none() {
            products.put(row);
        }
    }
}

/// Adds the order to the counts of its statuses, or takes it away from them.
fn count(counts: &mut Counters<OrderSummaryCount>, position: Position, row: &OrderSummary, sign: i64) {
    let key = (row.placed_on.clone(), row.currency.clone(), row.status.clone(), row.payment_status.clone());
    let count = counts.at(position, key);
    count.orders += sign;
    count.units += sign * row.units;
    count.total += sign * row.total;
    count.captured += sign * row.captured;
}

fn row(the_order: CompactOrder, placed_position: i64, reference: Option<&str>) -> OrderSummary {
    let order = &the_order.0;
    let mut row = OrderSummary {
        order_id: order.id.0,
        customer_id: order.customer_id.0,
        currency: order.currency.code().to_owned(),
        placed_at: order.times.placed.map_or(0, |at| at.timestamp_millis()),
        placed_on: day(order.placed_on),
        placed_position,
        status: String::new(),
        payment_status: String::new(),
        held_until: 0,
        backordered: false,
        units: 0,
        gross: 0,
        discount: 0,
        shipping: 0,
        tax: 0,
        total: 0,
        captured: 0,
        reference: reference.map(reference_key),
        the_order,
    };
    refresh(&mut row);
    row
}

/// Derives the columns that events can change.
fn refresh(row: &mut OrderSummary) {
    let order = &row.the_order.0;
    let totals = order.current_totals();
    renew(&mut row.status, order.status().name());
    renew(&mut row.payment_status, order.payment_status().name());
    row.held_until = held_until(order);
    row.backordered = order.backordered();
    row.units = order.lines.iter().map(|line| line.active()).sum();
    row.gross = totals.gross;
    row.discount = totals.discount;
    row.shipping = totals.shipping;
    row.tax = totals.tax;
    row.total = totals.total;
    row.captured = order.captured;
}

/// A number of another system in comparable form: case, outer blanks and a leading `#` do not matter.
pub(super) fn reference_key(reference: &str) -> String {
    reference.trim().trim_start_matches('#').trim_start().to_lowercase()
}
