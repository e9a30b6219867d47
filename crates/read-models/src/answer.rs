//! What all queries have in common: how fresh an answer must be, at which position it is, and why there may be none.

use std::time::Duration;

use orderlog_domain::ids::Position;
use orderlog_event_log::LogError;

use crate::store::StoreError;

/// How long a query waits for its read model before it answers with what is there.
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
    /// Events missing to what was asked for; 0 when fresh.
    pub behind: i64,
    /// What was asked for.
    pub found: T,
}

impl<T> Answer<T> {
    /// `found` at `position`, where `freshness` was asked for.
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
    /// How far it had come.
    pub position: Position,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// What is stored follows from another log than this.
    #[error(transparent)]
    AnotherPast(#[from] AnotherPast),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
