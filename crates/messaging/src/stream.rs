//! The JetStream stream with the log: created if it is missing, checked if it exists, made again if it was purged.

use async_nats::jetstream::{
    self, ErrorCode,
    context::{CreateStreamErrorKind, GetStreamErrorKind},
    stream::{Config, DiscardPolicy, Info, PersistenceMode, RawMessageErrorKind, RetentionPolicy, StorageType},
};
use futures::future::BoxFuture;
use orderlog_domain::ids::Position;
use orderlog_event_log::{Hash, Identity};
use tracing::{info, warn};

use crate::{cloud_event::CloudEvent, error::StreamError, nats::Nats};

/// Position of the message that a fresh stream begins with.
const FIRST_POSITION: Position = Position(1);

/// The key of the stream's metadata that names the log.
const LOG_KEY: &str = "orderlog-log";

/// And under this key, in which place that log lives: a copy of the log lives elsewhere.
const PLACE_KEY: &str = "orderlog-place";

/// The stream as it was found. It is ours, or does not name its log.
#[derive(Debug)]
pub(crate) struct StreamState {
    stream: jetstream::stream::Stream,
    name: String,
    /// Position of its first message.
    pub(crate) first: Position,
    /// Position of its last message.
    pub(crate) last: Position,
    /// Whether it still has every message up to `last` that its configuration allows it to keep.
    pub(crate) whole: bool,
    /// Whether it is marked as ours. A stream of an older release has no mark.
    pub(crate) marked: bool,
}

/// The content of the stream at a position.
#[derive(Debug)]
pub(crate) enum Found {
    /// An event of some log.
    Event(Hash),
    /// Something else, described.
    Foreign(String),
    /// No message: purged, deleted or discarded.
    Nothing,
}

/// Makes sure that the stream exists, with the right configuration and for this log, and returns its state.
pub(crate) async fn open(nats: &Nats, identity: &Identity) -> Result<StreamState, StreamError> {
    nats.check_server().await?;
    let stream = match find(nats).await? {
        Some(stream) => stream,
        None => create(nats, wanted(nats, identity)).await?,
    };
    state_of(nats, identity, stream)
}

/// As [`open`], but `None` when there is no stream.
pub(crate) async fn look(nats: &Nats, identity: &Identity) -> Result<Option<StreamState>, StreamError> {
    find(nats).await?.map(|stream| state_of(nats, identity, stream)).transpose()
}

fn state_of(nats: &Nats, identity: &Identity, stream: jetstream::stream::Stream) -> Result<StreamState, StreamError> {
    let info = stream.cached_info();
    let marked = owner(&info.config, identity)?;
    verify(info, &nats.subjects())?;
    let position = |sequence: u64| Position(i64::try_from(sequence).unwrap_or(i64::MAX));
    let (first, last, whole) =
        (position(info.state.first_sequence), position(info.state.last_sequence), is_whole(info));
    Ok(StreamState { name: info.config.name.clone(), first, last, whole, marked, stream })
}

impl StreamState {
    /// The content of the stream at a position. A failure to read is an error, because it proves nothing.
    pub(crate) async fn at(&self, position: Position) -> Result<Found, StreamError> {
        let message = match self.stream.get_raw_message(position.0.cast_unsigned()).await {
            Ok(message) => message,
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(Found::Nothing),
            Err(source) => {
                let (operation, stream) = ("read a message of", self.name.clone());
                return Err(StreamError::Request { operation, stream, source: source.into() });
            }
        };
        Ok(match CloudEvent::parse(&message.payload).and_then(|event| event.hash()) {
            Ok(hash) => Found::Event(hash),
            Err(error) => Found::Foreign(format!("{error} (subject {})", message.subject)),
        })
    }
}

/// Marks a stream of an older release as ours.
pub(crate) async fn mark(nats: &Nats, identity: &Identity, state: &StreamState) -> Result<(), StreamError> {
    let config = marked(state.stream.cached_info().config.clone(), identity);
    let updated = nats.link.jetstream.update_stream(&config).await;
    updated.map(|_| ()).map_err(|error| failed(nats, "mark", error))
}

