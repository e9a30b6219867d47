//! Building read models anew beside those that serve, from one reading of the log, and swapping them in.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, LogError};
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

use crate::{
    MODELS,
    answer::QueryError,
    checkpoint::{self, BUILD, Part, build_of},
    fold::{Decoded, ReadModel, decode},
    lease::{self, Presence},
    past::hash_at,
    place::Place,
    projections::Projections,
    projector::{AdvanceError, Changed, Projector},
    runner::RunnerOptions,
    sheet::Due,
    store::{Sql, Store, StoreError, Tx},
};

/// Events read from the log at once.
const PAGE_EVENTS: u32 = 5_000;
/// Events folded before rows are written: many of them touch the same rows.
const BATCH_EVENTS: usize = 20_000;
/// Batches read and decoded ahead of the fold.
const BATCHES_AHEAD: usize = 2;
/// Read models whose indexes are created at the same time.
const INDEXED_AT_ONCE: usize = 2;
/// What PostgreSQL may use for each of them.
const INDEX_MEMORY: &str = "256MB";
/// How long a builder that lives may be silent before another may start over.
const BUILD_LEASE: Duration = Duration::from_secs(60);
/// The same while it creates indexes and cannot say that it lives: as long as those of a hundred million rows take.
pub(crate) const INDEX_LEASE: Duration = Duration::from_secs(900);
/// Tries to swap while the serving read model keeps moving ahead or queries keep its tables.
const SWAP_TRIES: u32 = 100;
/// Pause between two of them.
const SWAP_PAUSE: Duration = Duration::from_millis(20);

/// Counts the builds of this process, each of which answers to a name of its own.
static BUILDS: AtomicU64 = AtomicU64::new(0);

/// How far a build has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Taken in so far.
    pub position: Position,
    /// Last position of the log when the build began.
    pub head: Position,
}

/// Why a read model was not rebuilt. The one that served still serves.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// No such read model.
    #[error("there is no read model `{0}`")]
    Unknown(String),
    /// Another builder holds it.
    #[error("`{0}` is being rebuilt already, by another node or command")]
    AlreadyBuilding(String),
    /// Another builder took over.
    #[error("another node or command took this rebuild over")]
    TakenOver,
    /// The serving one kept moving, or its tables stayed in use.
    #[error("the rebuilt read models could not be swapped in: {0}")]
    NotSwapped(String),
    /// The log was restored or replaced meanwhile.
    #[error("the log went back while read models were built from it; begin again")]
    AnotherPast,
    /// The program is stopping.
    #[error("the rebuild was stopped")]
    Stopped,
    /// The log could not be read.
    #[error("the rebuild cannot read the log: {0}")]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The read models could not be compared with the log.
    #[error(transparent)]
    Compare(#[from] QueryError),
}

/// Rebuilds the named read models (all, if none is named) from the log's first event, while the old ones serve and move on.
///
/// # Errors
/// When a name is unknown, a database fails, another builds the same, or `cancel` was called.
pub async fn rebuild(
    projections: &Projections,
    log: &Log,
    names: &[&str],
    options: &RunnerOptions,
    cancel: &CancellationToken,
    mut progress: impl FnMut(Progress) + Send,
) -> Result<Position, RebuildError> {
    let models = chosen(names)?;
    let store = projections.store();
    // A node may build beside its own runner.
    let owner = format!("{}-build-{}", options.owner, BUILDS.fetch_add(1, Ordering::Relaxed));
    // Until it is dropped, however this ends; then another may begin at once.
    let _presence = Presence::show(store, &owner).await?;
    let generations = begin(store, &models, &owner).await?;
    let building = |model: &&'static ReadModel| {
        let mut projector = Projector::new(model, BUILD, &options.unseal);
        projector.build();
        projector
    };
    let projectors = models.iter().map(building).collect();
    let mut build = Build { projections, store, log, owner: &owner, cancel, projectors };
    let head = log.head().await?.position;
    build.catch_up(|at| progress(Progress { position: at.position, head })).await?;
    build.index(&generations).await?;
    build.swap_in().await
}

fn chosen(names: &[&str]) -> Result<Vec<&'static ReadModel>, RebuildError> {
    if names.is_empty() {
        return Ok(MODELS.to_vec());
    }
    let model = |name: &&str| {
        MODELS
            .iter()
            .find(|model| model.name == *name)
            .copied()
            .ok_or_else(|| RebuildError::Unknown((*name).to_owned()))
    };
    names.iter().map(model).collect()
}

