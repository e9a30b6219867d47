//! The products that can be ordered, found by SKU or by name.

mod fold;
mod query;

pub use fold::Product;
pub use query::{ProductCost, ProductNames, Products, costs_by_id, find_products, names_by_id, products};

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "catalogue",
    version: 4,
    tables: &[Product::TABLE.name],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |_| Box::<fold::CatalogueFold>::default(),
};
