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
use tracing::{debug, error, info, warn};

use crate::{
    MODELS, checkpoint,
    fold::{Decoded, Unseal, decode},
    lease::{self, LEASE, Presence},
    past::Compared,
    place::Place,
    projections::Projections,
    projector::{AdvanceError, Projector, advance},
    rebuild::{self, RebuildError},
    store::StoreError,
};

/// Events read from the log, or taken from the feed, at once.
const PAGE_EVENTS: u32 = 5_000;
/// How often read models are compared with the log, leases renewed and free ones claimed; several times within a lease.
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
    /// Shows the other nodes that this one lives.
    presence: Option<Presence>,
    next_claim: Instant,
    slots: Vec<Slot>,
    fed: mpsc::Receiver<Vec<Recorded>>,
    /// What the feed brought and some read model may not have taken in yet.
    latest: Vec<Recorded>,
    /// Last position the feed brought.
    heard: Position,
    builds: JoinSet<()>,
}

/// A read model, whether this node runs it, and how it fares.
struct Slot {
    projector: Projector,
    ours: bool,
    /// It does not follow from the log.
    strange: bool,
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
            strange: false,
            failures: 0,
            not_before: Instant::now(),
        };
        let slots = MODELS.iter().map(|model| slot(*model)).collect();
        let runner = Runner {
            projections,
            log,
            options,
            cancel,
            presence: None,
            next_claim: Instant::now(),
            slots,
            fed,
            latest: vec![],
            heard: Position::START,
            builds: JoinSet::new(),
        };
        tokio::spawn(runner.run())
    }

    async fn run(mut self) {
        while !self.cancel.is_cancelled() {
            if Instant::now() >= self.next_claim {
                self.next_claim = Instant::now() + RENEW_EVERY;
                self.claim().await;
            }
            let Some(lowest) = self.ready().map(|slot| slot.projector.at).min_by_key(|at| at.position) else {
                let retry = self.slots.iter().filter(|slot| slot.ours).map(|slot| slot.not_before).min();
                self.idle(retry.map_or(self.next_claim, |retry| retry.min(self.next_claim))).await;
                continue;
            };
            match self.events_after(lowest, self.next_claim).await {
                Some(events) if !events.is_empty() => {
                    let begun = Instant::now();
                    self.take_in(lowest, &events).await;
                    if events.len() < PAGE_EVENTS as usize {
                        self.gather(begun + GATHER).await;
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

    /// Compares the read models with the log, renews the leases held, takes those that are free, and starts what must be built.
    async fn claim(&mut self) {
        let store = self.projections.store().clone();
        let compared = match self.projections.compared(&self.log).await {
            Ok(compared) => compared,
            Err(error) => {
                warn!(%error, "cannot compare the read models with the log");
                return;
            }
        };
        let claimed = match self.present().await {
            Ok(true) => lease::claim(&store, &self.options.owner, &compared).await,
            Ok(false) => return,
            Err(error) => Err(error),
        };
        let claimed = match claimed {
            Ok(claimed) => claimed,
            Err(error) => {
                warn!(%error, "cannot renew the leases of read models");
                return;
            }
        };
        for slot in &mut self.slots {
            let name = slot.projector.model.name;
            slot.compared(&self.projections);
            match claimed.get(name) {
                Some(at) if !slot.ours || *at != slot.projector.at => {
                    if slot.projector.resume(&store, *at).await.is_ok() {
                        info!(projection = name, position = at.position.0, "this node runs the read model from now on");
                        slot.ours = true;
                        self.projections.announce(name, Some(at.position));
                    }
                }
                Some(_) => {}
                None => {
                    slot.ours = false;
                    self.projections.announce(name, None);
                }
            }
        }
        self.build_anew(&compared).await;
    }

    /// Whether the other nodes can see that this one lives. Leases of one that they cannot see would be taken at once.
    async fn present(&mut self) -> Result<bool, StoreError> {
        if let Some(presence) = &mut self.presence
            && presence.lasts().await
        {
            return Ok(true);
        }
        self.presence = None;
        self.presence = Presence::show(self.projections.store(), &self.options.owner).await?;
        Ok(self.presence.is_some())
    }

    /// Builds, beside what is stored, the read models whose stored version is older than this program's, and those that do not
    /// follow from the log.
    async fn build_anew(&mut self, compared: &Compared) {
        while self.builds.try_join_next().is_some() {}
        if !self.builds.is_empty() {
            return;
        }
        let stored = |name: &str| compared.checkpoints.iter().find(|one| one.projection == name);
        let mut names = vec![];
        for model in MODELS {
            let Some(checkpoint) = stored(model.name) else { continue };
            let older = checkpoint.version < model.version;
            let follows = compared.sound.contains_key(model.name);
            if follows && !older || checkpoint.version > model.version {
                continue;
            }
            let build = stored(&checkpoint::build_of(model));
            let elsewhere = match build {
                Some(build) => lease::is_held(self.projections.store(), build, rebuild::INDEX_LEASE).await,
                None => Ok(false),
            };
            if let Ok(false) = elsewhere {
                info!(projection = model.name, version = model.version, older, follows, "builds the read model anew");
                names.push(model.name);
            }
        }
        if names.is_empty() {
            return;
        }
        let (projections, log, options) = (self.projections.clone(), self.log.clone(), self.options.clone());
        let cancel = self.cancel.clone();
        self.builds.spawn(async move {
            match rebuild::rebuild(&projections, &log, &names, &options, &cancel, |_| ()).await {
                Ok(position) => {
                    info!(?names, position = position.0, "built read models anew");
                    if let Err(error) = projections.compare(&log).await {
                        warn!(%error, "cannot compare the read models with the log");
                    }
                }
                Err(RebuildError::AlreadyBuilding(name)) => debug!(name, "another node builds the read model anew"),
                Err(error) => warn!(?names, %error, "the read models are not built anew yet"),
            }
        });
    }

    /// Events after `at`: from the feed if they follow on, else from the log; waits until `until` for new ones.
    /// `None` when the log cannot be read, or holds another past than `at`.
    async fn events_after(&mut self, at: Place, until: Instant) -> Option<Arc<[Decoded]>> {
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
                // Either of the two is of another past; the log says which.
                self.latest.clear();
                return self.read(at).await;
            }
            if position >= last {
                self.latest.clear();
            }
            // A read model that joins late may lag behind what the feed brought and the others have taken in.
            if position < self.heard {
                return self.read(at).await;
            }
            tokio::select! {
                batch = self.fed.recv() => match batch {
                    Some(batch) => self.keep(batch),
                    None => return self.read_or_wait(at, until).await,
                },
                () = sleep_until(until) => return Some(Arc::new([])),
                () = self.cancel.cancelled() => return Some(Arc::new([])),
            }
        }
    }

    /// A feed that started again need not follow on what it brought before.
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
                    self.next_claim = Instant::now();
                    None
                }
                Some(_) => Some(decode(&events).into()),
                None => {
                    // What was heard of is not there: the log went back.
                    self.heard = at.position;
                    self.next_claim = Instant::now();
                    Some(Arc::new([]))
                }
            },
            Err(error) => {
                warn!(position = at.position.0, %error, "read models cannot read the log");
                None
            }
        }
    }

    /// Without a feed the log alone tells what is new.
    async fn read_or_wait(&mut self, at: Place, until: Instant) -> Option<Arc<[Decoded]>> {
        let next_claim = self.next_claim;
        let events = self.read(at).await?;
        if events.is_empty() {
            self.next_claim = next_claim;
            self.pause(until.min(Instant::now() + FIRST_PAUSE)).await;
        }
        Some(events)
    }

    /// Takes events, which come right after `from`, into every read model that stands there or among them.
    async fn take_in(&mut self, from: Place, events: &[Decoded]) {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        let mut places: Vec<Place> = self
            .ready()
            .map(|slot| slot.projector.at)
            .filter(|at| at.position.next() >= first.position && at.position < last.position)
            .collect();
        places.sort_unstable_by_key(|at| at.position);
        places.dedup();
        for at in places {
            let skip = usize::try_from(at.position.0 + 1 - first.position.0).unwrap_or(0);
            let here = if skip == 0 { from } else { events[skip - 1].place() };
            if here == at {
                self.advance_group(at, &events[skip..]).await;
            } else {
                warn!(position = at.position.0, "a read model stands in another past than the log; they are compared");
                self.next_claim = Instant::now();
            }
        }
    }

    /// Together if that works; else each alone, so that only those that fail are held up.
    async fn advance_group(&mut self, at: Place, events: &[Decoded]) {
        let store = self.projections.store().clone();
        let owner = self.options.owner.clone();
        let now = Instant::now();
        let standing = |slot: &&mut Slot| slot.ours && slot.not_before <= now && slot.projector.at == at;
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
        if lost {
            self.next_claim = Instant::now();
        }
    }

    /// Gives the leases back.
    async fn stop(mut self) {
        for slot in &mut self.slots {
            slot.ours = false;
            self.projections.announce(slot.projector.model.name, None);
        }
        while self.builds.join_next().await.is_some() {}
        if let Err(error) = lease::release(self.projections.store(), &self.options.owner).await {
            warn!(%error, "cannot give back the leases of the read models; another node waits for their end");
        }
    }
}

impl Slot {
    /// Says once what a comparison with the log came to.
    fn compared(&mut self, projections: &Projections) {
        let name = self.projector.model.name;
        let past = projections.another_past(self.projector.model);
        let strange = past.is_some();
        match past {
            Some(stranger) if !self.strange => error!(projection = name, "{stranger}"),
            None if self.strange => info!(projection = name, "the read model follows from the log again"),
            _ => {}
        }
        self.strange = strange;
    }

    /// Remembers how an advance went; whether the lease was lost by it.
    fn note(&mut self, result: Result<(), AdvanceError>, projections: &Projections) -> bool {
        let name = self.projector.model.name;
        match result {
            Ok(()) => {
                self.failures = 0;
                projections.announce(name, Some(self.projector.at.position));
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
                warn!(projection = name, position = self.projector.at.position.0, ?pause, %error, "a read model failed");
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
