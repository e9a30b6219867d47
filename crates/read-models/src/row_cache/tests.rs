//! Rows that a build keeps back and rows that a node writes behind give the same tables.

#![expect(unreachable_pub, reason = "rows are declared as read models declare them")]

use std::collections::BTreeMap;

use orderlog_domain::ids::Position;
use rand::{Rng as _, SeedableRng as _};

use super::*;
use crate::{row::Row as _, table};

table! {
    /// A row to change.
    pub struct Counter = "counters" on conflict Replace {
        key {
            /// Its number.
            id: i64,
        }
        /// The column that changes.
        count: i64,
    }
}

table! {
    /// A sum to add to.
    pub struct Total = "totals" on conflict Add {
        key {
            /// Its number.
            id: i64,
        }
        /// The column that is added up.
        count: i64,
    }
}

/// A table with the behaviour of the engines: an insert finds no row with its key, an upsert replaces or adds, a delete
/// may find none.
#[derive(Default)]
struct Stored(BTreeMap<i64, i64>);

impl Stored {
    fn write(&mut self, changes: Changes, add: bool) {
        let row = |values: Vec<Value>| match values.as_slice() {
            [Value::Int(Some(id)), Value::Int(Some(count))] => (*id, *count),
            other => panic!("{other:?}"),
        };
        for (id, count) in changes.inserts.into_iter().map(row) {
            assert_eq!(self.0.insert(id, count), None, "row {id} was there");
        }
        for (id, count) in changes.upserts.into_iter().map(row) {
            let stood = self.0.get(&id).copied().filter(|_| add).unwrap_or(0);
            self.0.insert(id, stood + count);
        }
        for key in changes.deletes {
            let [Value::Int(Some(id))] = key.as_slice() else { panic!("{key:?}") };
            self.0.remove(id);
        }
    }

    /// Writes the unwritten rows of `cache`, a node's, as of `position`.
    fn write_behind(&mut self, cache: &mut dyn RowCache, position: i64, add: bool) {
        let unwritten = cache.unwritten();
        self.write(unwritten.changes(), add);
        cache.written(Position(position));
    }

    fn load(&self, keys: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
        let row = |key: Vec<Value>| match key.as_slice() {
            [Value::Int(Some(id))] => self.0.get(id).map(|count| Counter { id: *id, count: *count }.to_values()),
            other => panic!("{other:?}"),
        };
        keys.into_iter().filter_map(row).collect()
    }
}

/// Rows are added, changed many times at first and seldom later, and most are removed in the end.
#[test]
fn rows_kept_back_come_to_what_rows_written_at_once_come_to() {
    const SEED: u64 = 20_261_126;
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(SEED);
    let (mut live, mut build) = (CachedRows::<Counter>::default(), CachedRows::<Counter>::default());
    let (mut of_live, mut of_build) = (Stored::default(), Stored::default());
    build.build();
    let mut newest = 0;
    for _ in 0..60 {
        let mut steps = vec![];
        for _ in 0..2_000 {
            newest += 1;
            steps.push((newest, 0));
        }
        for _ in 0..4_000 {
            let age = rng.random_range(0..40_000_i64).min(rng.random_range(0..80_000));
            steps.push((newest - age, rng.random_range(0..4)));
        }
        for (cache, stored) in [(&mut live, &mut of_live), (&mut build, &mut of_build)] {
            for (id, step) in &steps {
                if *step == 0 && *id > newest - 2_000 { cache.expect_new((*id,)) } else { cache.prefetch((*id,)) }
            }
            let missing = cache.missing();
            cache.loaded(stored.load(missing)).expect("rows of its own");
            for (id, step) in &steps {
                match step {
                    0 => cache.put(Counter { id: *id, count: 1 }),
                    3 => cache.remove((*id,)),
                    _ => {
                        if let Some(row) = cache.get_mut(&(*id,)) {
                            row.count += 1;
                        }
                    }
                }
            }
        }
        of_live.write_behind(&mut live, newest, false);
        of_build.write(build.changes(Due::Settled), false);
    }
    assert!(of_build.0.len() < of_live.0.len(), "some rows are kept back");
    of_build.write(build.changes(Due::All), false);
    assert_eq!(of_live.0, of_build.0, "seed {SEED}");
}

#[test]
fn counters_kept_back_come_to_the_same() {
    let (mut live, mut build) = (Counters::<Total>::default(), Counters::<Total>::default());
    let (mut of_live, mut of_build) = (Stored::default(), Stored::default());
    build.build();
    for batch in 0..30_i64 {
        for id in batch * 1_500..(batch + 1) * 1_500 + 700 {
            live.at(Position(batch), (id,)).count += id;
            build.at(Position(batch), (id,)).count += id;
        }
        of_live.write_behind(&mut live, batch, true);
        of_build.write(build.changes(Due::Settled), true);
    }
    of_build.write(build.changes(Due::All), true);
    assert_eq!(of_live.0, of_build.0);
}

/// A table that has a part of a cache's changes, because another node wrote it.
#[test]
fn what_another_wrote_is_not_added_again() {
    let (mut cache, mut stored) = (Counters::<Total>::default(), Stored::default());
    for position in 1..=10 {
        cache.at(Position(position), (1,)).count += position;
        cache.at(Position(position), (1,)).count += 100;
        if position % 3 == 0 {
            // Frozen, as for a write that failed.
            drop(cache.unwritten());
        }
    }
    cache.written(Position(5));
    assert_eq!(cache.count_unwritten(), 5);
    stored.write_behind(&mut cache, 10, true);
    assert_eq!(stored.0[&1], 6 + 7 + 8 + 9 + 10 + 5 * 100);
    assert_eq!(cache.count_unwritten(), 0);
}

/// Rows leave memory only after the table has them.
#[test]
fn what_the_table_lacks_stays_in_memory() {
    let mut cache = CachedRows::<Counter>::default();
    cache.limit(Limits { whole: 4, kept: 4 });
    for position in 1..=20 {
        cache.now_at(Position(position));
        cache.put(Counter { id: position, count: 1 });
    }
    cache.written(Position(7));
    let mut ids: Vec<i64> = cache.iter().map(|row| row.id).filter(|id| *id > 7).collect();
    ids.sort_unstable();
    assert_eq!(ids, (8..=20).collect::<Vec<_>>(), "nothing that changed after position 7 is gone");
    for _ in 0..3 {
        cache.written(Position(20));
    }
    assert!(cache.iter().count() <= 4 + 13, "{} rows stayed", cache.iter().count());
    assert_eq!(cache.known(&(1,)), None, "memory does not know what it let go");
}

/// A table that is larger than the limit is no longer completely in memory, and says so.
#[test]
fn a_table_is_whole_until_it_is_too_large() {
    let mut cache = CachedRows::<Counter>::whole();
    cache.limit(Limits { whole: 4, kept: 2 });
    let rows = (1..=3).map(|id| Counter { id, count: 0 }.to_values()).collect();
    cache.loaded_whole(rows).expect("rows of its own");
    assert!(cache.is_whole());
    assert_eq!(cache.known(&(9,)), Some(None), "it is known that there is no such row");
    for id in 4..=8 {
        cache.now_at(Position(id));
        cache.put(Counter { id, count: 0 });
    }
    assert!(cache.is_whole(), "what is not written yet cannot be dropped");
    cache.written(Position(8));
    assert!(!cache.is_whole());
    assert_eq!(cache.known(&(9,)), None);
}
