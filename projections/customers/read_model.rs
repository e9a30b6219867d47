//! The people who order, found by e-mail address or name.

mod fold;
mod query;

pub use fold::Customer;
pub use query::{Customers, customers, customers_by_id, find_customers, purge_erased, remembered_by_email};

use orderlog_read_models::{ReadModel, Row as _};

/// This read model.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "customers",
    version: 3,
    tables: &[Customer::TABLE.name],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |unseal| Box::new(fold::CustomersFold::new(unseal.clone())),
};
