//! Which keys a build has written, so that rows which cannot be in its table are inserted and never looked for.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, Hash, RandomState},
};

/// During a build, rows untouched since the last flush are written after this many new rows came into memory, per table.
pub(super) const BUILD_ROWS: usize = 20_000;

/// What a build knows of its table: every key it ever wrote, as a hash. Two keys may share one, so a key that is not
/// among them was never written, and one that is may have been.
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

    /// Notes that the key is written; whether it may have been before.
    pub(super) fn note(&mut self, key: &impl Hash) -> bool {
        !self.written.insert(self.hasher.hash_one(key))
    }
}
