//! The events that read models have not folded yet: from the feed if it follows on, otherwise from the log.

use std::sync::Arc;

use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, Recorded};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::pace::{FIRST_PAUSE, PAGE_EVENTS};
use crate::{
    decoded::{Decoded, decode},
    place::Place,
    projections::Projections,
};

pub(super) struct Inbox {
    log: Log,
    projections: Projections,
    cancel: CancellationToken,
    fed: mpsc::Receiver<Vec<Recorded>>,
    /// Events of the feed that some read model may not have folded yet.
    latest: Vec<Recorded>,
    /// Last position the feed brought.
    heard: Position,
    /// The log went back, or has another past than a read model.
    must_compare: bool,
}

impl Inbox {
    pub(super) fn new(
        log: Log,
        cancel: CancellationToken,
        fed: mpsc::Receiver<Vec<Recorded>>,
        projections: Projections,
    ) -> Inbox {
        Inbox { log, projections, cancel, fed, latest: vec![], heard: Position::START, must_compare: false }
    }

    /// Whether read models must be compared with the log before anything else; the call resets this.
    pub(super) fn must_compare(&mut self) -> bool {
        std::mem::take(&mut self.must_compare)
    }

    /// Waits until `instant`, or until a memory is installed, without blocking the feed, because erasures concern every
    /// node. Events that come in the meantime are read from the log when they are needed.
    pub(super) async fn idle(&mut self, instant: Instant) {
        loop {
            tokio::select! {
                () = sleep_until(instant) => return,
                () = self.projections.installed() => return,
                () = self.cancel.cancelled() => return,
                Some(batch) = self.fed.recv() => {
                    self.latest.clear();
                    self.keep(batch);
                }
            }
        }
    }

    /// Waits until `instant`.
    pub(super) async fn pause(&self, instant: Instant) {
        tokio::select! {
            () = sleep_until(instant) => {}
            () = self.cancel.cancelled() => {}
        }
    }

    /// Events after `at`: from the feed if they follow on, otherwise from the log; waits until `until` for new ones.
    /// `None` if the log cannot be read, or has another past than `at`.
    pub(super) async fn events_after(&mut self, at: Place, until: Instant) -> Option<Arc<[Decoded]>> {
        let position = at.position;
        loop {
            while self.latest.len() < PAGE_EVENTS as usize
                && let Ok(batch) = self.fed.try_recv()
            {
                self.keep(batch);
            }
            let (first, last) = match (self.latest.first(), self.latest.last()) {
                (Some(first), Some(last)) => (first.position, last.position),
                _ => (Position::START, Position::START),
            };
            if position < last && first <= position.next() {
                let skip = usize::try_from(position.0 + 1 - first.0).unwrap_or(0);
                if at.leads_to(&self.latest[skip]) {
                    return Some(decode(&self.latest[skip..]).into());
                }
                // One of the two is of another past; the log shows which.
                self.latest.clear();
                return self.read(at).await;
            }
            if position >= last {
                self.latest.clear();
            }
            // A read model that joins late may lag behind the events that the feed brought and the others have folded.
            if position < self.heard {
                return self.read(at).await;
            }
            tokio::select! {
                batch = self.fed.recv() => match batch {
                    Some(batch) => self.keep(batch),
                    None => return self.read_or_wait(at, until).await,
                },
                () = sleep_until(until) => return Some(Arc::new([])),
                () = self.projections.installed() => return Some(Arc::new([])),
                () = self.cancel.cancelled() => return Some(Arc::new([])),
            }
        }
    }

    /// After a restart the feed need not follow on what it brought before.
    fn keep(&mut self, batch: Vec<Recorded>) {
        let follows_on = match (self.latest.last(), batch.first()) {
            (Some(last), Some(first)) => Place::of(last).leads_to(first),
            _ => false,
        };
        self.heard = batch.last().map_or(self.heard, |event| event.position.max(self.heard));
        if follows_on {
            self.latest.extend(batch);
        } else {
            self.latest = batch;
        }
    }

    async fn read(&mut self, at: Place) -> Option<Arc<[Decoded]>> {
        match self.log.read(at.position, PAGE_EVENTS).await {
            Ok(events) => match events.first() {
                Some(first) if !at.leads_to(first) => {
                    warn!(position = at.position.0, "the log holds another past than a read model; they are compared");
                    self.must_compare = true;
                    None
                }
                Some(_) => Some(decode(&events).into()),
                None => {
                    // Events that were announced are not there: the log went back.
                    self.heard = at.position;
                    self.must_compare = true;
                    Some(Arc::new([]))
                }
            },
            Err(error) => {
                warn!(position = at.position.0, %error, "read models cannot read the log");
                None
            }
        }
    }

    /// Without a feed only the log shows what is new.
    async fn read_or_wait(&mut self, at: Place, until: Instant) -> Option<Arc<[Decoded]>> {
        let events = self.read(at).await?;
        if events.is_empty() {
            // That there is nothing new does not mean that the log went back.
            self.must_compare = false;
            self.pause(until.min(Instant::now() + FIRST_PAUSE)).await;
        }
        Some(events)
    }
}
