//! Loads the states that commands are decided on, from snapshots and streams.

use std::collections::HashMap;

use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{StreamId, Version},
    states::State,
};
use orderlog_event_log::{LogError, LogWriter, Recorded};

/// The states of streams. A stream without events has an empty state.
pub(crate) async fn load(connection: &mut LogWriter, streams: &[StreamId]) -> Result<Vec<State>, LogError> {
    let long: Vec<StreamId> = streams.iter().copied().filter(|stream| grows_long(*stream)).collect();
    let snapshots = if long.is_empty() { vec![] } else { connection.load_snapshots(&long).await? };
    let mut states: HashMap<StreamId, State> = streams.iter().map(|stream| (*stream, State::empty(*stream))).collect();
    for snapshot in snapshots.into_iter().filter(|snapshot| snapshot.format == State::FORMAT) {
        match serde_json::from_str(&snapshot.state) {
            Ok(state) => _ = states.insert(snapshot.stream, state),
            Err(error) => tracing::warn!(%error, stream = %snapshot.stream, "ignoring an unreadable snapshot"),
        }
    }
    let wanted: Vec<(StreamId, Version)> = states.iter().map(|(id, state)| (*id, state.version())).collect();
    for recorded in connection.read_streams(&wanted).await? {
        if let Some(state) = states.get_mut(&recorded.stream) {
            evolve(state, &recorded)?;
        }
    }
    Ok(states.into_values().collect())
}

/// Applies one stored event, unless the state has it already: a stream that was loaded while another node was writing may
/// be ahead of the head that the batch expects.
pub(crate) fn evolve(state: &mut State, recorded: &Recorded) -> Result<(), LogError> {
    if recorded.version <= state.version() {
        return Ok(());
    }
    let event = decode(recorded)?;
    state.evolve(&event.data, &event.provenance);
    Ok(())
}

/// Decodes a stored event.
pub(crate) fn decode(recorded: &Recorded) -> Result<Envelope<Event>, LogError> {
    envelope::decode(&recorded.json)
        .map_err(|error| LogError::Corrupt { position: recorded.position, what: error.to_string() })
}

/// The stock of a product gets events for ever, and so do notifications and confirmations; orders, products and customers get few.
pub(crate) fn grows_long(stream: StreamId) -> bool {
    matches!(stream, StreamId::Stock(_) | StreamId::Notifications | StreamId::Confirmations)
}
