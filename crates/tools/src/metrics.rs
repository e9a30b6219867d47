//! Metrics of calls.

use std::time::Duration;

use metrics::{counter, histogram};
use orderlog_domain::rejection::Code;

use crate::{failure::Failure, tool::Tool, tools::Tools};

/// How a call can end.
const OUTCOMES: [&str; 3] = ["ok", "refused", "failed"];

/// Every code.
pub(crate) const CODES: [Code; 17] = [
    Code::InvalidArgument,
    Code::Ambiguous,
    Code::NotFound,
    Code::IllegalTransition,
    Code::VersionConflict,
    Code::InsufficientStock,
    Code::OnHold,
    Code::IdempotencyMismatch,
    Code::DuplicateSuspected,
    Code::AlreadyTrue,
    Code::ConfirmationRequired,
    Code::Forbidden,
    Code::LimitExceeded,
    Code::UseOtherTool,
    Code::StaleRead,
    Code::RateLimited,
    Code::Unavailable,
];

/// Name of a code in metrics.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "invalid_argument",
        Code::Ambiguous => "ambiguous",
        Code::NotFound => "not_found",
        Code::IllegalTransition => "illegal_transition",
        Code::VersionConflict => "version_conflict",
        Code::InsufficientStock => "insufficient_stock",
        Code::OnHold => "on_hold",
        Code::IdempotencyMismatch => "idempotency_mismatch",
        Code::DuplicateSuspected => "duplicate_suspected",
        Code::AlreadyTrue => "already_true",
        Code::ConfirmationRequired => "confirmation_required",
        Code::Forbidden => "forbidden",
        Code::LimitExceeded => "limit_exceeded",
        Code::UseOtherTool => "use_other_tool",
        Code::StaleRead => "stale_read",
        Code::RateLimited => "rate_limited",
        Code::Unavailable => "unavailable",
    }
}

/// Makes every series of `tools` known, so that the first error is a change from 0 and not a new series.
pub fn present(tools: &Tools) {
    for tool in tools.all() {
        for outcome in OUTCOMES {
            counter!("orderlog_calls_total", "tool" => tool.name, "outcome" => outcome).absolute(0);
            if tool.is_command() {
                counter!("orderlog_commands_total", "tool" => tool.name, "outcome" => outcome).absolute(0);
            }
        }
        drop(histogram!("orderlog_call_seconds", "tool" => tool.name));
    }
    for code in CODES {
        counter!("orderlog_refusals_total", "code" => code_name(code)).absolute(0);
    }
}

/// Counts one call of a tool.
pub fn called<T>(tool: &Tool, answer: &Result<T, Failure>, took: Duration) {
    let outcome = match answer {
        Ok(_) => "ok",
        Err(Failure::Rejected(rejection)) => {
            counter!("orderlog_refusals_total", "code" => code_name(rejection.code)).increment(1);
            "refused"
        }
        Err(Failure::Failed(_)) => "failed",
    };
    counter!("orderlog_calls_total", "tool" => tool.name, "outcome" => outcome).increment(1);
    if tool.is_command() {
        counter!("orderlog_commands_total", "tool" => tool.name, "outcome" => outcome).increment(1);
    }
    histogram!("orderlog_call_seconds", "tool" => tool.name).record(took);
}
