//! The handle to all read models: opening them, waiting for them, reading them, and how they are.

use std::{collections::HashMap, sync::Arc, time::Duration};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Head, Log, WhichLog};
use tokio::{
    sync::{Notify, watch},
    time::{Instant, timeout},
};

use crate::{
    answer::{AnotherPast, Answer, Freshness, QueryError},
    belonging, checkpoint,
    divergence::{Comparison, Divergence},
    read_model::ReadModel,
    row::{Field, Row, Table},
    snapshot_read::SnapshotRead,
    status::{self, Status},
    store::{Sql, Store, StoreError, create_schema},
};

/// How long a query waits for its read model before it answers with what is there.
pub const PATIENCE: Duration = Duration::from_secs(2);
/// Pause between two looks at a checkpoint that another node moves.
const REMOTE_POLL: Duration = Duration::from_millis(3);
/// The same for a checkpoint this node moves and announces; only a missed announcement waits this long.
const LOCAL_POLL: Duration = Duration::from_millis(100);

const PARKED: &str = "
SELECT position, stream, reason FROM parked WHERE projection = $1
ORDER BY position LIMIT $2";

/// All read models. Clones are the same.
#[derive(Debug, Clone)]
pub struct Projections {
    models: &'static [&'static ReadModel],
    store: Store,
    /// What this node's runner last committed, per read model; `None` while another node runs it.
    committed: Arc<HashMap<&'static str, watch::Sender<Option<Position>>>>,
    /// Told when a query waits for this node's runner.
    wanted: Arc<Notify>,
    divergence: Arc<Divergence>,
}

