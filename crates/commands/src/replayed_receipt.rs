//! The receipt of a command that was carried out before: rebuilt from its events and from the data stored beside them.

use std::{sync::Arc, time::Instant};

use futures::future::BoxFuture;
use orderlog_domain::{
    ids::{CommandId, Position, StreamId, Version},
    rejection::{Code, Rejection},
    states::State,
};
use orderlog_event_log::{CommandRecord, Hash, Log, LogError, Recorded};
use serde::{Deserialize, Serialize};

use crate::{
    load,
    submission::{PATIENCE, PAUSE, Receipt, Submission, SubmitError},
};

/// Events of a stream read at once.
const PAGE_EVENTS: u32 = 1_000;

/// The parts of an answer that the events of its command do not contain.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Kept {
    /// The stream that a command was about, if it recorded nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    subject: Option<StreamId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// How names were read, sealed by the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    readings: Option<String>,
}

/// The data to store beside a command's events, so that the command can be answered again; usually none. `unrecorded`
/// is the stream that the command was about, if it has no events.
pub(crate) fn to_keep(unrecorded: Option<StreamId>, warnings: &[String], readings: Option<&String>) -> Option<String> {
    if unrecorded.is_none() && warnings.is_empty() && readings.is_none() {
        return None;
    }
    let kept = Kept { subject: unrecorded, warnings: warnings.to_vec(), readings: readings.cloned() };
    Some(serde_json::to_string(&kept).expect("texts always have a JSON form"))
}

/// The first receipt of the command with this id, if it was carried out before. Later changes do not alter it. `hashes`
/// are those that the same request may have been recorded with.
///
/// # Errors
/// With the rejection of an id that was used for something else, or with the failure of the log.
pub fn receipt_of<'a>(
    log: &'a Log,
    id: CommandId,
    hashes: &'a [Hash],
) -> BoxFuture<'a, Result<Option<Receipt>, SubmitError>> {
    Box::pin(async move {
        let done = log.find_commands(&[id]).await.map_err(|error| SubmitError::Failed(Arc::new(error)))?;
        match done.first() {
            Some(done) => answer(log, done, hashes, None).await,
            None => Ok(None),
        }
    })
}

/// The first receipt of a command that is sent again, or the rejection of a key that was used for something else.
pub(crate) async fn replay(log: &Log, again: &Submission, done: &CommandRecord) -> Result<Receipt, SubmitError> {
    let named = again.command.needs(&again.names).pop();
    let receipt = answer(log, done, &[again.request_hash], named).await?;
    receipt.ok_or_else(|| Rejection::new(Code::Unavailable, "What this command was about is not known.").into())
}

/// `None` only if the stream of the command is unknown: it recorded nothing, an older release stored no subject, and
/// `named` is not given.
async fn answer(
    log: &Log,
    done: &CommandRecord,
    hashes: &[Hash],
    named: Option<StreamId>,
) -> Result<Option<Receipt>, SubmitError> {
    if !hashes.contains(&done.request_hash) {
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
        match rebuild(log, done, named).await {
            Err(error) if error.is_transient() && started.elapsed() < PATIENCE => tokio::time::sleep(PAUSE).await,
            outcome => return outcome.map_err(|error| SubmitError::Failed(Arc::new(error))),
        }
    }
}

async fn rebuild(log: &Log, done: &CommandRecord, named: Option<StreamId>) -> Result<Option<Receipt>, LogError> {
    let count = u32::try_from(done.last.0 - done.first.0 + 1).unwrap_or(0);
    let events = if count == 0 { vec![] } else { log.read(Position(done.first.0 - 1), count).await? };
    let Kept { subject, warnings, readings } = match &done.told {
        Some(told) => serde_json::from_str(told)
            .map_err(|error| LogError::Corrupt { position: done.last, what: format!("its command: {error}") })?,
        None => Kept::default(),
    };
    // The first event of a command is about its subject: `testing::Story` in the domain checks that for every command.
    let Some(subject) = events.first().map(|event| event.stream).or(subject).or(named) else { return Ok(None) };
    let own = |event: &&Recorded| event.stream == subject;
    let first = events.iter().find(own).map(|event| event.version);
    let (before, after) = match (first, events.iter().rfind(own).map(|event| event.version)) {
        (Some(first), Some(last)) => (
            state_while(log, subject, |event| event.version < first).await?,
            state_while(log, subject, |event| event.version <= last).await?,
        ),
        // The command recorded nothing about its subject, and was answered at this position.
        _ => {
            let then = state_while(log, subject, |event| event.position <= done.last).await?;
            (then.clone(), then)
        }
    };
    Ok(Some(Receipt {
        command_id: done.command_id,
        subject,
        position: done.last,
        before: (before.version() > Version::NONE).then_some(before),
        after,
        warnings,
        readings,
        replayed: true,
        dry_run: false,
        range: 0..events.len(),
        batch: events.into(),
    }))
}

/// A stream's state before its first event that does not belong.
async fn state_while(log: &Log, stream: StreamId, belongs: impl Fn(&Recorded) -> bool) -> Result<State, LogError> {
    let mut state = State::empty(stream);
    loop {
        let page = log.read_stream(stream, state.version(), PAGE_EVENTS).await?;
        for recorded in &page {
            if !belongs(recorded) {
                return Ok(state);
            }
            load::evolve(&mut state, recorded)?;
        }
        if page.len() < PAGE_EVENTS as usize {
            return Ok(state);
        }
    }
}
