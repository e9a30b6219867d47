//! Opens sealed personal data for folds, and informs other owners of opened data that a customer was erased.

use std::sync::Arc;

use orderlog_domain::ids::{CustomerId, Position, StreamId};
use orderlog_event_log::Recorded;

type Open = dyn Fn(&str, &str) -> Option<String> + Send + Sync;
type Forget = dyn Fn(CustomerId) + Send + Sync;

/// Opens sealed personal data; `None` if the person's key was erased. May need to be informed of erasures.
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

    /// The position after which it must be informed of erasures.
    pub(crate) fn forgets_after(&self) -> Option<Position> {
        self.forget.as_ref().map(|(position, _)| *position)
    }

    /// Informs it of the erasures among `events`.
    pub(crate) fn hear(&self, events: &[Recorded]) {
        let Some((_, forget)) = &self.forget else { return };
        for event in events.iter().filter(|event| event.event_type == "CustomerErased") {
            if let StreamId::Customer(customer) = event.stream {
                forget(customer);
            }
        }
    }

    /// The text of a seal in a field; a seal made for another field does not open.
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
