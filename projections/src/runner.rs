//! A node's one task that runs every read model it holds the lease of, fed by the node's one feed.

use std::{sync::Arc, time::Duration};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, Recorded};
use orderlog_messaging::{Feed, Source};
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    MODELS,
    checkpoint::{self, LEASE},
    fold::{Decoded, Unseal, decode},
    projections::Projections,
    projector::{AdvanceError, Projector, advance},
    rebuild,
};

/// Events read from the log, or taken from the feed, at once.
const PAGE_EVENTS: u32 = 5_000;
/// How often leases are renewed and free ones claimed; several times within a lease.
const RENEW_EVERY: Duration = Duration::from_secs(1);
/// Pause of a read model after a failure; doubled with each further one, up to the limit.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long events may gather between two batches while nobody waits for them: every batch has its fixed statements, so a
/// busy shop shares them among many events. A query that waits on this node ends the gathering at once.
const GATHER: Duration = Duration::from_millis(10);
/// Batches of the feed that may wait for the read models.
const FED_BATCHES: usize = 4;

/// What a runner needs to know of its node.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Names this node among all that share the log, and this start of it among all its starts.
    pub owner: String,
    /// Opens customers' particulars.
    pub unseal: Unseal,
}

/// Runs the read models of a node until cancelled.
pub struct Runner {
    projections: Projections,
    log: Log,
    options: RunnerOptions,
    cancel: CancellationToken,
    slots: Vec<Slot>,
    fed: mpsc::Receiver<Vec<Recorded>>,
    /// What the feed brought and some read model may not have taken in yet.
    latest: Vec<Recorded>,
    /// Last position the feed brought.
    heard: Position,
    builds: JoinSet<()>,
    building: Vec<&'static str>,
}

/// A read model, whether this node runs it, and how it fares.
struct Slot {
    projector: Projector,
    ours: bool,
    failures: u32,
    not_before: Instant,
}

impl Runner {
    /// Starts the task. It ends after `cancel`, having given its leases back.
    #[must_use]
    pub fn start(
        projections: Projections,
        log: Log,
        source: Source,
        options: RunnerOptions,
        cancel: CancellationToken,
    ) -> JoinHandle<()> {
        let (feeding, fed) = mpsc::channel(FED_BATCHES);
        tokio::spawn(feed(log.clone(), source, options.unseal.clone(), feeding, cancel.clone()));
        let slot = |model| Slot {
            projector: Projector::new(model, "", &options.unseal),
            ours: false,
            failures: 0,
            not_before: Instant::now(),
        };
        let slots = MODELS.iter().map(|model| slot(*model)).collect();
        let runner = Runner {
            projections,
            log,
            options,
            cancel,
            slots,
            fed,
            latest: vec![],
            heard: Position::START,
            builds: JoinSet::new(),
            building: vec![],
        };
        tokio::spawn(runner.run())
    }

    async fn run(mut self) {
        let mut next_claim = Instant::now();
        while !self.cancel.is_cancelled() {
            if Instant::now() >= next_claim {
                self.claim().await;
                next_claim = Instant::now() + RENEW_EVERY;
            }
            let Some(lowest) = self.ready().map(|slot| slot.projector.position).min() else {
                let retry = self.slots.iter().filter(|slot| slot.ours).map(|slot| slot.not_before).min();
                self.idle(retry.map_or(next_claim, |retry| retry.min(next_claim))).await;
                continue;
            };
            match self.events_after(lowest, next_claim).await {
                Some(events) if !events.is_empty() => {
                    let begun = Instant::now();
                    let lost = self.take_in(&events).await;
                    if events.len() < PAGE_EVENTS as usize {
                        self.gather(begun + GATHER).await;
                    }
                    if lost {
                        next_claim = Instant::now();
                    }
                }
                Some(_) => {}
                None => self.pause(Instant::now() + FIRST_PAUSE).await,
            }
        }
        self.stop().await;
    }

    fn ready(&self) -> impl Iterator<Item = &Slot> {
        let now = Instant::now();
        self.slots.iter().filter(move |slot| slot.ours && slot.not_before <= now)
    }

    /// Waits until `instant` without holding up the feed: erasures concern every node. What it brings meanwhile is read
    /// from the log once it is wanted.
    async fn idle(&mut self, instant: Instant) {
        loop {
            tokio::select! {
                () = sleep_until(instant) => return,
                () = self.cancel.cancelled() => return,
                Some(batch) = self.fed.recv() => {
                    self.latest.clear();
                    self.keep(batch);
                }
            }
        }
    }

