//! The task that passes the node's feed to its runner, and informs readers of personal data about erasures.

use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, Recorded};
use orderlog_messaging::{Feed, FeedError, Source};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::pace::{FIRST_PAUSE, LONGEST_PAUSE, PAGE_EVENTS};
use crate::unseal::Unseal;

/// Hands the feed's batches on; a feed that fails is started again.
pub(super) async fn feed(
    log: Log,
    source: Source,
    unseal: Unseal,
    feeding: mpsc::Sender<Vec<Recorded>>,
    cancel: CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    let mut heard = unseal.forgets_after();
    while !cancel.is_cancelled() {
        let outcome = tokio::select! {
            outcome = follow(&log, &source, &unseal, &mut heard, &feeding) => outcome,
            () = cancel.cancelled() => return,
        };
        let Err(error) = outcome else { return };
        warn!(%error, "the feed of the read models failed; it starts again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Follows the log from its present head, or from the last known erasure; read models read earlier events from the log
/// themselves.
async fn follow(
    log: &Log,
    source: &Source,
    unseal: &Unseal,
    heard: &mut Option<Position>,
    feeding: &mpsc::Sender<Vec<Recorded>>,
) -> Result<(), FeedError> {
    let head = log.head().await?;
    // One event back, so that even a silent log announces its end and late read models notice that they lag.
    let before = Position((head.position.0 - 1).max(0));
    let after = heard.filter(|heard| *heard < before).unwrap_or(before);
    let mut feed = Feed::start(log.clone(), source, after).await?;
    loop {
        let batch = feed.next(PAGE_EVENTS as usize).await?;
        unseal.hear(&batch);
        *heard = batch.last().map(|event| event.position).or(*heard);
        if feeding.send(batch).await.is_err() {
            return Ok(());
        }
    }
}
