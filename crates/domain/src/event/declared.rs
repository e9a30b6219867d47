//! What every fact says of itself beside its struct: an example, the texts that are sealed, and whether a person may have to
//! agree to it.

use crate::{guarded::GuardedAct, typed::Typed};

/// Implemented where the struct stands, so that whoever adds a fact thinks of all three. Most hold no typed text and need
/// nobody's agreement.
pub(crate) trait Declared {
    /// A realistic one, for the catalogue and for the tests that hold the stored shapes.
    fn example() -> Self;

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
