//! The receipt of a command carried out before, rebuilt from its events.

use std::{sync::Arc, time::Instant};

use orderlog_domain::{
    ids::{OrderId, Position, StreamId, Version},
    rejection::{Code, Rejection},
    world::State,
};
use orderlog_event_log::{CommandRecord, Log, LogError, Recorded};

use crate::{
    load,
    settle::{PATIENCE, PAUSE},
    submission::{Receipt, Submission, SubmitError},
};

/// Events of a stream read at once.
const PAGE_EVENTS: u32 = 1_000;

/// The original receipt, or the rejection of a key that was used for something else.
pub(crate) async fn receipt(log: &Log, again: &Submission, done: &CommandRecord) -> Result<Receipt, SubmitError> {
    if again.request_hash != done.request_hash {
        return Err(Rejection::new(
            Code::IdempotencyMismatch,
            "This idempotency_key was already used for a call with other arguments.",
        )
        .field("idempotency_key")
        .hint("Use a new key for a new command, or repeat the first call with exactly its arguments.")
        .into());
    }
    let started = Instant::now();
    loop {
        match rebuild(log, again, done).await {
            Err(error) if error.is_transient() && started.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            outcome => return outcome.map_err(|error| SubmitError::Failed(Arc::new(error))),
        }
    }
}

async fn rebuild(log: &Log, again: &Submission, done: &CommandRecord) -> Result<Receipt, LogError> {
    let count = u32::try_from(done.last.0 - done.first.0 + 1).unwrap_or(0);
    let events = if count == 0 { vec![] } else { log.read(Position(done.first.0 - 1), count).await? };
    let subject = subject(&events, again);
    let own: Vec<Version> = events.iter().filter(|e| e.stream == subject).map(|e| e.version).collect();
    let (first, last) = (own.first().copied(), own.last().copied());
    let (before, after) = match (first, last) {
        (Some(first), Some(last)) => {
            (state_at(log, subject, Version(first.0 - 1)).await?, state_at(log, subject, last).await?)
        }
        _ => {
            let now = state_at(log, subject, Version(i64::MAX)).await?;
            (now.clone(), now)
        }
    };
    Ok(Receipt {
        command_id: done.command_id,
        subject,
        position: done.last,
        before: (before.version() > Version::NONE).then_some(before),
        after,
        warnings: vec![],
        replayed: true,
        dry_run: false,
        range: 0..events.len(),
        batch: events.into(),
    })
}

/// What the command was about: what its arguments name, or the order it created.
fn subject(events: &[Recorded], again: &Submission) -> StreamId {
    let order = events.iter().map(|event| event.stream).find(|stream| matches!(stream, StreamId::Order(_)));
    let first = order.or_else(|| events.first().map(|event| event.stream));
    // A command that recorded nothing created no order: its subject stands in its arguments.
    first.or_else(|| again.command.needs(&again.names).pop()).unwrap_or(StreamId::Order(OrderId::FIRST))
}

/// A stream's state as it stood at a version.
async fn state_at(log: &Log, stream: StreamId, version: Version) -> Result<State, LogError> {
    let mut state = State::empty(stream);
    loop {
        let page = log.read_stream(stream, state.version(), PAGE_EVENTS).await?;
        let full = page.len() == PAGE_EVENTS as usize;
        for recorded in page.iter().take_while(|recorded| recorded.version <= version) {
            load::evolve(&mut state, recorded)?;
        }
        if !full || state.version() >= version {
            return Ok(state);
        }
    }
}
