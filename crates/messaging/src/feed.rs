//! What a projector reads from: every event after a position, once, in order, however the announcements arrive.
//! The bus and NATS only say quickly what is new; the log is the truth and fills every gap.

use std::{collections::VecDeque, time::Duration};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Hash, Log, LogError, Recorded, chain};
use tokio::time::Instant;
use tracing::warn;

use crate::{
    bus::{Bus, BusSubscription},
    nats::Nats,
};

/// How often a feed compares itself with the head of the log, whether announcements fell silent, lag or flow: nothing is
/// seen later than this.
const HEAD_CHECK: Duration = Duration::from_millis(250);

/// Most events read from the log at once.
const PAGE_EVENTS: usize = 1_000;

/// Where a node hears of new events.
#[derive(Debug, Clone)]
pub enum Source {
    /// From this process' own writer; other nodes' events are found by polling.
    Bus(Bus),
    /// From NATS, as published by any node's relay.
    Nats(Nats),
}

/// Why a feed cannot go on. It may be asked again.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The log could not be read.
    #[error("a feed cannot read the log: {0}")]
    Log(#[from] LogError),
    /// The log ends before the position the reader has already seen.
    #[error(
        "the log ends at position {head}, yet its reader stands at {after}: was the database restored from a backup?"
    )]
    AheadOfLog {
        /// Last position of the log.
        head: Position,
        /// Where the reader stands.
        after: Position,
    },
}

impl FeedError {
    /// Whether asking again may help.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        match self {
            FeedError::Log(error) => error.is_transient(),
            FeedError::AheadOfLog { .. } => false,
        }
    }
}

/// Events after a position: contiguous, in order, each exactly once.
#[derive(Debug)]
pub struct Feed {
    log: Log,
    announcements: BusSubscription,
    /// Whether announcements crossed a network and must prove themselves by the hash chain.
    verify: bool,
    /// Last position delivered.
    after: Position,
    /// Hash of the event at `after`, once it was seen.
    hash: Option<Hash>,
    /// Announced events that follow `after` without a gap.
    ready: VecDeque<Recorded>,
    /// Highest position heard of. Beyond `after` and `ready`, the log must be read.
    known: Position,
    /// When to look at the head.
    next_check: Instant,
}

impl Feed {
    /// Starts after `after`: what the log holds already is read from it, then announcements take over.
    ///
    /// # Errors
    /// When the log cannot be read or ends before `after`.
    pub async fn start(log: Log, source: &Source, after: Position) -> Result<Feed, FeedError> {
        // Subscribed before the head is read, so that no event falls between the two.
        let (announcements, verify) = match source {
            Source::Bus(bus) => (bus.subscribe(), false),
            Source::Nats(nats) => (nats.link.arrivals.subscribe(), true),
        };
        let next_check = Instant::now();
        let mut feed =
            Feed { log, announcements, verify, after, hash: None, ready: VecDeque::new(), known: after, next_check };
        feed.check_head().await?;
        Ok(feed)
    }

    /// The next events, at least one and at most `max`; waits until there are any. When dropped before it answers,
    /// nothing is skipped; still, rather keep the future than drop it half way, for it may be reading from the log.
    ///
    /// # Errors
    /// When the log cannot be read; asking again repeats the attempt.
    pub async fn next(&mut self, max: usize) -> Result<Vec<Recorded>, FeedError> {
        loop {
            if Instant::now() >= self.next_check {
                self.check_head().await?;
            }
            while self.ready.len() < max
                && let Some(events) = self.announcements.try_next()
            {
                self.accept(&events);
            }
            if self.known > self.reached() {
                // Announced out of order, late, or never: the log has it all.
                self.ready.clear();
                let limit = u32::try_from(max.min(PAGE_EVENTS)).unwrap_or(u32::MAX);
                let events = self.log.read(self.after, limit).await?;
                if !events.is_empty() {
                    return Ok(self.deliver(events));
                }
                // Not even there: not an event of this log.
                self.known = self.after;
            }
            if !self.ready.is_empty() {
                let events = self.ready.drain(..max.min(self.ready.len())).collect();
                return Ok(self.deliver(events));
            }
            tokio::select! {
                Some(events) = self.announcements.next() => self.accept(&events),
                () = tokio::time::sleep_until(self.next_check) => {}
            }
        }
    }

    /// Last position delivered.
    #[must_use]
    pub fn position(&self) -> Position {
        self.after
    }

    fn deliver(&mut self, events: Vec<Recorded>) -> Vec<Recorded> {
        if let Some(last) = events.last() {
            self.after = last.position;
            self.hash = Some(last.hash);
        }
        events
    }

    async fn check_head(&mut self) -> Result<(), FeedError> {
        self.next_check = Instant::now() + HEAD_CHECK;
        let head = self.log.head().await?;
        if head.position < self.after {
            return Err(FeedError::AheadOfLog { head: head.position, after: self.after });
        }
        if head.position == self.after {
            self.hash = Some(head.hash);
        }
        self.known = self.known.max(head.position);
        Ok(())
    }

    /// Position of the last event in hand.
    fn reached(&self) -> Position {
        self.ready.back().map_or(self.after, |event| event.position)
    }

    /// Takes what is next, drops what is done, and remembers that there is more when something is missing in between.
    fn accept(&mut self, events: &[Recorded]) {
        for event in events {
            if event.position == self.reached().next() && self.continues_the_chain(event) {
                self.ready.push_back(event.clone());
            }
            self.known = self.known.max(event.position);
        }
    }

    /// An event that does not continue the hash chain belongs to another log, or to a past that a restored backup undid;
    /// the log then says what truly stands there.
    fn continues_the_chain(&self, event: &Recorded) -> bool {
        if !self.verify {
            return true;
        }
        // Without a predecessor to compare with, the log is read once and provides it.
        let Some(previous) = self.ready.back().map(|event| event.hash).or(self.hash) else { return false };
        let continues = chain(&previous, &event.json) == event.hash;
        if !continues {
            warn!(
                position = event.position.0,
                "a NATS message does not continue the log's hash chain; reading the log instead"
            );
        }
        continues
    }
}