/// Claims the builds and creates their empty tables; the generation of each.
async fn begin(store: &Store, models: &[&'static ReadModel], owner: &str) -> Result<Vec<i64>, RebuildError> {
    let now = store.now_ms();
    let mut tx = store.alter().await?;
    let mut generations = vec![];
    for model in models {
        let name = build_of(model);
        if let Some(earlier) = checkpoint::find(&mut tx, store, &name).await? {
            if lease::is_held(store, &earlier, INDEX_LEASE).await? {
                return Err(RebuildError::AlreadyBuilding(model.name.to_owned()));
            }
            end_sessions_of(&mut tx, model).await?;
        }
        // The transaction is the only one that alters tables, so nobody else begins meanwhile.
        let mut sql = Sql::new(
            "INSERT INTO checkpoints (projection, version, position, place, owner, lease_until, generation) SELECT ",
        );
        sql.arg(name.clone()).push(", CAST(").arg(model.version).push(" AS BIGINT), 0, ");
        sql.arg(Place::START.to_string()).push(", ").arg(owner.to_owned());
        sql.push(&format!(", {now} + ")).arg(checkpoint::millis(BUILD_LEASE));
        sql.push(", generation + 1 FROM checkpoints WHERE projection = ").arg(model.name.to_owned());
        sql.push(
            " ON CONFLICT (projection) DO UPDATE SET version = excluded.version, position = 0, place = excluded.place, \
             owner = excluded.owner, lease_until = excluded.lease_until, generation = excluded.generation \
             RETURNING generation",
        );
        let Some((generation,)) = tx.first::<(i64,)>(&sql).await? else {
            return Err(RebuildError::Unknown(model.name.to_owned()));
        };
        for table in model.tables {
            tx.script(format!("DROP TABLE IF EXISTS {table}{BUILD}")).await?;
        }
        checkpoint::run_schema(&mut tx, model, Part::Tables, BUILD, generation).await?;
        let mut sql = Sql::new("DELETE FROM parked WHERE projection = ");
        sql.arg(name);
        tx.execute(&sql).await?;
        generations.push(generation);
    }
    tx.commit().await?;
    Ok(generations)
}

/// PostgreSQL goes on with the statement of a builder that died until it has an answer to give. It would keep the tables.
async fn end_sessions_of(tx: &mut Tx, model: &ReadModel) -> Result<(), StoreError> {
    if !tx.is_postgres() {
        return Ok(());
    }
    let mut sql = Sql::new(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = current_user \
         AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND pid IN \
         (SELECT l.pid FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation WHERE c.relname IN (",
    );
    sql.list(model.tables.iter().map(|table| format!("{table}{BUILD}"))).push("))");
    tx.all::<(bool,)>(&sql).await.map(drop)
}

struct Build<'a> {
    projections: &'a Projections,
    store: &'a Store,
    log: &'a Log,
    owner: &'a str,
    cancel: &'a CancellationToken,
    /// All at the same position.
    projectors: Vec<Projector>,
}

impl Build<'_> {
    fn at(&self) -> Place {
        self.projectors.first().map_or(Place::START, |projector| projector.at)
    }

    /// Takes in everything up to the present end of the log. Three things go on at once: batches are read and decoded
    /// ahead, one is folded, and what settled in the one before is written. In the end everything is.
    async fn catch_up(&mut self, mut progress: impl FnMut(Place)) -> Result<(), RebuildError> {
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

    /// What each of the projectors has to write of these events.
    async fn take_in(&mut self, events: &[Decoded], writing: &mut Writing) -> Result<Vec<Changed>, RebuildError> {
        let mut all = vec![];
        for projector in &mut self.projectors {
            let mut changed = Changed::default();
            let missing = projector.touch(events);
            if !missing.is_empty() {
                // A row that is being written would not be found.
                writing.finish().await?;
                let mut tx = self.store.write().await?;
                projector.load(&mut tx, missing).await?;
                tx.commit().await?;
            }
            projector.fold(events, &mut changed);
            projector.changes(Due::Settled, &mut changed);
            all.push(changed);
        }
        Ok(all)
    }

    /// Begins to write, once what was being written is. On PostgreSQL every read model in a transaction of its own: a
    /// session works on one core, and rows of a build are nothing before all of it is there.
    async fn write(&self, writing: &mut Writing, before: Place, all: Vec<Changed>) -> Result<(), RebuildError> {
        writing.finish().await?;
        let moved = (before, self.at());
        let (mut names, mut together) = (vec![], Changed::default());
        for (projector, changed) in self.projectors.iter().zip(all) {
            if changed.is_empty() || !self.store.is_postgres() {
                names.push(projector.name());
                together.append(changed);
            } else {
                writing.0.spawn(write(
                    self.store.clone(),
                    self.owner.to_owned(),
                    vec![projector.name()],
                    moved,
                    changed,
                ));
            }
        }
        if !names.is_empty() {
            writing.0.spawn(write(self.store.clone(), self.owner.to_owned(), names, moved, together));
        }
        Ok(())
    }

    /// Creates indexes, on PostgreSQL for two read models at a time: each takes one core.
    async fn index(&self, generations: &[i64]) -> Result<(), RebuildError> {
        let names: Vec<String> = self.projectors.iter().map(Projector::name).collect();
        let (now, here) = (self.store.now_ms(), (self.at(), self.at()));
        let mut tx = self.store.write().await?;
        if !checkpoint::advance(&mut tx, now, &names, self.owner, INDEX_LEASE, here).await? {
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
            indexing.spawn(index(self.store.clone(), projector.model, *generation));
        }
        while !indexing.is_empty() {
            indexed(indexing.join_next().await)?;
        }
        Ok(())
    }

    /// Catches up and swaps until a swap finds the build no older than what serves, or that in another past.
    async fn swap_in(&mut self) -> Result<Position, RebuildError> {
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

    /// In one transaction the builds take the place of what serves. Whoever ran that loses its lease, since what it
    /// holds in memory belongs to the old tables; it claims the new ones at once.
    async fn swap(&self) -> Result<bool, StoreError> {
        let mut tx = self.store.alter().await?;
        for projector in &self.projectors {
            if !self.swap_one(&mut tx, projector).await? {
                return Ok(false);
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    async fn swap_one(&self, tx: &mut Tx, projector: &Projector) -> Result<bool, StoreError> {
        let (model, build, at) = (projector.model, projector.name(), projector.at);
        let mut sql = Sql::new("UPDATE checkpoints SET owner = NULL, lease_until = 0, version = ");
        sql.arg(model.version).push(", position = ").arg(at.position.0).push(", place = ").arg(at.to_string());
        sql.push(", generation = generation + 1 WHERE projection = ").arg(model.name.to_owned());
        sql.push(" AND (position <= ").arg(at.position.0);
        if let Some(stranger) = self.projections.another_past(model) {
            sql.push(" OR position = ").arg(stranger.position.0);
        }
        sql.push(")");
        if tx.execute(&sql).await? != 1 {
            return Ok(false);
        }
        let mut sql = Sql::new("DELETE FROM checkpoints WHERE projection = ");
        sql.arg(build.clone()).push(" AND owner = ").arg(self.owner.to_owned());
        sql.push(" AND place = ").arg(at.to_string());
        if tx.execute(&sql).await? != 1 {
            return Ok(false);
        }
        for table in model.tables {
            // A newer version may have tables that the old one had not.
            tx.script(format!("DROP TABLE IF EXISTS {table}")).await?;
            tx.script(format!("ALTER TABLE {table}{BUILD} RENAME TO {table}")).await?;
        }
        let mut sql = Sql::new("DELETE FROM parked WHERE projection = ");
        sql.arg(model.name.to_owned());
        tx.execute(&sql).await?;
        let mut sql = Sql::new("UPDATE parked SET projection = ");
        sql.arg(model.name.to_owned()).push(" WHERE projection = ").arg(build);
        tx.execute(&sql).await?;
        Ok(true)
    }
}

/// Creates the indexes of a build and gathers statistics.
async fn index(store: Store, model: &'static ReadModel, generation: i64) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    if tx.is_postgres() {
        tx.script(format!("SET LOCAL maintenance_work_mem = '{INDEX_MEMORY}'")).await?;
    }
    checkpoint::run_schema(&mut tx, model, Part::Indexes, BUILD, generation).await?;
    for table in model.tables {
        tx.script(format!("ANALYZE {table}{BUILD}")).await?;
    }
    tx.commit().await
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
struct Writing(JoinSet<Result<(), AdvanceError>>);

impl Writing {
    async fn finish(&mut self) -> Result<(), RebuildError> {
        while let Some(written) = self.0.join_next().await {
            match written {
                Ok(Ok(())) => {}
                Ok(Err(AdvanceError::Fenced)) => return Err(RebuildError::TakenOver),
                Ok(Err(AdvanceError::Store(error))) => return Err(error.into()),
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

/// Writes in one transaction with the checkpoints, which lag behind nothing that is written.
async fn write(
    store: Store,
    owner: String,
    names: Vec<String>,
    moved: (Place, Place),
    changed: Changed,
) -> Result<(), AdvanceError> {
    let mut tx = store.write().await?;
    if !checkpoint::advance(&mut tx, store.now_ms(), &names, &owner, BUILD_LEASE, moved).await? {
        return Err(AdvanceError::Fenced);
    }
    changed.write(&mut tx).await?;
    tx.commit().await?;
    Ok(())
}

/// Reads and decodes batches after `at` up to the present end of the log, in a task of its own.
fn read_ahead(log: Log, at: Place) -> (mpsc::Receiver<Vec<Decoded>>, JoinHandle<Result<(), RebuildError>>) {
    let (sender, receiver) = mpsc::channel(BATCHES_AHEAD);
    let reading = tokio::spawn(async move {
        let mut after = at;
        loop {
            let mut batch = vec![];
            let mut at_end = false;
            while batch.len() < BATCH_EVENTS && !at_end {
                let page = log.read(after.position, PAGE_EVENTS).await?;
                if page.first().is_some_and(|first| !after.leads_to(first)) {
                    return Err(RebuildError::AnotherPast);
                }
                at_end = page.len() < PAGE_EVENTS as usize;
                after = page.last().map_or(after, Place::of);
                batch.extend(decode(&page));
            }
            if !batch.is_empty() && sender.send(batch).await.is_err() || at_end {
                return Ok(());
            }
        }
    });
    (receiver, reading)
}
