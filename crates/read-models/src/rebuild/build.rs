//! A build while it runs: it catches up with the log, is indexed, and replaces the tables that serve.

use std::time::Duration;

use orderlog_domain::ids::Position;
use orderlog_event_log::Log;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::{error::RebuildError, read_ahead::read_ahead, tables};
use crate::{
    checkpoint::{self, BUILD},
    decoded::Decoded,
    divergence::hash_at,
    lease::{BUILD_LEASE, INDEX_LEASE},
    place::Place,
    projections::Projections,
    projector::{Changed, Projector},
    read_model::ReadModel,
    row_cache::Due,
    store::{Store, StoreError},
    unseal::Unseal,
    writing::{Move, WriteError, write},
};

/// Read models whose indexes are created at the same time.
const INDEXED_AT_ONCE: usize = 2;
/// Tries to swap while the serving read model moves ahead or queries use its tables.
const SWAP_TRIES: u32 = 100;
/// Pause between two tries.
const SWAP_PAUSE: Duration = Duration::from_millis(20);

pub(super) struct Build<'a> {
    projections: &'a Projections,
    store: &'a Store,
    log: &'a Log,
    owner: &'a str,
    cancel: &'a CancellationToken,
    /// The projectors, all at the same position.
    projectors: Vec<Projector>,
}

