//! An event of the log, decoded once for all read models.

use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{Position, StreamId},
};
use orderlog_event_log::{Hash, Recorded};

use crate::place::Place;

#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) position: Position,
    pub(crate) hash: Hash,
    pub(crate) stream: StreamId,
    pub(crate) event: Result<Envelope<Event>, String>,
}

impl Decoded {
    pub(crate) fn place(&self) -> Place {
        Place { position: self.position, hash: self.hash }
    }
}

pub(crate) fn decode(recorded: &[Recorded]) -> Vec<Decoded> {
    let one = |r: &Recorded| Decoded {
        position: r.position,
        hash: r.hash,
        stream: r.stream,
        event: envelope::decode(&r.json).map_err(|e| e.to_string()),
    };
    recorded.iter().map(one).collect()
}
