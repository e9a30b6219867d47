//! The states decisions are made on: read from snapshots and streams, kept in memory, snapshotted when long.

use std::collections::HashMap;

use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{StreamId, Version},
    world::State,
};
use orderlog_event_log::{LogError, Recorded, Snapshot};

use crate::writer::Task;

/// Events of a stream between two snapshots: bounds what a cold start of a hot product's stock reads.
const SNAPSHOT_EVERY_EVENTS: i64 = 256;

impl Task {
    /// Brings streams into memory; one that nobody wrote to is empty.
    pub(crate) async fn load(&mut self, streams: &[StreamId]) -> Result<(), LogError> {
        let long: Vec<StreamId> = streams.iter().copied().filter(|stream| grows_long(*stream)).collect();
        let snapshots = if long.is_empty() { vec![] } else { self.connection.load_snapshots(&long).await? };
        let mut states: HashMap<StreamId, State> =
            streams.iter().map(|stream| (*stream, State::empty(*stream))).collect();
        for snapshot in snapshots.into_iter().filter(|snapshot| snapshot.format == State::FORMAT) {
            match serde_json::from_str(&snapshot.state) {
                Ok(state) => _ = states.insert(snapshot.stream, state),
                Err(error) => tracing::warn!(%error, stream = %snapshot.stream, "ignoring an unreadable snapshot"),
            }
        }
        let wanted: Vec<(StreamId, Version)> = states.iter().map(|(id, state)| (*id, state.version())).collect();
        for recorded in self.connection.read_streams(&wanted).await? {
            if let Some(state) = states.get_mut(&recorded.stream) {
                evolve(state, &recorded)?;
            }
        }
        for state in states.into_values() {
            self.world.insert(state);
        }
        Ok(())
    }

    /// Saves a snapshot of each long stream that this batch took across a multiple of [`SNAPSHOT_EVERY_EVENTS`].
    pub(crate) fn snapshot_long_streams(&mut self, events: &[Recorded]) {
        if self.snapshotted.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let crossed = events.iter().filter(|e| e.version.0 % SNAPSHOT_EVERY_EVENTS == 0 && grows_long(e.stream));
        let snapshots: Vec<Snapshot> = crossed
            .filter_map(|event| self.world.get(event.stream))
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

/// Applies one stored event, unless the state has it already: a stream loaded while another node was writing may be
/// ahead of the head the batch expects.
pub(crate) fn evolve(state: &mut State, recorded: &Recorded) -> Result<(), LogError> {
    if recorded.version <= state.version() {
        return Ok(());
    }
    let event = decode(recorded)?;
    state.evolve(&event.data, &event.provenance);
    Ok(())
}

/// The event in the bytes the log holds.
pub(crate) fn decode(recorded: &Recorded) -> Result<Envelope<Event>, LogError> {
    envelope::decode(&recorded.json)
        .map_err(|error| LogError::Corrupt { position: recorded.position, what: error.to_string() })
}

/// Orders, products and customers end; the stock of a product goes on.
fn grows_long(stream: StreamId) -> bool {
    matches!(stream, StreamId::Stock(_))
}
