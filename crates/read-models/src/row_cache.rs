//! Rows of one table that a fold works on in memory: loaded together before a batch, written together after it or, in a
//! build, later.

use crate::row::{Table, Value};

mod built;
mod cached_rows;
mod counters;

pub use cached_rows::CachedRows;
pub use counters::{Counters, Inserts};

/// What a batch changed in one table.
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

/// What of the changes is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Everything.
    All,
    /// In a build: what has come to rest, so that a row that keeps changing is written once.
    Settled,
}

/// What the projector needs of the rows of a table, whatever they are.
pub trait RowCache: Send + Sync {
    /// The table behind it.
    fn table(&self) -> Table;
    /// From now on this cache alone fills a table that is empty now, and may keep rows back until they settle.
    fn build(&mut self);
    /// Keys prefetched since the last load that are neither in memory nor known to be nowhere.
    fn missing(&mut self) -> Vec<Vec<Value>>;
    /// Takes the rows found for them; the others do not exist.
    ///
    /// # Errors
    /// When a row does not fit its type.
    fn loaded(&mut self, rows: Vec<Vec<Value>>) -> Result<(), String>;
    /// What to write; afterwards that counts as written.
    fn changes(&mut self, due: Due) -> Changes;
    /// Drops everything: the transaction failed, or another wrote the table.
    fn forget(&mut self);
}

#[cfg(test)]
mod tests;
