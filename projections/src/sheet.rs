//! Rows a fold works on in memory: loaded together before a batch, written together after it.

use std::collections::{HashMap, HashSet, hash_map::Entry};

use crate::row::{Row, Table, Value};

/// Rows kept between batches, per table; beyond this the unchanged ones are dropped and read again when needed.
const CACHED_ROWS: usize = 50_000;

/// What a batch changed in one table.
#[derive(Debug, Default)]
pub struct Changes {
    /// Rows to write.
    pub upserts: Vec<Vec<Value>>,
    /// Keys of rows to delete.
    pub deletes: Vec<Vec<Value>>,
}

/// What the projector needs of a sheet, whatever its rows.
pub trait Sheet: Send + Sync {
    /// The table behind it.
    fn table(&self) -> Table;
    /// Keys noted since the last load that are not in memory.
    fn missing(&mut self) -> Vec<Vec<Value>>;
    /// Takes the rows found for them; the others do not exist.
    ///
    /// # Errors
    /// When a row does not fit its type.
    fn loaded(&mut self, rows: Vec<Vec<Value>>) -> Result<(), String>;
    /// What to write; afterwards the sheet counts as written.
    fn changes(&mut self) -> Changes;
    /// Drops everything: the transaction failed, or another wrote the table.
    fn forget(&mut self);
}

#[derive(Debug)]
struct Slot<R> {
    row: Option<R>,
    /// Whether the table may hold a row of this key.
    stored: bool,
    changed: bool,
}

/// Rows that are read, changed and replaced.
#[derive(Debug)]
pub(crate) struct Cached<R: Row> {
    slots: HashMap<R::Key, Slot<R>>,
    wanted: HashSet<R::Key>,
    changed: Vec<R::Key>,
}

impl<R: Row> Default for Cached<R> {
    fn default() -> Cached<R> {
        Cached { slots: HashMap::new(), wanted: HashSet::new(), changed: Vec::new() }
    }
}

impl<R: Row> Cached<R> {
    /// Notes that the batch will look at this row.
    pub(crate) fn want(&mut self, key: R::Key) {
        if !self.slots.contains_key(&key) {
            self.wanted.insert(key);
        }
    }

    /// Notes that the batch creates this row, so that nothing is read for it.
    pub(crate) fn fresh(&mut self, key: R::Key) {
        self.slots.entry(key).or_insert(Slot { row: None, stored: false, changed: false });
    }

    /// The row, if there is one. It must have been wanted or put before.
    pub(crate) fn get(&self, key: &R::Key) -> Option<&R> {
        self.slots.get(key).and_then(|slot| slot.row.as_ref())
    }

    /// The row, to be changed.
    pub(crate) fn get_mut(&mut self, key: &R::Key) -> Option<&mut R> {
        let slot = self.slots.get_mut(key)?;
        if slot.row.is_some() && !slot.changed {
            slot.changed = true;
            self.changed.push(key.clone());
        }
        slot.row.as_mut()
    }

    /// Writes the row, whether it was there or not.
    pub(crate) fn put(&mut self, row: R) {
        self.replace(row.key(), Some(row));
    }

    /// Deletes the row, whether it was there or not.
    pub(crate) fn remove(&mut self, key: R::Key) {
        self.replace(key, None);
    }

    fn replace(&mut self, key: R::Key, row: Option<R>) {
        match self.slots.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                let slot = entry.get_mut();
                slot.row = row;
                if !slot.changed {
                    slot.changed = true;
                    self.changed.push(key);
                }
            }
            Entry::Vacant(entry) => {
                entry.insert(Slot { row, stored: true, changed: true });
                self.changed.push(key);
            }
        }
    }
}

impl<R: Row> Sheet for Cached<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn missing(&mut self) -> Vec<Vec<Value>> {
        let mut keys = Vec::with_capacity(self.wanted.len());
        for key in self.wanted.drain() {
            if let Entry::Vacant(entry) = self.slots.entry(key) {
                keys.push(R::key_values(entry.key()));
                entry.insert(Slot { row: None, stored: false, changed: false });
            }
        }
        keys
    }

    fn loaded(&mut self, rows: Vec<Vec<Value>>) -> Result<(), String> {
        for values in rows {
            let row = R::from_values(values)?;
            self.slots.insert(row.key(), Slot { row: Some(row), stored: true, changed: false });
        }
        Ok(())
    }

    fn changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for key in self.changed.drain(..) {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            slot.changed = false;
            match &slot.row {
                Some(row) => changes.upserts.push(row.to_values()),
                None if slot.stored => changes.deletes.push(R::key_values(&key)),
                None => {}
            }
            slot.stored = slot.row.is_some();
        }
        if self.slots.len() > CACHED_ROWS {
            self.slots.clear();
        }
        changes
    }

    fn forget(&mut self) {
        *self = Cached::default();
    }
}

/// Rows that are only added to: nothing is read, the table adds the figures up.
#[derive(Debug)]
pub(crate) struct Sums<R: Row> {
    rows: HashMap<R::Key, R>,
}

impl<R: Row> Default for Sums<R> {
    fn default() -> Sums<R> {
        Sums { rows: HashMap::new() }
    }
}

impl<R: Row> Sums<R> {
    /// The batch's part of the row of this key, from `zero` at first.
    pub(crate) fn entry(&mut self, key: R::Key, zero: impl FnOnce() -> R) -> &mut R {
        self.rows.entry(key).or_insert_with(zero)
    }
}

impl<R: Row> Sheet for Sums<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn missing(&mut self) -> Vec<Vec<Value>> {
        vec![]
    }

    fn loaded(&mut self, _rows: Vec<Vec<Value>>) -> Result<(), String> {
        Ok(())
    }

    fn changes(&mut self) -> Changes {
        Changes { upserts: self.rows.drain().map(|(_, row)| row.to_values()).collect(), deletes: vec![] }
    }

    fn forget(&mut self) {
        self.rows.clear();
    }
}
