//! Gives a reader every event after a position, once and in order, no matter how announcements arrive. Events come from
//! this process or from the log; NATS only announces that there is something new.

use std::{collections::VecDeque, time::Duration};

use futures::future::BoxFuture;
use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, LogError, Recorded};
use tokio::{sync::watch, time::Instant};
use tracing::warn;

use crate::{
    bus::{Bus, BusSubscription},
    nats::{Heard, Nats},
    reminder::Reminder,
};

/// How often a feed compares itself with the head of the log, with or without announcements: no event is seen later
/// than this.
const HEAD_CHECK: Duration = Duration::from_millis(250);

/// Most events read from the log at once.
const PAGE_EVENTS: usize = 1_000;

/// The source of new events.
#[derive(Debug, Clone)]
pub enum Source {
    /// From the writer of this process. Events of other nodes are found by polling.
    Bus(Bus),
    /// As `Bus`, and also woken by NATS when the relay of any node publishes.
    Nats(Bus, Nats),
}

/// Why a feed cannot continue. It may be asked again.
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
        /// The position of the reader.
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
    /// The announcements of NATS, if NATS is used.
    nats: Option<watch::Receiver<Option<Heard>>>,
    /// The latest announcement, until it is compared with the log.
    heard: Option<Heard>,
    /// Limits warnings about announcements that no event of the log matches.
    reminder: Reminder,
    /// Last position delivered.
    after: Position,
    /// Announced events that follow `after` without a gap.
    ready: VecDeque<Recorded>,
    /// Highest position heard of. Beyond `after` and `ready`, the log must be read.
    known: Position,
    /// When to look at the head.
    next_check: Instant,
}

impl Feed {
    /// Starts after `after`: events that the log has already are read from it, then announcements take over.
    ///
    /// # Errors
    /// When the log cannot be read or ends before `after`.
    pub fn start(log: Log, source: &Source, after: Position) -> BoxFuture<'_, Result<Feed, FeedError>> {
        Box::pin(async move {
            // Subscribed before the head is read, so that no event falls between the two.
            let (bus, nats) = match source {
                Source::Bus(bus) => (bus, None),
                Source::Nats(bus, nats) => (bus, Some(nats.link.heard.clone())),
            };
            let mut feed = Feed {
                log,
                announcements: bus.subscribe(),
                nats,
                heard: None,
                reminder: Reminder::new(),
                after,
                ready: VecDeque::new(),
                known: after,
                next_check: Instant::now(),
            };
            feed.check_head().await?;
            Ok(feed)
        })
    }

    /// The next events, at least one and at most `max`; waits until there are any. When the future is dropped before it
    /// answers, no event is skipped; still, keep it rather than drop it half way, because it may be reading from the
    /// log.
    ///
    /// # Errors
    /// When the log cannot be read; asking again repeats the attempt.
    pub fn next(&mut self, max: usize) -> BoxFuture<'_, Result<Vec<Recorded>, FeedError>> {
        Box::pin(async move {
            loop {
                if Instant::now() >= self.next_check {
                    self.check_head().await?;
                }
                while self.ready.len() < max
                    && let Some(events) = self.announcements.try_next()
                {
                    self.accept(&events);
                }
                self.hear();
                if self.known > self.reached() {
                    // Announcements are missing or out of order: the log has every event.
                    self.ready.clear();
                    let limit = u32::try_from(max.min(PAGE_EVENTS)).unwrap_or(u32::MAX);
                    let events = self.log.read(self.after, limit).await?;
                    if !events.is_empty() {
                        return Ok(self.deliver(events));
                    }
                    // The log has no such event either: something else was announced.
                    self.known = self.after;
                    self.disbelieve("this log does not reach that far");
                }
                if !self.ready.is_empty() {
                    let events = self.ready.drain(..max.min(self.ready.len())).collect();
                    return Ok(self.deliver(events));
                }
                tokio::select! {
                    Some(events) = self.announcements.next() => self.accept(&events),
                    () = news(&mut self.nats) => {}
                    () = tokio::time::sleep_until(self.next_check) => {}
                }
            }
        })
    }

    /// Last position delivered.
    #[must_use]
    pub fn position(&self) -> Position {
        self.after
    }

    fn deliver(&mut self, events: Vec<Recorded>) -> Vec<Recorded> {
        if let (Some(first), Some(last)) = (events.first(), events.last()) {
            self.after = last.position;
            if let Some(heard) = self.heard.filter(|heard| heard.position <= last.position) {
                let ours = usize::try_from(heard.position.0 - first.position.0).ok().and_then(|at| events.get(at));
                if ours.is_some_and(|event| event.hash != heard.hash) {
                    self.disbelieve("this log holds another event there");
                }
                self.heard = None;
            }
        }
        events
    }

    async fn check_head(&mut self) -> Result<(), FeedError> {
        self.next_check = Instant::now() + HEAD_CHECK;
        let head = self.log.head().await?;
        if head.position < self.after {
            return Err(FeedError::AheadOfLog { head: head.position, after: self.after });
        }
        self.known = self.known.max(head.position);
        Ok(())
    }

    /// Position of the last event that was received.
    fn reached(&self) -> Position {
        self.ready.back().map_or(self.after, |event| event.position)
    }

    /// Takes the next events, drops those delivered before, and remembers how far the announcements reach.
    fn accept(&mut self, events: &[Recorded]) {
        for event in events {
            if event.position == self.reached().next() {
                self.ready.push_back(event.clone());
            }
            self.known = self.known.max(event.position);
        }
    }

    /// Notes the end of the log as NATS announced it. The events are read from the log (ADR 9).
    fn hear(&mut self) {
        let Some(nats) = &mut self.nats else { return };
        if let Ok(true) = nats.has_changed()
            && let Some(heard) = *nats.borrow_and_update()
            && heard.position > self.after
        {
            self.known = self.known.max(heard.position);
            self.heard = Some(heard);
        }
    }

    fn disbelieve(&mut self, why: &str) {
        let Some(heard) = self.heard.take() else { return };
        if self.reminder.is_due(why) {
            warn!(
                position = heard.position.0,
                why, "NATS announced an event that is not in this log: does something else publish under its subjects?"
            );
        }
        metrics::counter!("orderlog_feed_foreign_messages_total").increment(1);
    }
}

/// Waits for an announcement on NATS; for ever if there is no NATS, or it is closed.
async fn news(nats: &mut Option<watch::Receiver<Option<Heard>>>) {
    if let Some(receiver) = nats
        && receiver.changed().await.is_ok()
    {
        // The waiting future may be dropped before the announcement is used, so it stays marked as new.
        receiver.mark_changed();
        return;
    }
    *nats = None;
    std::future::pending().await
}
