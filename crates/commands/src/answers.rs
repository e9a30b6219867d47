//! The work after a batch is durable: publish its events, answer its callers, and save snapshots of long streams.

use std::sync::Arc;

use orderlog_domain::states::{State, States};
use orderlog_event_log::{Log, Recorded, Snapshot};
use tokio::task::JoinHandle;

use crate::{batch::Draft, load::grows_long};

/// Events of a stream between two snapshots: bounds how many events are read when a busy product's stock is loaded.
const SNAPSHOT_EVERY_EVENTS: i64 = 256;
/// Streams that stay loaded between batches.
const CACHED_STREAMS: usize = 50_000;

/// Called with the events of every batch right after it is durable, in order.
pub type OnAppend = Box<dyn Fn(Arc<[Recorded]>) + Send + Sync>;

/// Answers durable batches.
pub(crate) struct Answers {
    log: Log,
    on_append: OnAppend,
    /// Snapshots being saved; one task at a time.
    saving: Option<JoinHandle<()>>,
}

impl Answers {
    pub(crate) fn new(log: Log, on_append: OnAppend) -> Answers {
        Answers { log, on_append, saving: None }
    }

    /// Publishes a durable batch and answers its callers.
    pub(crate) fn send(&mut self, mut draft: Draft, states: &mut States) {
        let events: Arc<[Recorded]> = std::mem::take(&mut draft.batch.events).into();
        if !events.is_empty() {
            metrics::counter!("orderlog_events_appended_total").increment(events.len() as u64);
            (self.on_append)(Arc::clone(&events));
            self.snapshot_long_streams(&events, states);
        }
        draft.answer(&events);
        states.evict(CACHED_STREAMS);
    }

    /// Saves a snapshot of each long stream that this batch took across a multiple of [`SNAPSHOT_EVERY_EVENTS`].
    fn snapshot_long_streams(&mut self, events: &[Recorded], states: &States) {
        if self.saving.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let crossed = events.iter().filter(|e| e.version.0 % SNAPSHOT_EVERY_EVENTS == 0 && grows_long(e.stream));
        let snapshots: Vec<Snapshot> = crossed
            // The next draft is decided on top of this batch, and may still be rolled back.
            .filter_map(|event| states.get_committed(event.stream))
            .filter_map(|state| {
                let json = serde_json::to_string(state).ok()?;
                Some(Snapshot { stream: state.stream(), version: state.version(), format: State::FORMAT, state: json })
            })
            .collect();
        if snapshots.is_empty() {
            return;
        }
        let log = self.log.clone();
        self.saving = Some(tokio::spawn(async move {
            if let Err(error) = log.save_snapshots(&snapshots).await {
                // Only speed is lost: the next crossing tries again.
                tracing::warn!(%error, "could not save snapshots");
            }
        }));
    }
}
