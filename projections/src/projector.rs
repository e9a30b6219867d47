//! One read model on its way along the log: folds a batch, then writes rows and checkpoint in one transaction.

use std::{collections::HashSet, time::Duration};

use orderlog_domain::ids::{Position, StreamId};
use tracing::error;

use crate::{
    checkpoint,
    fold::{Decoded, Fold, ReadModel, Unseal},
    store::{Sql, Store, StoreError, Tx},
};

/// A read model with its fold.
pub(crate) struct Projector {
    pub(crate) model: &'static ReadModel,
    /// Nothing for the tables that serve queries.
    suffix: &'static str,
    /// Last position taken in and committed.
    pub(crate) position: Position,
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
        Projector { model, suffix, position: Position::START, fold: (model.fold)(unseal), parked: HashSet::new() }
    }

    /// Its checkpoint's name.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.model.name, self.suffix)
    }

    /// Starts over from what the store holds: this node just became the one that runs it.
    pub(crate) async fn resume(&mut self, store: &Store, position: Position) -> Result<(), StoreError> {
        self.forget();
        self.position = position;
        let mut tx = store.read(&["parked"]).await?;
        let mut sql = Sql::new("SELECT DISTINCT stream FROM parked WHERE projection = ");
        sql.arg(self.name());
        let streams: Vec<(String,)> = tx.all(&sql).await?;
        tx.commit().await?;
        self.parked = streams.iter().filter_map(|(stream,)| stream.parse().ok()).collect();
        Ok(())
    }

    fn forget(&mut self) {
        for sheet in self.fold.sheets() {
            sheet.forget();
        }
    }

    /// Folds `events` and writes the rows they change, leaving the checkpoint to the caller.
    async fn take_in(&mut self, tx: &mut Tx, events: &[Decoded]) -> Result<(), StoreError> {
        for decoded in events {
            if let (Ok(event), false) = (&decoded.event, self.parked.contains(&decoded.stream)) {
                self.fold.touch(event);
            }
        }
        for sheet in self.fold.sheets() {
            let missing = sheet.missing();
            if !missing.is_empty() {
                let rows = tx.load(&sheet.table(), self.suffix, missing).await?;
                sheet.loaded(rows).map_err(StoreError::Shape)?;
            }
        }
        let mut parked = vec![];
        for decoded in events {
            if let Err(reason) = self.apply(decoded) {
                parked.push((decoded, reason));
            }
        }
        for sheet in self.fold.sheets() {
            let changes = sheet.changes();
            if !changes.upserts.is_empty() {
                tx.upsert(&sheet.table(), self.suffix, changes.upserts).await?;
            }
            if !changes.deletes.is_empty() {
                tx.delete(&sheet.table(), self.suffix, changes.deletes).await?;
            }
        }
        self.park(tx, &parked).await
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
                projection = self.name(), stream = %decoded.stream, position = %decoded.position, %reason,
                "parked an event and all that follow in its stream; a rebuild tries them again"
            );
            self.parked.insert(decoded.stream);
        }
        applied
    }

    async fn park(&self, tx: &mut Tx, parked: &[(&Decoded, String)]) -> Result<(), StoreError> {
        for (decoded, reason) in parked {
            let mut sql = Sql::new("INSERT INTO parked (projection, position, stream, reason) VALUES (");
            sql.arg(self.name()).push(", ").arg(decoded.position.0).push(", ");
            sql.arg(decoded.stream.to_string()).push(", ").arg(reason.clone());
            sql.push(") ON CONFLICT (projection, position) DO NOTHING");
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
    let moved = (first.position, last.position);
    let written = write(store, owner, lease, projectors, events, moved).await;
    for projector in projectors.iter_mut() {
        match &written {
            Ok(()) => projector.position = moved.1,
            // What is in memory was meant for rows that were never written; the parked streams are read again too.
            Err(_) => {
                let _ = projector.resume(store, moved.0).await;
            }
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
    moved: (Position, Position),
) -> Result<(), AdvanceError> {
    let names: Vec<String> = projectors.iter().map(|projector| projector.name()).collect();
    let mut tx = store.write().await?;
    // First the checkpoints: a second copy waits here, and then finds them moved.
    if !checkpoint::advance(&mut tx, store.now_ms(), &names, owner, lease, moved).await? {
        return Err(AdvanceError::Fenced);
    }
    for projector in projectors.iter_mut() {
        projector.take_in(&mut tx, events).await?;
    }
    tx.commit().await?;
    Ok(())
}
