//! The JetStream stream that carries the log: created when missing, verified when there, never altered.

use async_nats::jetstream::{
    self, ErrorCode,
    context::{CreateStreamErrorKind, GetStreamErrorKind},
    stream::{Config, DiscardPolicy, Info, PersistenceMode, RetentionPolicy, StorageType},
};
use orderlog_domain::ids::Position;
use orderlog_event_log::Hash;
use tracing::info;

use crate::{cloud_event::CloudEvent, nats::Nats};

/// Stream name unless configured.
pub const DEFAULT_STREAM: &str = "ORDERLOG";

/// Every subject the log is published under.
pub const SUBJECTS: &str = "orderlog.v1.>";

/// Position of the message that a fresh stream begins with.
const FIRST_POSITION: Position = Position(1);

/// Why the stream cannot carry the log.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// No connection at the moment.
    #[error("NATS cannot be reached; trying again")]
    Unreachable,
    /// Older than what the relay relies on.
    #[error("NATS server {version:?} is too old: 2.10 or newer is needed, older ones drop stream options silently")]
    ServerTooOld {
        /// As the server says.
        version: String,
    },
    /// A plain NATS server.
    #[error("JetStream is not enabled on this NATS server or account: start it with `jetstream {{ store_dir: … }}`")]
    NoJetStream,
    /// The stream's configuration would lose or reorder events.
    #[error(
        "stream {stream} cannot carry the log: {}. Delete the stream (it is refilled from the log) or configure another name",
        problems.join("; ")
    )]
    Mismatch {
        /// Its name.
        stream: String,
        /// What is wrong, one phrase each.
        problems: Vec<String>,
    },
    /// A request failed.
    #[error("cannot {operation} stream {stream}: {source}")]
    Request {
        /// `read`, `create` …
        operation: &'static str,
        /// Its name.
        stream: String,
        /// What the client reports.
        source: async_nats::Error,
    },
}

impl StreamError {
    /// Whether trying again may help without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, StreamError::Unreachable | StreamError::Request { .. })
    }
}

/// What the stream holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StreamState {
    /// Position of its last message.
    pub(crate) last: Position,
    /// Hash of that event, if the message is still there and is ours.
    pub(crate) last_hash: Option<Hash>,
}

/// Makes sure the stream exists as it must be and says how far it reaches.
pub(crate) async fn prepare(nats: &Nats) -> Result<StreamState, StreamError> {
    nats.check_server()?;
    let stream = open_or_create(nats).await?;
    let info = stream.cached_info();
    verify(info)?;
    let last = Position(i64::try_from(info.state.last_sequence).unwrap_or(i64::MAX));
    let last_hash = if info.state.messages == 0 { None } else { hash_at(&stream, info.state.last_sequence).await };
    Ok(StreamState { last, last_hash })
}

/// How far the stream reaches; `None` when it does not exist.
pub(crate) async fn last_position(nats: &Nats) -> Result<Option<Position>, StreamError> {
    match nats.link.jetstream.get_stream(&nats.link.stream).await {
        Ok(stream) => Ok(i64::try_from(stream.cached_info().state.last_sequence).ok().map(Position)),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed(nats, "read", error)),
    }
}

async fn open_or_create(nats: &Nats) -> Result<jetstream::stream::Stream, StreamError> {
    match nats.link.jetstream.get_stream(&nats.link.stream).await {
        Ok(stream) => Ok(stream),
        Err(error) if is_missing(&error) => {
            info!(stream = nats.link.stream, subjects = SUBJECTS, "creating the JetStream stream");
            nats.link.jetstream.create_stream(wanted(&nats.link.stream)).await.map_err(|error| match error.kind() {
                CreateStreamErrorKind::JetStreamUnavailable => StreamError::NoJetStream,
                _ => failed(nats, "create", error),
            })
        }
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(ref problem) if is_disabled(problem.error_code()) => {
                Err(StreamError::NoJetStream)
            }
            _ => Err(failed(nats, "read", error)),
        },
    }
}

