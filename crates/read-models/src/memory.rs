//! What a node keeps in memory of one read model, and the rule by which memory and tables together give the right row.
//!
//! The tables stand at a checkpoint, memory at a position. **A row that changed after the checkpoint is in memory.** So:
//!
//! - a row that is in memory is the row at memory's position, whatever the table says;
//! - a row that is not in memory did not change after the checkpoint, so the table's row is the row at memory's position,
//!   if the table was read at that checkpoint or a later one, and memory has come as far as the table;
//! - a row may be dropped once the checkpoint has passed its last change.

#[cfg(test)]
mod tests;

use std::sync::{
    RwLock, TryLockError,
    atomic::{AtomicBool, Ordering},
};

use orderlog_domain::ids::Position;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::{
    answer::{Freshness, PATIENCE},
    decoded::Decoded,
    held::{Held, Taken, ToWrite},
    place::Place,
    projector::{Loaded, Missing},
    read_model::{Fold, ReadModel},
    row::Row,
    row_cache::CachedRows,
    store::StoreError,
};

/// One read model in the memory of a node.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) model: &'static ReadModel,
    held: RwLock<Option<Held>>,
    stand: watch::Sender<Stand>,
    /// Where this node left the tables; `None` while another writes them.
    written: watch::Sender<Option<Position>>,
    /// Whether a query waits for the tables.
    wanted: AtomicBool,
}

/// How far a memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// There is none: nobody runs it here, or what is stored cannot be gone on from.
    Nothing,
    /// It is being loaded.
    Loading,
    /// It is here.
    At(Position),
}

/// What was found in a table.
pub(crate) struct LookedUp<'a, R: Row> {
    /// For these keys.
    pub(crate) keys: &'a [R::Key],
    /// When it stood here.
    pub(crate) tables: Position,
    pub(crate) found: Vec<R>,
}

impl Memory {
    pub(crate) fn new(model: &'static ReadModel) -> Memory {
        Memory {
            model,
            held: RwLock::new(None),
            stand: watch::Sender::new(Stand::Nothing),
            written: watch::Sender::new(None),
            wanted: AtomicBool::new(false),
        }
    }

    /// Looks at what is held. A fold may wait for a customer's key on its thread, so nobody else blocks one meanwhile: what
    /// brings the key needs a thread too.
    async fn look<T>(&self, look: impl FnOnce(Option<&Held>) -> T) -> T {
        loop {
            match self.held.try_read() {
                Ok(held) => return look(held.as_ref()),
                Err(TryLockError::Poisoned(held)) => return look(held.into_inner().as_ref()),
                Err(TryLockError::WouldBlock) => {}
            }
            tokio::task::yield_now().await;
        }
    }

    /// Changes what is held, in the same way.
    async fn change<T>(&self, change: impl FnOnce(&mut Option<Held>) -> T) -> T {
        loop {
            match self.held.try_write() {
                Ok(mut held) => return change(&mut held),
                Err(TryLockError::Poisoned(held)) => return change(&mut held.into_inner()),
                Err(TryLockError::WouldBlock) => {}
            }
            tokio::task::yield_now().await;
        }
    }

    // How it comes and goes.

    /// From now on queries wait for it, since it is about to be loaded.
    pub(crate) fn expect(&self) {
        self.stand.send_if_modified(|stand| {
            let nothing = *stand == Stand::Nothing;
            if nothing {
                *stand = Stand::Loading;
            }
            nothing
        });
    }

    /// Takes no events in until another takes its place, or it goes on; where it stands, if it is here. Queries are answered
    /// from it all the same.
    pub(crate) async fn stand_still(&self) -> Option<Position> {
        self.change(|here| {
            here.as_mut().map(|held| {
                held.stands_still = true;
                held.at().position
            })
        })
        .await
    }

    /// Takes events in again.
    pub(crate) async fn go_on(&self) {
        self.change(|here| here.iter_mut().for_each(|held| held.stands_still = false)).await;
    }

