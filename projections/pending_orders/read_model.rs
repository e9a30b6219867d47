//! Orders that still owe goods, and those unconfirmed, unpaid, on hold or waiting for stock (domain rules §1): now, and as
//! of every position of the log.

mod as_of;
mod extent;
mod filter;
mod fold;
mod intervals;
mod open_orders;
mod query;
mod scope;
mod tables;
mod versions;

pub use filter::{Filter, OpenOrder, Sort, StatusCount};
pub use query::{PendingOrders, ending_with, open_by_numbers, orders_by_numbers, pending_orders};
pub use scope::Scope;
pub use tables::{PendingClosed, PendingCount, PendingDay, PendingOrder, PendingPast};
pub use versions::Versions;

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "pending_orders",
    version: 7,
    tables: &[
        PendingOrder::TABLE.name,
        PendingPast::TABLE.name,
        PendingClosed::TABLE.name,
        PendingCount::TABLE.name,
        PendingDay::TABLE.name,
    ],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::PendingOrdersFold>::default(),
};
