//! Types of an import: kinds of files, entries, errors of rows.

use std::fmt;

use chrono::{DateTime, Utc};
use orderlog_domain::commands::{AdjustStock, CreateOrder, UpsertCustomer, UpsertProduct};
use serde::Serialize;

/// Largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// One product a row: sku, name, price, currency, tax_rate, tax_inclusive, policy, backorder_limit,
    /// low_stock_threshold, cost, lead_time_days, archived, counted
    Products,
    /// One customer a row: name, email, phone, address
    Customers,
    /// One line of an order a row: order_ref, customer, product, quantity, unit_price, discount, shipping,
    /// order_discount, currency, note, placed_at; rows with one order_ref are one order
    Orders,
}

/// One product, customer or order of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its rows among those of the preview: one, or one for each line of an order.
    pub(crate) rows: Vec<usize>,
    pub(crate) input: Input,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A product, and the count of its stock.
    Product(UpsertProduct, Option<AdjustStock>),
    Customer(UpsertCustomer),
    /// An order, and when it was placed, if the file contains that.
    Order(CreateOrder, Option<DateTime<Utc>>),
}

/// An error in one field of one row, and advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RowError {
    /// Line of the file; the header is line 1.
    pub row: u64,
    /// Column at fault; empty if it is the complete row.
    pub column: String,
    /// Content of the cell, shortened.
    pub value: String,
    /// The error.
    pub problem: String,
    /// The advice.
    pub advice: String,
}

/// A note on a row that can be imported, or on the file (row 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Line of the file.
    pub row: u64,
    /// One sentence.
    pub text: String,
}

impl Kind {
    /// Columns the file may have; the first ones are needed.
    pub(crate) fn columns(self) -> (&'static [&'static str], &'static [&'static str]) {
        match self {
            Kind::Products => (
                &["sku", "name", "price"],
                &[
                    "currency",
                    "tax_rate",
                    "tax_inclusive",
                    "policy",
                    "backorder_limit",
                    "low_stock_threshold",
                    "cost",
                    "lead_time_days",
                    "archived",
                    "counted",
                ],
            ),
            Kind::Customers => (&["name", "email"], &["phone", "address"]),
            Kind::Orders => (
                &["order_ref", "customer", "product", "quantity"],
                &["unit_price", "discount", "shipping", "order_discount", "currency", "note", "placed_at"],
            ),
        }
    }

    /// `product`
    pub fn one(self) -> &'static str {
        match self {
            Kind::Products => "product",
            Kind::Customers => "customer",
            Kind::Orders => "order",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s", self.one())
    }
}
