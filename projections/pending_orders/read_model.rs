//! Orders that still owe goods, and those unconfirmed, unpaid, on hold or waiting for stock (domain rules §1).

mod fold;
mod query;

pub use fold::{PendingOrder, PendingOrderProduct};
pub use query::{Filter, PendingOrders, Scope, Sort, StatusCount, pending_orders};

use crate::{fold::ReadModel, row::Row};

/// See the module.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "pending_orders",
    version: 2,
    tables: &[PendingOrder::TABLE.name, PendingOrderProduct::TABLE.name],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::PendingOrdersFold>::default(),
};
