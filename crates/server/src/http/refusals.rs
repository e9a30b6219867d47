//! Logs refused requests for the operator, at a limited rate.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use axum::http::{HeaderMap, StatusCode, header};
use orderlog_tools::echo::shown;

use super::limits::REFUSAL_LOG_INTERVAL;

/// Says in the log that requests are refused, not more than once in [`REFUSAL_LOG_INTERVAL`].
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<(Option<Instant>, u64)>);

impl Refusals {
    /// Notes one more refusal.
    pub(super) fn note(&self, status: StatusCode, headers: &HeaderMap, reason: &str) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.is_some_and(|logged| logged.elapsed() < REFUSAL_LOG_INTERVAL) {
            last.1 += 1;
            return;
        }
        let more = std::mem::replace(&mut *last, (Some(Instant::now()), 0)).1;
        drop(last);
        let text = |name| headers.get(name).map(|value| shown(&String::from_utf8_lossy(value.as_bytes())).into_owned());
        let (host, origin) = (text(header::HOST), text(header::ORIGIN));
        let status = status.as_u16();
        tracing::warn!(status, reason, host, origin, refused_since = more, "a request was refused");
    }
}
