//! Proof that nothing in the log was altered: every byte of every event is tied to the head.

use std::collections::HashMap;

use orderlog_domain::ids::{Position, StreamId, Version};
use serde::Deserialize;

use crate::{Hash, Head, Log, LogError, log::on_engine, reads::StoredEvent, record::chain_bytes};

/// Events read at a time.
const PAGE: u32 = 2_000;

/// What was proven.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// How many events there are; also the last one's position.
    pub positions: Position,
    /// Hash of the last event: whoever noted it elsewhere can tell that history before it is unchanged.
    pub head_hash: Hash,
}

/// Why the log could not be proven.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// Something was altered, added or removed.
    #[error("the log is broken at position {position}: {what}")]
    Broken {
        /// The first bad position.
        position: Position,
        /// What is wrong there.
        what: String,
    },
    /// The log could not be read.
    #[error("the log could not be verified")]
    Log(#[from] LogError),
}

/// Walks the whole log: positions without gaps, the hash chain over the stored bytes, each column against the JSON,
/// versions of each stream without holes, and the head against the last event. Appends may go on meanwhile.
/// `progress` is told the last position proven, page by page.
///
/// # Errors
/// [`VerifyError::Broken`] names the first bad position.
pub async fn verify(log: &Log, mut progress: impl FnMut(Position)) -> Result<Verified, VerifyError> {
    let before = log.head().await?;
    let mut walk = Walk::new(before.clone());
    // Lower than any position the log gives: a row that does not belong there is found too.
    let mut after = i64::MIN;
    loop {
        let page = on_engine!(log, engine => engine.read_stored(after, PAGE).await?);
        for event in &page {
            walk.step(event)?;
        }
        progress(walk.position);
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = last.position,
            _ => break,
        }
    }
    walk.end(&log.head().await?)
}

/// The fields of an envelope that also stand in columns.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    stream: std::borrow::Cow<'a, str>,
    version: i64,
    position: i64,
    #[serde(borrow, rename = "type")]
    event_type: std::borrow::Cow<'a, str>,
}

/// How far the walk has come.
struct Walk {
    start: Head,
    position: Position,
    hash: Hash,
    versions: HashMap<StreamId, Version>,
    highest_order: i64,
}

impl Walk {
    fn new(start: Head) -> Walk {
        Walk { start, position: Position::START, hash: Hash::ZERO, versions: HashMap::new(), highest_order: 0 }
    }

    fn step(&mut self, event: &StoredEvent) -> Result<(), VerifyError> {
        let position = self.position.next();
        let broken = |what: String| Err(VerifyError::Broken { position, what });
        if event.position != position.0 {
            return broken(format!("the next stored event is {}", event.position));
        }
        let hash = chain_bytes(&self.hash, &event.event);
        if hash.0[..] != event.hash[..] {
            return broken("the event or its hash was changed: they do not match".to_owned());
        }
        let columns: Columns<'_> = match serde_json::from_slice(&event.event) {
            Ok(columns) => columns,
            Err(error) => return broken(format!("the event is no envelope: {error}")),
        };
        if columns.position != event.position {
            return broken(format!("the event says it is {}", columns.position));
        }
        if columns.event_type.as_bytes() != event.event_type {
            return broken(format!("column type differs from the event's {}", columns.event_type));
        }
        if columns.version != event.version {
            return broken(format!("column version is {}, the event's {}", event.version, columns.version));
        }
        if columns.stream.as_bytes() != event.stream {
            return broken(format!("column stream differs from the event's {}", columns.stream));
        }
        let stream = match columns.stream.parse::<StreamId>() {
            Ok(stream) if stream.to_string() == columns.stream => stream,
            _ => return broken(format!("`{}` is no stream", columns.stream)),
        };
        let version = self.versions.entry(stream).or_default();
        if columns.version != version.next().0 {
            return broken(format!("{stream} has version {} after {version}", columns.version));
        }
        *version = version.next();
        if let StreamId::Order(order) = stream {
            self.highest_order = self.highest_order.max(order.0);
        }
        if position == self.start.position && hash != self.start.hash {
            return broken("the head's hash is not this event's".to_owned());
        }
        (self.position, self.hash) = (position, hash);
        Ok(())
    }

    /// The head moved at most forward since the start, and never lies behind an event.
    fn end(self, head: &Head) -> Result<Verified, VerifyError> {
        let position = self.position.next();
        let broken = |position, what: String| Err(VerifyError::Broken { position, what });
        if self.position < self.start.position {
            return broken(position, format!("missing, though the head says {}", self.start.position));
        }
        if head.position < self.position {
            return broken(head.position.next(), format!("lies beyond the head, {}", head.position));
        }
        if head.position == self.position && head.hash != self.hash {
            return broken(self.position, "the head's hash is not the last event's".to_owned());
        }
        if head.next_order.0 <= self.highest_order {
            let what = format!("the head would number an order {} again", head.next_order);
            return broken(head.position, what);
        }
        Ok(Verified { positions: self.position, head_hash: self.hash })
    }
}
