//! The writer's desk: the states at hand and what happens once a batch is durable. Knows nothing of connections.

use std::sync::Arc;

use orderlog_domain::{
    decide::Shop,
    states::{State, States},
};
use orderlog_event_log::{Log, Recorded, Snapshot};
use tokio::task::JoinHandle;

use crate::{
    draft::{Draft, Outcome},
    load::grows_long,
    recent::Recent,
    writer::{CACHED_STREAMS, OnAppend},
};

/// Events of a stream between two snapshots: bounds what a cold start of a hot product's stock reads.
const SNAPSHOT_EVERY_EVENTS: i64 = 256;

pub(crate) struct Desk {
    pub(crate) log: Log,
    pub(crate) shop: Shop,
    pub(crate) on_append: OnAppend,
    /// The log's confirmed events, then those on their way to it, then those drafted on top of them.
    pub(crate) states: States,
    /// The orders placed lately, as far as the states reach.
    pub(crate) recent: Recent,
    /// A snapshot being saved; at most one at a time.
    pub(crate) snapshotted: Option<JoinHandle<()>>,
}

impl Desk {
    /// Tells everybody: the draft is durable.
    pub(crate) fn answer(&mut self, draft: Draft) {
        let events: Arc<[Recorded]> = draft.batch.events.into();
        if !events.is_empty() {
            metrics::counter!("orderlog_events_appended_total").increment(events.len() as u64);
            (self.on_append)(Arc::clone(&events));
            self.snapshot_long_streams(&events);
        }
        for (waiting, outcome) in draft.waiting.into_iter().zip(draft.outcomes) {
            let answer = match outcome {
                Outcome::Decided(decided) => Ok(decided.receipt(&waiting.submission, &events)),
                Outcome::Foreseen(receipt) => Ok(*receipt),
                Outcome::Rejected(rejection) => Err(rejection.into()),
            };
            // A caller that went away needs no answer: the command stands.
            let _ = waiting.reply.send(answer);
        }
        self.states.evict(CACHED_STREAMS);
    }

    /// Saves a snapshot of each long stream that this batch took across a multiple of [`SNAPSHOT_EVERY_EVENTS`].
    fn snapshot_long_streams(&mut self, events: &[Recorded]) {
        if self.snapshotted.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let crossed = events.iter().filter(|e| e.version.0 % SNAPSHOT_EVERY_EVENTS == 0 && grows_long(e.stream));
        let snapshots: Vec<Snapshot> = crossed
            // What was drafted on top may never come to be.
            .filter_map(|event| self.states.get_committed(event.stream))
            .filter_map(|state| {
                let json = serde_json::to_string(state).ok()?;
                Some(Snapshot { stream: state.stream(), version: state.version(), format: State::FORMAT, state: json })
            })
            .collect();
        if snapshots.is_empty() {
            return;
        }
        let log = self.log.clone();
        self.snapshotted = Some(tokio::spawn(async move {
            if let Err(error) = log.save_snapshots(&snapshots).await {
                // Only speed is lost: the next crossing tries again.
                tracing::warn!(%error, "could not save snapshots");
            }
        }));
    }
}
