//! The task that keeps tables and memory consistent: it holds leases, loads memories, writes behind, and starts
//! rebuilds that are needed.

use orderlog_event_log::Log;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use super::{
    failures::Failures,
    pace::{FIRST_PAUSE, LOOK_EVERY, LOOK_FOR_OTHERS_EVERY, Pace, RENEW_EVERY, WRITE_CHANGES},
};
use crate::{
    asked_for, checkpoint,
    divergence::Comparison,
    lease::{self, INDEX_LEASE, LEASE, Presence},
    loading::load,
    memory::Memory,
    nodes::{self, Saying},
    options::RunnerOptions,
    projections::Projections,
    projector::Changed,
    rebuild::{RebuildError, rebuild},
    store::StoreError,
    writing::{Move, WriteError, write},
};

pub(super) struct Keeper {
    projections: Projections,
    log: Log,
    options: RunnerOptions,
    cancel: CancellationToken,
    /// Shows the other nodes that this one is alive.
    presence: Option<Presence>,
    saying: Saying,
    next_claim: Instant,
    next_look_for_others: Instant,
    /// For each read model, in their order: when its tables are written, how the writes went, and whether it was logged
    /// that it does not follow from the log.
    tables: Vec<Tables>,
    builds: JoinSet<()>,
}

struct Tables {
    pace: Pace,
    failures: Failures,
    diverged: bool,
}

impl Keeper {
    pub(super) fn new(projections: Projections, log: Log, options: RunnerOptions, cancel: CancellationToken) -> Keeper {
        let now = Instant::now();
        let tables = |_: &_| Tables { pace: Pace::new(now), failures: Failures::none(), diverged: false };
        Keeper {
            tables: projections.models().iter().map(tables).collect(),
            projections,
            log,
            options,
            cancel,
            presence: None,
            saying: Saying::default(),
            next_claim: now,
            next_look_for_others: now,
            builds: JoinSet::new(),
        }
    }

    pub(super) async fn run(mut self) {
        while !self.cancel.is_cancelled() {
            if Instant::now() >= self.next_claim {
                self.next_claim = Instant::now() + RENEW_EVERY;
                self.claim().await;
            }
            self.write_behind().await;
            let next = Instant::now() + LOOK_EVERY;
            tokio::select! {
                () = sleep_until(next.min(self.next_claim)) => {}
                () = self.projections.wanted() => {
                    if self.projections.memories().iter().any(Memory::is_lost) {
                        self.next_claim = Instant::now();
                    }
                }
                () = self.cancel.cancelled() => {}
            }
        }
        self.stop().await;
    }

