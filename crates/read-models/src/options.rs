//! The options of a runner and of a rebuild.

use crate::{row_cache::Limits, unseal::Unseal};

/// What a runner or a rebuild needs to know of its node.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Names this node among all that share the log, and this start of it among all its starts.
    pub owner: String,
    /// Opens customers' particulars.
    pub unseal: Unseal,
    /// How much stays in memory.
    pub limits: Limits,
}

impl RunnerOptions {
    /// Those of `owner`, within the usual limits.
    #[must_use]
    pub fn new(owner: String, unseal: Unseal) -> RunnerOptions {
        RunnerOptions { owner, unseal, limits: Limits::default() }
    }
}
