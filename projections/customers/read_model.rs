//! The people who order, found by e-mail address or name.

mod fold;
mod query;

pub use fold::Customer;
pub use query::{Customers, customers, customers_by_id, find_customers};

use crate::{fold::ReadModel, row::Row};

/// See the module.
pub const READ_MODEL: ReadModel = ReadModel {
    name: "customers",
    version: 3,
    tables: &[Customer::TABLE.name],
    postgres: include_str!("schema.postgres.sql"),
    sqlite: include_str!("schema.sqlite.sql"),
    fold: |unseal| Box::new(fold::CustomersFold::new(unseal.clone())),
};
