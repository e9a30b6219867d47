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

/// What an import did, or would do. Counts are of products, customers or orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What the file holds.
    pub kind: Kind,
    /// Whether anything could be written.
    pub wrote: bool,
    /// Rows of the file, without the header.
    pub rows: u64,
    /// Those that recorded something, or would.
    pub recorded: u64,
    /// Those of which the shop knew all already.
    pub unchanged: u64,
    /// What becomes of what is there already, by row.
    pub changes: Vec<Note>,
    /// What is to be known besides, by row.
    pub notes: Vec<Note>,
    /// What is wrong, by row.
    pub errors: Vec<RowError>,
}
