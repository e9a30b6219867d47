//! Options and report of an import.

use serde::Serialize;

use crate::entries::{Kind, Note, RowError};

/// How far to go.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    /// Write; otherwise only try.
    pub write: bool,
    /// Write the good rows although others are bad.
    pub skip_bad: bool,
}

/// The result of an import, done or foreseen. Counts are of products, customers or orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The kind of the file.
    pub kind: Kind,
    /// Whether the import was allowed to write.
    pub wrote: bool,
    /// Rows of the file, without the header.
    pub rows: u64,
    /// Entries that recorded something, or would.
    pub recorded: u64,
    /// Entries for which the shop had equal data already.
    pub unchanged: u64,
    /// The changes of existing records, by row.
    pub changes: Vec<Note>,
    /// Notes, by row.
    pub notes: Vec<Note>,
    /// Errors, by row.
    pub errors: Vec<RowError>,
}
