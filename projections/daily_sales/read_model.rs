//! Sales on three bases per business day, by product and by customer, and every posting they add up from (domain rules §2).

mod fold;
mod query;

pub use fold::{DailySales, DailySalesByCustomer, DailySalesByProduct, SalesDay, SalesPosting, SalesSize};
pub use query::{
    Explained, ExplainedPosting, Figures, GroupBy, GroupKey, Sales, SalesGroup, SalesReport, SalesRequest, Selection,
    daily_sales, explain,
};

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "daily_sales",
    version: 5,
    tables: &[
        DailySales::TABLE.name,
        DailySalesByProduct::TABLE.name,
        DailySalesByCustomer::TABLE.name,
        SalesDay::TABLE.name,
        SalesPosting::TABLE.name,
        SalesSize::TABLE.name,
    ],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::DailySalesFold>::default(),
};
