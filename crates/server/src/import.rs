//! `orderlog import`: products, customers and orders from CSV, judged row by row before anything is written.

mod rows;

mod run;

mod table;

#[cfg(test)]
mod tests;

use std::{fmt, io::Read};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::{AdjustStock, CreateOrder, UpsertCustomer, UpsertProduct},
    decide::Shop,
};
use serde::Serialize;

pub(crate) use self::{
    run::{Failure, Options, Outcome, Report, run},
    table::{preview_table, report_table},
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

/// A file as it would be imported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preview {
    /// What the file holds.
    pub(crate) kind: Kind,
    /// Rows read, without the header.
    pub(crate) rows_read: u64,
    /// What the good rows ask for, in the order of the file.
    pub(crate) entries: Vec<Entry>,
    /// What is wrong with the others.
    pub(crate) errors: Vec<RowError>,
}

/// One command of an import.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Line of the file where it begins; the header stands on line 1.
    pub(crate) row: u64,
    /// Idempotency key: the same row again is the same command.
    pub(crate) key: String,
    /// When it happened, if the file says so.
    pub(crate) occurred_at: Option<DateTime<Utc>>,
    /// What is asked for.
    pub(crate) input: Input,
}

/// A command's input as an import gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Of a file of products.
    Product(UpsertProduct),
    /// The units on hand beside a product.
    Stock(AdjustStock),
    /// Of a file of customers.
    Customer(UpsertCustomer),
    /// Of a file of orders.
    Order(CreateOrder),
}

/// What is wrong with one field of one row, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RowError {
    /// Line of the file.
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

/// Reads a whole file. Nothing is asked of the log: what can only be known there shows in the trial run.
pub(crate) fn parse(kind: Kind, reader: impl Read, shop: &Shop) -> Preview {
    let sheet = match rows::Sheet::read(kind, reader) {
        Ok(sheet) => sheet,
        Err(error) => return Preview { kind, rows_read: 0, entries: vec![], errors: vec![error] },
    };
    let (entries, mut errors) = match kind {
        Kind::Products => rows::products(&sheet, shop),
        Kind::Customers => rows::customers(&sheet),
        Kind::Orders => rows::orders(&sheet, shop),
    };
    errors.extend(sheet.errors);
    errors.sort_by_key(|error| error.row);
    Preview { kind, rows_read: sheet.rows_read, entries, errors }
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
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Products => "products",
            Kind::Customers => "customers",
            Kind::Orders => "orders",
        })
    }
}