    /// Waits until `instant`.
    async fn pause(&self, instant: Instant) {
        tokio::select! {
            () = sleep_until(instant) => {}
            () = self.cancel.cancelled() => {}
        }
    }

    /// Waits until `instant`, or until a query cannot wait any longer.
    async fn gather(&self, instant: Instant) {
        tokio::select! {
            () = sleep_until(instant) => {}
            () = self.projections.wanted() => {}
            () = self.cancel.cancelled() => {}
        }
    }

    /// Renews the leases held, takes those that are free, and starts what a newer version needs.
    async fn claim(&mut self) {
        let store = self.projections.store().clone();
        for slot in &mut self.slots {
            let name = slot.projector.model.name;
            let position = match checkpoint::claim(&store, slot.projector.model, &self.options.owner).await {
                Ok(position) => position,
                Err(error) => {
                    warn!(projection = name, %error, "cannot renew the lease of a read model");
                    continue;
                }
            };
            match position {
                Some(position) if !slot.ours || position != slot.projector.position => {
                    if slot.projector.resume(&store, position).await.is_ok() {
                        info!(projection = name, position = position.0, "this node runs the read model from now on");
                        slot.ours = true;
                        self.projections.announce(name, Some(position));
                    }
                }
                Some(_) => {}
                None => {
                    slot.ours = false;
                    self.projections.announce(name, None);
                }
            }
        }
        self.build_newer_versions().await;
    }

    /// Builds read models whose stored version is older than this program's, beside the old ones.
    async fn build_newer_versions(&mut self) {
        while self.builds.try_join_next().is_some() {}
        if self.builds.is_empty() {
            self.building.clear();
        }
        let Ok(stored) = checkpoint::versions(self.projections.store()).await else { return };
        for model in MODELS {
            let older = stored.iter().any(|(name, version)| name == model.name && *version < model.version);
            if !older || self.building.contains(&model.name) {
                continue;
            }
            self.building.push(model.name);
            let (projections, log, options) = (self.projections.clone(), self.log.clone(), self.options.clone());
            let cancel = self.cancel.clone();
            self.builds.spawn(async move {
                info!(projection = model.name, version = model.version, "builds a newer version beside the old one");
                let built = rebuild::rebuild(&projections, &log, &[model.name], &options, &cancel, |_| ()).await;
                if let Err(error) = built {
                    warn!(projection = model.name, %error, "the newer version is not built yet");
                }
            });
        }
    }

