//! Checks the events one after another: each against the one before it, its columns, and the head.

use std::{borrow::Cow, collections::HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use orderlog_domain::ids::{CommandId, OrderId, Position, StreamId, Version};
use serde::Deserialize;

use super::{
    commands::Acts,
    report::{Against, Fault},
};
use crate::{Hash, Head, reads::StoredEvent, record::chain_bytes, tally::Tally};

/// How far the clocks of machines may differ before an event counts as an event of the future.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(1);

/// Faults that are listed; further ones are only counted.
const FAULTS_TOLD: usize = 20;

/// The fields of an envelope that are compared with columns or with other events.
#[derive(Deserialize)]
struct Columns<'a> {
    #[serde(borrow)]
    stream: Cow<'a, str>,
    version: i64,
    position: i64,
    #[serde(borrow, rename = "type")]
    event_type: Cow<'a, str>,
    provenance: Origin,
}

#[derive(Deserialize)]
struct Origin {
    recorded_at: DateTime<Utc>,
    command_id: CommandId,
}

/// The checked values of an event with which others are compared.
pub(super) struct Link {
    pub(super) stream: StreamId,
    pub(super) version: Version,
    pub(super) hash: Hash,
    recorded_at: DateTime<Utc>,
    command_id: CommandId,
}

/// Checks one event against the hash of the event before it, and its columns against its JSON. The error says what is
/// wrong.
pub(super) fn link(position: Position, before: &Hash, event: &StoredEvent) -> Result<Link, String> {
    if event.position != position.0 {
        return Err(format!("the next stored event is {}", event.position));
    }
    let hash = chain_bytes(before, &event.event);
    if hash.0[..] != event.hash[..] {
        return Err("the event or its hash was changed: they do not match".to_owned());
    }
    let columns: Columns<'_> =
        serde_json::from_slice(&event.event).map_err(|error| format!("the event is no envelope: {error}"))?;
    if columns.position != event.position {
        return Err(format!("the event says it is {}", columns.position));
    }
    if columns.event_type.as_bytes() != event.event_type {
        return Err(format!("column type differs from the event's {}", columns.event_type));
    }
    if columns.version != event.version {
        return Err(format!("column version is {}, the event's {}", event.version, columns.version));
    }
    if columns.stream.as_bytes() != event.stream {
        return Err(format!("column stream differs from the event's {}", columns.stream));
    }
    let stream = match columns.stream.parse::<StreamId>() {
        Ok(stream) if stream.to_string() == columns.stream => stream,
        _ => return Err(format!("`{}` is no stream", columns.stream)),
    };
    let Origin { recorded_at, command_id } = columns.provenance;
    Ok(Link { stream, version: Version(columns.version), hash, recorded_at, command_id })
}

/// The state of the check after an event.
pub(super) struct Walk<'a> {
    /// The head before the first event was read.
    start: Head,
    now: Option<DateTime<Utc>>,
    noted: HashMap<Position, Vec<Hash>>,
    against: &'a Against,
    pub(super) position: Position,
    pub(super) hash: Hash,
    recorded_at: DateTime<Utc>,
    next_order: OrderId,
    versions: HashMap<StreamId, Version>,
    acts: Acts,
    /// The commands whose last event has been walked.
    commands: Tally,
    faults: Vec<Fault>,
    untold: usize,
}

