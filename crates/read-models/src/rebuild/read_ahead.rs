//! Reads and decodes the log ahead of a build.

use orderlog_event_log::Log;
use tokio::{sync::mpsc, task::JoinHandle};

use super::error::RebuildError;
use crate::{
    decoded::{Decoded, decode},
    place::Place,
};

/// Events read from the log at once.
const PAGE_EVENTS: u32 = 5_000;
/// Events folded before rows are written: many of them touch the same rows.
const BATCH_EVENTS: usize = 20_000;
/// Batches read and decoded ahead of the fold.
const BATCHES_AHEAD: usize = 2;

/// Reads and decodes batches after `at` up to the present end of the log, in a separate task.
pub(super) fn read_ahead(log: Log, at: Place) -> (mpsc::Receiver<Vec<Decoded>>, JoinHandle<Result<(), RebuildError>>) {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let reading = tokio::spawn(async move {
        let mut after = at;
        loop {
            let mut batch = vec![];
            let mut at_end = false;
            while batch.len() < BATCH_EVENTS && !at_end {
                let page = log.read(after.position, PAGE_EVENTS).await?;
                if page.first().is_some_and(|first| !after.leads_to(first)) {
                    return Err(RebuildError::AnotherPast);
                }
                at_end = page.len() < PAGE_EVENTS as usize;
                after = page.last().map_or(after, Place::of);
                batch.extend(decode(&page));
            }
            if !batch.is_empty() && sender.send(batch).await.is_err() || at_end {
                return Ok(());
            }
        }
    });
    (receiver, reading)
}
