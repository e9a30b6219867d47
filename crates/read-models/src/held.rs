//! The rows of a read model in memory, and the places of memory and tables.

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

/// Counts the loads into any memory, so that work that began for one load is not finished on another.
static LOADS: AtomicU64 = AtomicU64::new(1);

/// The rows, and the places of memory and tables.
pub(crate) struct Held {
    pub(crate) projector: Projector,
    /// The last known place of the tables; they may be further.
    pub(crate) tables: Place,
    /// The build from which the tables come.
    pub(crate) generation: i64,
    /// Events that did not fit, which the tables lack.
    misfits: Vec<Misfit>,
    pub(crate) load: u64,
    /// Whether the memory takes no events, because another one is about to replace it.
    pub(crate) stands_still: bool,
}

/// Whether rows that were read from the tables were taken into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    /// The memory for which the rows were read no longer exists.
    Gone,
    /// The tables are further than the memory.
    TablesAhead,
}

/// The changes that the tables lack, and what the memory needs to know when the tables have them.
pub(crate) struct ToWrite {
    pub(crate) load: u64,
    /// The old and the new place of the checkpoint.
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
    /// A memory with what was read from the tables at `tables`.
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

    /// Takes rows that were read from the tables at `tables`. Refuses them if the tables went on without this memory,
    /// which must then be loaded again.
    pub(crate) fn loaded(&mut self, tables: Position, found: Loaded) -> Result<Taken, StoreError> {
        if tables > self.at().position {
            return Ok(Taken::TablesAhead);
        }
        self.projector.loaded(found)?;
        Ok(Taken::Yes)
    }

    /// Takes events whose rows are loaded.
    pub(crate) fn take_in(&mut self, events: &[Decoded]) {
        let misfits = self.projector.fold(events);
        self.misfits.extend(misfits);
    }

    /// The tables have reached `place`.
    pub(crate) fn tables_at(&mut self, place: Place) {
        self.tables = place;
        self.misfits.retain(|misfit| misfit.position > place.position);
        for cache in self.projector.fold.caches() {
            cache.written(place.position);
        }
    }

    /// The changes that the tables lack; `None` if they lack none.
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
    /// The changes of the read model `name`, in the form that the store takes.
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
