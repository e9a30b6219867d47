//! Rows that are read, changed and replaced.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use super::{
    Changes, Due, RowCache,
    built::{BUILD_ROWS, Built},
};
use crate::row::{Row, Table, Value};

/// Rows kept between batches, per table; beyond this the unchanged ones are dropped and read again when needed.
const CACHED_ROWS: usize = 50_000;

#[derive(Debug)]
struct Slot<R> {
    row: Option<R>,
    /// Whether the table may hold a row of this key.
    stored: bool,
    changed: bool,
    /// The round in which it was last looked for or changed.
    touched: u32,
}

/// Rows of a table that are read, changed, replaced and deleted.
#[derive(Debug)]
pub struct CachedRows<R: Row> {
    slots: HashMap<R::Key, Slot<R>>,
    prefetched: HashSet<R::Key>,
    changed: Vec<R::Key>,
    built: Option<Built>,
    /// Counts the times that settled rows were let go.
    round: u32,
}

impl<R: Row> Default for CachedRows<R> {
    fn default() -> CachedRows<R> {
        CachedRows { slots: HashMap::new(), prefetched: HashSet::new(), changed: Vec::new(), built: None, round: 0 }
    }
}

impl<R: Row> CachedRows<R> {
    /// Notes that the batch needs this row.
    pub fn prefetch(&mut self, key: R::Key) {
        match self.slots.get_mut(&key) {
            Some(slot) => slot.touched = self.round,
            None => _ = self.prefetched.insert(key),
        }
    }

    /// Notes that the batch creates this row, so that nothing is read for it.
    pub fn expect_new(&mut self, key: R::Key) {
        let stored = self.built.as_ref().is_some_and(|built| built.knows(&key));
        let touched = self.round;
        self.slots.entry(key).or_insert(Slot { row: None, stored, changed: false, touched });
    }

    /// The row, if there is one. It must have been prefetched or put before.
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.slots.get(key).and_then(|slot| slot.row.as_ref())
    }

    /// The row, to be changed.
    pub fn get_mut(&mut self, key: &R::Key) -> Option<&mut R> {
        let slot = self.slots.get_mut(key)?;
        if slot.row.is_some() && !slot.changed {
            slot.changed = true;
            self.changed.push(key.clone());
        }
        slot.touched = self.round;
        slot.row.as_mut()
    }

    /// Writes the row, whether it was there or not.
    pub fn put(&mut self, row: R) {
        self.replace(row.key(), Some(row));
    }

    /// Deletes the row, whether it was there or not.
    pub fn remove(&mut self, key: R::Key) {
        self.replace(key, None);
    }

    fn replace(&mut self, key: R::Key, row: Option<R>) {
        let touched = self.round;
        match self.slots.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                let slot = entry.get_mut();
                (slot.row, slot.touched) = (row, touched);
                if !slot.changed {
                    slot.changed = true;
                    self.changed.push(key);
                }
            }
            Entry::Vacant(entry) => {
                let stored = self.built.as_ref().is_none_or(|built| built.knows(&key));
                entry.insert(Slot { row, stored, changed: true, touched });
                self.changed.push(key);
            }
        }
    }

    /// Everything that changed, in the order in which it did.
    fn all(&mut self) -> Changes {
        let mut changes = Changes::default();
        for key in self.changed.drain(..) {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            collect(&mut changes, &key, slot, self.built.as_mut());
        }
        if self.slots.len() > CACHED_ROWS {
            self.slots.clear();
        }
        changes
    }

    /// Lets go of the rows that were not touched since the last time, once enough others have come.
    fn settled(&mut self) -> Changes {
        let mut changes = Changes::default();
        let Some(built) = self.built.as_mut().filter(|built| self.slots.len() >= built.room) else { return changes };
        let round = self.round;
        let mut settled: Vec<_> = self.slots.extract_if(|_, slot| slot.touched != round).collect();
        // As the table would have grown by itself, which keeps its index compact.
        settled.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, mut slot) in settled {
            if slot.changed {
                collect(&mut changes, &key, &mut slot, Some(built));
            }
        }
        self.changed.retain(|key| self.slots.contains_key(key));
        self.round += 1;
        built.room = self.slots.len() + BUILD_ROWS;
        changes
    }
}

fn collect<R: Row>(changes: &mut Changes, key: &R::Key, slot: &mut Slot<R>, built: Option<&mut Built>) {
    slot.changed = false;
    match &slot.row {
        Some(row) => {
            let known = built.is_none_or(|built| built.note(key)) || slot.stored;
            let rows = if known { &mut changes.upserts } else { &mut changes.inserts };
            rows.push(row.to_values());
        }
        None if slot.stored => changes.deletes.push(R::key_values(key)),
        None => {}
    }
    slot.stored = slot.row.is_some();
}

impl<R: Row> RowCache for CachedRows<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn build(&mut self) {
        self.built = Some(Built::new());
    }

    fn missing(&mut self) -> Vec<Vec<Value>> {
        let mut keys = Vec::with_capacity(self.prefetched.len());
        for key in self.prefetched.drain() {
            if let Entry::Vacant(entry) = self.slots.entry(key) {
                if self.built.as_ref().is_none_or(|built| built.knows(entry.key())) {
                    keys.push(R::key_values(entry.key()));
                }
                entry.insert(Slot { row: None, stored: false, changed: false, touched: self.round });
            }
        }
        keys
    }

    fn loaded(&mut self, rows: Vec<Vec<Value>>) -> Result<(), String> {
        for values in rows {
            let row = R::from_values(values)?;
            self.slots.insert(row.key(), Slot { row: Some(row), stored: true, changed: false, touched: self.round });
        }
        Ok(())
    }

    fn changes(&mut self, due: Due) -> Changes {
        match due {
            Due::All => self.all(),
            Due::Settled => self.settled(),
        }
    }

    fn forget(&mut self) {
        *self = CachedRows::default();
    }
}