/// Makes a purged stream again, with its configuration: sequences only grow, so missing messages cannot be put back.
/// Its consumers are deleted with it; their owners create them again (docs/EVENTS.md).
pub(crate) async fn make_anew(
    nats: &Nats,
    identity: &Identity,
    state: StreamState,
) -> Result<StreamState, StreamError> {
    let name = &nats.link.stream;
    warn!(
        stream = name,
        first = state.first.0,
        last = state.last.0,
        "the stream was purged, or messages in it were deleted; it is made anew and refilled from the log"
    );
    let config = marked(state.stream.cached_info().config.clone(), identity);
    nats.link.jetstream.delete_stream(name).await.map_err(|error| failed(nats, "delete", error))?;
    let stream = create(nats, config).await?;
    metrics::counter!("orderlog_relay_refills_total").increment(1);
    state_of(nats, identity, stream)
}

/// Marks the stream as belonging to this log in its present place. Returns the place before; `None` if the stream was
/// marked so already.
///
/// # Errors
/// When there is no stream, it carries another log, or NATS fails.
pub fn take_stream<'a>(nats: &'a Nats, identity: &'a Identity) -> BoxFuture<'a, Result<Option<String>, StreamError>> {
    Box::pin(async move {
        nats.check_server().await?;
        let stream = nats.link.stream.clone();
        let found = find(nats).await?.ok_or(StreamError::Missing { stream })?;
        let info = found.cached_info();
        let before = match owner(&info.config, identity) {
            Ok(true) => return Ok(None),
            Ok(false) => "a place that nobody noted".to_owned(),
            Err(StreamError::OtherPlace { theirs, .. }) => theirs,
            Err(error) => return Err(error),
        };
        let config = marked(info.config.clone(), identity);
        nats.link.jetstream.update_stream(&config).await.map_err(|error| failed(nats, "mark", error))?;
        Ok(Some(before))
    })
}

/// Whether the stream's mark names this log in this place.
fn owner(config: &Config, identity: &Identity) -> Result<bool, StreamError> {
    let Some(log) = config.metadata.get(LOG_KEY) else { return Ok(false) };
    let (stream, ours) = (config.name.clone(), identity.id.to_string());
    if *log != ours {
        return Err(StreamError::OtherLog { stream, theirs: log.clone(), ours });
    }
    let place = config.metadata.get(PLACE_KEY).map_or("an unknown place", String::as_str);
    if place != identity.place {
        return Err(StreamError::OtherPlace { stream, theirs: place.to_owned(), ours: identity.place.clone() });
    }
    Ok(true)
}

fn marked(mut config: Config, identity: &Identity) -> Config {
    config.metadata.insert(LOG_KEY.to_owned(), identity.id.to_string());
    config.metadata.insert(PLACE_KEY.to_owned(), identity.place.clone());
    config
}

async fn find(nats: &Nats) -> Result<Option<jetstream::stream::Stream>, StreamError> {
    match nats.link.jetstream.get_stream(&nats.link.stream).await {
        Ok(stream) => Ok(Some(stream)),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(ref problem) if problem.error_code() == ErrorCode::STREAM_NOT_FOUND => {
                Ok(None)
            }
            GetStreamErrorKind::JetStream(ref problem) if is_disabled(problem.error_code()) => {
                Err(StreamError::NoJetStream)
            }
            _ => Err(failed(nats, "read", error)),
        },
    }
}

async fn create(nats: &Nats, config: Config) -> Result<jetstream::stream::Stream, StreamError> {
    info!(stream = nats.link.stream, subjects = nats.subjects(), "creating the JetStream stream");
    nats.link.jetstream.create_stream(config).await.map_err(|error| match error.kind() {
        CreateStreamErrorKind::JetStreamUnavailable => StreamError::NoJetStream,
        CreateStreamErrorKind::JetStream(ref problem) if problem.error_code() == ErrorCode::STREAM_SUBJECT_OVERLAP => {
            StreamError::SubjectsTaken { stream: nats.link.stream.clone(), subjects: nats.subjects() }
        }
        _ => failed(nats, "create", error),
    })
}

