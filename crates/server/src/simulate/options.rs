//! Options of the simulation.

use chrono::{DateTime, Utc};
use orderlog_domain::{calendar::BusinessCalendar, ids::OrderId, money::Currency};

/// Options of the simulation.
#[derive(Debug, Clone)]
pub(crate) struct Options {
    /// Business days, the present one included.
    pub(crate) days: u32,
    /// Orders on an average day.
    pub(crate) orders_per_day: u32,
    /// The same seed gives the same commands.
    pub(crate) seed: u64,
    /// The present: nothing happens after it.
    pub(crate) until: DateTime<Utc>,
    /// How the shop counts days.
    pub(crate) calendar: BusinessCalendar,
    /// The currency of prices and orders.
    pub(crate) currency: Currency,
    /// Number the log will give the first order.
    pub(crate) first_order: OrderId,
}
