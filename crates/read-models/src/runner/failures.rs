//! How often something failed in a row, and when it is tried again.

use std::time::Duration;

use tokio::time::Instant;

use super::pace::{FIRST_PAUSE, LONGEST_PAUSE};

/// Recent failures, and the next try.
#[derive(Debug)]
pub(super) struct Failures {
    in_a_row: u32,
    not_before: Instant,
}

impl Failures {
    pub(super) fn none() -> Failures {
        Failures { in_a_row: 0, not_before: Instant::now() }
    }

    /// Whether the next try may begin.
    pub(super) fn are_over(&self) -> bool {
        self.not_before <= Instant::now()
    }

    /// When the next try may begin.
    pub(super) fn not_before(&self) -> Instant {
        self.not_before
    }

    pub(super) fn worked(&mut self) {
        self.in_a_row = 0;
    }

    /// Counts one more failure; returns the pause until the next try.
    pub(super) fn failed(&mut self) -> Duration {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.in_a_row.min(16)).min(LONGEST_PAUSE);
        self.in_a_row += 1;
        self.not_before = Instant::now() + pause;
        pause
    }
}
