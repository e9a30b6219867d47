//! Why the database of the read models failed, and what was being done.

use std::io;

use orderlog_event_log::{NotOurs, database_words};

/// A failure of the store, naming what was being done.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine refused or could not be reached.
    #[error("{doing} the read models failed: {}", database_words(source))]
    Database {
        /// A present participle: "opening".
        doing: &'static str,
        /// The engine's word.
        #[source]
        source: sqlx::Error,
    },
    /// Nothing to read.
    #[error("there are no read models yet: {0} does not exist; `orderlog serve` or `orderlog rebuild all` makes them")]
    Missing(String),
    /// No engine of ours.
    #[error("`{0}` names no database for read models; use sqlite://<path>/projections.db or postgres://…")]
    UnknownUrl(String),
    /// No lock file could be made or looked at.
    #[error("the lock file beside the read models failed, by which nodes see that the others live: {0}")]
    Presence(#[source] io::Error),
    /// A stored row does not have its shape.
    #[error("a row of the read models cannot be read: {0}; rebuild that read model")]
    Shape(String),
    /// The erased data is still in this read model.
    #[error("the lists of {0} have not caught up with the erasure yet")]
    NotYet(&'static str),
    /// The deleted data cannot be removed from the files yet.
    #[error("somebody who began to read the read models before the erasure still does")]
    InUse,
    /// Made for another log.
    #[error(transparent)]
    NotOurs(#[from] NotOurs),
}

impl StoreError {
    /// Makes an error of a failure while `doing`, a present participle.
    pub(crate) fn doing(doing: &'static str) -> impl Fn(sqlx::Error) -> StoreError {
        move |source| StoreError::Database { doing, source }
    }
}
