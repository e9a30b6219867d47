//! The task that folds the node's events into its memory of the read models.

use orderlog_event_log::Log;
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{
    failures::Failures,
    inbox::Inbox,
    pace::{FIRST_PAUSE, FOLD_EVENTS, RENEW_EVERY},
};
use crate::{
    checkpoint,
    decoded::Decoded,
    held::Taken,
    memory::Memory,
    place::Place,
    projections::Projections,
    projector::{Loaded, Missing},
    read_model::ReadModel,
    store::StoreError,
};

pub(super) struct Folder {
    projections: Projections,
    inbox: Inbox,
    cancel: CancellationToken,
    /// The failures of each read model, in their order.
    failures: Vec<Failures>,
}

impl Folder {
    pub(super) fn new(
        projections: Projections,
        log: Log,
        fed: mpsc::Receiver<Vec<orderlog_event_log::Recorded>>,
        cancel: CancellationToken,
    ) -> Folder {
        let failures = projections.models().iter().map(|_| Failures::none()).collect();
        Folder { inbox: Inbox::new(log, cancel.clone(), fed, projections.clone()), projections, cancel, failures }
    }

    pub(super) async fn run(mut self) {
        while !self.cancel.is_cancelled() {
            let look_again = self.look_again();
            let Some(lowest) = self.lowest().await else {
                self.inbox.idle(look_again).await;
                continue;
            };
            match self.inbox.events_after(lowest, look_again).await {
                Some(events) if !events.is_empty() => self.take_in(lowest, &events).await,
                Some(_) => {}
                None => self.inbox.pause(Instant::now() + FIRST_PAUSE).await,
            }
            if self.inbox.must_compare() {
                self.projections.look();
            }
        }
    }

    /// The place of the memory that is furthest behind, among those that may continue.
    async fn lowest(&self) -> Option<Place> {
        let mut lowest: Option<Place> = None;
        for (memory, failures) in self.projections.memories().iter().zip(&self.failures) {
            if failures.are_over()
                && let Some(at) = memory.at().await
            {
                lowest = Some(lowest.filter(|lowest| lowest.position <= at.position).unwrap_or(at));
            }
        }
        lowest
    }

    /// When to look whether another memory may go on.
    fn look_again(&self) -> Instant {
        let latest = Instant::now() + RENEW_EVERY;
        let waiting = self.failures.iter().filter(|failures| !failures.are_over()).map(Failures::not_before);
        waiting.fold(latest, Instant::min)
    }

    /// Folds events that follow on `from` into every memory that is at `from` or between these events.
    async fn take_in(&mut self, from: Place, events: &[Decoded]) {
        let (Some(first), Some(last)) = (events.first(), events.last()) else { return };
        let projections = self.projections.clone();
        for (memory, failures) in projections.memories().iter().zip(&mut self.failures) {
            let Some(at) = memory.at().await.filter(|_| failures.are_over()) else { continue };
            if at.position.next() < first.position || at.position >= last.position {
                continue;
            }
            let skip = usize::try_from(at.position.0 + 1 - first.position.0).unwrap_or(0);
            let here = if skip == 0 { from } else { events[skip - 1].place() };
            if here != at {
                let name = memory.model.name;
                warn!(projection = name, position = at.position.0, "a memory stands in another past than the log");
                memory.lose().await;
                projections.look();
                continue;
            }
            match advance(&projections, memory, at, &events[skip..]).await {
                Ok(()) => failures.worked(),
                Err(error) => {
                    let (name, pause) = (memory.model.name, failures.failed());
                    warn!(projection = name, position = at.position.0, ?pause, %error, "a read model failed");
                }
            }
        }
    }
}

/// Folds events that follow on `at` into one memory.
async fn advance(projections: &Projections, memory: &Memory, at: Place, events: &[Decoded]) -> Result<(), StoreError> {
    let Some((load, missing)) = memory.prefetch(at, events).await else { return Ok(()) };
    let (tables, found) = if missing.is_empty() {
        (at.position, missing.nothing())
    } else {
        look_up(projections, memory.model, missing).await?
    };
    match memory.loaded(load, tables, found).await? {
        Taken::Yes => {}
        Taken::Gone => return Ok(()),
        Taken::TablesAhead => {
            memory.lose().await;
            projections.look();
            return Ok(());
        }
    }
    for few in events.chunks(FOLD_EVENTS) {
        if !memory.fold(load, few).await {
            return Ok(());
        }
    }
    Ok(())
}

/// The rows found in the tables, and the place of the tables.
async fn look_up(
    projections: &Projections,
    model: &ReadModel,
    missing: Missing,
) -> Result<(orderlog_domain::ids::Position, Loaded), StoreError> {
    let mut tx = projections.store().read(model.tables).await?;
    let tables = checkpoint::position(&mut tx, model.name).await?;
    let found = missing.load(&mut tx).await?;
    tx.commit().await?;
    Ok((tables, found))
}
