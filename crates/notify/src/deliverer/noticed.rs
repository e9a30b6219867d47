//! What the node that delivers has noticed from one look to the next.

use chrono::{DateTime, NaiveDate, Utc};
use orderlog_domain::ids::Position;
use tokio::{task::JoinHandle, time::Instant};

use crate::delivery::Tried;

/// What is seen from one look to the next.
#[derive(Default)]
pub(super) struct Noticed {
    /// Where the relay stands while events wait, and since when.
    pub(super) still: Option<(Position, Instant, DateTime<Utc>)>,
    pub(super) reporting: Option<JoinHandle<anyhow::Result<()>>>,
    pub(super) judging: Option<(NaiveDate, JoinHandle<anyhow::Result<()>>)>,
    /// The day whose predecessors are judged.
    pub(super) judged: Option<NaiveDate>,
    pub(super) judge_again: Option<Instant>,
}

impl Drop for Noticed {
    /// Another node may hold the lease next; what is under way ends with this one's.
    fn drop(&mut self) {
        let judging = self.judging.as_ref().map(|(_, judging)| judging);
        self.reporting.iter().chain(judging).for_each(JoinHandle::abort);
    }
}

/// What came of telling the owner of a target.
pub(super) struct Heard {
    pub(super) owner: String,
    pub(super) target: String,
    pub(super) tried: Tried,
}
