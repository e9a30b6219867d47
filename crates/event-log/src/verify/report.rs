//! The input and the result of `verify`.

use chrono::{DateTime, Utc};
use orderlog_domain::ids::Position;

use crate::Hash;

/// What the log is compared with, in addition to its own hashes.
#[derive(Debug, Clone, Default)]
pub struct Against {
    /// The present time: no event may be younger. Not checked when left out.
    pub now: Option<DateTime<Utc>>,
    /// Hashes that were noted earlier, each with its position.
    pub noted: Vec<(Position, Hash)>,
}

/// The result of verifying a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// How many events were verified; also the position of the last one.
    pub positions: Position,
    /// Hash of the last event. If it is noted elsewhere, a later check can show that nothing up to it was changed.
    pub head_hash: Hash,
    /// All faults, those of events first; none in a sound log.
    pub faults: Vec<Fault>,
}

/// Something that was changed, added or removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The position of the fault, if it has one.
    pub position: Option<Position>,
    /// The fault in words.
    pub what: String,
}

impl Fault {
    pub(super) fn at(position: Position, what: impl Into<String>) -> Fault {
        Fault { position: Some(position), what: what.into() }
    }
}
