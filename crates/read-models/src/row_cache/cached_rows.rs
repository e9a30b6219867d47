//! Rows that are read, changed and replaced.

use std::{
    collections::{HashMap, HashSet, hash_map::Entry},
    sync::Arc,
};

use foldhash::fast::RandomState;
use orderlog_domain::ids::Position;

use super::{
    Changes, Due, Limits, RowCache, Unwritten,
    built::{BUILD_ROWS, Built},
};
use crate::row::{Row, Table, Value};

#[derive(Debug)]
struct Slot<R> {
    /// Shared with a writer while it writes the row; then a change makes a copy.
    row: Option<Arc<R>>,
    /// Whether the table may have a row with this key.
    stored: bool,
    /// Whether the table lacks a change of the row.
    changed: bool,
    /// The last change was made at this position or before it.
    at: i64,
    /// The round in which the row was last used or changed.
    touched: u32,
}

/// Which rows stay in memory when the table has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    /// All rows of the table, from the start.
    Whole,
    /// Rows that were used lately.
    Lately,
    /// None: no fold reads the rows.
    Nothing,
}

/// Rows of a table that are read, changed, replaced and deleted.
#[derive(Debug)]
pub struct CachedRows<R: Row> {
    slots: HashMap<R::Key, Slot<R>, RandomState>,
    prefetched: HashSet<R::Key, RandomState>,
    /// Keys that are being looked for in the table.
    asked: Vec<R::Key>,
    /// Keys of the rows of which the table lacks a change.
    changed: Vec<R::Key>,
    keep: Keep,
    limits: Limits,
    /// Whether every row of the table is in memory.
    whole: bool,
    now_at: i64,
    built: Option<Built>,
    /// Counts the times that rows were let go.
    round: u32,
}

impl<R: Row> Default for CachedRows<R> {
    fn default() -> CachedRows<R> {
        CachedRows::kept(Keep::Lately)
    }
}

impl<R: Row> CachedRows<R> {
    fn kept(keep: Keep) -> CachedRows<R> {
        CachedRows {
            slots: HashMap::default(),
            prefetched: HashSet::default(),
            asked: Vec::new(),
            changed: Vec::new(),
            keep,
            limits: Limits::default(),
            whole: false,
            now_at: 0,
            built: None,
            round: 0,
        }
    }

    /// Rows of a table that queries of the present need completely.
    #[must_use]
    pub fn whole() -> CachedRows<R> {
        CachedRows::kept(Keep::Whole)
    }

    /// Rows of a table that only queries of the table read: they leave memory after the table has them.
    #[must_use]
    pub fn passing() -> CachedRows<R> {
        CachedRows::kept(Keep::Nothing)
    }

    /// Whether every row of the table is in memory.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// Rows in memory.
    pub fn iter(&self) -> impl Iterator<Item = &R> {
        self.slots.values().filter_map(|slot| slot.row.as_deref())
    }

    /// Notes that the batch needs this row.
    pub fn prefetch(&mut self, key: R::Key) {
        match self.slots.get_mut(&key) {
            Some(slot) => slot.touched = self.round,
            None if self.whole => {}
            None => _ = self.prefetched.insert(key),
        }
    }

    /// Notes that the batch creates this row, so that nothing is read for it.
    pub fn expect_new(&mut self, key: R::Key) {
        let stored = self.built.as_ref().is_some_and(|built| built.knows(&key));
        let (at, touched) = (self.now_at, self.round);
        self.slots.entry(key).or_insert(Slot { row: None, stored, changed: false, at, touched });
    }

    /// The row, if there is one. A fold must have prefetched or put it before.
    pub fn get(&self, key: &R::Key) -> Option<&R> {
        self.slots.get(key).and_then(|slot| slot.row.as_deref())
    }

    /// The row, as memory knows it: absent, present, or not known.
    pub(crate) fn known(&self, key: &R::Key) -> Option<Option<&R>> {
        match self.slots.get(key) {
            Some(slot) => Some(slot.row.as_deref()),
            None if self.whole => Some(None),
            None => None,
        }
    }

    /// The row, to be changed.
    pub fn get_mut(&mut self, key: &R::Key) -> Option<&mut R> {
        let slot = self.slots.get_mut(key)?;
        let row = slot.row.as_mut()?;
        if !slot.changed {
            slot.changed = true;
            self.changed.push(key.clone());
        }
        (slot.at, slot.touched) = (self.now_at, self.round);
        Some(Arc::make_mut(row))
    }

    /// Writes the row; it may be new.
    pub fn put(&mut self, row: R) {
        self.replace(row.key(), Some(Arc::new(row)));
    }

    /// Deletes the row; it may be absent.
    pub fn remove(&mut self, key: R::Key) {
        self.replace(key, None);
    }

