//! The days on which orders were confirmed, shipped, delivered, cancelled, paid, returned and refunded: a list can be
//! restricted to any of them.

use std::collections::HashMap;

use orderlog_domain::{envelope::Envelope, event::Event, ids::Position, order::Order};
use orderlog_read_models::{CachedRows, Days, QueryError, SnapshotRead, Sql, day, table};

/// What happens to an order after it was placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// The shop accepted it.
    Confirmed,
    /// Units left, and were not called back.
    Shipped,
    /// Units arrived.
    Delivered,
    /// Nothing of the order remained.
    Cancelled,
    /// Money came in.
    Paid,
    /// Units came back.
    Returned,
    /// Money went back.
    Refunded,
}

table! {
    /// An act that happened to an order and was not undone.
    pub struct OrderSummaryAct = "order_summary_acts" on conflict Replace {
        key {
            /// The order.
            order_id: i64,
            /// Name of the act.
            act: String,
            /// The number of the act among acts of its kind: the number of the shipment; the order's version for a
            /// delivery, a return or a refund; the money received so far for a payment; 0 if an order has at most one.
            nth: i64,
        }
        /// Business day, ISO.
        day: String,
        /// Position of the event.
        position: i64,
        /// Days since the order was placed.
        waited: i64,
    }
}

impl Act {
    pub(super) fn name(self) -> &'static str {
        match self {
            Act::Confirmed => "confirmed",
            Act::Shipped => "shipped",
            Act::Delivered => "delivered",
            Act::Cancelled => "cancelled",
            Act::Paid => "paid",
            Act::Returned => "returned",
            Act::Refunded => "refunded",
        }
    }
}

/// Notes that `event` did the `nth` act of its kind to `order`, or that this act was undone.
pub(super) fn set(
    acts: &mut CachedRows<OrderSummaryAct>,
    order: &Order,
    event: &Envelope<Event>,
    (act, nth, stands): (Act, i64, bool),
) {
    let key = (order.id.0, act.name().to_owned(), nth);
    if !stands {
        return acts.remove(key);
    }
    let (order_id, act, nth) = key;
    let business_date = event.provenance.business_date;
    let waited = (business_date - order.placed_on).num_days();
    acts.put(OrderSummaryAct { order_id, act, nth, day: day(business_date), position: event.position.0, waited });
}

/// Adds the condition that `act` was done on one of `days`, up to the position `pinned`.
pub(super) fn restrict(sql: &mut Sql, act: Act, days: Days, pinned: Position) {
    sql.push(" AND order_id IN (SELECT order_id FROM order_summary_acts WHERE act = ").arg(act.name().to_owned());
    sql.push(" AND position <= ").arg(pinned.0);
    days.restrict(sql, "day");
    sql.push(")");
}

/// The last of `days` on which `act` was done with each of these orders.
pub(super) async fn last_days(
    read: &mut SnapshotRead,
    act: Act,
    days: Days,
    orders: impl Iterator<Item = i64>,
) -> Result<HashMap<i64, String>, QueryError> {
    let mut sql =
        Sql::new("SELECT order_id, MAX(day) FROM order_summary_acts WHERE act = $1").bind(act.name().to_owned());
    days.restrict(&mut sql, "day");
    // No order has this number; a list must not be empty.
    sql.push(" AND order_id IN (").list(std::iter::once(0).chain(orders)).push(") GROUP BY order_id");
    let found: Vec<(i64, String)> = read.all(&sql).await?;
    Ok(found.into_iter().collect())
}
