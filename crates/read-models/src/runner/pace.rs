//! How many events a runner takes at once, and how long it waits.

use std::time::Duration;

use orderlog_domain::ids::Position;
use tokio::time::Instant;

/// Events read from the log, or taken from the feed, at once.
pub(super) const PAGE_EVENTS: u32 = 5_000;
/// Events folded while queries wait.
pub(super) const FOLD_EVENTS: usize = 200;
/// How often read models are compared with the log, leases renewed and free ones claimed; several times within a lease.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(1);
/// Tables are written when no event came for this time, so that new commands do not compete with the write.
const QUIET: Duration = Duration::from_millis(200);
/// ... but not sooner than this after the last time.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// How long tables are not written in busy times, when many rows change again before they are written. A node that
/// starts after `kill -9` folds the events of this time.
const WRITE_EVERY_WHEN_BUSY: Duration = Duration::from_secs(10);
/// Changes of one read model after which its tables are written in any case. Writing them takes less time than a query waits.
pub(super) const WRITE_CHANGES: usize = 100_000;
/// How often the runner checks whether tables must be written.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// How often the runner checks whether another node waits for tables.
pub(super) const LOOK_FOR_OTHERS_EVERY: Duration = Duration::from_millis(200);
/// Pause of a read model after a failure; doubled after each further failure, up to the limit.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Batches of the feed that may wait for the read models.
pub(super) const FED_BATCHES: usize = 4;

/// When the tables of a read model are written, by time.
#[derive(Debug)]
pub(super) struct Pace {
    written: Instant,
    /// The position of memory at the last check, and since when it is there.
    stood: Option<Position>,
    since: Instant,
}

impl Pace {
    /// The tables were just written.
    pub(super) fn new(now: Instant) -> Pace {
        Pace { written: now, stood: None, since: now }
    }

    /// Whether it is time to write, with memory at `position`.
    pub(super) fn is_time(&mut self, position: Option<Position>, now: Instant) -> bool {
        if self.stood != position {
            (self.stood, self.since) = (position, now);
        }
        let pause = if now - self.since >= QUIET { WRITE_EVERY } else { WRITE_EVERY_WHEN_BUSY };
        now - self.written >= pause
    }

    /// The tables were written, or a write failed.
    pub(super) fn wrote(&mut self, now: Instant) {
        self.written = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_written_in_quiet_moments_and_in_busy_times_now_and_then() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(start);
        // An event each 100 ms.
        let busy: Vec<u64> = (1..=250).map(|n| n * 100).collect();
        let mut written = vec![];
        for ms in busy {
            if pace.is_time(Some(Position(ms as i64)), at(ms)) {
                pace.wrote(at(ms));
                written.push(ms);
            }
        }
        assert_eq!(written, [10_000, 20_000]);
        // Then no event comes any more.
        assert!(!pace.is_time(Some(Position(25_000)), at(25_150)), "not quiet for long enough");
        assert!(pace.is_time(Some(Position(25_000)), at(25_200)));
        pace.wrote(at(25_200));
        // One event more.
        assert!(!pace.is_time(Some(Position(25_001)), at(25_250)));
        assert!(!pace.is_time(Some(Position(25_001)), at(25_650)), "just written");
        assert!(pace.is_time(Some(Position(25_001)), at(25_700)));
    }
}
