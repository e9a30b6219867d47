//! What came of a try to send a message.

use std::time::Duration;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tried {
    /// The target took it.
    Sent,
    /// Later it may.
    Later { why: String, after: Option<Duration> },
    /// It will never take this one.
    Never { why: String },
    /// It wants no more messages (410).
    Gone,
}