    /// Events after `position`: from the feed if they follow on, else from the log; waits until `until` for new ones.
    /// `None` when the log cannot be read.
    async fn events_after(&mut self, position: Position, until: Instant) -> Option<Arc<[Decoded]>> {
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
                return Some(decode(&self.latest[skip..]).into());
            }
            if position >= last {
                self.latest.clear();
            }
            // A read model that joins late may lag behind what the feed brought and the others have taken in.
            if position < self.heard {
                return self.read(position).await;
            }
            tokio::select! {
                batch = self.fed.recv() => match batch {
                    Some(batch) => self.keep(batch),
                    None => return self.read_or_wait(position, until).await,
                },
                () = sleep_until(until) => return Some(Arc::new([])),
                () = self.cancel.cancelled() => return Some(Arc::new([])),
            }
        }
    }

    /// A feed that started again need not follow on what it brought before.
    fn keep(&mut self, batch: Vec<Recorded>) {
        let follows_on = match (self.latest.last(), batch.first()) {
            (Some(last), Some(first)) => last.position.next() == first.position,
            _ => false,
        };
        self.heard = batch.last().map_or(self.heard, |event| event.position.max(self.heard));
        if follows_on {
            self.latest.extend(batch);
        } else {
            self.latest = batch;
        }
    }

    async fn read(&self, position: Position) -> Option<Arc<[Decoded]>> {
        match self.log.read(position, PAGE_EVENTS).await {
            Ok(events) => Some(decode(&events).into()),
            Err(error) => {
                warn!(position = position.0, %error, "read models cannot read the log");
                None
            }
        }
    }

    /// Without a feed the log alone tells what is new.
    async fn read_or_wait(&self, position: Position, until: Instant) -> Option<Arc<[Decoded]>> {
        let events = self.read(position).await?;
        if events.is_empty() {
            self.pause(until.min(Instant::now() + FIRST_PAUSE)).await;
        }
        Some(events)
    }

    /// Takes events into every read model that stands just before or among them; whether a lease was lost.
    async fn take_in(&mut self, events: &[Decoded]) -> bool {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return false };
        let mut positions: Vec<Position> = self
            .ready()
            .map(|slot| slot.projector.position)
            .filter(|position| position.next() >= first.position && *position < last.position)
            .collect();
        positions.sort_unstable();
        positions.dedup();
        let mut lost = false;
        for position in positions {
            let skip = usize::try_from(position.0 + 1 - first.position.0).unwrap_or(0);
            lost |= self.advance_group(position, &events[skip..]).await;
        }
        lost
    }

    /// Together if that works; else each alone, so that only those that fail are held up.
    async fn advance_group(&mut self, position: Position, events: &[Decoded]) -> bool {
        let store = self.projections.store().clone();
        let owner = self.options.owner.clone();
        let now = Instant::now();
        let standing = |slot: &&mut Slot| slot.ours && slot.not_before <= now && slot.projector.position == position;
        let mut group: Vec<&mut Slot> = self.slots.iter_mut().filter(standing).collect();
        let together = {
            let mut projectors: Vec<&mut Projector> = group.iter_mut().map(|slot| &mut slot.projector).collect();
            advance(&store, &owner, LEASE, &mut projectors, events).await
        };
        let alone = together.is_err() && group.len() > 1;
        let mut together = Some(together);
        let mut lost = false;
        for slot in group {
            let result = if alone {
                advance(&store, &owner, LEASE, &mut [&mut slot.projector], events).await
            } else {
                together.take().unwrap_or(Ok(()))
            };
            lost |= slot.note(result, &self.projections);
        }
        lost
    }

    /// Gives the leases back.
    async fn stop(mut self) {
        for slot in &mut self.slots {
            slot.ours = false;
            self.projections.announce(slot.projector.model.name, None);
        }
        while self.builds.join_next().await.is_some() {}
        if let Err(error) = checkpoint::release(self.projections.store(), &self.options.owner).await {
            warn!(%error, "cannot give back the leases of the read models; another node waits for their end");
        }
    }
}

impl Slot {
    /// Remembers how an advance went; whether the lease was lost by it.
    fn note(&mut self, result: Result<(), AdvanceError>, projections: &Projections) -> bool {
        let name = self.projector.model.name;
        match result {
            Ok(()) => {
                self.failures = 0;
                projections.announce(name, Some(self.projector.position));
                false
            }
            Err(AdvanceError::Fenced) => {
                info!(projection = name, "the read model was swapped or another node runs it");
                self.ours = false;
                projections.announce(name, None);
                true
            }
            Err(AdvanceError::Store(error)) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
                warn!(projection = name, position = self.projector.position.0, ?pause, %error, "a read model failed");
                self.failures += 1;
                self.not_before = Instant::now() + pause;
                false
            }
        }
    }
}

/// Hands the feed's batches on; a feed that fails is started again.
async fn feed(
    log: Log,
    source: Source,
    unseal: Unseal,
    feeding: mpsc::Sender<Vec<Recorded>>,
    cancel: CancellationToken,
) {
    let mut pause = FIRST_PAUSE;
    let mut heard = unseal.forgets_after();
    while !cancel.is_cancelled() {
        let outcome = tokio::select! {
            outcome = follow(&log, &source, &unseal, &mut heard, &feeding) => outcome,
            () = cancel.cancelled() => return,
        };
        let Err(error) = outcome else { return };
        warn!(%error, "the feed of the read models failed; it starts again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = cancel.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Follows the log from its present head, or from where erasures were last heard of; what lies before it, read models
/// read from the log themselves.
async fn follow(
    log: &Log,
    source: &Source,
    unseal: &Unseal,
    heard: &mut Option<Position>,
    feeding: &mpsc::Sender<Vec<Recorded>>,
) -> Result<(), orderlog_messaging::FeedError> {
    let head = log.head().await?;
    // One event back, so that even a silent log announces where it ends and late read models notice that they lag.
    let before = Position((head.position.0 - 1).max(0));
    let after = heard.filter(|heard| *heard < before).unwrap_or(before);
    let mut feed = Feed::start(log.clone(), source, after).await?;
    loop {
        let batch = feed.next(PAGE_EVENTS as usize).await?;
        unseal.hear(&batch);
        *heard = batch.last().map(|event| event.position).or(*heard);
        if feeding.send(batch).await.is_err() {
            return Ok(());
        }
    }
}
