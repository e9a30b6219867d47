//! Loads a read model into memory: first the rows that must be complete and the place of its tables, then the later
//! events. A node never serves an earlier state than it served before or during the load.

use orderlog_domain::ids::Position;
use orderlog_event_log::Log;

use crate::{
    answer::QueryError,
    checkpoint,
    decoded::decode,
    divergence::hash_at,
    held::{Held, Taken},
    memory::Memory,
    options::RunnerOptions,
    place::Place,
    projections::Projections,
    projector::Projector,
    read_model::ReadModel,
    store::{Sql, Store, StoreError, Tx},
};

/// Events read from the log at once.
const PAGE_EVENTS: u32 = 5_000;

const PARKED_STREAMS: &str = "SELECT DISTINCT stream FROM parked WHERE projection = $1";

/// Loads `memory` again from the tables, while the present rows serve; returns the place of the new rows. `None` if the
/// tables are of another version, do not follow from the log, or went on in the meantime.
pub(crate) async fn load(
    projections: &Projections,
    log: &Log,
    memory: &Memory,
    options: &RunnerOptions,
) -> Result<Option<Position>, QueryError> {
    let (store, model) = (projections.store(), memory.model);
    let Some(stored) = stored(store, log, model, options).await? else { return Ok(None) };
    let served = memory.position().unwrap_or(Position::START);
    let Some(held) = catch_up(store, log, stored, served).await? else { return Ok(None) };
    // The rest of the way is short.
    let served = memory.stand_still().await.unwrap_or(Position::START);
    let installed = match catch_up(store, log, held, served).await {
        Ok(Some(held)) => {
            let position = held.at().position;
            Ok(projections.install(memory, held).await.then_some(position))
        }
        not_there => not_there.map(|_| None),
    };
    if !matches!(installed, Ok(Some(_))) {
        projections.go_on(memory).await;
    }
    installed
}

/// Takes the events of the log after `held`, at least up to `at_least`. `None` if the log does not follow on.
async fn catch_up(store: &Store, log: &Log, mut held: Held, at_least: Position) -> Result<Option<Held>, QueryError> {
    let model = held.projector.model;
    while held.at().position < at_least {
        let events = log.read(held.at().position, PAGE_EVENTS).await?;
        if !events.first().is_some_and(|first| held.at().leads_to(first)) {
            return Ok(None);
        }
        let events = decode(&events);
        let missing = held.prefetch(&events);
        let mut found = (held.at().position, missing.nothing());
        if !missing.is_empty() {
            let mut tx = store.read(model.tables).await?;
            found = (checkpoint::position(&mut tx, model.name).await?, missing.load(&mut tx).await?);
            tx.commit().await?;
        }
        if held.loaded(found.0, found.1)? != Taken::Yes {
            return Ok(None);
        }
        held.take_in(&events);
    }
    Ok(Some(held))
}

/// The stored rows and their place.
async fn stored(
    store: &Store,
    log: &Log,
    model: &'static ReadModel,
    options: &RunnerOptions,
) -> Result<Option<Held>, QueryError> {
    let mut projector = Projector::new(model, "", &options.unseal);
    let mut tx = store.read(model.tables).await?;
    let Some(checkpoint) = checkpoint::find(&mut tx, store, model.name).await? else { return Ok(None) };
    if checkpoint.version != model.version {
        return Ok(None);
    }
    let parked: Vec<(String,)> = tx.all(&Sql::new(PARKED_STREAMS).bind(model.name.to_owned())).await?;
    projector.parked = parked.iter().filter_map(|(stream,)| stream.parse().ok()).collect();
    whole_tables(&mut tx, &mut projector, options).await?;
    tx.commit().await?;

    let position = Position(checkpoint.position);
    let Some(hash) = hash_at(log, position).await? else { return Ok(None) };
    let place = Place { position, hash };
    if !checkpoint.stands_at(place) {
        return Ok(None);
    }
    projector.at = place;
    Ok(Some(Held::new(projector, place, checkpoint.generation)))
}

async fn whole_tables(tx: &mut Tx, projector: &mut Projector, options: &RunnerOptions) -> Result<(), StoreError> {
    for cache in projector.fold.caches() {
        cache.limit(options.limits);
        if let Some(most) = cache.wants_whole() {
            let rows = tx.whole(&cache.table(), most + 1).await?;
            if rows.len() <= most {
                cache.loaded_whole(rows).map_err(StoreError::Shape)?;
            }
        }
    }
    Ok(())
}
