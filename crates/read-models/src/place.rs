//! A place in the log: a position and the hash of the event there, which identifies all events up to it.

use std::fmt;

use orderlog_domain::ids::Position;
use orderlog_event_log::{Hash, Recorded, chain};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) position: Position,
    pub(crate) hash: Hash,
}

impl Place {
    /// Before the first event.
    pub(crate) const START: Place = Place { position: Position::START, hash: Hash::ZERO };

    /// The place of `event`.
    pub(crate) fn of(event: &Recorded) -> Place {
        Place { position: event.position, hash: event.hash }
    }

    /// Whether `event` is the next one of the same log and the same past.
    pub(crate) fn leads_to(&self, event: &Recorded) -> bool {
        event.position == self.position.next() && chain(&self.hash, &event.json) == event.hash
    }
}

/// The form in which checkpoints store a place.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.position, self.hash)
    }
}
