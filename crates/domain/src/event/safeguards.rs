//! What protects people in a fact: the texts that are sealed, and whether a person may have to agree to it.

use crate::{guarded::GuardedAct, typed::Typed};

/// Every fact has this beside its struct, so that whoever adds one thinks of both. Most hold no typed text and need nobody's
/// agreement: `impl Safeguards for OrderConfirmed {}`.
pub(crate) trait Safeguards {
    /// The texts that somebody typed, sealed but in events from before all of them were. A test in `typed.rs` fails on a text
    /// that is neither here nor known to be typed by nobody.
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        vec![]
    }

    /// What recording it is, where a person may have to agree to that. Whether many orders are changed is no matter of one
    /// fact.
    fn guarded(&self) -> Option<GuardedAct> {
        None
    }
}
