//! The pending orders that are asked for, their order, and the rows of a list.

use chrono::{DateTime, Utc};
use orderlog_domain::ids::{CustomerId, Position, ProductId};
use orderlog_read_models::Days;
use uuid::Uuid;

use super::scope::Scope;

/// The order of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Oldest placement first.
    #[default]
    Oldest,
    /// Newest placement first.
    Newest,
    /// Largest total first.
    Largest,
}

/// Which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// What must be open about the orders.
    pub scope: Scope,
    /// Business days of placement.
    pub placed: Days,
    /// Only those placed before this moment.
    pub placed_before: Option<DateTime<Utc>>,
    /// Only of this customer.
    pub customer: Option<CustomerId>,
    /// Only orders with any of these products; empty for all orders.
    pub products: Vec<ProductId>,
    /// Order of the list.
    pub sort: Sort,
    /// The orders as they were right after this position; as they are now if absent.
    pub as_of: Option<Position>,
    /// The moment asked about: a hold that ends by then does not count, although no event ends it.
    pub at: DateTime<Utc>,
}

/// An order about which something is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOrder {
    /// Order number.
    pub order_id: i64,
    /// The customer who ordered.
    pub customer_id: Uuid,
    /// ISO code of the amounts.
    pub currency: String,
    /// Milliseconds since the epoch.
    pub placed_at: i64,
    /// Business day, ISO.
    pub placed_on: String,
    /// Name of its status.
    pub status: String,
    /// Name of its payment status.
    pub payment_status: String,
    /// Whether nothing may ship.
    pub on_hold: bool,
    /// A unit waits for stock.
    pub backordered: bool,
    /// Active units that have not left.
    pub units_owed: i64,
    /// The amount of the order, minor units.
    pub total: i64,
    /// The money that the customer owes; negative if too much was paid.
    pub due: i64,
}
orderlog_read_models::from_row!(OpenOrder {
    order_id,
    customer_id,
    currency,
    placed_at,
    placed_on,
    status,
    payment_status,
    on_hold,
    backordered,
    units_owed,
    total,
    due,
});

/// Orders of one status and currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusCount {
    /// Name of the status.
    pub status: String,
    /// ISO code of the sums.
    pub currency: String,
    /// How many orders.
    pub orders: i64,
    /// Units that have not left.
    pub units_owed: i64,
    /// The amount of the orders, minor units.
    pub total: i64,
    /// The money still owed for them, minor units.
    pub due: i64,
}
orderlog_read_models::from_row!(StatusCount { status, currency, orders, units_owed, total, due });

impl Filter {
    /// Whether the totals of days give the number of orders.
    pub(super) fn is_counted(&self) -> bool {
        self.customer.is_none() && self.products.is_empty() && self.placed_before.is_none()
    }

    /// Whether an order placed at this time, in milliseconds since the epoch, is early enough.
    pub(super) fn is_early(&self, placed_at: i64) -> bool {
        self.placed_before.is_none_or(|before| placed_at < before.timestamp_millis())
    }
}

impl Sort {
    pub(super) fn value(self, order: &OpenOrder) -> i64 {
        match self {
            Sort::Oldest | Sort::Newest => order.placed_at,
            Sort::Largest => order.total,
        }
    }

    pub(super) fn ascends(self) -> bool {
        match self {
            Sort::Oldest => true,
            Sort::Newest | Sort::Largest => false,
        }
    }
}
