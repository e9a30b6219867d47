//! One read model on its way along the log: folds a batch, then writes rows and checkpoint in one transaction.

use std::{collections::HashSet, time::Duration};

use orderlog_domain::ids::{Position, StreamId};
use tracing::error;

use crate::{
    checkpoint,
    decoded::Decoded,
    place::Place,
    read_model::{Fold, ReadModel},
    row::{Table, Value},
    row_cache::{Changes, Due, RowCache},
    store::{Sql, Store, StoreError, Tx},
    unseal::Unseal,
};

const PARK: &str = "
INSERT INTO parked (projection, position, stream, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (projection, position) DO NOTHING";

/// A read model with its fold.
pub(crate) struct Projector {
    pub(crate) model: &'static ReadModel,
    /// Nothing for the tables that serve queries.
    suffix: &'static str,
    /// What it took in and committed last.
    pub(crate) at: Place,
    fold: Box<dyn Fold>,
    parked: HashSet<StreamId>,
}

/// Why a batch was not written. Nothing of it was.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvanceError {
    /// The database failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The checkpoint was moved, or is no longer ours: another copy runs.
    #[error("another node runs these read models now")]
    Fenced,
}

impl Projector {
    pub(crate) fn new(model: &'static ReadModel, suffix: &'static str, unseal: &Unseal) -> Projector {
        Projector { model, suffix, at: Place::START, fold: (model.fold)(unseal), parked: HashSet::new() }
    }

    /// Its checkpoint's name.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.model.name, self.suffix)
    }

    /// Starts over from what the store holds: this node just became the one that runs it.
    pub(crate) async fn resume(&mut self, store: &Store, at: Place) -> Result<(), StoreError> {
        self.forget();
        self.at = at;
        let mut tx = store.read(&["parked"]).await?;
        let sql = Sql::new("SELECT DISTINCT stream FROM parked WHERE projection = $1").bind(self.name());
        let streams: Vec<(String,)> = tx.all(&sql).await?;
        tx.commit().await?;
        self.parked = streams.iter().filter_map(|(stream,)| stream.parse().ok()).collect();
        Ok(())
    }

    fn forget(&mut self) {
        for cache in self.fold.caches() {
            cache.forget();
        }
    }

    /// From now on it fills empty tables alone, and keeps rows back until they settle.
    pub(crate) fn build(&mut self) {
        for cache in self.fold.caches() {
            cache.build();
        }
    }

    /// Notes the rows that `events` need; those of them that have to be loaded first.
    pub(crate) fn prefetch(&mut self, events: &[Decoded]) -> Missing {
        for decoded in events {
            if let (Ok(event), false) = (&decoded.event, self.parked.contains(&decoded.stream)) {
                self.fold.prefetch(event);
            }
        }
        Missing(self.fold.caches().into_iter().map(RowCache::missing).collect())
    }

    pub(crate) async fn load(&mut self, tx: &mut Tx, missing: Missing) -> Result<(), StoreError> {
        for (cache, keys) in self.fold.caches().into_iter().zip(missing.0) {
            if !keys.is_empty() {
                let rows = tx.load(&cache.table(), self.suffix, keys).await?;
                cache.loaded(rows).map_err(StoreError::Shape)?;
            }
        }
        Ok(())
    }

    /// Takes `events` in, whose rows are loaded.
    pub(crate) fn fold(&mut self, events: &[Decoded], changed: &mut Changed) {
        for decoded in events {
            if let Err(reason) = self.apply(decoded) {
                let Decoded { position, stream, .. } = decoded;
                changed.parked.push(Parked { projection: self.name(), position: *position, stream: *stream, reason });
            }
        }
        self.at = events.last().map_or(self.at, Decoded::place);
    }

    /// What of the changes is due to be written.
    pub(crate) fn changes(&mut self, due: Due, changed: &mut Changed) {
        let suffix = self.suffix;
        for cache in self.fold.caches() {
            let changes = cache.changes(due);
            if !changes.is_empty() {
                changed.tables.push((cache.table(), suffix, changes));
            }
        }
    }

    fn apply(&mut self, decoded: &Decoded) -> Result<(), String> {
        if self.parked.contains(&decoded.stream) {
            return Err("an earlier event of this stream is parked".to_owned());
        }
        let applied = match &decoded.event {
            Ok(event) => self.fold.apply(event).map_err(|e| e.to_string()),
            Err(reason) => Err(reason.clone()),
        };
        if let Err(reason) = &applied {
            error!(
                projection = self.name(), stream = %decoded.stream, position = decoded.position.0, %reason,
                "parked an event and all that follow in its stream; a rebuild tries them again"
            );
            self.parked.insert(decoded.stream);
        }
        applied
    }
}

/// Keys of rows to load, per table of a read model.
pub(crate) struct Missing(Vec<Vec<Vec<Value>>>);

impl Missing {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }
}

/// What is to be written of read models.
#[derive(Default)]
pub(crate) struct Changed {
    tables: Vec<(Table, &'static str, Changes)>,
    parked: Vec<Parked>,
}

struct Parked {
    projection: String,
    position: Position,
    stream: StreamId,
    reason: String,
}

impl Changed {
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.parked.is_empty()
    }

    pub(crate) fn append(&mut self, mut more: Changed) {
        self.tables.append(&mut more.tables);
        self.parked.append(&mut more.parked);
    }

    pub(crate) async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        for (table, suffix, changes) in self.tables {
            if !changes.inserts.is_empty() {
                tx.insert(&table, suffix, changes.inserts).await?;
            }
            if !changes.upserts.is_empty() {
                tx.upsert(&table, suffix, changes.upserts).await?;
            }
            if !changes.deletes.is_empty() {
                tx.delete(&table, suffix, changes.deletes).await?;
            }
        }
        for Parked { projection, position, stream, reason } in self.parked {
            let sql = Sql::new(PARK).bind(projection).bind(position.0).bind(stream.to_string()).bind(reason);
            tx.execute(&sql).await?;
        }
        Ok(())
    }
}

/// Takes `events` into all `projectors`, which stand together just before them, in one transaction.
pub(crate) async fn advance(
    store: &Store,
    owner: &str,
    lease: Duration,
    projectors: &mut [&mut Projector],
    events: &[Decoded],
) -> Result<(), AdvanceError> {
    let (Some(first), Some(last)) = (projectors.first(), events.last()) else { return Ok(()) };
    let moved = (first.at, last.place());
    let written = write(store, owner, lease, projectors, events, moved).await;
    if written.is_err() {
        for projector in projectors.iter_mut() {
            // What is in memory was meant for rows that were never written; the parked streams are read again too.
            let _ = projector.resume(store, moved.0).await;
        }
    }
    written
}

async fn write(
    store: &Store,
    owner: &str,
    lease: Duration,
    projectors: &mut [&mut Projector],
    events: &[Decoded],
    moved: (Place, Place),
) -> Result<(), AdvanceError> {
    let names: Vec<String> = projectors.iter().map(|projector| projector.name()).collect();
    let mut tx = store.write().await?;
    // First the checkpoints: a second copy waits here, and then finds them moved.
    if !checkpoint::advance(&mut tx, store, &names, owner, lease, moved).await? {
        return Err(AdvanceError::Fenced);
    }
    for projector in projectors.iter_mut() {
        let missing = projector.prefetch(events);
        projector.load(&mut tx, missing).await?;
        let mut changed = Changed::default();
        projector.fold(events, &mut changed);
        projector.changes(Due::All, &mut changed);
        changed.write(&mut tx).await?;
    }
    tx.commit().await?;
    Ok(())
}
