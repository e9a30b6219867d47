//! Rows of one table that a fold works on in memory. A build writes them when they settle; a node keeps them, and writes behind.
//! When there are more than [`Limits`] allow, rows that were not used lately are dropped, but none whose change the table lacks.

use orderlog_domain::ids::Position;

use crate::row::{Table, Value};

mod built;
mod cached_rows;
mod counters;
mod entries;

pub use cached_rows::CachedRows;
pub use counters::{Counters, Inserts};

/// What is to be written to one table.
#[derive(Debug, Default)]
pub struct Changes {
    /// Rows to write whose keys a build has never written.
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

/// What of its changes a build asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Everything.
    All,
    /// What has come to rest, so that a row that keeps changing is written once.
    Settled,
}

/// How many rows of a table stay in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of a table that queries of the present need whole: beyond it they ask the table.
    pub whole: usize,
    /// Of any other: beyond it, those that were not touched lately are dropped and read again when needed.
    pub kept: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { whole: 150_000, kept: 50_000 }
    }
}

/// The rows that a table lacks, as they stood at one moment: they are turned into values when nobody waits any more.
pub trait Unwritten: Send {
    /// As the store takes them.
    fn changes(self: Box<Self>) -> Changes;
}

/// What the machinery needs of the rows of a table, whatever they are. Rows that are only added, and never read, leave the rest as
/// it is.
pub trait RowCache: Send + Sync {
    /// The table behind it.
    fn table(&self) -> Table;
    /// Keys prefetched since the last load that are neither in memory nor known to be nowhere.
    fn missing(&mut self) -> Vec<Vec<Value>> {
        vec![]
    }
    /// Takes the rows found for them; the others do not exist.
    ///
    /// # Errors
    /// When a row does not fit its type.
    fn loaded(&mut self, _rows: Vec<Vec<Value>>) -> Result<(), String> {
        Ok(())
    }
    /// Drops everything.
    fn forget(&mut self);

    /// From now on this cache alone fills a table that is empty now, and may keep rows back until they settle.
    fn build(&mut self);
    /// What a build has to write; afterwards that counts as written.
    fn changes(&mut self, due: Due) -> Changes;

    /// Bounds what stays in memory.
    fn limit(&mut self, _limits: Limits) {}
    /// Most rows of the table that are wanted in memory from the start, where queries need it whole.
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
    /// What changes from now on, changes at `position` or before it.
    fn now_at(&mut self, _position: Position) {}
    /// How many changes the table lacks.
    fn count_unwritten(&self) -> usize;
    /// The changes that the table lacks. They stay unwritten.
    fn unwritten(&mut self) -> Box<dyn Unwritten>;
    /// The table has what changed up to `position`. What need not stay in memory any more may be dropped.
    fn written(&mut self, position: Position);
}

#[cfg(test)]
mod tests;
