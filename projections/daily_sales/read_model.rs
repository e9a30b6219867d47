//! Booked sales per business day, by product and by customer (domain rules §2, R1–R6 and R9).

mod fold;
mod query;

pub use fold::{DailySales, DailySalesByCustomer, DailySalesByProduct};
pub use query::{GroupBy, GroupKey, Sales, SalesGroup, SalesReport, SalesRequest, daily_sales};

use crate::{fold::ReadModel, row::Row};

/// See the module.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "daily_sales",
    version: 1,
    tables: &[DailySales::TABLE.name, DailySalesByProduct::TABLE.name, DailySalesByCustomer::TABLE.name],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::DailySalesFold>::default(),
};
