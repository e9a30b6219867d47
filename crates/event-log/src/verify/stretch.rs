//! Verifies a part of the log, so that a node can verify all of it little by little while it serves.

use std::collections::HashMap;

use futures::future::BoxFuture;
use orderlog_domain::ids::{Position, StreamId, Version};

use super::{report::Fault, walk::link};
use crate::{Hash, Log, LogError, log::on_engine, reads::StoredEvent};

/// Events read at a time.
const PAGE: u32 = 500;
/// Most faults that are reported for one part.
const FAULTS_TOLD: usize = 20;

/// The findings in a part of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// The last position of the part.
    pub through: Position,
    /// Whether the part reached the head.
    pub to_the_end: bool,
    /// The faults, at most 20.
    pub faults: Vec<Fault>,
}

/// Verifies at most `events` events after a position: positions and the versions of streams without gaps, the hash chain over the
/// stored bytes, each column against the JSON, and the hash of the head. After a fault it goes on with the next event: parts that
/// meet leave nothing out. What only the whole log can show, such as commands that are missing, [`verify`](super::verify) finds.
///
/// # Errors
/// When the log cannot be read.
pub fn verify_stretch(log: &Log, after: Position, events: u32) -> BoxFuture<'_, Result<Stretch, LogError>> {
    Box::pin(async move {
        // Read first, so that events which are appended meanwhile are after it.
        let head = log.head().await?;
        let mut part = Part::default();
        part.begin(log, after).await?;
        let last = head.position.0.min(after.0 + i64::from(events));
        while part.at.0 < last {
            let limit = u32::try_from(last - part.at.0).unwrap_or(PAGE).min(PAGE);
            let at = part.at.0;
            let page = on_engine!(log, engine => engine.read_stored(at, limit).await?);
            let Some(end) = page.last() else {
                part.found(part.at.next(), format!("missing, though the head says {}", head.position));
                (part.at, part.before) = (Position(last), None);
                break;
            };
            let end = end.position;
            page.iter().take_while(|event| event.position <= last).for_each(|event| part.step(event));
            part.at = Position(end.min(last));
            tokio::task::yield_now().await;
        }
        let to_the_end = part.at >= head.position;
        if to_the_end && head.position > Position::START && part.before.is_some_and(|hash| hash != head.hash) {
            part.found(head.position, "the head's hash is not this event's".to_owned());
        }
        Ok(Stretch { through: part.at, to_the_end, faults: part.faults })
    })
}

#[derive(Default)]
struct Part {
    at: Position,
    /// The stored hash of the event before the next one, where it has one.
    before: Option<Hash>,
    versions: HashMap<StreamId, Version>,
    faults: Vec<Fault>,
}

impl Part {
    /// The stored hash of the event at which the part begins is not checked: the part before proves it.
    async fn begin(&mut self, log: &Log, after: Position) -> Result<(), LogError> {
        self.at = after;
        if after == Position::START {
            self.before = Some(Hash::ZERO);
            return Ok(());
        }
        let page = on_engine!(log, engine => engine.read_stored(after.0 - 1, 1).await?);
        match page.first().filter(|event| event.position == after.0) {
            Some(event) => self.before = hash_of(event),
            // The part before may have ended here and seen no gap.
            None => self.found(after, "missing".to_owned()),
        }
        Ok(())
    }

    fn step(&mut self, event: &StoredEvent) {
        let expected = self.at.next();
        if event.position != expected.0 {
            self.found(expected, format!("the next stored event is {}", event.position));
        } else if let Some(before) = self.before {
            match link(expected, &before, event) {
                Ok(link) => {
                    let last = self.versions.insert(link.stream, link.version);
                    if let Some(last) = last.filter(|last| last.next() != link.version) {
                        let what = format!("{} has version {} after {last}", link.stream, link.version);
                        self.found(expected, what);
                    }
                }
                Err(what) => self.found(expected, what),
            }
        }
        (self.at, self.before) = (Position(event.position), hash_of(event));
    }

    fn found(&mut self, position: Position, what: String) {
        if self.faults.len() < FAULTS_TOLD {
            self.faults.push(Fault::at(position, what));
        }
    }
}

fn hash_of(event: &StoredEvent) -> Option<Hash> {
    Some(Hash(event.hash.as_slice().try_into().ok()?))
}
