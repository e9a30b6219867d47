//! Keeps a row per order, forever.

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, Fact, OrderFact},
    ids::OrderId,
    order::Order,
};
use uuid::Uuid;

use crate::{
    answer::day,
    fold::{CannotApply, Fold},
    orders::{evolve, order_of, products, renew},
    row::{Json, table},
    sheet::{Cached, Sheet},
};

table! {
    /// An order as it stands; amounts are those of what is still part of it, in minor units.
    pub struct OrderSummary = "order_summary" on conflict Replace {
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
        /// Position of its placement.
        placed_position: i64,
        /// Name of its status.
        status: String,
        /// Name of its payment status.
        payment_status: String,
        /// Nothing may ship.
        on_hold: bool,
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
        /// All of it.
        tax: i64,
        /// What the customer pays.
        total: i64,
        /// What came in.
        captured: i64,
        /// The order itself.
        the_order: Json<Order>,
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
    /// A product as some order names it.
    pub struct OrderSummaryProduct = "order_summary_products" on conflict Replace {
        key {
            /// The product.
            product_id: Uuid,
            /// Its name then, in lower case.
            name_lower: String,
        }
        /// Its SKU, in lower case.
        sku_lower: String,
    }
}

#[derive(Default)]
pub(super) struct OrderSummaryFold {
    orders: Cached<OrderSummary>,
    lines: Cached<OrderSummaryLine>,
    products: Cached<OrderSummaryProduct>,
}

impl Fold for OrderSummaryFold {
    fn sheets(&mut self) -> Vec<&mut dyn Sheet> {
        vec![&mut self.orders, &mut self.lines, &mut self.products]
    }

    fn touch(&mut self, event: &Envelope<Event>) {
        let Some(OrderId(id)) = order_of(event) else { return };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(placed)) => {
                self.orders.fresh((id,));
                for line in &placed.lines {
                    self.products.want((line.product_id.0, line.name.to_lowercase()));
                }
            }
            Fact::Order(_) => self.orders.want((id,)),
            Fact::Stock(_) | Fact::Product(_) | Fact::Customer(_) | Fact::Rate(_) => {}
        }
    }

    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply> {
        let Some(id) = order_of(event) else { return Ok(()) };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(_)) => {
                let mut order = Order::empty(id);
                evolve(&mut order, event)?;
                self.index(&order);
                self.orders.put(row(order, event.position.0));
            }
            Fact::Order(_) => {
                let Some(row) = self.orders.get_mut(&(id.0,)) else {
                    return Err(CannotApply(format!("order {id} was never placed")));
                };
                evolve(&mut row.the_order.0, event)?;
                refresh(row);
            }
            Fact::Stock(_) | Fact::Product(_) | Fact::Customer(_) | Fact::Rate(_) => {}
        }
        Ok(())
    }
}

impl OrderSummaryFold {
    fn index(&mut self, order: &Order) {
        for product_id in products(order) {
            self.lines.fresh((product_id, order.id.0));
            self.lines.put(OrderSummaryLine { product_id, order_id: order.id.0 });
        }
        for line in &order.lines {
            let row = OrderSummaryProduct {
                product_id: line.product_id.0,
                name_lower: line.name.to_lowercase(),
                sku_lower: line.sku.to_lowercase(),
            };
            if self.products.get(&(row.product_id, row.name_lower.clone())).is_none() {
                self.products.put(row);
            }
        }
    }
}

fn row(order: Order, placed_position: i64) -> OrderSummary {
    let mut row = OrderSummary {
        order_id: order.id.0,
        customer_id: order.customer_id.0,
        currency: order.currency.code().to_owned(),
        placed_at: order.times.placed.map_or(0, |at| at.timestamp_millis()),
        placed_on: day(order.placed_on),
        placed_position,
        status: String::new(),
        payment_status: String::new(),
        on_hold: false,
        backordered: false,
        units: 0,
        gross: 0,
        discount: 0,
        shipping: 0,
        tax: 0,
        total: 0,
        captured: 0,
        the_order: Json(order),
    };
    refresh(&mut row);
    row
}

/// Derives anew what events can change.
fn refresh(row: &mut OrderSummary) {
    let order = &row.the_order.0;
    let totals = order.current_totals();
    renew(&mut row.status, order.status().name());
    renew(&mut row.payment_status, order.payment_status().name());
    row.on_hold = order.on_hold();
    row.backordered = order.backordered();
    row.units = order.lines.iter().map(|line| line.active()).sum();
    row.gross = totals.gross;
    row.discount = totals.discount;
    row.shipping = totals.shipping;
    row.tax = totals.tax;
    row.total = totals.total;
    row.captured = order.captured;
}
