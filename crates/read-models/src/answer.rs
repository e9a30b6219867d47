//! The common parts of all queries: how fresh an answer must be, at which position it is, and why there may be no
//! answer.

use std::time::Duration;

use orderlog_domain::ids::Position;
use orderlog_event_log::LogError;

use crate::store::StoreError;

/// How long a query waits for its read model before it answers from what the read model has.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How recent an answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Waits (at most [`crate::PATIENCE`]) until the read model has taken in this position: the head when the query arrived.
    AtLeast(Position),
    /// Whatever is there.
    Whatever,
}

/// An answer and the moment of the log it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The read model had taken in everything up to here.
    pub position: Position,
    /// Events that the answer lacks compared with the freshness asked for; 0 if it is fresh.
    pub behind: i64,
    /// The result.
    pub found: T,
}

impl<T> Answer<T> {
    /// The result `found` at `position`, if `freshness` was asked for.
    pub(crate) fn new(position: Position, freshness: Freshness, found: T) -> Answer<T> {
        let behind = match freshness {
            Freshness::AtLeast(wanted) => (wanted.0 - position.0).max(0),
            Freshness::Whatever => 0,
        };
        Answer { position, behind, found }
    }
}

/// A read model that took in events which the log does not hold: the log was restored from a backup, or is another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the read model {name} took in events up to position {position} that are not in the log, which was restored or \
     replaced; it is being built anew, and nothing is answered from it until then"
)]
pub struct AnotherPast {
    /// The read model.
    pub name: String,
    /// The position that the read model had reached.
    pub position: Position,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// The read model follows from another log than this one.
    #[error(transparent)]
    AnotherPast(#[from] AnotherPast),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
