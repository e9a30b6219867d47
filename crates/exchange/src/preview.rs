//! A file as it would be imported, before the log is read.

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use orderlog_domain::decide::Shop;

use crate::{
    entries::{Entry, Kind, Note, RowError},
    rows,
    sheet::{Row, Sheet},
};

/// A file as it would be imported, before the log is read.
#[derive(Debug)]
pub struct Preview {
    pub(crate) kind: Kind,
    /// Rows of the file, without the header.
    pub(crate) rows_read: u64,
    pub(crate) rows: Vec<Row>,
    /// The entries of the good rows, in the order of the file.
    pub(crate) entries: Vec<Entry>,
    /// The errors of the other rows.
    pub(crate) errors: Vec<RowError>,
    pub(crate) notes: Vec<Note>,
}

/// Reads a complete file at the time `now`.
pub fn parse(kind: Kind, bytes: Vec<u8>, shop: &Shop, now: DateTime<Utc>) -> Preview {
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