fn is_missing(error: &jetstream::context::GetStreamError) -> bool {
    matches!(error.kind(), GetStreamErrorKind::JetStream(ref problem) if problem.error_code() == ErrorCode::STREAM_NOT_FOUND)
}

fn is_disabled(code: ErrorCode) -> bool {
    code == ErrorCode::JETSTREAM_NOT_ENABLED || code == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
}

fn failed(nats: &Nats, operation: &'static str, source: impl Into<async_nats::Error>) -> StreamError {
    StreamError::Request { operation, stream: nats.link.stream.clone(), source: source.into() }
}

/// Hash of the event at `sequence`. A message that is gone or not ours proves nothing either way.
async fn hash_at(stream: &jetstream::stream::Stream, sequence: u64) -> Option<Hash> {
    let message = stream.get_raw_message(sequence).await.ok()?;
    CloudEvent::parse(&message.payload).ok()?.hash.parse().ok()
}

/// The configuration of a fresh stream: on file, without limits, numbered from the log's first position. It need not sync
/// each message before acknowledging it, for the log has it: 7 times the rate where the server syncs always. Servers
/// before 2.12 ignore that.
fn wanted(name: &str) -> Config {
    Config {
        name: name.to_owned(),
        description: Some("Orderlog: one message per event, sequence = position in the log".to_owned()),
        subjects: vec![SUBJECTS.to_owned()],
        storage: StorageType::File,
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::Old,
        max_messages: -1,
        max_messages_per_subject: -1,
        max_bytes: -1,
        max_consumers: -1,
        num_replicas: 1,
        allow_direct: true,
        persist_mode: Some(PersistenceMode::Async),
        first_sequence: u64::try_from(FIRST_POSITION.0).ok(),
        ..Config::default()
    }
}

/// Refuses a stream that would lose, drop or renumber events. Limits that discard the oldest are the operator's choice:
/// what is discarded is still in the log.
fn verify(info: &Info) -> Result<(), StreamError> {
    let problems = problems(&info.config);
    if problems.is_empty() { Ok(()) } else { Err(StreamError::Mismatch { stream: info.config.name.clone(), problems }) }
}

fn problems(found: &Config) -> Vec<String> {
    let mut problems = Vec::new();
    let mut refuse = |wrong: bool, what: &str| {
        if wrong {
            problems.push(what.to_owned());
        }
    };
    refuse(found.subjects != [SUBJECTS], &format!("its subjects are {:?}, not [{SUBJECTS:?}]", found.subjects));
    refuse(found.storage != StorageType::File, "it is kept in memory, not on file");
    refuse(found.retention != RetentionPolicy::Limits, "its retention removes messages once consumed");
    refuse(found.discard != DiscardPolicy::Old, "it refuses new messages when full");
    refuse(found.no_ack, "it does not acknowledge");
    refuse(found.sealed, "it is sealed");
    refuse(
        found.mirror.is_some() || found.sources.as_ref().is_some_and(|s| !s.is_empty()),
        "it copies from other streams",
    );
    refuse(found.subject_transform.is_some(), "it rewrites subjects");
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_we_create_is_the_one_we_accept() {
        assert_eq!(problems(&wanted(DEFAULT_STREAM)), Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let found = Config { subjects: vec!["shop.>".to_owned()], storage: StorageType::Memory, ..wanted("S") };
        let text = StreamError::Mismatch { stream: "S".to_owned(), problems: problems(&found) }.to_string();
        assert!(text.contains("shop.>") && text.contains("memory") && text.contains("refilled"), "{text}");
    }

    #[test]
    fn limits_that_discard_the_oldest_are_accepted() {
        let found = Config { max_messages: 1_000_000, num_replicas: 3, ..wanted("S") };
        assert_eq!(problems(&found), Vec::<String>::new());
    }
}
