//! What a read model is to the runner: tables, a fold over facts in memory, and the schema for both engines.

use std::sync::Arc;

use orderlog_domain::{
    envelope::{self, Envelope},
    event::Event,
    ids::{CustomerId, Position, StreamId},
};
use orderlog_event_log::{Hash, Recorded};

use crate::{place::Place, sheet::Sheet};

type Open = dyn Fn(&str, &str) -> Option<String> + Send + Sync;
type Forget = dyn Fn(CustomerId) + Send + Sync;

/// Opens sealed personal data; `None` when the person's key was erased. May want to be told who was.
#[derive(Clone)]
pub struct Unseal {
    open: Arc<Open>,
    forget: Option<(Position, Arc<Forget>)>,
}

impl Unseal {
    /// Opens with `open`, which is given the field and the seal.
    pub fn new(open: impl Fn(&str, &str) -> Option<String> + Send + Sync + 'static) -> Unseal {
        Unseal { open: Arc::new(open), forget: None }
    }

    /// Has `forget` called on every node, whichever runs the read models, with each customer erased after `position`.
    #[must_use]
    pub fn forgetting(self, position: Position, forget: impl Fn(CustomerId) + Send + Sync + 'static) -> Unseal {
        Unseal { forget: Some((position, Arc::new(forget))), ..self }
    }

    /// From where on it must hear of erasures.
    pub(crate) fn forgets_after(&self) -> Option<Position> {
        self.forget.as_ref().map(|(position, _)| *position)
    }

    pub(crate) fn hear(&self, events: &[Recorded]) {
        let Some((_, forget)) = &self.forget else { return };
        for event in events.iter().filter(|event| event.event_type == "CustomerErased") {
            if let StreamId::Customer(customer) = event.stream {
                forget(customer);
            }
        }
    }

    /// The text behind the seal that stands in a field; a seal made for another field does not open.
    #[must_use]
    pub fn open(&self, field: &str, sealed: &str) -> Option<String> {
        (self.open)(field, sealed)
    }
}

impl std::fmt::Debug for Unseal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Unseal")
    }
}

/// One read model: what the folders of this crate declare.
pub struct ReadModel {
    /// Its name: the folder's.
    pub name: &'static str,
    /// Of its fold and schema. Raising it has the read model built anew beside the old one.
    pub version: i64,
    /// Its tables, in the order in which they are locked.
    pub tables: &'static [&'static str],
    /// Its schema on PostgreSQL, with `@` after table names and `#` after index names.
    pub postgres: &'static str,
    /// Its schema on SQLite.
    pub sqlite: &'static str,
    /// An empty fold.
    pub fold: fn(&Unseal) -> Box<dyn Fold>,
}

impl std::fmt::Debug for ReadModel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} version {}", self.name, self.version)
    }
}

/// An event that does not fit what the read model knows of its stream.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct CannotApply(pub String);

/// Folds events into rows held in memory. All I/O is the projector's.
pub trait Fold: Send + Sync {
    /// The tables it works on.
    fn sheets(&mut self) -> Vec<&mut dyn Sheet>;

    /// Notes the rows `event` will look at; the projector loads those of a whole batch together.
    fn touch(&mut self, event: &Envelope<Event>);

    /// Takes in `event`. An error leaves the rows as they were.
    ///
    /// # Errors
    /// When the event does not fit; the projector parks it and all that follow in its stream.
    fn apply(&mut self, event: &Envelope<Event>) -> Result<(), CannotApply>;
}

/// One event, decoded once for all read models.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub(crate) position: Position,
    pub(crate) hash: Hash,
    pub(crate) stream: StreamId,
    pub(crate) event: Result<Envelope<Event>, String>,
}

impl Decoded {
    pub(crate) fn place(&self) -> Place {
        Place { position: self.position, hash: self.hash }
    }
}

pub(crate) fn decode(recorded: &[Recorded]) -> Vec<Decoded> {
    let one = |r: &Recorded| Decoded {
        position: r.position,
        hash: r.hash,
        stream: r.stream,
        event: envelope::decode(&r.json).map_err(|e| e.to_string()),
    };
    recorded.iter().map(one).collect()
}