impl<'a> Build<'a> {
    pub(super) fn new(
        projections: &'a Projections,
        log: &'a Log,
        owner: &'a str,
        cancel: &'a CancellationToken,
        models: &[&'static ReadModel],
        unseal: &Unseal,
    ) -> Build<'a> {
        let building = |model: &&'static ReadModel| {
            let mut projector = Projector::new(model, BUILD, unseal);
            projector.build();
            projector
        };
        let projectors = models.iter().map(building).collect();
        Build { projections, store: projections.store(), log, owner, cancel, projectors }
    }

    fn at(&self) -> Place {
        self.projectors.first().map_or(Place::START, |projector| projector.at)
    }

    /// Folds all events up to the present end of the log. Three things run at once: batches are read and decoded ahead,
    /// one batch is folded, and the settled rows of the batch before are written. At the end all rows are written.
    pub(super) async fn catch_up(&mut self, mut progress: impl FnMut(Place)) -> Result<(), RebuildError> {
        let (mut batches, reading) = read_ahead(self.log.clone(), self.at());
        let mut writing = Writing::default();
        while let Some(events) = batches.recv().await {
            if self.cancel.is_cancelled() {
                writing.finish().await?;
                return Err(RebuildError::Stopped);
            }
            let before = self.at();
            let changed = self.take_in(&events, &mut writing).await?;
            self.write(&mut writing, before, changed).await?;
            progress(self.at());
        }
        let mut rest = vec![];
        for projector in &mut self.projectors {
            let mut changed = Changed::default();
            projector.changes(Due::All, &mut changed);
            rest.push(changed);
        }
        if !rest.iter().all(Changed::is_empty) {
            self.write(&mut writing, self.at(), rest).await?;
        }
        writing.finish().await?;
        match reading.await {
            Ok(read) => read,
            Err(_) => Err(RebuildError::Stopped),
        }
    }

    /// The rows that each projector has to write after these events.
    async fn take_in(&mut self, events: &[Decoded], writing: &mut Writing) -> Result<Vec<Changed>, RebuildError> {
        let mut all = vec![];
        for projector in &mut self.projectors {
            let mut changed = Changed::default();
            let missing = projector.prefetch(events);
            let mut found = missing.nothing();
            if !missing.is_empty() {
                // A row that is being written would not be found.
                writing.finish().await?;
                let mut tx = self.store.write().await?;
                found = missing.load(&mut tx).await?;
                tx.commit().await?;
            }
            projector.loaded(found)?;
            changed.park(&projector.name(), projector.fold(events));
            projector.changes(Due::Settled, &mut changed);
            all.push(changed);
        }
        Ok(all)
    }

    /// Begins to write, after the previous write has ended. On PostgreSQL every read model has a transaction of its
    /// own: a session works on one core, and rows of an unfinished build are not used.
    async fn write(&self, writing: &mut Writing, before: Place, all: Vec<Changed>) -> Result<(), RebuildError> {
        writing.finish().await?;
        let moved = (before, self.at());
        let (mut moves, mut together) = (vec![], Changed::default());
        for (projector, changed) in self.projectors.iter().zip(all) {
            if changed.is_empty() || !self.store.is_postgres() {
                moves.push(Move { name: projector.name(), moved });
                together.append(changed);
            } else {
                let alone = vec![Move { name: projector.name(), moved }];
                writing.0.spawn(write(self.store.clone(), self.owner.to_owned(), BUILD_LEASE, alone, changed));
            }
        }
        if !moves.is_empty() {
            writing.0.spawn(write(self.store.clone(), self.owner.to_owned(), BUILD_LEASE, moves, together));
        }
        Ok(())
    }

    /// Creates indexes, on PostgreSQL for two read models at a time: each takes one core.
    pub(super) async fn index(&self, generations: &[i64]) -> Result<(), RebuildError> {
        let names: Vec<String> = self.projectors.iter().map(Projector::name).collect();
        let here = (self.at(), self.at());
        let mut tx = self.store.write().await?;
        if !checkpoint::advance(&mut tx, self.store, &names, self.owner, INDEX_LEASE, here).await? {
            return Err(RebuildError::TakenOver);
        }
        tx.commit().await?;
        let at_once = if self.store.is_postgres() { INDEXED_AT_ONCE } else { 1 };
        let mut indexing = JoinSet::new();
        for (projector, generation) in self.projectors.iter().zip(generations) {
            if indexing.len() >= at_once {
                indexed(indexing.join_next().await)?;
            }
            if self.cancel.is_cancelled() {
                indexing.detach_all();
                return Err(RebuildError::Stopped);
            }
            indexing.spawn(tables::index(self.store.clone(), projector.model, *generation));
        }
        while !indexing.is_empty() {
            indexed(indexing.join_next().await)?;
        }
        Ok(())
    }

    /// Catches up and swaps, until a swap finds that the build is not older than the serving read model, or that the
    /// serving one is of another past.
    pub(super) async fn swap_in(&mut self) -> Result<Position, RebuildError> {
        let mut last = String::new();
        for _ in 0..SWAP_TRIES {
            self.catch_up(|_| ()).await?;
            let at = self.at();
            if hash_at(self.log, at.position).await? != Some(at.hash) {
                return Err(RebuildError::AnotherPast);
            }
            self.projections.compare(self.log).await?;
            match self.swap().await {
                Ok(true) => return Ok(at.position),
                Ok(false) => "the serving read models moved ahead".clone_into(&mut last),
                Err(error) => last = error.to_string(),
            }
            tokio::time::sleep(SWAP_PAUSE).await;
        }
        Err(RebuildError::NotSwapped(last))
    }

    /// Replaces the serving tables by the builds, in one transaction. The node that ran the serving ones loses its
    /// lease, because its memory belongs to the old tables; it claims the new ones at once.
    async fn swap(&self) -> Result<bool, StoreError> {
        let mut tx = self.store.alter().await?;
        for projector in &self.projectors {
            let another_past = self.projections.another_past(projector.model).map(|past| past.position);
            if !tables::swap(&mut tx, self.owner, projector, another_past).await? {
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }
}

fn indexed(joined: Option<Result<Result<(), StoreError>, JoinError>>) -> Result<(), RebuildError> {
    match joined {
        Some(Ok(done)) => Ok(done?),
        Some(Err(_)) => Err(RebuildError::Stopped),
        None => Ok(()),
    }
}

/// The writes under way.
#[derive(Default)]
struct Writing(JoinSet<Result<(), WriteError>>);

impl Writing {
    async fn finish(&mut self) -> Result<(), RebuildError> {
        while let Some(written) = self.0.join_next().await {
            match written {
                Ok(Ok(())) => {}
                Ok(Err(WriteError::Fenced)) => return Err(RebuildError::TakenOver),
                Ok(Err(WriteError::Store(error))) => return Err(error.into()),
                Err(_) => return Err(RebuildError::Stopped),
            }
        }
        Ok(())
    }
}

impl Drop for Writing {
    /// A write is never dropped half way: a session must not go back to the pool within a transaction.
    fn drop(&mut self) {
        self.0.detach_all();
    }
}
