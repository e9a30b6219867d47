//! Reads the head of the log for all queries that come at the same time: one read answers every query that came before
//! the read began.

use std::sync::atomic::{AtomicU64, Ordering};

use orderlog_event_log::{Head, Log, LogError};
use tokio::sync::Mutex;

/// The reads of the head of one log.
#[derive(Debug, Default)]
pub(crate) struct Heads {
    /// How many reads began.
    begun: AtomicU64,
    /// The last read that succeeded, and its number.
    last: Mutex<Option<(u64, Head)>>,
}

impl Heads {
    /// The head as it was when this was called, or later.
    pub(crate) async fn read(&self, log: &Log) -> Result<Head, LogError> {
        let before = self.begun.load(Ordering::Acquire);
        // Queries that wait here are answered together by the next read.
        let mut last = self.last.lock().await;
        if let Some((nth, head)) = &*last
            && *nth > before
        {
            return Ok(head.clone());
        }
        let nth = self.begun.fetch_add(1, Ordering::AcqRel) + 1;
        let head = log.head().await?;
        *last = Some((nth, head.clone()));
        Ok(head)
    }
}