    /// Compares the read models with the log, renews its leases, takes free ones, loads what is not in memory, and
    /// starts necessary builds.
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
        let projections = self.projections.clone();
        for (memory, tables) in projections.memories().iter().zip(&mut self.tables) {
            let name = memory.model.name;
            tables.say_if_diverged(&projections, memory);
            let ours = claimed.get(name).map(|place| place.position);
            if ours.is_some() && !memory.is_ours() {
                info!(projection = name, position = ?ours, "this node writes the tables of the read model from now on");
            }
            memory.own(ours);
        }
        for memory in projections.memories() {
            self.follow(memory, &compared).await;
        }
        self.build_anew(&compared).await;
        self.saying.say(&store, &self.options.owner, || projections.said()).await;
    }

    /// Informs `memory` of the place of its tables; loads it if it is not there, or if the tables come from another
    /// build.
    async fn follow(&mut self, memory: &Memory, compared: &Comparison) {
        let name = memory.model.name;
        let checkpoint = compared.checkpoints.iter().find(|one| one.projection == name);
        let (Some(checkpoint), Some(place)) = (checkpoint, compared.sound.get(name)) else { return memory.end().await };
        if checkpoint.version != memory.model.version {
            return memory.end().await;
        }
        if memory.generation().await == Some(checkpoint.generation) {
            return memory.heard(*place).await;
        }
        memory.expect();
        match load(&self.projections, &self.log, memory, &self.options).await {
            Ok(Some(position)) => info!(projection = name, position = position.0, "the read model is in memory"),
            Ok(None) => {
                debug!(projection = name, "the read model went on while it was loaded; once more");
                self.next_claim = Instant::now() + FIRST_PAUSE;
            }
            Err(error) => warn!(projection = name, %error, "cannot load the read model into memory"),
        }
    }

    /// Whether the other nodes can see that this one is alive. Leases of an owner that they cannot see would be taken
    /// at once.
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

    /// Writes the tables that are due, have many changes, or are needed by a query: together if possible, otherwise one
    /// by one, so that only those that fail are delayed.
    async fn write_behind(&mut self) {
        let projections = self.projections.clone();
        if Instant::now() >= self.next_look_for_others {
            self.next_look_for_others = Instant::now() + LOOK_FOR_OTHERS_EVERY;
            self.look_for_others().await;
        }
        let mut due = vec![];
        for (nth, memory) in projections.memories().iter().enumerate() {
            let tables = &mut self.tables[nth];
            if memory.is_ours() && tables.failures.are_over() && tables.is_due(memory).await {
                due.push((nth, memory));
            }
        }
        let memories: Vec<&Memory> = due.iter().map(|(_, memory)| *memory).collect();
        let together = self.write(&memories).await;
        due.iter().for_each(|(nth, _)| self.tables[*nth].pace.wrote(Instant::now()));
        let alone = together.is_err() && due.len() > 1;
        let mut together = Some(together);
        for (nth, memory) in due {
            let written = if alone { self.write(&[memory]).await } else { together.take().unwrap_or(Ok(())) };
            self.note(nth, memory, written);
        }
    }

    /// Notes for which tables another node waits. If the tables have all changes, no node waits.
    async fn look_for_others(&self) {
        if !self.projections.memories().iter().any(Memory::is_ahead_of_its_tables) {
            return;
        }
        match asked_for::all(self.projections.store()).await {
            Ok(names) => names.iter().filter_map(|name| self.projections.memory(name)).for_each(Memory::want_written),
            Err(error) => debug!(%error, "cannot see whether another node waits for tables"),
        }
    }

    async fn write(&self, memories: &[&Memory]) -> Result<(), WriteError> {
        let (mut unwritten, mut moves) = (vec![], vec![]);
        for memory in memories {
            if let Some(to_write) = memory.unwritten().await {
                let name = memory.model.name;
                moves.push(Move { name: name.to_owned(), moved: to_write.moved });
                unwritten.push((*memory, name, to_write));
            }
        }
        if unwritten.is_empty() {
            return Ok(());
        }
        let (mut wrote, mut converting) = (vec![], vec![]);
        for (memory, name, to_write) in unwritten {
            wrote.push((memory, to_write.load, to_write.moved.1));
            converting.push((name, to_write));
        }
        // Turning many rows into values would delay everything else on this thread.
        let convert = move || {
            let mut changed = Changed::default();
            converting.into_iter().for_each(|(name, to_write)| changed.append(to_write.into_changed(name)));
            changed
        };
        let Ok(changed) = tokio::task::spawn_blocking(convert).await else { return Ok(()) };
        write(self.projections.store().clone(), self.options.owner.clone(), LEASE, moves, changed).await?;
        for (memory, load, tables) in wrote {
            memory.wrote(load, tables).await;
        }
        Ok(())
    }

    fn note(&mut self, nth: usize, memory: &Memory, written: Result<(), WriteError>) {
        let (tables, name) = (&mut self.tables[nth], memory.model.name);
        match written {
            Ok(()) => tables.failures.worked(),
            Err(WriteError::Fenced) => {
                info!(projection = name, "the read model was swapped, or another node writes its tables");
                memory.own(None);
                self.next_claim = Instant::now();
            }
            Err(WriteError::Store(error)) => {
                let pause = tables.failures.failed();
                warn!(projection = name, ?pause, %error, "cannot write the tables of a read model");
            }
        }
    }

    /// Rebuilds, beside the stored ones, the read models whose stored version is older than this program's, and those
    /// that do not follow from the log.
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

    /// Leaves the tables as far as memory is, and gives the leases back.
    async fn stop(mut self) {
        let projections = self.projections.clone();
        for (nth, memory) in projections.memories().iter().enumerate().filter(|(_, memory)| memory.is_ours()) {
            let written = self.write(&[memory]).await;
            self.note(nth, memory, written);
        }
        for memory in projections.memories() {
            memory.end().await;
        }
        while self.builds.join_next().await.is_some() {}
        if let Err(error) = nodes::forget(self.projections.store(), &self.options.owner).await {
            debug!(%error, "cannot take back what this node said of itself");
        }
        if let Err(error) = lease::release(self.projections.store(), &self.options.owner).await {
            warn!(%error, "cannot give back the leases of the read models; another node waits for their end");
        }
    }
}

impl Tables {
    async fn is_due(&mut self, memory: &Memory) -> bool {
        let is_time = self.pace.is_time(memory.position(), Instant::now());
        is_time || memory.is_wanted() || memory.count_unwritten().await >= WRITE_CHANGES
    }

    /// Logs once the result of a comparison with the log.
    fn say_if_diverged(&mut self, projections: &Projections, memory: &Memory) {
        let name = memory.model.name;
        let past = projections.another_past(memory.model);
        let diverged = past.is_some();
        match past {
            Some(past) if !self.diverged => error!(projection = name, "{past}"),
            None if self.diverged => info!(projection = name, "the read model follows from the log again"),
            _ => {}
        }
        self.diverged = diverged;
    }
}
