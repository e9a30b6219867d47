//! What was probably done a moment ago already: the user is asked before it is done once more (rule C2).

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    decide::Context,
    limits,
    rejection::{Code, Rejection},
};

/// Whether it happened so shortly before what is reported now that both may be one.
pub(super) fn is_recent(at: DateTime<Utc>, context: &Context<'_>) -> bool {
    (context.occurred_at - at).abs() < limits::SUSPICION
}

/// Asks whether it is meant once more. `done` is what was done before.
#[must_use]
pub fn suspected(message: impl Into<String>, done: Value) -> Rejection {
    Rejection::new(Code::DuplicateSuspected, message)
        .hint(
            "If the user wants it once more, repeat the call with allow_duplicate: true. An idempotency_key avoids the \
             question.",
        )
        .candidates(vec![done])
}