impl Projections {
    /// Opens `sqlite://path/projections.db` or `postgres://…` and creates what is missing of `models`, which are folded in
    /// this order.
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
        let committed = models.iter().map(|model| (model.name, watch::Sender::new(None))).collect();
        Ok(Projections {
            models,
            store,
            committed: Arc::new(committed),
            wanted: Arc::default(),
            divergence: Arc::default(),
        })
    }

    /// Lets these read models belong to a log: before anything is answered from them, or folded into them.
    ///
    /// # Errors
    /// [`StoreError::NotOurs`] when they belong to another log; when the store fails.
    pub async fn belong_to(&self, which: &WhichLog) -> Result<(), StoreError> {
        belonging::claim(&self.store, which).await
    }

    /// Opens read models that are there, for looking at them: nothing is created.
    ///
    /// # Errors
    /// When there are none or the database cannot be reached.
    pub async fn open_to_read(url: &str, models: &'static [&'static ReadModel]) -> Result<Projections, StoreError> {
        let store = Store::open_to_read(url).await?;
        let (committed, wanted, divergence) = (Arc::default(), Arc::default(), Arc::default());
        Ok(Projections { models, store, committed, wanted, divergence })
    }

    /// How every read model is, beside a log whose last position is `head`.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn status(&self, head: Position) -> Result<Vec<Status>, StoreError> {
        let mut all = status::status(&self.store, self.models, head).await?;
        for one in &mut all {
            one.another_past = self.divergence.check(&one.name).err();
        }
        Ok(all)
    }

    /// Compares every read model with the log. One that took in what the log does not hold answers nothing from here on,
    /// until it was built anew; a runner compares every second.
    ///
    /// # Errors
    /// When the log or the store fails.
    pub async fn compare(&self, log: &Log) -> Result<(), QueryError> {
        self.compared(log).await.map(drop)
    }

    /// The head of the log, which a query reads before anything else: whether the log went back shows by it.
    ///
    /// # Errors
    /// When the log or the store fails.
    pub async fn head(&self, log: &Log) -> Result<Head, QueryError> {
        self.divergence.head(&self.store, self.models, log).await
    }

    /// Waits until `name` has taken in `position`, at most [`PATIENCE`]; whether it has.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn wait_until(&self, name: &str, position: Position) -> Result<bool, StoreError> {
        let Some(committed) = self.committed.get(name) else { return Ok(false) };
        let mut committed = committed.subscribe();
        let give_up = Instant::now() + PATIENCE;
        loop {
            let here = *committed.borrow_and_update();
            let reached = match here {
                Some(here) if here >= position => true,
                Some(_) if Instant::now() + LOCAL_POLL < give_up => false,
                Some(_) | None => self.position(name).await? >= position,
            };
            if reached || Instant::now() >= give_up {
                return Ok(reached);
            }
            let pause = if here.is_some() {
                self.wanted.notify_one();
                LOCAL_POLL
            } else {
                REMOTE_POLL
            };
            // Either way the loop looks again.
            let _ = timeout(pause, committed.changed()).await;
        }
    }

    /// The last position `name` has taken in.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn position(&self, name: &str) -> Result<Position, StoreError> {
        let mut tx = self.store.read(&["checkpoints"]).await?;
        let position = checkpoint::position(&mut tx, name).await?;
        tx.commit().await?;
        Ok(position)
    }

    /// Connections that read: how many are open, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        self.store.connections()
    }

    /// Closes every connection to the read models.
    pub async fn close(&self) {
        self.store.close().await;
    }

    /// After something was erased, at `position`: waits until its rows are gone from `model`, then clears away what they left
    /// behind.
    ///
    /// # Errors
    /// When the read model is not there in time, or the store fails; safe to repeat.
    pub async fn purge(&self, model: &ReadModel, position: Position) -> Result<(), StoreError> {
        if !self.wait_until(model.name, position).await? {
            return Err(StoreError::NotYet(model.name));
        }
        for table in model.tables {
            self.store.purge(table).await?;
        }
        Ok(())
    }

    pub(crate) fn models(&self) -> &'static [&'static ReadModel] {
        self.models
    }

    pub(crate) fn store(&self) -> &Store {
        &self.store
    }

    /// Where `model` stands, if it is known not to follow from the log.
    pub(crate) fn another_past(&self, model: &ReadModel) -> Option<AnotherPast> {
        self.divergence.check(model.name).err()
    }

    pub(crate) async fn compared(&self, log: &Log) -> Result<Comparison, QueryError> {
        self.divergence.compare(&self.store, self.models, log).await
    }

    /// Waits until a query waits for what this node's runner has not committed yet.
    pub(crate) async fn wanted(&self) {
        self.wanted.notified().await;
    }

    /// Tells waiting queries what was committed here; `None` when this node no longer runs the read model.
    pub(crate) fn announce(&self, name: &str, position: Option<Position>) {
        if let Some(committed) = self.committed.get(name) {
            committed.send_replace(position);
        }
    }

    /// Waits as asked for a read model that follows from the log.
    async fn wait_for(&self, model: &ReadModel, freshness: Freshness) -> Result<(), QueryError> {
        self.divergence.check(model.name)?;
        if let Freshness::AtLeast(position) = freshness {
            self.wait_until(model.name, position).await?;
            self.divergence.check(model.name)?;
        }
        Ok(())
    }

    /// Waits as asked, then gives the rows whose key is one of `keys`, those that exist, by key. One statement is one
    /// moment, so no transaction is held for it.
    ///
    /// # Errors
    /// When the store fails, or the read model does not follow from the log.
    pub async fn by_key<R: Row, F: Field>(
        &self,
        model: &ReadModel,
        keys: impl IntoIterator<Item = F>,
        freshness: Freshness,
    ) -> Result<Answer<Vec<R>>, QueryError> {
        self.wait_for(model, freshness).await?;
        let Table { name, .. } = R::TABLE;
        let (columns, key) = (R::TABLE.column_list("t."), R::TABLE.key_list());
        let mut sql = Sql::new(&format!(
            "SELECT c.position, {columns} FROM checkpoints AS c LEFT JOIN {name} AS t ON t.{key} IN (NULL"
        ));
        for key in keys {
            sql.push(", ").arg(key);
        }
        sql.push(") WHERE c.projection = ").arg(model.name.to_owned());
        let found = self.store.numbered::<R>(&sql).await?;
        let position = found.first().map_or(Position::START, |(position, _)| Position(*position));
        let mut rows: Vec<R> = found.into_iter().filter_map(|(_, row)| row).collect();
        rows.sort_unstable_by_key(Row::key);
        Ok(Answer::new(position, freshness, rows))
    }

    /// Waits as asked, then holds one moment of the read model.
    ///
    /// # Errors
    /// When the store fails, or the read model does not follow from the log.
    pub async fn read(&self, model: &ReadModel, freshness: Freshness) -> Result<SnapshotRead, QueryError> {
        self.wait_for(model, freshness).await?;
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
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Parked {
    /// Position of the event.
    pub position: i64,
    /// Its stream.
    pub stream: String,
    /// What did not fit, in this event or in one before it.
    pub reason: String,
}
