//! The handle to all read models: opens them, waits for them, reads them, and reports their state.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Head, Log, WhichLog};
use tokio::{
    sync::Notify,
    time::{Instant, sleep, timeout},
};
use tracing::debug;

use crate::{
    answer::{AnotherPast, Freshness, PATIENCE, QueryError},
    asked_for, belonging, checkpoint,
    divergence::{Comparison, Divergence, hash_at},
    heads::Heads,
    held::Held,
    memory::Memory,
    nodes::{self, LivingNode, POSITIONS},
    read_model::ReadModel,
    snapshot_read::SnapshotRead,
    status::{self, Status},
    store::{Sql, Store, StoreError, create_schema},
};

/// Pause between two looks at a checkpoint that another node moves.
const REMOTE_POLL: Duration = Duration::from_millis(3);
/// The same for a checkpoint that this node moves and announces; only a missed announcement waits this long.
const LOCAL_POLL: Duration = Duration::from_millis(100);

/// Pause between two tries to clear data that a reader still needs.
const IN_USE_POLL: Duration = Duration::from_millis(20);

const PARKED: &str = "
SELECT position, stream, reason FROM parked WHERE projection = $1
ORDER BY position LIMIT $2";

/// All read models. Clones share everything.
#[derive(Debug, Clone)]
pub struct Projections {
    models: &'static [&'static ReadModel],
    store: Store,
    /// This node's memory of each read model, in their order; empty without a runner.
    memories: Arc<[Memory]>,
    /// Notified when the runner must look at once: a query waits for tables, or a memory was lost.
    wanted: Arc<Notify>,
    /// Notified when a memory was installed, or takes events again.
    installed: Arc<Notify>,
    divergence: Arc<Divergence>,
    heads: Arc<Heads>,
    /// What this node says of itself.
    said: Arc<Mutex<serde_json::Map<String, serde_json::Value>>>,
}

