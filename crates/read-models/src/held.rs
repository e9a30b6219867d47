//! The rows of a read model in memory, and where they and the tables stand.

use std::{
    any::Any,
    sync::atomic::{AtomicU64, Ordering},
};

use orderlog_domain::ids::Position;

use crate::{
    decoded::Decoded,
    place::Place,
    projector::{Changed, Loaded, Misfit, Missing, Projector},
    read_model::Fold,
    row::Table,
    row_cache::Unwritten,
    store::StoreError,
};

/// Counts what was ever loaded into any memory, so that what was begun for one load is not finished on another.
static LOADS: AtomicU64 = AtomicU64::new(1);

/// The rows, and where they and the tables stand.
pub(crate) struct Held {
    pub(crate) projector: Projector,
    /// Where the tables stood when they were last heard of; they may be further.
    pub(crate) tables: Place,
    /// Which build the tables come from.
    pub(crate) generation: i64,
    /// Events that did not fit, which the tables lack.
    misfits: Vec<Misfit>,
    pub(crate) load: u64,
    /// Whether it takes nothing in, since another is about to take its place.
    pub(crate) stands_still: bool,
}

/// Whether rows that were read of the tables were taken into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    /// The memory they were read for is gone.
    Gone,
    /// The tables are further than the memory.
    TablesAhead,
}

/// What the tables lack, and what the memory will be told when they have it.
pub(crate) struct ToWrite {
    pub(crate) load: u64,
    /// From where to where the checkpoint moves.
    pub(crate) moved: (Place, Place),
    tables: Vec<(Table, Box<dyn Unwritten>)>,
    misfits: Vec<Misfit>,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at {}, tables at {}", self.projector.model, self.projector.at, self.tables)
    }
}

impl Held {
    /// What was read of the tables at `tables`.
    pub(crate) fn new(projector: Projector, tables: Place, generation: i64) -> Held {
        let load = LOADS.fetch_add(1, Ordering::Relaxed);
        Held { projector, tables, generation, misfits: vec![], load, stands_still: false }
    }

    pub(crate) fn at(&self) -> Place {
        self.projector.at
    }

    pub(crate) fn fold<F: Fold>(&self) -> Option<&F> {
        let fold: &dyn Any = &*self.projector.fold;
        fold.downcast_ref()
    }

    pub(crate) fn prefetch(&mut self, events: &[Decoded]) -> Missing {
        self.projector.prefetch(events)
    }

    /// Takes rows that were read of the tables when they stood at `tables`. Not taken where these went on without this memory,
    /// which must then be loaded again.
    pub(crate) fn loaded(&mut self, tables: Position, found: Loaded) -> Result<Taken, StoreError> {
        if tables > self.at().position {
            return Ok(Taken::TablesAhead);
        }
        self.projector.loaded(found)?;
        Ok(Taken::Yes)
    }

    /// Takes events in, whose rows are loaded.
    pub(crate) fn take_in(&mut self, events: &[Decoded]) {
        let misfits = self.projector.fold(events);
        self.misfits.extend(misfits);
    }

    /// The tables stand at `place` now, up to which this has come.
    pub(crate) fn tables_at(&mut self, place: Place) {
        self.tables = place;
        self.misfits.retain(|misfit| misfit.position > place.position);
        for cache in self.projector.fold.caches() {
            cache.written(place.position);
        }
    }

    /// What the tables lack; `None` when they lack nothing.
    pub(crate) fn unwritten(&mut self) -> Option<ToWrite> {
        let moved = (self.tables, self.at());
        (moved.0 != moved.1).then(|| ToWrite {
            load: self.load,
            moved,
            tables: self.projector.unwritten(),
            misfits: self.misfits.clone(),
        })
    }
}

impl ToWrite {
    /// As the store takes it, of the read model `name`.
    pub(crate) fn into_changed(self, name: &str) -> Changed {
        let mut changed = Changed::default();
        for (table, unwritten) in self.tables {
            let changes = unwritten.changes();
            if !changes.is_empty() {
                changed.table(table, changes);
            }
        }
        changed.park(name, self.misfits);
        changed
    }
}
