//! Sales on three bases per business day, by product, by customer and by the clock, and every posting behind these sums
//! (domain rules §2).

mod by_day;
mod explain;
mod fold;
mod groups;
mod query;
mod request;
mod rhythm;
mod rows;
mod sales;
mod split;

pub use by_day::{MoneyBack, PartOfDay, UnitsSold, money_back, part_of_days, sales_by_day, units_by_product};
pub use explain::{Explained, ExplainedPosting, Selection, explain};
pub use groups::{GroupKey, SalesGroup};
pub use orderlog_domain::postings::Figures;
pub use query::{SalesReport, daily_sales};
pub use request::{GroupBy, SalesRequest, Sort};
pub use rhythm::{Rhythm, count_weekdays, sales_by_rhythm, sales_of_every_customer, sales_of_every_product};
pub use rows::{
    DailySales, DailySalesByCustomer, DailySalesByProduct, DailySalesByQuarter, SalesDay, SalesFigures, SalesLine,
    SalesPosting, SalesSize,
};
pub use sales::Sales;
pub use split::{Span, SplitSales, split_sales};

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "daily_sales",
    version: 8,
    tables: &[
        DailySales::TABLE.name,
        DailySalesByProduct::TABLE.name,
        DailySalesByCustomer::TABLE.name,
        DailySalesByQuarter::TABLE.name,
        SalesDay::TABLE.name,
        SalesPosting::TABLE.name,
        SalesLine::TABLE.name,
        SalesSize::TABLE.name,
    ],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::DailySalesFold>::default(),
};
