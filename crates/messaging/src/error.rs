//! Why NATS cannot be used, and why a stream on it cannot contain the log.

use async_nats::ConnectError;

/// Why NATS cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum NatsError {
    /// A URL is malformed. It is not repeated here, because it may contain a password.
    #[error(
        "the URL of NATS cannot be read: expected nats://host:4222 or tls://host:4222, with user:password@ or token@ before \
         the host where needed (other characters than letters and digits in them as %XX)"
    )]
    Url,
    /// Several URLs name different credentials, though servers of one cluster know the same users.
    #[error("the URLs of NATS name different credentials: give the same ones to all, or set them apart from the URLs")]
    TwoCredentials,
    /// A credentials file is malformed.
    #[error("the credentials file of NATS cannot be read: expected a user's JWT and NKEY seed, as `nsc` writes them")]
    CredentialsFile,
    /// The client cannot connect with these options.
    #[error("cannot connect to NATS: {0}")]
    Connect(#[from] ConnectError),
    /// The stream's name cannot be part of a subject.
    #[error("{0:?} cannot name a JetStream stream: use up to 64 ASCII letters, digits, `-` and `_`")]
    StreamName(String),
    /// The prefix cannot be part of a subject.
    #[error("{0:?} cannot begin subjects: use up to 64 ASCII letters, digits, `-` and `_`, in words separated by dots")]
    SubjectPrefix(String),
    /// The client is closing.
    #[error("cannot subscribe to NATS: {0}")]
    Subscribe(#[from] async_nats::SubscribeError),
    /// The server or its stream cannot contain a log.
    #[error(transparent)]
    Stream(#[from] StreamError),
}

/// Why the stream cannot carry the log.
#[derive(Debug, thiserror::Error)]
pub enum StreamError {
    /// There is no connection at the moment.
    #[error("NATS cannot be reached ({why}); trying again")]
    Unreachable {
        /// Why the last attempt failed.
        why: String,
    },
    /// The server is older than the relay needs.
    #[error("NATS server {version:?} is too old: 2.10 or newer is needed, older ones drop stream options silently")]
    ServerTooOld {
        /// The version, as the server gives it.
        version: String,
    },
    /// The server has no JetStream.
    #[error("JetStream is not enabled on this NATS server or account: start it with `jetstream {{ store_dir: … }}`")]
    NoJetStream,
    /// The stream's configuration would lose or reorder events.
    #[error(
        "stream {stream} cannot carry the log: {}. Delete the stream (it is refilled from the log), or set --nats-stream and \
         --nats-subject-prefix to names that nobody else uses",
        problems.join("; ")
    )]
    Mismatch {
        /// Name of the stream.
        stream: String,
        /// The problems, one phrase each.
        problems: Vec<String>,
    },
    /// Another stream takes the subjects.
    #[error(
        "stream {stream} cannot be created, because another stream on this NATS takes messages under {subjects}: set \
         --nats-subject-prefix too, to a prefix that nobody else uses"
    )]
    SubjectsTaken {
        /// Name of the stream.
        stream: String,
        /// Our subjects.
        subjects: String,
    },
    /// The stream belongs to another log.
    #[error(
        "JetStream stream {stream} carries another log (id {theirs}, ours is {ours}). Nothing is published and nothing is \
         heard; commands and queries go on from the log. Give this log a stream of its own with --nats-stream and \
         --nats-subject-prefix; or, when the other log is gone for good, delete the stream"
    )]
    OtherLog {
        /// Name of the stream.
        stream: String,
        /// Id of the log in the stream.
        theirs: String,
        /// Id of this log.
        ours: String,
    },
    /// The stream belongs to this log in another place: this database is a copy, or the log has moved.
    #[error(
        "JetStream stream {stream} belongs to this log as it lives at {theirs}, but this database is at {ours}: it is a copy, \
         or the log has moved. Nothing is published and nothing is heard; commands and queries go on from the log. If this \
         is a copy (staging, a restore drill), give it a stream of its own with --nats-stream and --nats-subject-prefix, or \
         no NATS at all. If the log has moved here for good, run `orderlog take-stream` once with the settings of this node"
    )]
    OtherPlace {
        /// Name of the stream.
        stream: String,
        /// The place of the log to which the stream belongs.
        theirs: String,
        /// The place of this log.
        ours: String,
    },
    /// There is no stream to take over.
    #[error("there is no stream {stream} on this NATS: a node that serves this log creates it")]
    Missing {
        /// Name of the stream.
        stream: String,
    },
    /// A request failed.
    #[error("cannot {operation} stream {stream}: {source}")]
    Request {
        /// The operation: `read`, `create` …
        operation: &'static str,
        /// Name of the stream.
        stream: String,
        /// The error of the NATS client.
        source: async_nats::Error,
    },
}

impl StreamError {
    /// Whether another try may help although nobody changes anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, StreamError::Unreachable { .. } | StreamError::Request { .. })
    }

    /// Whether the stream belongs to another log.
    pub(crate) fn is_not_ours(&self) -> bool {
        matches!(self, StreamError::OtherLog { .. } | StreamError::OtherPlace { .. })
    }
}
