//! Rows of one table that a fold uses in memory. A build writes them when they no longer change; a node keeps them, and
//! writes behind. If there are more than [`Limits`] allow, rows that were not used lately are dropped, but none whose
//! change the table lacks.

use orderlog_domain::ids::Position;

use crate::row::{Table, Value};

mod built;
mod cached_rows;
mod counters;
mod entries;

pub use cached_rows::CachedRows;
pub use counters::{Counters, Inserts};

/// The changes that are to be written to one table.
#[derive(Debug, Default)]
pub struct Changes {
    /// Rows whose keys a build has never written.
    pub inserts: Vec<Vec<Value>>,
    /// Rows to write, there or not.
    pub upserts: Vec<Vec<Value>>,
    /// Keys of rows to delete.
    pub deletes: Vec<Vec<Value>>,
}

impl Changes {
    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserts.is_empty() && self.upserts.is_empty() && self.deletes.is_empty()
    }
}

/// The changes that a build asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// All changes.
    All,
    /// Rows that no longer change, so that a row that changes often is written once.
    Settled,
}

/// How many rows of a table stay in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most rows of a table that queries of the present need completely: above it they read the table.
    pub whole: usize,
    /// Most rows of any other table: above it, rows that were not used lately are dropped and read again when needed.
    pub kept: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { whole: 150_000, kept: 50_000 }
    }
}

/// The rows that a table lacks, as they were at one moment. They are turned into values when no query waits for it.
pub trait Unwritten: Send {
    /// The changes, in the form that the store takes.
    fn changes(self: Box<Self>) -> Changes;
}

/// The interface to the rows of a table. Append-only rows that are never read leave the other methods as they are.
pub trait RowCache: Send + Sync {
    /// The table of the rows.
    fn table(&self) -> Table;
    /// Keys prefetched since the last load that are neither in memory nor known to be nowhere.
    fn missing(&mut self) -> Vec<Vec<Value>> {
        vec![]
    }
    /// Takes the rows that were found; the others do not exist.
    ///
    /// # Errors
    /// When a row does not fit its type.
    fn loaded(&mut self, _rows: Vec<Vec<Value>>) -> Result<(), String> {
        Ok(())
    }
    /// Drops everything.
    fn forget(&mut self);

    /// From now on only this cache fills a table that is empty now, and may keep rows back until they no longer change.
    fn build(&mut self);
    /// The changes that a build has to write; afterwards they count as written.
    fn changes(&mut self, due: Due) -> Changes;

    /// Bounds what stays in memory.
    fn limit(&mut self, _limits: Limits) {}
    /// Most rows of the table that should be in memory from the start, if queries need it completely.
    fn wants_whole(&self) -> Option<usize> {
        None
    }
    /// Takes all rows of the table.
    ///
    /// # Errors
    /// When a row does not fit its type.
    fn loaded_whole(&mut self, _rows: Vec<Vec<Value>>) -> Result<(), String> {
        Ok(())
    }
    /// Later changes are made at `position` or before it.
    fn now_at(&mut self, _position: Position) {}
    /// How many changes the table lacks.
    fn count_unwritten(&self) -> usize;
    /// The changes that the table lacks. They still count as unwritten.
    fn unwritten(&mut self) -> Box<dyn Unwritten>;
    /// The table has all changes up to `position`. Rows that need not stay in memory may be dropped.
    fn written(&mut self, position: Position);
}

#[cfg(test)]
mod tests;