fn is_disabled(code: ErrorCode) -> bool {
    code == ErrorCode::JETSTREAM_NOT_ENABLED || code == ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
}

fn failed(nats: &Nats, operation: &'static str, source: impl Into<async_nats::Error>) -> StreamError {
    StreamError::Request { operation, stream: nats.link.stream.clone(), source: source.into() }
}

/// Whether no message is missing, except those that the operator's own limits discard.
fn is_whole(info: &Info) -> bool {
    let config = &info.config;
    let discards = config.max_messages > 0
        || config.max_messages_per_subject > 0
        || config.max_bytes > 0
        || !config.max_age.is_zero()
        || config.allow_message_ttl;
    let begins = config.first_sequence.unwrap_or(0).max(FIRST_POSITION.0.cast_unsigned());
    discards || info.state.messages == (info.state.last_sequence + 1).saturating_sub(begins)
}

/// The configuration of a fresh stream: on file, without limits, numbered from the log's first position. It need not sync a
/// message before it acknowledges it, because the log has it: 7 times the rate of a server that always syncs. Servers before
/// 2.12 ignore that.
fn wanted(nats: &Nats, identity: &Identity) -> Config {
    marked(fresh(&nats.link.stream, nats.subjects()), identity)
}

fn fresh(name: &str, subjects: String) -> Config {
    Config {
        name: name.to_owned(),
        description: Some("Orderlog: one message per event, sequence = position in the log".to_owned()),
        subjects: vec![subjects],
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
fn verify(info: &Info, subjects: &str) -> Result<(), StreamError> {
    let problems = problems(&info.config, subjects);
    if problems.is_empty() { Ok(()) } else { Err(StreamError::Mismatch { stream: info.config.name.clone(), problems }) }
}

fn problems(found: &Config, subjects: &str) -> Vec<String> {
    let mut problems = Vec::new();
    let mut refuse = |wrong: bool, what: &str| {
        if wrong {
            problems.push(what.to_owned());
        }
    };
    refuse(found.subjects != [subjects], &format!("its subjects are {:?}, not [{subjects:?}]", found.subjects));
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
    use uuid::Uuid;

    use super::*;

    const SUBJECTS: &str = "orderlog.v1.>";

    fn wanted(name: &str) -> Config {
        fresh(name, SUBJECTS.to_owned())
    }

    #[test]
    fn a_stream_belongs_to_one_log_in_one_place() {
        let at = |id: u128, place: &str| Identity { id: Uuid::from_u128(id), place: place.to_owned() };
        let shop = at(1, "postgres/7/5");
        let unmarked = wanted("S");
        assert!(matches!(owner(&unmarked, &shop), Ok(false)));
        let ours = marked(unmarked, &shop);
        assert!(matches!(owner(&ours, &shop), Ok(true)));
        let other = owner(&ours, &at(2, "postgres/7/5")).expect_err("another log").to_string();
        assert!(other.contains("another log") && other.contains("--nats-stream"), "{other}");
        let copy = owner(&ours, &at(1, "postgres/7/6")).expect_err("a copy").to_string();
        assert!(copy.contains("postgres/7/5") && copy.contains("take-stream"), "{copy}");
    }

    #[test]
    fn the_configuration_we_create_is_the_one_we_accept() {
        assert_eq!(problems(&wanted("S"), SUBJECTS), Vec::<String>::new());
    }

    #[test]
    fn every_problem_is_named_at_once() {
        let found = Config { subjects: vec!["shop.>".to_owned()], storage: StorageType::Memory, ..wanted("S") };
        let text = StreamError::Mismatch { stream: "S".to_owned(), problems: problems(&found, SUBJECTS) }.to_string();
        assert!(text.contains("shop.>") && text.contains("memory") && text.contains("refilled"), "{text}");
    }

    #[test]
    fn limits_that_discard_the_oldest_are_accepted() {
        let found = Config { max_messages: 1_000_000, num_replicas: 3, ..wanted("S") };
        assert_eq!(problems(&found, SUBJECTS), Vec::<String>::new());
    }
}