impl Projections {
    fn of(models: &'static [&'static ReadModel], store: Store) -> Projections {
        let memories = models.iter().copied().map(Memory::new).collect();
        Projections {
            models,
            store,
            memories,
            wanted: Arc::default(),
            installed: Arc::default(),
            divergence: Arc::default(),
            heads: Arc::default(),
            said: Arc::default(),
        }
    }

    /// Opens `sqlite://path/projections.db` or `postgres://…` and creates the missing tables of `models`, which are
    /// folded in this order.
    ///
    /// # Errors
    /// When the database cannot be reached or prepared.
    pub async fn open(url: &str, models: &'static [&'static ReadModel]) -> Result<Projections, StoreError> {
        let store = Store::open(url).await?;
        create_schema(&store).await?;
        let mut tx = store.alter().await?;
        tx.script(
            if tx.is_postgres() { include_str!("schema.postgres.sql") } else { include_str!("schema.sqlite.sql") }
                .to_owned(),
        )
        .await?;
        checkpoint::add_place(&mut tx).await?;
        for model in models {
            checkpoint::create(&mut tx, model).await?;
        }
        tx.commit().await?;
        Ok(Projections::of(models, store))
    }

    /// Assigns these read models to a log. Call it before anything is answered from them, or folded into them.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`] when they belong to another log; when the store fails.
    pub async fn belong_to(&self, which: &WhichLog) -> Result<(), StoreError> {
        belonging::claim(&self.store, which).await
    }

    /// Opens existing read models for reading only: creates nothing.
    ///
    /// # Errors
    /// When there are none or the database cannot be reached.
    pub async fn open_to_read(url: &str, models: &'static [&'static ReadModel]) -> Result<Projections, StoreError> {
        Ok(Projections::of(models, Store::open_to_read(url).await?))
    }

    /// The state of every read model, beside a log whose last position is `head`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self, head: Position) -> Result<Vec<Status>, StoreError> {
        let mut all = status::status(&self.store, self.models, head).await?;
        for one in &mut all {
            one.another_past = self.divergence.check(&one.name).err();
            one.memory = self.memory(&one.name).and_then(Memory::position);
            one.lag = (head.0 - one.memory.map_or(one.position, |memory| memory.max(one.position)).0).max(0);
        }
        Ok(all)
    }

    /// Compares every read model with the log. A read model with events that the log does not have answers nothing
    /// until it is rebuilt; a runner compares every second.
    ///
    /// # Errors
    /// When the log or the store fails.
    pub async fn compare(&self, log: &Log) -> Result<(), QueryError> {
        self.compared(log).await.map(drop)
    }

    /// The head of the log, which a query reads first: it shows whether the log went back.
    ///
    /// # Errors
    /// When the log or the store fails.
    pub async fn head(&self, log: &Log) -> Result<Head, QueryError> {
        let before = self.divergence.highest_head();
        let head = self.heads.read(log).await?;
        if head.position < before {
            self.compared(log).await?;
            self.divergence.goes_on_from(head.position);
        } else {
            self.divergence.saw_head(head.position);
        }
        Ok(head)
    }

    /// Notes that the log has reached `head`, because this node's writer just appended. Costs nothing.
    pub fn saw_head(&self, head: Position) {
        self.divergence.saw_head(head);
    }

    /// The highest head known to this node: it includes all that this node recorded, and what it has seen of other
    /// nodes. Costs nothing.
    #[must_use]
    pub fn known_head(&self) -> Position {
        self.divergence.highest_head()
    }

    /// Waits until queries of the present see `position` in the read model `name`, at most [`PATIENCE`]; true if they
    /// do.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_until(&self, name: &str, position: Position) -> Result<bool, StoreError> {
        let Some(memory) = self.memory(name) else { return Ok(false) };
        if memory.wait(Freshness::AtLeast(position)).await {
            return Ok(memory.position().is_some_and(|at| at >= position));
        }
        self.wait_for_tables(memory, position).await
    }

    /// Waits until the tables of the read model `name` have reached `position`, at most [`PATIENCE`]; true if they
    /// have.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_until_written(&self, name: &str, position: Position) -> Result<bool, StoreError> {
        match self.memory(name) {
            Some(memory) => self.wait_for_tables(memory, position).await,
            None => Ok(false),
        }
    }

    /// As [`wait_until_written`](Self::wait_until_written), for a memory of this node. If this node writes the tables,
    /// it writes them at once.
    pub(crate) async fn wait_for_tables(&self, memory: &Memory, position: Position) -> Result<bool, StoreError> {
        let mut tables = memory.tables();
        let give_up = Instant::now() + PATIENCE;
        let mut asked = false;
        loop {
            let here = *tables.borrow_and_update();
            let reached = match here {
                Some(here) if here >= position => true,
                Some(_) if Instant::now() + LOCAL_POLL < give_up => false,
                Some(_) | None => self.position(memory.model.name).await? >= position,
            };
            if reached || Instant::now() >= give_up {
                return Ok(reached);
            }
            let pause = if here.is_some() {
                memory.want_written();
                self.wanted.notify_one();
                LOCAL_POLL
            } else {
                if !std::mem::replace(&mut asked, true)
                    && let Err(error) = asked_for::ask(&self.store, memory.model.name, position).await
                {
                    // The tables are written from time to time in any case.
                    debug!(projection = memory.model.name, %error, "cannot ask another node to write tables");
                }
                REMOTE_POLL
            };
            // Either way the loop looks again.
            let _ = timeout(pause, tables.changed()).await;
        }
    }

    /// The last position that the tables of `name` have taken in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn position(&self, name: &str) -> Result<Position, StoreError> {
        let mut tx = self.store.read(&["checkpoints"]).await?;
        let position = checkpoint::position(&mut tx, name).await?;
        tx.commit().await?;
        Ok(position)
    }

    /// Says something of this node, which the other nodes hear while a runner shows that it lives.
    pub fn say(&self, name: &str, value: impl Into<serde_json::Value>) {
        self.said.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), value.into());
    }

    /// What this node says of itself, with the positions of its read models.
    pub(crate) fn said(&self) -> serde_json::Value {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let at = |memory: &Memory| (memory.model.name.to_owned(), memory.position().map(|at| at.0).into());
        said.insert(POSITIONS.to_owned(), serde_json::Value::Object(self.memories.iter().map(at).collect()));
        said.into()
    }

    /// The nodes that live, of all that share these read models.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn nodes(&self) -> Result<Vec<LivingNode>, StoreError> {
        nodes::living(&self.store).await
    }

    /// The number of open connections that read, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        self.store.connections()
    }

    /// Closes every connection to the read models.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// After an erasure at `position`: waits until its rows are gone from the tables of `model`, then clears the data
    /// that they left in the files.
    ///
    /// # Errors
    /// When the read model is not there in time, or the store fails; safe to repeat.
    pub async fn purge(&self, model: &ReadModel, position: Position) -> Result<(), StoreError> {
        if !self.wait_until_written(model.name, position).await? {
            return Err(StoreError::NotYet(model.name));
        }
        // Readers of the tables that began before will soon end.
        let give_up = Instant::now() + PATIENCE;
        for table in model.tables {
            loop {
                match self.store.purge(table).await {
                    Err(StoreError::InUse) if Instant::now() < give_up => sleep(IN_USE_POLL).await,
                    purged => break purged?,
                }
            }
        }
        Ok(())
    }

    pub(crate) fn models(&self) -> &'static [&'static ReadModel] {
        self.models
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// The place of `model`, if it is known not to follow from the log.
    pub(crate) fn another_past(&self, model: &ReadModel) -> Option<AnotherPast> {
        self.divergence.check(model.name).err()
    }

    /// Compares the tables and this node's memory with the log. A memory that does not follow from the log is dropped
    /// at once.
    pub(crate) async fn compared(&self, log: &Log) -> Result<Comparison, QueryError> {
        let mut looked_up = None;
        for memory in self.memories.iter() {
            let Some(at) = memory.at().await else { continue };
            let hash = match looked_up {
                Some((position, hash)) if position == at.position => hash,
                _ => hash_at(log, at.position).await?,
            };
            looked_up = Some((at.position, hash));
            if hash != Some(at.hash) {
                memory.lose().await;
                self.wanted.notify_one();
            }
        }
        self.divergence.compare(&self.store, self.models, log).await
    }

    /// Waits until the runner must look at once.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Waits until a memory is installed, or takes events again.
    pub(crate) async fn installed(&self) {
        self.installed.notified().await;
    }

    /// Serves from `held` from now on, unless a later state was served before; true if it does.
    pub(crate) async fn install(&self, memory: &Memory, held: Held) -> bool {
        let installed = memory.install(held).await;
        self.installed.notify_one();
        installed
    }

    /// Lets a memory that stood still take events again.
    pub(crate) async fn go_on(&self, memory: &Memory) {
        memory.go_on().await;
        self.installed.notify_one();
    }

    /// Has the runner look at once.
    pub(crate) fn look(&self) {
        self.wanted.notify_one();
    }

    pub(crate) fn memories(&self) -> &[Memory] {
        &self.memories
    }

    /// Fails for a read model that does not follow from the log.
    pub(crate) fn check(&self, model: &ReadModel) -> Result<(), AnotherPast> {
        self.divergence.check(model.name)
    }

    pub(crate) fn memory(&self, name: &str) -> Option<&Memory> {
        self.memories.iter().find(|memory| memory.model.name == name)
    }

    /// Waits until the tables of the read model are as fresh as asked, then reads one moment of them.
    ///
    /// # Errors
    /// When the store fails, or the read model does not follow from the log.
    pub async fn read(&self, model: &ReadModel, freshness: Freshness) -> Result<SnapshotRead, QueryError> {
        self.check(model)?;
        if let (Freshness::AtLeast(position), Some(memory)) = (freshness, self.memory(model.name)) {
            self.wait_for_tables(memory, position).await?;
            self.check(model)?;
        }
        let mut tx = self.store.read(model.tables).await?;
        let position = checkpoint::position(&mut tx, model.name).await?;
        Ok(SnapshotRead::new(tx, position, freshness))
    }

    /// Streams parked by `name`, with the first event that did not fit and why.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn parked(&self, name: &str, limit: u32) -> Result<Vec<Parked>, StoreError> {
        let mut tx = self.store.read(&["parked"]).await?;
        let sql = Sql::new(PARKED).bind(name.to_owned()).bind(i64::from(limit));
        let parked = tx.all(&sql).await?;
        tx.commit().await?;
        Ok(parked)
    }
}

/// An event that waits for a rebuild.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Position of the event.
    pub position: i64,
    /// The stream.
    pub stream: String,
    /// The reason why this event, or one before it, did not fit.
    pub reason: String,
}
orderlog_event_log::from_row!(Parked { position, stream, reason });
