//! `orderlog import`: products, customers and orders from CSV, tried whole before anything is written.
//!
//! Reading order: `sheet` takes the file apart, `rows` and `times` read its cells, `trial` decides every entry on the log as
//! it stands, `run` writes what is good, `problems` and `table` put it in words.

mod meaning;
mod problems;
mod rows;
mod run;
mod sheet;
mod table;
mod times;
mod trial;

#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::{AdjustStock, CreateOrder, UpsertCustomer, UpsertProduct},
    decide::Shop,
};
use serde::Serialize;

use self::sheet::{Row, Sheet};
pub(crate) use self::{
    run::{Options, Report, run},
    sheet::read_bytes,
    table::{problems_table, summary},
};

/// Largest file that is read, in bytes.
pub(crate) const MAX_FILE_BYTES: u64 = 256 * 1024 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// One product a row: sku, name, price, currency, tax_rate, tax_inclusive, policy, backorder_limit,
    /// low_stock_threshold, archived, counted
    Products,
    /// One customer a row: name, email, phone, address
    Customers,
    /// One line of an order a row: order_ref, customer, product, quantity, unit_price, discount, shipping,
    /// order_discount, currency, note, placed_at; rows with one order_ref are one order
    Orders,
}

/// A file as it would be imported, before anything is asked of the log.
#[derive(Debug)]
pub(crate) struct Preview {
    kind: Kind,
    /// Rows of the file, without the header.
    rows_read: u64,
    rows: Vec<Row>,
    /// What the good rows ask for, in the order of the file.
    entries: Vec<Entry>,
    /// What is wrong with the others.
    errors: Vec<RowError>,
    notes: Vec<Note>,
}

/// One thing that an import brings: a product, a customer or an order.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    /// Its rows among those of the preview: one, or one for each line of an order.
    rows: Vec<usize>,
    input: Input,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Input {
    /// A product, and what was counted of it.
    Product(UpsertProduct, Option<AdjustStock>),
    Customer(UpsertCustomer),
    /// An order, and when it was placed, if the file says so.
    Order(CreateOrder, Option<DateTime<Utc>>),
}

/// What is wrong with one field of one row, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RowError {
    /// Line of the file; the header stands on line 1.
    pub(crate) row: u64,
    /// Column at fault; empty when it is the whole row.
    pub(crate) column: String,
    /// What stands there, shortened.
    pub(crate) value: String,
    /// What is wrong.
    pub(crate) problem: String,
    /// What to do.
    pub(crate) advice: String,
}

/// Something to know of a row that can be imported, or of the file (row 1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Note {
    /// Line of the file.
    pub(crate) row: u64,
    /// One sentence.
    pub(crate) text: String,
}

/// Reads a whole file at the time `now`.
pub(crate) fn parse(kind: Kind, bytes: Vec<u8>, shop: &Shop, now: DateTime<Utc>) -> Preview {
    let sheet = match Sheet::read(kind, bytes) {
        Ok(sheet) => sheet,
        Err(errors) => return Preview { kind, rows_read: 0, rows: vec![], entries: vec![], errors, notes: vec![] },
    };
    let mut reader = rows::Reader { shop, now, errors: sheet.errors, notes: sheet.notes };
    let entries = match kind {
        Kind::Products => reader.products(&sheet.rows),
        Kind::Customers => reader.customers(&sheet.rows),
        Kind::Orders => reader.orders(&sheet.rows),
    };
    let rows::Reader { errors, notes, .. } = reader;
    Preview { kind, rows_read: sheet.rows_read, rows: sheet.rows, entries, errors, notes }
}

impl Kind {
    /// Columns the file may have; the first ones are needed.
    fn columns(self) -> (&'static [&'static str], &'static [&'static str]) {
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
    fn one(self) -> &'static str {
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
