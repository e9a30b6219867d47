//! Keeps a row per order for as long as anything about the order is open.

use orderlog_domain::{
    envelope::Envelope,
    event::{Event, Fact, OrderFact},
    ids::OrderId,
    order::{Order, PaymentStatus, Status},
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
        /// Position of its placement.
        placed_position: i64,
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
        /// In the scope `on_hold`.
        on_hold: bool,
        /// In the scope `backordered`.
        backordered: bool,
        /// Active units that have not left.
        units_owed: i64,
        /// What the order comes to now, minor units.
        total: i64,
        /// What the customer still owes; negative when too much came in.
        due: i64,
        /// The order itself.
        the_order: Json<Order>,
    }
}

table! {
    /// A product in such an order.
    pub struct PendingOrderProduct = "pending_order_products" on conflict Replace {
        key {
            /// The product.
            product_id: Uuid,
            /// The order.
            order_id: i64,
        }
    }
}

#[derive(Default)]
pub(super) struct PendingOrdersFold {
    orders: Cached<PendingOrder>,
    products: Cached<PendingOrderProduct>,
}

impl Fold for PendingOrdersFold {
    fn sheets(&mut self) -> Vec<&mut dyn Sheet> {
        vec![&mut self.orders, &mut self.products]
    }

    fn touch(&mut self, event: &Envelope<Event>) {
        let Some(OrderId(id)) = order_of(event) else { return };
        match event.data.fact() {
            Fact::Order(OrderFact::OrderPlaced(_)) => self.orders.fresh((id,)),
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
                for product_id in products(&order) {
                    self.products.fresh((product_id, id.0));
                    self.products.put(PendingOrderProduct { product_id, order_id: id.0 });
                }
                self.orders.put(row(order, event.position.0));
            }
            Fact::Order(_) => {
                // An order without a row is finished: nothing that follows can open it again.
                let Some(row) = self.orders.get_mut(&(id.0,)) else { return Ok(()) };
                evolve(&mut row.the_order.0, event)?;
                if refresh(row) {
                    return Ok(());
                }
                for product_id in products(&row.the_order.0) {
                    self.products.remove((product_id, id.0));
                }
                self.orders.remove((id.0,));
            }
            Fact::Stock(_) | Fact::Product(_) | Fact::Customer(_) | Fact::Rate(_) => {}
        }
        Ok(())
    }
}

fn row(order: Order, placed_position: i64) -> PendingOrder {
    let mut row = PendingOrder {
        order_id: order.id.0,
        customer_id: order.customer_id.0,
        currency: order.currency.code().to_owned(),
        placed_at: order.times.placed.map_or(0, |at| at.timestamp_millis()),
        placed_on: day(order.placed_on),
        placed_position,
        status: String::new(),
        payment_status: String::new(),
        owes_goods: false,
        unconfirmed: false,
        unpaid: false,
        on_hold: false,
        backordered: false,
        units_owed: 0,
        total: 0,
        due: 0,
        the_order: Json(order),
    };
    refresh(&mut row);
    row
}

/// Derives anew what events can change; whether anything about the order is still open.
fn refresh(row: &mut PendingOrder) -> bool {
    let order = &row.the_order.0;
    let status = order.status();
    let payment = order.payment_status();
    let over = match status {
        Status::Pending | Status::Confirmed | Status::Processing | Status::PartiallyShipped | Status::Shipped => false,
        Status::Delivered | Status::Returned | Status::Cancelled => true,
    };
    row.due = order.due();
    row.unpaid = match payment {
        PaymentStatus::Unpaid | PaymentStatus::PartiallyPaid => status != Status::Cancelled && row.due > 0,
        PaymentStatus::Paid | PaymentStatus::PartiallyRefunded | PaymentStatus::Refunded | PaymentStatus::Overpaid => {
            false
        }
    };
    renew(&mut row.status, status.name());
    renew(&mut row.payment_status, payment.name());
    row.owes_goods = status.owes_goods();
    row.unconfirmed = status == Status::Pending;
    row.on_hold = order.on_hold() && row.owes_goods;
    row.backordered = order.backordered();
    row.units_owed = order.unshipped();
    row.total = order.current_totals().total;
    !over || row.unpaid
}
