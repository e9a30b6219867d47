//! How much a runner takes at once, and how long it waits.

use std::time::Duration;

/// Events read from the log, or taken from the feed, at once.
pub(super) const PAGE_EVENTS: u32 = 5_000;
/// Events folded while queries wait.
pub(super) const FOLD_EVENTS: usize = 200;
/// How often read models are compared with the log, leases renewed and free ones claimed; several times within a lease.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(1);
/// How often what changed in memory is written to the tables. Other nodes' queries of tables wait for it.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// The same in busy times, when most rows change again before they are written. Less than what a query waits for.
const WRITE_EVERY_WHEN_BUSY: Duration = Duration::from_millis(1_000);
/// Writing takes one part in so many of the time.
const WRITING_SHARE: u32 = 10;
/// How often it is looked whether so much has changed that it is written earlier.
pub(super) const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Changes of one read model after which they are written earlier.
pub(super) const WRITE_CHANGES: usize = 50_000;
/// Pause of a read model after a failure; doubled with each further one, up to the limit.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// Batches of the feed that may wait for the read models.
pub(super) const FED_BATCHES: usize = 4;

/// The pause before tables are written again, after writing took so long.
pub(super) fn pause_after(writing: Duration) -> Duration {
    (writing * WRITING_SHARE).clamp(WRITE_EVERY, WRITE_EVERY_WHEN_BUSY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writing_takes_a_tenth_of_the_time_within_bounds() {
        for (writing, pause) in [(0, 500), (50, 500), (70, 700), (100, 1_000), (5_000, 1_000)] {
            assert_eq!(pause_after(Duration::from_millis(writing)), Duration::from_millis(pause));
        }
    }
}
