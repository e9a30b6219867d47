//! Rows a fold works on in memory: loaded together before a batch, written together after it or, in a build, later.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, Hash, RandomState},
};

use crate::row::{Table, Value};

mod cached;
mod sums;

pub(crate) use cached::Cached;
pub(crate) use sums::{Added, Sums};

/// Rows that come into memory, per table, until a build writes those it has not touched since it last did so.
const BUILD_ROWS: usize = 20_000;

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

/// What the projector needs of a sheet, whatever its rows.
pub trait Sheet: Send + Sync {
    /// The table behind it.
    fn table(&self) -> Table;
    /// From now on this sheet alone fills a table that is empty now, and may keep rows back until they settle.
    fn build(&mut self);
    /// Keys noted since the last load that are neither in memory nor known to be nowhere.
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

/// What a build knows of its table: every key it ever wrote, as a hash. Two keys may share one, so a key that is not
/// among them was never written, and one that is may have been.
#[derive(Debug, Default)]
struct Built {
    written: HashSet<u64>,
    hasher: RandomState,
    /// Rows in memory at which settled ones are written again.
    room: usize,
}

impl Built {
    fn new() -> Built {
        Built { room: BUILD_ROWS, ..Built::default() }
    }

    fn knows(&self, key: &impl Hash) -> bool {
        self.written.contains(&self.hasher.hash_one(key))
    }

    /// Whether the key may have been written before.
    fn note(&mut self, key: &impl Hash) -> bool {
        !self.written.insert(self.hasher.hash_one(key))
    }
}

#[cfg(test)]
mod tests;
