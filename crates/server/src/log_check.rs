//! Checks the log once at start, in the background. Faults are reported; the node serves in any case.

use chrono::{DateTime, TimeDelta, Utc};
use orderlog_event_log::{Head, Log, LogError};
use tokio::sync::watch;

/// How far clocks of machines may differ before the log's time counts as in the future.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// Checks once, in the background: counting takes longer for a larger log.
pub(crate) fn start(log: Log) -> watch::Receiver<Vec<String>> {
    let (found, troubles) = watch::channel(vec![]);
    tokio::spawn(async move {
        match look(&log).await {
            Ok(troubles) => {
                for trouble in &troubles {
                    tracing::error!("{trouble}");
                }
                found.send_replace(troubles);
            }
            // The database is away: every other call reports that.
            Err(error) => tracing::debug!(%error, "the log could not be looked at"),
        }
    });
    troubles
}

async fn look(log: &Log) -> Result<Vec<String>, LogError> {
    let guards = log.missing_guards().await?.into_iter();
    let mut troubles: Vec<String> =
        guards.map(|what| format!("log: {what}; recorded events could be altered. Run `orderlog verify`")).collect();
    match log.count().await {
        Err(error @ LogError::Gap { .. }) => {
            troubles.push(format!("{error}. Run `orderlog verify` and restore a backup"))
        }
        counted => counted?,
    }
    Ok(troubles)
}

/// A clock was ahead when the last event was recorded, or is behind now.
pub(crate) fn clock_trouble(head: &Head, now: DateTime<Utc>) -> Option<String> {
    (head.recorded_at > now + CLOCKS_DIFFER).then(|| {
        format!(
            "clock: the last event was recorded at {}, and it is {now} here; recorded_at stands still until then. Set the clocks right",
            head.recorded_at
        )
    })
}