impl<'a> Walk<'a> {
    pub(super) fn new(start: Head, against: &'a Against) -> Walk<'a> {
        let mut noted: HashMap<Position, Vec<Hash>> = HashMap::new();
        for (position, hash) in &against.noted {
            noted.entry(*position).or_default().push(*hash);
        }
        let Head { position, hash, next_order, recorded_at } = Head::empty();
        Walk {
            start,
            now: against.now,
            noted,
            against,
            position,
            hash,
            recorded_at,
            next_order,
            versions: HashMap::new(),
            acts: Acts::default(),
            commands: Tally::new(),
            faults: vec![],
            untold: 0,
        }
    }

    /// Checks the next event. After an event that breaks the chain, nothing can be verified.
    pub(super) fn step(&mut self, event: &StoredEvent) -> Result<(), Fault> {
        let position = self.position.next();
        let Link { stream, version, hash, recorded_at, command_id } =
            link(position, &self.hash, event).map_err(|what| Fault::at(position, what))?;
        let last = self.versions.entry(stream).or_default();
        if version != last.next() {
            return Err(Fault::at(position, format!("{stream} has version {version} after {last}")));
        }
        *last = version;
        (self.position, self.hash) = (position, hash);
        self.number(stream, version);
        self.time(recorded_at);
        self.follow(command_id);
        for noted in self.noted.remove(&position).unwrap_or_default() {
            if noted != hash {
                let what = format!("its hash is {hash}, not {noted} as noted: the log up to here was written anew");
                self.found(Fault::at(position, what));
            }
        }
        if position == self.start.position { self.head(&self.start.clone()) } else { Ok(()) }
    }

    /// Order numbers have no gaps.
    fn number(&mut self, stream: StreamId, version: Version) {
        if let (StreamId::Order(order), Version(1)) = (stream, version) {
            if order != self.next_order {
                let what = format!("order {order} follows where {} was next", self.next_order);
                self.found(Fault::at(self.position, what));
            }
            self.next_order = self.next_order.max(order.next());
        }
    }

    fn time(&mut self, recorded_at: DateTime<Utc>) {
        if recorded_at < self.recorded_at {
            let what = format!("recorded {recorded_at}, before its predecessor of {}", self.recorded_at);
            self.found(Fault::at(self.position, what));
        }
        if let Some(now) = self.now.filter(|now| recorded_at > *now + CLOCKS_DIFFER) {
            let what = format!(
                "recorded {recorded_at}, which is yet to come: it is {now} here. A clock was wrong, or the log was altered"
            );
            self.found(Fault::at(self.position, what));
            // The later events would only report the same.
            self.now = None;
        }
        self.recorded_at = self.recorded_at.max(recorded_at);
    }

    fn follow(&mut self, command_id: CommandId) {
        if let Some(act) = self.acts.follow(self.position, command_id) {
            act.add_to(&mut self.commands);
        }
    }

    /// All commands of the events that were walked. Call it after the last event.
    pub(super) fn commands(&mut self) -> Tally {
        if let Some(act) = self.acts.end() {
            act.add_to(&mut self.commands);
        }
        self.commands.clone()
    }

    /// Notes a fault after which the next events can still be checked.
    pub(super) fn found(&mut self, fault: Fault) {
        if self.faults.len() < FAULTS_TOLD { self.faults.push(fault) } else { self.untold += 1 }
    }

    /// The faults that were found, and how many more there were.
    pub(super) fn faults(self) -> (Vec<Fault>, usize) {
        (self.faults, self.untold)
    }

    /// Checks the head after the last event: since it was read, the head may only have moved forward.
    pub(super) fn end(&mut self, head: &Head) -> Result<(), Fault> {
        let end = self.position;
        for (noted, _) in self.against.noted.iter().filter(|(noted, _)| *noted > end) {
            self.found(Fault::at(*noted, format!("was noted earlier, and the log ends at {end}")));
        }
        if self.position < self.start.position {
            let what = format!("missing, though the head says {}", self.start.position);
            return Err(Fault::at(self.position.next(), what));
        }
        if head.position < self.position {
            return Err(Fault::at(head.position.next(), format!("lies beyond the head, {}", head.position)));
        }
        if head.position == self.position { self.head(head) } else { Ok(()) }
    }

    /// Checks the head against the last event.
    fn head(&mut self, head: &Head) -> Result<(), Fault> {
        let position = self.position;
        if head.hash != self.hash {
            return Err(Fault::at(position, "the head's hash is not this event's"));
        }
        if head.next_order != self.next_order {
            let what = format!(
                "the head would number the next order {}, after this event {} is next",
                head.next_order, self.next_order
            );
            return Err(Fault::at(position, what));
        }
        if head.recorded_at != self.recorded_at {
            let what = format!("the head says it was recorded {}, the event {}", head.recorded_at, self.recorded_at);
            return Err(Fault::at(position, what));
        }
        Ok(())
    }
}
