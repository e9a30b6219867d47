//! The options of a runner and of a rebuild.

use crate::{row_cache::Limits, unseal::Unseal};

/// The data of its node that a runner or a rebuild needs.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Identifies this node among all that share the log, and this start of the node among all its starts.
    pub owner: String,
    /// Opens customers' personal data.
    pub unseal: Unseal,
    /// How much stays in memory.
    pub limits: Limits,
}

impl RunnerOptions {
    /// Options for `owner`, with the usual limits.
    #[must_use]
    pub fn new(owner: String, unseal: Unseal) -> RunnerOptions {
        RunnerOptions { owner, unseal, limits: Limits::default() }
    }
}