    /// Serves from `held` from now on, unless what is here has come further: what was served is not taken back. Whether it does.
    pub(crate) async fn install(&self, mut held: Held) -> bool {
        held.projector.fold.serve();
        let position = held.at().position;
        self.change(|here| {
            let goes_back = here.as_ref().is_some_and(|before| before.at().position > position);
            if !goes_back {
                *here = Some(held);
                self.stand.send_replace(Stand::At(position));
            }
            !goes_back
        })
        .await
    }

    /// Drops it; queries wait, since it will be loaded again.
    pub(crate) async fn lose(&self) {
        self.drop_it(Stand::Loading).await;
    }

    /// Drops it; queries ask the tables.
    pub(crate) async fn end(&self) {
        self.drop_it(Stand::Nothing).await;
        self.written.send_replace(None);
    }

    /// What is here and what is told of it change together.
    async fn drop_it(&self, stand: Stand) {
        self.change(|here| {
            *here = None;
            self.stand.send_replace(stand);
        })
        .await;
    }

    /// Whether it waits to be loaded.
    pub(crate) fn is_lost(&self) -> bool {
        *self.stand.borrow() == Stand::Loading
    }

    /// The position it stands at, if it is here.
    pub(crate) fn position(&self) -> Option<Position> {
        match *self.stand.borrow() {
            Stand::At(position) => Some(position),
            Stand::Nothing | Stand::Loading => None,
        }
    }

    /// The place it stands at, if it is here and follows the log.
    pub(crate) async fn at(&self) -> Option<Place> {
        self.look(|held| held.filter(|held| !held.stands_still).map(Held::at)).await
    }

    /// Which build its rows come from, if it is here.
    pub(crate) async fn generation(&self) -> Option<i64> {
        self.look(|held| held.map(|held| held.generation)).await
    }

    // How it follows the log.

    /// The rows that `events` need, which come right after `at`; and the load they are for. `None` when it stands elsewhere.
    pub(crate) async fn prefetch(&self, at: Place, events: &[Decoded]) -> Option<(u64, Missing)> {
        self.change(|held| {
            let held = held.as_mut().filter(|held| held.at() == at)?;
            Some((held.load, held.prefetch(events)))
        })
        .await
    }

    /// Takes rows that were read of the tables for this load.
    pub(crate) async fn loaded(&self, load: u64, tables: Position, found: Loaded) -> Result<Taken, StoreError> {
        self.change(|held| match held.as_mut().filter(|held| held.load == load) {
            Some(held) => held.loaded(tables, found),
            None => Ok(Taken::Gone),
        })
        .await
    }

    /// Takes events in, whose rows are loaded; whether it is still that load, and follows the log.
    pub(crate) async fn fold(&self, load: u64, events: &[Decoded]) -> bool {
        self.change(|held| {
            let Some(held) = held.as_mut().filter(|held| held.load == load && !held.stands_still) else { return false };
            held.take_in(events);
            self.stand.send_replace(Stand::At(held.at().position));
            true
        })
        .await
    }

    // How it and the tables are one.

    /// Notes where the tables stand, whoever wrote them. Further than this memory, they are heard of again later.
    pub(crate) async fn heard(&self, tables: Place) {
        self.change(|held| {
            if let Some(held) = held
                && tables.position <= held.at().position
                && tables.position > held.tables.position
            {
                held.tables_at(tables);
            }
        })
        .await;
    }

    /// Whether this node writes the tables.
    pub(crate) fn is_ours(&self) -> bool {
        self.written.borrow().is_some()
    }

    /// Whether this node writes the tables, and they lack something that is here.
    pub(crate) fn is_ahead_of_its_tables(&self) -> bool {
        self.written.borrow().is_some_and(|tables| self.position().is_some_and(|here| here > tables))
    }

    /// This node writes the tables from now on, which stand at `tables`; or it does not any more.
    pub(crate) fn own(&self, tables: Option<Position>) {
        self.written.send_if_modified(|written| std::mem::replace(written, tables) != tables);
    }

