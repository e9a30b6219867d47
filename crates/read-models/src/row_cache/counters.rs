//! Rows that are only added: to a table, or to figures the table adds up. Nothing is read for them.

use std::collections::HashMap;

use super::{
    Changes, Due, RowCache,
    built::{BUILD_ROWS, Built},
};
use crate::row::{Row, Summed, Table, Value};

/// Rows whose figures are added to those in the table; also rows of keys that come once and are written in their order.
#[derive(Debug)]
pub struct Counters<R: Row> {
    rows: HashMap<R::Key, R>,
    built: Option<Built>,
}

impl<R: Row> Default for Counters<R> {
    fn default() -> Counters<R> {
        Counters { rows: HashMap::new(), built: None }
    }
}

impl<R: Row> Counters<R> {
    /// The batch's part of the row of this key, from `zero` at first.
    pub fn entry(&mut self, key: R::Key, zero: impl FnOnce() -> R) -> &mut R {
        self.rows.entry(key).or_insert_with(zero)
    }
}

impl<R: Summed> Counters<R> {
    /// What the batch adds to the row of this key.
    pub fn at(&mut self, key: R::Key) -> &mut R {
        self.rows.entry(key).or_insert_with_key(R::zero)
    }
}

impl<R: Row> RowCache for Counters<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn build(&mut self) {
        self.built = Some(Built::new());
    }

    fn missing(&mut self) -> Vec<Vec<Value>> {
        vec![]
    }

    fn loaded(&mut self, _rows: Vec<Vec<Value>>) -> Result<(), String> {
        Ok(())
    }

    fn changes(&mut self, due: Due) -> Changes {
        let mut changes = Changes::default();
        if due == Due::Settled && self.rows.len() < BUILD_ROWS {
            return changes;
        }
        let mut rows: Vec<_> = self.rows.drain().collect();
        if self.built.is_some() {
            rows.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
        for (key, row) in rows {
            let known = self.built.as_mut().is_none_or(|built| built.note(&key));
            if known { &mut changes.upserts } else { &mut changes.inserts }.push(row.to_values());
        }
        changes
    }

    fn forget(&mut self) {
        *self = Counters::default();
    }
}

/// Rows of keys that never come again, written in the order in which they came.
#[derive(Debug)]
pub struct Inserts<R: Row> {
    rows: Vec<R>,
}

impl<R: Row> Default for Inserts<R> {
    fn default() -> Inserts<R> {
        Inserts { rows: Vec::new() }
    }
}

impl<R: Row> Inserts<R> {
    /// Adds a row.
    pub fn add(&mut self, row: R) {
        self.rows.push(row);
    }
}

impl<R: Row> RowCache for Inserts<R> {
    fn table(&self) -> Table {
        R::TABLE
    }

    fn build(&mut self) {}

    fn missing(&mut self) -> Vec<Vec<Value>> {
        vec![]
    }

    fn loaded(&mut self, _rows: Vec<Vec<Value>>) -> Result<(), String> {
        Ok(())
    }

    fn changes(&mut self, _due: Due) -> Changes {
        Changes { inserts: self.rows.drain(..).map(|row| row.to_values()).collect(), ..Changes::default() }
    }

    fn forget(&mut self) {
        self.rows.clear();
    }
}
