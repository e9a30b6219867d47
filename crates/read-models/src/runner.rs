//! A node's one task that runs every read model it holds the lease of, fed by the node's one feed.

use orderlog_event_log::Log;
use orderlog_messaging::Source;
use tokio::{
    sync::mpsc,
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::{
    checkpoint,
    decoded::Decoded,
    divergence::Comparison,
    lease::{self, INDEX_LEASE, LEASE, Presence},
    options::RunnerOptions,
    place::Place,
    projections::Projections,
    projector::{Projector, advance},
    rebuild::{RebuildError, rebuild},
    store::StoreError,
};

mod feed;
mod inbox;
mod pace;
mod slot;

use inbox::Inbox;
use pace::{FED_BATCHES, FIRST_PAUSE, GATHER, PAGE_EVENTS, RENEW_EVERY};
use slot::Slot;

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
    inbox: Inbox,
    builds: JoinSet<()>,
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
        tokio::spawn(feed::feed(log.clone(), source, options.unseal.clone(), feeding, cancel.clone()));
        let slots = projections.models().iter().map(|model| Slot::new(model, &options.unseal)).collect();
        let inbox = Inbox::new(log.clone(), cancel.clone(), fed);
        let runner = Runner {
            projections,
            log,
            options,
            cancel,
            presence: None,
            next_claim: Instant::now(),
            slots,
            inbox,
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
                self.inbox.idle(retry.map_or(self.next_claim, |retry| retry.min(self.next_claim))).await;
                continue;
            };
            let events = self.inbox.events_after(lowest, self.next_claim).await;
            if self.inbox.must_compare() {
                self.next_claim = Instant::now();
            }
            match events {
                Some(events) if !events.is_empty() => {
                    let begun = Instant::now();
                    self.take_in(lowest, &events).await;
                    if events.len() < PAGE_EVENTS as usize {
                        self.gather(begun + GATHER).await;
                    }
                }
                Some(_) => {}
                None => self.inbox.pause(Instant::now() + FIRST_PAUSE).await,
            }
        }
        self.stop().await;
    }

    fn ready(&self) -> impl Iterator<Item = &Slot> {
        let now = Instant::now();
        self.slots.iter().filter(move |slot| slot.ours && slot.not_before <= now)
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
            Ok(true) => lease::claim(&store, &self.options.owner, self.projections.models(), &compared).await,
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
    async fn build_anew(&mut self, compared: &Comparison) {
        while self.builds.try_join_next().is_some() {}
        if !self.builds.is_empty() {
            return;
        }
        let stored = |name: &str| compared.checkpoints.iter().find(|one| one.projection == name);
        let mut names = vec![];
        for model in self.projections.models() {
            let Some(checkpoint) = stored(model.name) else { continue };
            let older = checkpoint.version < model.version;
            let follows = compared.sound.contains_key(model.name);
            if follows && !older || checkpoint.version > model.version {
                continue;
            }
            let build = stored(&checkpoint::build_of(model));
            let elsewhere = match build {
                Some(build) => lease::is_held(self.projections.store(), build, INDEX_LEASE).await,
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
            match rebuild(&projections, &log, &names, &options, &cancel, |_| ()).await {
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
