//! The header `mcp-session-id`, and the value of `Retry-After`, which a call passes to its HTTP answer.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::Relaxed},
};

use axum::http::HeaderName;

/// Header in which clients of older protocol versions repeat the value that `initialize` answered.
pub(crate) const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");

/// When the client of an overloaded server should try again; a tool sets it, the HTTP answer contains it.
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
