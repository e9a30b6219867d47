//! One read model while it follows the log: the rows that events need, and the fold of events into them.

use std::collections::HashSet;

use orderlog_domain::ids::{Position, StreamId};
use tracing::error;

use crate::{
    decoded::Decoded,
    place::Place,
    read_model::{Fold, ReadModel},
    row::{Table, Value},
    row_cache::{Changes, Due, RowCache, Unwritten},
    store::{Sql, StoreError, Tx},
    unseal::Unseal,
};

const PARK: &str = "
INSERT INTO parked (projection, position, stream, reason) VALUES ($1, $2, $3, $4)
ON CONFLICT (projection, position) DO NOTHING";

/// A read model with its fold.
pub(crate) struct Projector {
    pub(crate) model: &'static ReadModel,
    /// Empty for the tables that serve queries.
    pub(crate) suffix: &'static str,
    /// The last event that was folded.
    pub(crate) at: Place,
    pub(crate) fold: Box<dyn Fold>,
    pub(crate) parked: HashSet<StreamId>,
}

/// An event that did not fit, or that came after such an event in its stream.
#[derive(Debug, Clone)]
pub(crate) struct Misfit {
    pub(crate) position: Position,
    stream: StreamId,
    reason: String,
}

impl Projector {
    pub(crate) fn new(model: &'static ReadModel, suffix: &'static str, unseal: &Unseal) -> Projector {
        Projector { model, suffix, at: Place::START, fold: (model.fold)(unseal), parked: HashSet::new() }
    }

    /// The name of its checkpoint.
    pub(crate) fn name(&self) -> String {
        format!("{}{}", self.model.name, self.suffix)
    }

    /// From now on, fills only empty tables, and keeps rows back until they no longer change.
    pub(crate) fn build(&mut self) {
        for cache in self.fold.caches() {
            cache.build();
        }
    }

    /// Notes the rows that `events` need; returns those that must be loaded first.
    pub(crate) fn prefetch(&mut self, events: &[Decoded]) -> Missing {
        for decoded in events {
            if let (Ok(event), false) = (&decoded.event, self.parked.contains(&decoded.stream)) {
                self.fold.prefetch(event);
            }
        }
        let of = |cache: &mut dyn RowCache| (cache.table(), cache.missing());
        Missing { suffix: self.suffix, keys: self.fold.caches().into_iter().map(of).collect() }
    }

    /// Takes the rows found.
    pub(crate) fn loaded(&mut self, found: Loaded) -> Result<(), StoreError> {
        for (cache, rows) in self.fold.caches().into_iter().zip(found.0) {
            cache.loaded(rows).map_err(StoreError::Shape)?;
        }
        Ok(())
    }

    /// Folds `events` whose rows are loaded; returns those that do not fit.
    pub(crate) fn fold(&mut self, events: &[Decoded]) -> Vec<Misfit> {
        let Some(last) = events.last() else { return vec![] };
        for cache in self.fold.caches() {
            cache.now_at(last.position);
        }
        let mut misfits = vec![];
        for decoded in events {
            if let Err(reason) = self.apply(decoded) {
                misfits.push(Misfit { position: decoded.position, stream: decoded.stream, reason });
            }
        }
        self.at = last.place();
        misfits
    }

    /// The changes that a build has to write.
    pub(crate) fn changes(&mut self, due: Due, changed: &mut Changed) {
        let suffix = self.suffix;
        for cache in self.fold.caches() {
            let changes = cache.changes(due);
            if !changes.is_empty() {
                changed.tables.push((cache.table(), suffix, changes));
            }
        }
    }

    /// The changes that its tables lack, table by table.
    pub(crate) fn unwritten(&mut self) -> Vec<(Table, Box<dyn Unwritten>)> {
        let lacking = self.fold.caches().into_iter().filter(|cache| cache.count_unwritten() > 0);
        lacking.map(|cache| (cache.table(), cache.unwritten())).collect()
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
pub(crate) struct Missing {
    suffix: &'static str,
    keys: Vec<(Table, Vec<Vec<Value>>)>,
}

/// The rows found, per table of a read model.
pub(crate) struct Loaded(Vec<Vec<Vec<Value>>>);

impl Missing {
    pub(crate) fn is_empty(&self) -> bool {
        self.keys.iter().all(|(_, keys)| keys.is_empty())
    }

    /// The result of a look-up for which no row is needed.
    pub(crate) fn nothing(&self) -> Loaded {
        Loaded(self.keys.iter().map(|_| vec![]).collect())
    }

    pub(crate) async fn load(self, tx: &mut Tx) -> Result<Loaded, StoreError> {
        let mut found = Vec::with_capacity(self.keys.len());
        for (table, keys) in self.keys {
            found.push(if keys.is_empty() { vec![] } else { tx.load(&table, self.suffix, keys).await? });
        }
        Ok(Loaded(found))
    }
}

/// The changes of read models that are to be written.
#[derive(Default)]
pub(crate) struct Changed {
    tables: Vec<(Table, &'static str, Changes)>,
    parked: Vec<(String, Misfit)>,
}

impl Changed {
    pub(crate) fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.parked.is_empty()
    }

    pub(crate) fn append(&mut self, mut more: Changed) {
        self.tables.append(&mut more.tables);
        self.parked.append(&mut more.parked);
    }

    pub(crate) fn table(&mut self, table: Table, changes: Changes) {
        self.tables.push((table, "", changes));
    }

    pub(crate) fn park(&mut self, projection: &str, misfits: Vec<Misfit>) {
        self.parked.extend(misfits.into_iter().map(|misfit| (projection.to_owned(), misfit)));
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
        for (projection, Misfit { position, stream, reason }) in self.parked {
            let sql = Sql::new(PARK).bind(projection).bind(position.0).bind(stream.to_string()).bind(reason);
            tx.execute(&sql).await?;
        }
        Ok(())
    }
}
