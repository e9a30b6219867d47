//! Acts that were probably done a moment ago already: the user is asked before they are done again (rule C2).

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    decide::Context,
    limits,
    rejection::{Code, Rejection},
};

/// Whether it happened so shortly before the reported act that both may be the same.
pub(super) fn is_recent(at: DateTime<Utc>, context: &Context<'_>) -> bool {
    (context.occurred_at - at).abs() < limits::SUSPICION
}

/// Asks whether the repetition is intended. `done` is the earlier act.
#[must_use]
pub fn suspected(message: impl Into<String>, done: Value) -> Rejection {
    Rejection::new(Code::DuplicateSuspected, message)
        .hint(
            "If the user wants it once more, repeat the call with allow_duplicate: true. An idempotency_key avoids the \
             question.",
        )
        .candidates(vec![done])
}
