//! Orders that still owe goods, and those unconfirmed, unpaid, on hold or waiting for stock (domain rules §1): now, and as
//! of every position of the log.

mod fold;
mod past;
mod query;
mod story;

pub use fold::{PendingClosed, PendingCount, PendingDay, PendingOrder, PendingPast};
pub use query::{Filter, OpenOrder, PendingOrders, Scope, Sort, StatusCount, pending_orders};
pub use story::Story;

use crate::{fold::ReadModel, row::Row};

/// See the module.
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
