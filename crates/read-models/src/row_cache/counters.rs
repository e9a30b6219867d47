//! Append-only rows, and figures that the table adds up. Nothing is read for them.

use std::collections::{HashMap, hash_map::Entry};

use orderlog_domain::ids::Position;

use super::{
    Changes, Due, RowCache, Unwritten,
    built::{BUILD_ROWS, Built},
    entries::{Entries, Frozen},
};
use crate::row::{OnConflict, Row, Summed, Table, Value};

/// Rows whose figures are added to those in the table; also rows of keys that occur once and are written in their
/// order.
///
/// A build adds them up at once. A node keeps what each event adds until the table has it, since the table may take in
/// events that another node counted.
#[derive(Debug)]
pub struct Counters<R: Row> {
    entries: Entries<R>,
    building: Option<Building<R>>,
}

#[derive(Debug)]
struct Building<R: Row> {
    rows: HashMap<R::Key, R>,
    built: Built,
}

impl<R: Row> Default for Counters<R> {
    fn default() -> Counters<R> {
        Counters { entries: Entries::default(), building: None }
    }
}

impl<R: Row> Counters<R> {
    /// What the event at `position` adds to the row of this key; begins with `zero`.
    pub fn entry(&mut self, position: Position, key: R::Key, zero: impl FnOnce() -> R) -> &mut R {
        match &mut self.building {
            Some(building) => building.rows.entry(key).or_insert_with(zero),
            None => {
                // Two look-ups, because the borrow of the first would last as long as the result.
                if self.entries.of_position(position.0, |row| row.key() == key).is_none() {
                    return self.entries.add(position.0, zero());
                }
                match self.entries.of_position(position.0, |row| row.key() == key) {
                    Some(row) => row,
                    None => unreachable!("it was found just above"),
                }
            }
        }
    }
}

impl<R: Summed> Counters<R> {
    /// What the event at `position` adds to the row of this key.
    pub fn at(&mut self, position: Position, key: R::Key) -> &mut R {
        let zero = key.clone();
        self.entry(position, key, || R::zero(&zero))
    }
}

impl<R: Row> RowCache for Counters<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn forget(&mut self) {
        *self = Counters::default();
    }

    fn build(&mut self) {
        self.building = Some(Building { rows: HashMap::new(), built: Built::new() });
    }

    fn changes(&mut self, due: Due) -> Changes {
        let mut changes = Changes::default();
        let Some(building) = &mut self.building else { return changes };
        if due == Due::Settled && building.rows.len() < BUILD_ROWS {
            return changes;
        }
        let mut rows: Vec<_> = building.rows.drain().collect();
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (key, row) in rows {
            let known = building.built.note(&key);
            if known { &mut changes.upserts } else { &mut changes.inserts }.push(row.to_values());
        }
        changes
    }

    fn count_unwritten(&self) -> usize {
        self.entries.count()
    }

    fn unwritten(&mut self) -> Box<dyn Unwritten> {
        Box::new(UnwrittenEntries(self.entries.freeze()))
    }

    fn written(&mut self, position: Position) {
        self.entries.written(position.0);
    }
}

struct UnwrittenEntries<R>(Vec<Frozen<R>>);

impl<R: Row> Unwritten for UnwrittenEntries<R> {
    fn changes(self: Box<Self>) -> Changes {
        let entries = self.0.iter().flat_map(|sealed| sealed.iter().map(|(_, row)| row));
        if R::TABLE.on_conflict == OnConflict::Never {
            return Changes { inserts: entries.map(Row::to_values).collect(), ..Changes::default() };
        }
        // Rows with figures are added up, so that each is written once.
        let mut rows: HashMap<R::Key, Vec<Value>> = HashMap::new();
        for row in entries {
            match rows.entry(row.key()) {
                Entry::Vacant(entry) => _ = entry.insert(row.to_values()),
                Entry::Occupied(mut entry) => add(entry.get_mut(), row.to_values(), R::TABLE.keys),
            }
        }
        let mut rows: Vec<_> = rows.into_iter().collect();
        // In the order of keys, so that no two writers wait for each other, and neighbouring rows are written together.
        rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Changes { upserts: rows.into_iter().map(|(_, values)| values).collect(), ..Changes::default() }
    }
}

/// Adds each figure of `more`; the first `keys` columns are the key.
fn add(values: &mut [Value], more: Vec<Value>, keys: usize) {
    for (value, more) in values.iter_mut().zip(more).skip(keys) {
        if let (Value::Int(Some(value)), Value::Int(Some(more))) = (value, more) {
            *value += more;
        }
    }
}

/// Rows of keys that never occur again, written in the order in which they came.
#[derive(Debug)]
pub struct Inserts<R: Row>(Entries<R>);

impl<R: Row> Default for Inserts<R> {
    fn default() -> Inserts<R> {
        Inserts(Entries::default())
    }
}

impl<R: Row> Inserts<R> {
    /// Adds a row that the event at `position` makes.
    pub fn add(&mut self, position: Position, row: R) {
        self.0.add(position.0, row);
    }
}

impl<R: Row> RowCache for Inserts<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn forget(&mut self) {
        *self = Inserts::default();
    }

    fn build(&mut self) {}

    fn changes(&mut self, _due: Due) -> Changes {
        Changes { inserts: self.0.drain().map(|row| row.to_values()).collect(), ..Changes::default() }
    }

    fn count_unwritten(&self) -> usize {
        self.0.count()
    }

    fn unwritten(&mut self) -> Box<dyn Unwritten> {
        Box::new(UnwrittenEntries(self.0.freeze()))
    }

    fn written(&mut self, position: Position) {
        self.0.written(position.0);
    }
}
