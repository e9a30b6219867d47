//! A read model in a runner: whether this node runs it, and how it fares.

use tokio::time::Instant;
use tracing::{error, info, warn};

use super::pace::{FIRST_PAUSE, LONGEST_PAUSE};
use crate::{
    projections::Projections,
    projector::{AdvanceError, Projector},
    read_model::ReadModel,
    unseal::Unseal,
};

/// A read model, whether this node runs it, and how it fares.
pub(super) struct Slot {
    pub(super) projector: Projector,
    pub(super) ours: bool,
    /// It does not follow from the log.
    diverged: bool,
    failures: u32,
    pub(super) not_before: Instant,
}

impl Slot {
    pub(super) fn new(model: &'static ReadModel, unseal: &Unseal) -> Slot {
        Slot {
            projector: Projector::new(model, "", unseal),
            ours: false,
            diverged: false,
            failures: 0,
            not_before: Instant::now(),
        }
    }

    /// Says once what a comparison with the log came to.
    pub(super) fn compared(&mut self, projections: &Projections) {
        let name = self.projector.model.name;
        let past = projections.another_past(self.projector.model);
        let diverged = past.is_some();
        match past {
            Some(past) if !self.diverged => error!(projection = name, "{past}"),
            None if self.diverged => info!(projection = name, "the read model follows from the log again"),
            _ => {}
        }
        self.diverged = diverged;
    }

    /// Remembers how an advance went; whether the lease was lost by it.
    pub(super) fn note(&mut self, result: Result<(), AdvanceError>, projections: &Projections) -> bool {
        let name = self.projector.model.name;
        match result {
            Ok(()) => {
                self.failures = 0;
                projections.announce(name, Some(self.projector.at.position));
                false
            }
            Err(AdvanceError::Fenced) => {
                info!(projection = name, "the read model was swapped or another node runs it");
                self.ours = false;
                projections.announce(name, None);
                true
            }
            Err(AdvanceError::Store(error)) => {
                let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(16)).min(LONGEST_PAUSE);
                warn!(projection = name, position = self.projector.at.position.0, ?pause, %error, "a read model failed");
                self.failures += 1;
                self.not_before = Instant::now() + pause;
                false
            }
        }
    }
}
