//! What is only added to a table, in the order of the log, until the table has it.

use std::{collections::VecDeque, sync::Arc};

/// Entries of one moment to write; each with the position of its event.
pub(super) type Sealed<R> = Arc<Vec<(i64, R)>>;

/// Entries that the table lacks. Those that are being written are shared with the writer, so that none is copied.
#[derive(Debug)]
pub(super) struct Entries<R> {
    sealed: VecDeque<Sealed<R>>,
    open: Vec<(i64, R)>,
}

impl<R> Default for Entries<R> {
    fn default() -> Entries<R> {
        Entries { sealed: VecDeque::new(), open: Vec::new() }
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

    /// The entry of this position that `is_it` knows; it is among the last.
    pub(super) fn of_position(&mut self, position: i64, is_it: impl Fn(&R) -> bool) -> Option<&mut R> {
        let of_it = self.open.iter_mut().rev().take_while(|(at, _)| *at == position);
        of_it.map(|(_, row)| row).find(|row| is_it(row))
    }

    pub(super) fn count(&self) -> usize {
        self.sealed.iter().map(|sealed| sealed.len()).sum::<usize>() + self.open.len()
    }

    /// Everything; it stays until it is [`Entries::written`].
    pub(super) fn seal(&mut self) -> Vec<Sealed<R>> {
        if !self.open.is_empty() {
            self.sealed.push_back(Arc::new(std::mem::take(&mut self.open)));
        }
        self.sealed.iter().cloned().collect()
    }

    /// Drops what came up to `position`.
    pub(super) fn written(&mut self, position: i64) {
        while self.sealed.front().is_some_and(|sealed| ends_by(sealed, position)) {
            self.sealed.pop_front();
        }
        if let Some(first) = self.sealed.front_mut() {
            drop_up_to(Arc::make_mut(first), position);
        }
        drop_up_to(&mut self.open, position);
    }

    pub(super) fn drain(&mut self) -> impl Iterator<Item = R> {
        let sealed = std::mem::take(&mut self.sealed);
        let sealed =
            sealed.into_iter().flat_map(|sealed| Arc::try_unwrap(sealed).unwrap_or_else(|shared| (*shared).clone()));
        sealed.chain(std::mem::take(&mut self.open)).map(|(_, row)| row)
    }
}

fn ends_by<R>(sealed: &[(i64, R)], position: i64) -> bool {
    sealed.last().is_none_or(|(at, _)| *at <= position)
}

fn drop_up_to<R>(entries: &mut Vec<(i64, R)>, position: i64) {
    let gone = entries.partition_point(|(at, _)| *at <= position);
    entries.drain(..gone);
}
