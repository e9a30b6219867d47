//! Limits of one server: sizes, numbers and waiting times. docs/OPERATIONS.md lists them for operators.

use std::time::Duration;

/// Most connections at once; fewer if the process may not open so many files.
const MAX_CONNECTIONS: usize = 10_000;
/// Connections of `--metrics-listen`.
const MAX_MACHINES: usize = 64;
/// File handles that connections must not use: for the database, NATS, and refusals.
const RESERVED_FILES: usize = 256;
/// One peer address may have all connections but one in this many.
const PEER_LEAVES_ONE_IN: usize = 8;
/// Longest time from the first byte of a request, or from connecting, until its head is complete.
const HEAD_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time a connection is kept without a request.
const IDLE_TIMEOUT: Duration = Duration::from_secs(75);
/// Longest time in which a client may read nothing of an answer that is being sent.
const STALL_TIMEOUT: Duration = Duration::from_secs(30);
/// An idle connection gives its place to a new one only after this time.
const EVICTABLE_AFTER: Duration = Duration::from_secs(1);
/// How long a stopping server still accepts requests on its connections: each is told that it is the last.
const LINGER: Duration = Duration::from_millis(250);

/// Largest head of a request, and most bytes of an answer buffered for a client that reads slowly.
pub(super) const MAX_HEAD_BYTES: usize = 64 * 1024;
/// Connections above the limit that get a refusal at the same time; others are closed silently.
pub(super) const MAX_REFUSALS_AT_ONCE: usize = 64;
/// How long a refused connection stays open, so that the client can read why.
pub(super) const REFUSAL_TIMEOUT: Duration = Duration::from_secs(1);
/// Pause after a connection could not be accepted.
pub(super) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// How often time-outs of connections are looked after.
pub(super) const WATCH_INTERVAL: Duration = Duration::from_secs(1);

/// How often the files of the certificate are compared with the certificate in use.
pub(super) const CERTIFICATE_INTERVAL: Duration = Duration::from_secs(5);

/// Readers of `/v1/events` at once.
pub(super) const MAX_EVENT_READERS: usize = 64;
/// Longest time until the log gives the next page to a reader; a follower is quiet for 30 s at most.
pub(super) const PAGE_TIMEOUT: Duration = Duration::from_secs(60);
/// Longest time until a path other than `/mcp` begins its answer.
pub(super) const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time `/readyz` and `/metrics` wait for the databases before they use the last known state.
pub(super) const QUICK: Duration = Duration::from_millis(80);
/// How long the last known state of the databases is valid.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How often the databases are checked without a request, and metrics are aggregated.
pub(super) const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// Refused requests are logged at most once in this time; the line counts the others.
pub(super) const REFUSAL_LOG_INTERVAL: Duration = Duration::from_secs(1);

/// The limits of connections, which tests shorten.
#[derive(Debug, Clone)]
pub(super) struct Limits {
    pub(super) connections: usize,
    pub(super) per_peer: usize,
    pub(super) head: Duration,
    pub(super) idle: Duration,
    pub(super) stall: Duration,
    pub(super) evictable: Duration,
    pub(super) linger: Duration,
}

impl Limits {
    /// The limits of the listener for health and metrics.
    pub(super) fn for_machines(self) -> Limits {
        Limits { connections: MAX_MACHINES, per_peer: MAX_MACHINES, ..self }
    }

    /// The limits of a server that may open `files` files.
    pub(super) fn within(files: usize) -> Limits {
        let connections = MAX_CONNECTIONS.min(files.saturating_sub(RESERVED_FILES)).max(1);
        Limits {
            connections,
            per_peer: (connections - connections / PEER_LEAVES_ONE_IN).max(1),
            head: HEAD_TIMEOUT,
            idle: IDLE_TIMEOUT,
            stall: STALL_TIMEOUT,
            evictable: EVICTABLE_AFTER,
            linger: LINGER,
        }
    }
}
