//! The declarations of every fact in addition to its struct: an example, the texts that are sealed, and whether a
//! person may have to agree to it.

use crate::{guarded::GuardedAct, typed::Typed};

/// Implemented beside the struct, so that a new fact cannot forget any of the three. Most facts have no typed text and
/// need no agreement.
pub(crate) trait Declared {
    /// A realistic example, for the catalogue and for the tests of the stored shapes.
    fn example() -> Self;

    /// The texts that somebody typed. They are sealed, except in events from before all of them were. A test in
    /// `typed.rs` fails on a text that is neither here nor in its lists.
    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        vec![]
    }

    /// The kind of act, if a person may have to agree to it. One fact cannot show whether many orders are changed.
    fn guarded(&self) -> Option<GuardedAct> {
        None
    }
}
