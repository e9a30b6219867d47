//! Sums up a set of commands, so that two large sets can be compared without holding either in memory.

use std::hash::{BuildHasher as _, RandomState};

/// The count of a set's commands, and the sum of their hashes. If two sets differ, so do their sums, except with a
/// probability of 2⁻⁶⁴: the hashes have a random key, so nobody can choose rows to match.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    key: RandomState,
    pub(crate) count: i64,
    sum: u64,
}

impl Tally {
    /// The tally of no commands, with a new key.
    pub(crate) fn new() -> Tally {
        Tally { key: RandomState::new(), count: 0, sum: 0 }
    }

    /// The tally of no commands, with the same key, so that the two can be compared.
    pub(crate) fn comparable(&self) -> Tally {
        Tally { key: self.key.clone(), count: 0, sum: 0 }
    }

    /// Adds a command with the positions of its first and last event.
    pub(crate) fn add(&mut self, command_id: &[u8], first: i64, last: i64) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(self.key.hash_one((command_id, first, last)));
    }

    /// Adds a row that is no command.
    pub(crate) fn add_broken(&mut self) {
        self.count += 1;
    }

    /// Whether both tallies are of the same commands.
    pub(crate) fn is(&self, other: &Tally) -> bool {
        (self.count, self.sum) == (other.count, other.sum)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_commands_have_the_same_sum() {
        let events = [([1; 16], 1, 3), ([2; 16], 4, 4), ([3; 16], 5, 9)];
        let mut of_events = Tally::new();
        events.iter().for_each(|(id, first, last)| of_events.add(id, *first, *last));
        let is_equal = |commands: &[([u8; 16], i64, i64)]| {
            let mut tally = of_events.comparable();
            commands.iter().for_each(|(id, first, last)| tally.add(id, *first, *last));
            tally.is(&of_events)
        };
        let mut rows = events;
        rows.reverse();
        assert!(is_equal(&rows));
        assert!(!is_equal(&rows[1..]));
        for (row, changed) in [(0, ([3; 16], 5, 8)), (1, ([2; 16], 3, 4)), (2, ([4; 16], 1, 3)), (2, ([2; 16], 4, 4))] {
            let mut rows = rows;
            rows[row] = changed;
            assert!(!is_equal(&rows), "{changed:?}");
        }
    }
}
