//! Rows of append-only tables, in the order of the log, kept until the table has them.

use std::{collections::VecDeque, sync::Arc};

/// Entries of one moment that are to be written, each with the position of its event.
pub(super) type Frozen<R> = Arc<Vec<(i64, R)>>;

/// Entries that the table lacks. The writer shares those that it is writing, so that none is copied.
#[derive(Debug)]
pub(super) struct Entries<R> {
    frozen: VecDeque<Frozen<R>>,
    open: Vec<(i64, R)>,
}

impl<R> Default for Entries<R> {
    fn default() -> Entries<R> {
        Entries { frozen: VecDeque::new(), open: Vec::new() }
    }
}

impl<R: Clone> Entries<R> {
    pub(super) fn add(&mut self, position: i64, row: R) -> &mut R {
        self.open.push((position, row));
        match self.open.last_mut() {
            Some((_, row)) => row,
            None => unreachable!("it was pushed just above"),
        }
    }

    /// The entry of this position for which `is_it` is true; it is one of the last.
    pub(super) fn of_position(&mut self, position: i64, is_it: impl Fn(&R) -> bool) -> Option<&mut R> {
        let of_it = self.open.iter_mut().rev().take_while(|(at, _)| *at == position);
        of_it.map(|(_, row)| row).find(|row| is_it(row))
    }

    pub(super) fn count(&self) -> usize {
        self.frozen.iter().map(|frozen| frozen.len()).sum::<usize>() + self.open.len()
    }

    /// All entries. They stay until [`Entries::written`] removes them.
    pub(super) fn freeze(&mut self) -> Vec<Frozen<R>> {
        if !self.open.is_empty() {
            self.frozen.push_back(Arc::new(std::mem::take(&mut self.open)));
        }
        self.frozen.iter().cloned().collect()
    }

    /// Drops the entries up to `position`.
    pub(super) fn written(&mut self, position: i64) {
        while self.frozen.front().is_some_and(|frozen| ends_by(frozen, position)) {
            self.frozen.pop_front();
        }
        if let Some(first) = self.frozen.front_mut() {
            drop_up_to(Arc::make_mut(first), position);
        }
        drop_up_to(&mut self.open, position);
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = R> {
        let frozen = std::mem::take(&mut self.frozen);
        let frozen =
            frozen.into_iter().flat_map(|frozen| Arc::try_unwrap(frozen).unwrap_or_else(|shared| (*shared).clone()));
        frozen.chain(std::mem::take(&mut self.open)).map(|(_, row)| row)
    }
}

fn ends_by<R>(frozen: &[(i64, R)], position: i64) -> bool {
    frozen.last().is_none_or(|(at, _)| *at <= position)
}

fn drop_up_to<R>(entries: &mut Vec<(i64, R)>, position: i64) {
    let gone = entries.partition_point(|(at, _)| *at <= position);
    entries.drain(..gone);
}
