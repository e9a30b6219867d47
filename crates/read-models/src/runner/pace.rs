//! How much a runner takes at once, and how long it waits.

use std::time::Duration;

/// Events read from the log, or taken from the feed, at once.
pub(super) const PAGE_EVENTS: u32 = 5_000;
/// How often read models are compared with the log, leases renewed and free ones claimed; several times within a lease.
pub(super) const RENEW_EVERY: Duration = Duration::from_secs(1);
/// Pause of a read model after a failure; doubled with each further one, up to the limit.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long events may gather between two batches while nobody waits for them: every batch has its fixed statements, so a
/// busy shop shares them among many events. A query that waits on this node ends the gathering at once.
pub(super) const GATHER: Duration = Duration::from_millis(10);
/// Batches of the feed that may wait for the read models.
pub(super) const FED_BATCHES: usize = 4;
