//! Whether read models follow from this log. A read model with events that the log does not have has diverged and must
//! not serve.

use std::{
    collections::HashMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicI64, Ordering},
    },
};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Hash, Log, LogError};
use tokio::sync::Mutex;

use crate::{
    answer::{AnotherPast, QueryError},
    checkpoint::{self, Checkpoint},
    place::Place,
    read_model::ReadModel,
    store::Store,
};

/// The result of comparing the read models with the log.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Every checkpoint, including those of builds.
    pub(crate) checkpoints: Vec<Checkpoint>,
    /// The places of the read models that follow from the log.
    pub(crate) sound: HashMap<String, Place>,
}

/// This node's list of read models that do not follow from the log.
#[derive(Debug, Default)]
pub(crate) struct Divergence {
    /// One comparison at a time, so that a later one is never overwritten by an earlier one.
    comparing: Mutex<()>,
    diverged: RwLock<HashMap<String, AnotherPast>>,
    /// The highest head this node has seen.
    highest: AtomicI64,
}

impl Divergence {
    /// Whether the read model `name` may serve.
    pub(crate) fn check(&self, name: &str) -> Result<(), AnotherPast> {
        let diverged = self.diverged.read().unwrap_or_else(PoisonError::into_inner);
        diverged.get(name).map_or(Ok(()), |past| Err(past.clone()))
    }

    /// Looks up in the log the last event of every read model, and remembers which read models do not follow from the
    /// log.
    pub(crate) async fn compare(
        &self,
        store: &Store,
        models: &[&ReadModel],
        log: &Log,
    ) -> Result<Comparison, QueryError> {
        let _one_at_a_time = self.comparing.lock().await;
        // First the checkpoints: when the log is read afterwards, it has all the events that they name.
        let mut tx = store.read(&["checkpoints"]).await?;
        let checkpoints = checkpoint::all(&mut tx, store).await?;
        tx.commit().await?;
        let mut hashes = HashMap::from([(Position::START, Some(Hash::ZERO))]);
        let mut sound = HashMap::new();
        let mut diverged = HashMap::new();
        for model in models {
            let Some(checkpoint) = checkpoints.iter().find(|one| one.projection == model.name) else { continue };
            let position = Position(checkpoint.position);
            let hash = match hashes.get(&position) {
                Some(hash) => *hash,
                None => *hashes.entry(position).or_insert(hash_at(log, position).await?),
            };
            match hash.map(|hash| Place { position, hash }) {
                Some(place) if checkpoint.stands_at(place) => _ = sound.insert(model.name.to_owned(), place),
                _ => _ = diverged.insert(model.name.to_owned(), AnotherPast { name: model.name.to_owned(), position }),
            }
        }
        *self.diverged.write().unwrap_or_else(PoisonError::into_inner) = diverged;
        Ok(Comparison { checkpoints, sound })
    }

    /// The highest head that this node has seen. Heads only grow: if a later one is lower, the log went back.
    pub(crate) fn highest_head(&self) -> Position {
        Position(self.highest.load(Ordering::Acquire))
    }

    /// Notes a head.
    pub(crate) fn saw_head(&self, head: Position) {
        self.highest.fetch_max(head.0, Ordering::AcqRel);
    }

    /// The read models were compared with the log, which went back to `head`.
    pub(crate) fn goes_on_from(&self, head: Position) {
        self.highest.store(head.0, Ordering::Release);
    }
}

/// The hash of the event at `position`; `None` if the log ends before it.
pub(crate) async fn hash_at(log: &Log, position: Position) -> Result<Option<Hash>, LogError> {
    if position == Position::START {
        return Ok(Some(Hash::ZERO));
    }
    let event = log.read(Position(position.0 - 1), 1).await?;
    Ok(event.first().filter(|event| event.position == position).map(|event| event.hash))
}
