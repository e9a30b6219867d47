//! Why a rebuild failed.

use orderlog_event_log::LogError;

use crate::{answer::QueryError, store::StoreError};

/// Why a read model was not rebuilt. The old one still serves.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No such read model.
    #[error("there is no read model `{0}`")]
    Unknown(String),
    /// Another builder rebuilds this read model.
    #[error("`{0}` is being rebuilt already, by another node or command")]
    AlreadyBuilding(String),
    /// Another builder took over.
    #[error("another node or command took this rebuild over")]
    TakenOver,
    /// The serving read model kept moving, or its tables stayed in use.
    #[error("the rebuilt read models could not be swapped in: {0}")]
    NotSwapped(String),
    /// The log was restored or replaced meanwhile.
    #[error("the log went back while read models were built from it; begin again")]
    AnotherPast,
    /// The program is stopping.
    #[error("the rebuild was stopped")]
    Stopped,
    /// The log could not be read.
    #[error("the rebuild cannot read the log: {0}")]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The read models could not be compared with the log.
    #[error(transparent)]
    Compare(#[from] QueryError),
}