    fn replace(&mut self, key: R::Key, row: Option<Arc<R>>) {
        let (at, touched) = (self.now_at, self.round);
        match self.slots.entry(key.clone()) {
            Entry::Occupied(mut entry) => {
                let slot = entry.get_mut();
                (slot.row, slot.at, slot.touched) = (row, at, touched);
                if !slot.changed {
                    slot.changed = true;
                    self.changed.push(key);
                }
            }
            Entry::Vacant(entry) => {
                let stored = self.built.as_ref().is_none_or(|built| built.knows(&key));
                entry.insert(Slot { row, stored, changed: true, at, touched });
                self.changed.push(key);
            }
        }
    }

    /// Every change of a build, in the order of the changes.
    fn all(&mut self) -> Changes {
        let mut changes = Changes::default();
        for key in self.changed.drain(..) {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            collect(&mut changes, &key, slot, self.built.as_mut());
        }
        changes
    }

    /// Drops the rows that a build did not change since the last time, after enough new rows came.
    fn settled(&mut self) -> Changes {
        let mut changes = Changes::default();
        let Some(built) = self.built.as_mut().filter(|built| self.slots.len() >= built.room) else { return changes };
        let round = self.round;
        let mut settled: Vec<_> = self.slots.extract_if(|_, slot| slot.touched != round).collect();
        // In the order of keys, which keeps the index of the table compact.
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

    /// Drops rows that need not stay. Rows that the table lacks always stay.
    fn let_go(&mut self) {
        let room = match self.keep {
            Keep::Whole if self.whole => self.limits.whole,
            Keep::Whole | Keep::Lately => self.limits.kept,
            Keep::Nothing => 0,
        };
        if self.slots.len() <= room + self.changed.len() {
            return;
        }
        self.whole = false;
        let (round, all) = (self.round, self.keep == Keep::Nothing);
        self.slots.retain(|_, slot| slot.changed || !all && slot.touched == round);
        self.round += 1;
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

    fn missing(&mut self) -> Vec<Vec<Value>> {
        let prefetched = self.prefetched.drain().filter(|key| !self.slots.contains_key(key));
        self.asked = prefetched.collect();
        let built = self.built.as_ref();
        let may_be_there = self.asked.iter().filter(|key| built.is_none_or(|built| built.knows(key)));
        may_be_there.map(R::key_values).collect()
    }

    fn loaded(&mut self, rows: Vec<Vec<Value>>) -> Result<(), String> {
        let touched = self.round;
        for values in rows {
            let row = R::from_values(values)?;
            let slot = Slot { row: None, stored: true, changed: false, at: 0, touched };
            self.slots.insert(row.key(), Slot { row: Some(Arc::new(row)), ..slot });
        }
        // Only now: before this, rows that are being loaded must not count as absent.
        for key in self.asked.drain(..) {
            self.slots.entry(key).or_insert(Slot { row: None, stored: false, changed: false, at: 0, touched });
        }
        Ok(())
    }

    fn forget(&mut self) {
        let (keep, limits) = (self.keep, self.limits);
        *self = CachedRows { limits, ..CachedRows::kept(keep) };
    }

    fn build(&mut self) {
        self.built = Some(Built::new());
    }

    fn changes(&mut self, due: Due) -> Changes {
        match due {
            Due::All => self.all(),
            Due::Settled => self.settled(),
        }
    }

    fn limit(&mut self, limits: Limits) {
        self.limits = limits;
    }

    fn wants_whole(&self) -> Option<usize> {
        (self.keep == Keep::Whole).then_some(self.limits.whole)
    }

    fn loaded_whole(&mut self, rows: Vec<Vec<Value>>) -> Result<(), String> {
        self.loaded(rows)?;
        self.whole = true;
        Ok(())
    }

    fn now_at(&mut self, position: Position) {
        self.now_at = position.0;
    }

    fn count_unwritten(&self) -> usize {
        self.changed.len()
    }

    fn unwritten(&mut self) -> Box<dyn Unwritten> {
        let row = |key: &R::Key| self.slots.get(key).map(|slot| (key.clone(), slot.row.clone(), slot.stored));
        Box::new(UnwrittenRows(self.changed.iter().filter_map(row).collect()))
    }

    fn written(&mut self, position: Position) {
        let slots = &mut self.slots;
        self.changed.retain(|key| match slots.get_mut(key) {
            Some(slot) if slot.at > position.0 => {
                // An earlier state of the row may have been written.
                slot.stored = true;
                true
            }
            Some(Slot { row: None, .. }) => {
                slots.remove(key);
                false
            }
            Some(slot) => {
                (slot.changed, slot.stored) = (false, true);
                false
            }
            None => false,
        });
        self.let_go();
    }
}

/// The rows that [`CachedRows`] have to write: key, row if there is one, and whether the table may have the key.
struct UnwrittenRows<R: Row>(Vec<(R::Key, Option<Arc<R>>, bool)>);

impl<R: Row> Unwritten for UnwrittenRows<R> {
    fn changes(mut self: Box<Self>) -> Changes {
        // In the order of keys, so that neighbouring rows are written together.
        self.0.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        let mut changes = Changes::default();
        for (key, row, stored) in self.0 {
            match row {
                Some(row) => changes.upserts.push(row.to_values()),
                None if stored => changes.deletes.push(R::key_values(&key)),
                None => {}
            }
        }
        changes
    }
}
