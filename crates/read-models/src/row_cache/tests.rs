//! A cache that keeps rows back writes the same rows as one that writes after every batch.

#![expect(unreachable_pub, reason = "rows are declared as read models declare them")]

use std::collections::BTreeMap;

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
        /// What changes.
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
        /// What is added.
        count: i64,
    }
}

/// A table as the engines have it: an insert finds no row of its key, an upsert replaces or adds, a delete may find none.
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

    fn load(&self, keys: Vec<Vec<Value>>) -> Vec<Vec<Value>> {
        let row = |key: Vec<Value>| match key.as_slice() {
            [Value::Int(Some(id))] => self.0.get(id).map(|count| Counter { id: *id, count: *count }.to_values()),
            other => panic!("{other:?}"),
        };
        keys.into_iter().filter_map(row).collect()
    }
}

/// Rows come, are changed many times at first and seldom later, and most are removed in the end.
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
        of_live.write(live.changes(Due::All), false);
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
        for (cache, stored, due) in [(&mut live, &mut of_live, Due::All), (&mut build, &mut of_build, Due::Settled)] {
            for id in batch * 1_500..(batch + 1) * 1_500 + 700 {
                cache.at((id,)).count += id;
            }
            stored.write(cache.changes(due), true);
        }
    }
    of_build.write(build.changes(Due::All), true);
    assert_eq!(of_live.0, of_build.0);
}
