//! The header `mcp-session-id`, and the value of `Retry-After`, which a call hands to the HTTP answer that carries it.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use axum::http::HeaderName;

/// Header by which clients of the older eras repeat what `initialize` answered.
pub(crate) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// When the client of an overloaded server should come again; a tool says so, the HTTP answer carries it.
#[derive(Debug, Clone, Default)]
pub(crate) struct RetryAfter(Arc<AtomicU32>);

impl RetryAfter {
    /// In that many seconds.
    pub(crate) fn set(&self, seconds: u32) {
        self.0.store(seconds, Relaxed);
    }

    pub(crate) fn get(&self) -> Option<u32> {
        Some(self.0.load(Relaxed)).filter(|seconds| *seconds > 0)
    }
}
