//! The keys that a build has written, so that rows which cannot be in its table are inserted without a look-up.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, Hash, RandomState},
};

/// During a build, rows that did not change since the last flush are written after this many new rows, per table.
pub(super) const BUILD_ROWS: usize = 20_000;

/// A build's knowledge of its table: the hash of every key that it wrote. Two keys may have the same hash, so a key
/// that is not found was never written, and a key that is found may have been written.
#[derive(Debug, Default)]
pub(super) struct Built {
    written: HashSet<u64>,
    hasher: RandomState,
    /// Rows in memory at which settled ones are written again.
    pub(super) room: usize,
}

impl Built {
    pub(super) fn new() -> Built {
        Built { room: BUILD_ROWS, ..Built::default() }
    }

    /// Whether the key may have been written.
    pub(super) fn knows(&self, key: &impl Hash) -> bool {
        self.written.contains(&self.hasher.hash_one(key))
    }

    /// Notes that the key is written; true if it may have been written before.
    pub(super) fn note(&mut self, key: &impl Hash) -> bool {
        !self.written.insert(self.hasher.hash_one(key))
    }
}