    /// How many changes the tables lack.
    pub(crate) async fn count_unwritten(&self) -> usize {
        self.change(|held| {
            let caches = held.iter_mut().flat_map(|held| held.projector.fold.caches());
            caches.map(|cache| cache.count_unwritten()).sum()
        })
        .await
    }

    /// What the tables lack; `None` when they lack nothing.
    pub(crate) async fn unwritten(&self) -> Option<ToWrite> {
        self.wanted.store(false, Ordering::Release);
        self.change(|held| held.as_mut().and_then(Held::unwritten)).await
    }

    /// The tables have what was to be written.
    pub(crate) async fn wrote(&self, load: u64, tables: Place) {
        self.change(|held| {
            if let Some(held) = held.as_mut().filter(|held| held.load == load) {
                held.tables_at(tables);
            }
        })
        .await;
        self.written.send_if_modified(|written| {
            let ours = written.is_some();
            if ours {
                *written = Some(tables.position);
            }
            ours
        });
    }

    // How queries wait for it and read it.

    /// Waits as asked; whether there is a memory to ask.
    pub(crate) async fn wait(&self, freshness: Freshness) -> bool {
        let wanted = match freshness {
            Freshness::AtLeast(position) => position,
            Freshness::Whatever => Position::START,
        };
        let mut stand = self.stand.subscribe();
        let give_up = Instant::now() + PATIENCE;
        loop {
            match *stand.borrow_and_update() {
                Stand::Nothing => return false,
                Stand::At(position) if position >= wanted => return true,
                Stand::At(_) | Stand::Loading => {}
            }
            if !matches!(timeout_at(give_up, stand.changed()).await, Ok(Ok(()))) {
                return matches!(*stand.borrow(), Stand::At(_));
            }
        }
    }

    /// Asks the fold, at the position where it stands; `None` without one.
    pub(crate) async fn ask<F: Fold, T>(&self, ask: impl FnOnce(&F, Position) -> T) -> Option<(Position, T)> {
        self.look(|held| {
            let held = held?;
            let position = held.at().position;
            Some((position, ask(held.fold()?, position)))
        })
        .await
    }

    /// The keys among `keys` of which memory knows nothing, at the position where it stands; `None` without one.
    pub(crate) async fn unknown<F: Fold, R: Row>(
        &self,
        rows: fn(&F) -> &CachedRows<R>,
        keys: &[R::Key],
    ) -> Option<(Position, Vec<R::Key>)> {
        let unknown = |fold: &F, _| keys.iter().filter(|key| rows(fold).known(key).is_none()).cloned().collect();
        self.ask(unknown).await
    }

    /// What is `told` of the rows of `keys`: those in memory, and of the others those that were found in the table. `None` when
    /// the two do not fit together any more, and the table must be read again.
    pub(crate) async fn with_those_found<F: Fold, R: Row, T>(
        &self,
        rows: fn(&F) -> &CachedRows<R>,
        keys: &[R::Key],
        LookedUp { keys: looked_up, tables, found }: LookedUp<'_, R>,
        told: fn(&R) -> T,
    ) -> Option<(Position, Vec<T>)> {
        self.look(|held| {
            let held = held?;
            let position = held.at().position;
            if tables < held.tables.position || tables > position {
                return None;
            }
            let rows = rows(held.fold()?);
            let mut all: Vec<&R> = found.iter().filter(|row| rows.known(&row.key()).is_none()).collect();
            for key in keys {
                match rows.known(key) {
                    Some(row) => all.extend(row),
                    // One that was in memory may have been dropped since.
                    None if looked_up.contains(key) => {}
                    None => return None,
                }
            }
            all.sort_unstable_by_key(|row| row.key());
            all.dedup_by_key(|row| row.key());
            Some((position, all.into_iter().map(told).collect()))
        })
        .await
    }

    // How queries wait for the tables.

    /// Asks for the tables to be written; whether a query asked since they were.
    pub(crate) fn want_written(&self) {
        self.wanted.store(true, Ordering::Release);
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Acquire)
    }

    /// Where this node leaves the tables.
    pub(crate) fn tables(&self) -> watch::Receiver<Option<Position>> {
        self.written.subscribe()
    }
}
