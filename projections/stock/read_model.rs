//! Units per product: on hand, reserved, waited for (domain rules §5).

mod fold;
mod query;

pub use fold::{MARK_EVERY, StockLevel, StockMark, Units};
pub use query::{LowStock, last_mark, low_stock, stock_of, tracked};

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "stock",
    version: 3,
    tables: &[StockLevel::TABLE.name, StockMark::TABLE.name],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::StockFold>::default(),
};
