//! Answers to commands and queries that cannot be carried out: what is wrong and what to do next.

use serde::Serialize;

use uuid::Uuid;

use crate::guarded::Guarded;

/// The kinds of rejection, as assistants see them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Code {
    /// An argument is malformed or out of range.
    InvalidArgument,
    /// A name fits several things.
    Ambiguous,
    /// Nothing has that id or name.
    NotFound,
    /// The order's state does not allow it.
    IllegalTransition,
    /// The order changed since `expected_version`.
    VersionConflict,
    /// Too few units available.
    InsufficientStock,
    /// The order is on hold.
    OnHold,
    /// The idempotency key was used with other arguments.
    IdempotencyMismatch,
    /// An identical order was placed moments ago.
    DuplicateSuspected,
    /// What a rule would watch for is true already.
    AlreadyTrue,
    /// The user must confirm first.
    ConfirmationRequired,
    /// The credential does not allow it.
    Forbidden,
    /// A named limit is exceeded.
    LimitExceeded,
    /// Another tool does this.
    UseOtherTool,
    /// The read model did not catch up in time.
    StaleRead,
    /// Too many calls.
    RateLimited,
    /// The server cannot carry it out now.
    Unavailable,
}

/// One rejection. Contains everything that an assistant needs to correct the call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// Kind of the rejection.
    pub code: Code,
    /// One or two sentences.
    pub message: String,
    /// Where in the message the reason begins, after the subject.
    #[serde(skip)]
    pub reason_from: Option<u16>,
    /// The argument at fault: `lines[0].quantity`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// How many seconds to wait before the same call, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u32>,
    /// Suggestions (at most 5), shortfalls, allowed statuses, or further problems of the same call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<serde_json::Value>,
    /// Every problem of the call if it has several, so that one more call can correct all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<Problem>,
    /// The preview, and the token that carries it out, if the user must confirm first.
    #[serde(flatten)]
    pub confirmation: Option<Box<Confirmation>>,
    /// The preview, and the page where a person agrees, if the user's confirmation is not enough.
    #[serde(flatten)]
    pub agreement: Option<Box<Agreement>>,
}

/// The question for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// The page on which a person says Yes or No.
    pub confirm_at: String,
    /// RFC 3339; afterwards the question is void.
    pub expires_at: String,
    /// What would be recorded.
    pub preview: serde_json::Value,
}

/// The question for the user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Confirmation {
    /// Repeat the call with this, once the user agrees. Works once.
    pub confirm_token: String,
    /// RFC 3339; afterwards the token is not valid. It is not shown: a later call is refused and gets a new token.
    #[serde(skip)]
    pub expires_at: String,
    /// What would be recorded: text, events, state before and after.
    pub preview: serde_json::Value,
    /// Why a token in the call was not valid; part of the message.
    #[serde(skip)]
    pub unfit: Option<Unfit>,
    /// The acts to which a person must agree.
    #[serde(skip)]
    pub guarded: Guarded,
    /// The customer, if the act concerns one: its stored texts are sealed under that customer's key.
    #[serde(skip)]
    pub concerns: Option<Uuid>,
}

/// Why a confirm token is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// It was not made for this call.
    #[error("This token belongs to another call: it works only with exactly the arguments that were previewed.")]
    Foreign,
    /// It has expired.
    #[error("The confirmation came too late: a preview stands for ten minutes.")]
    Expired,
    /// The outcome would now differ from the preview.
    #[error("It changed since the preview.")]
    Overtaken,
}

/// One of several problems of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The argument at fault.
    pub field: String,
    /// The problem.
    pub message: String,
}

impl Rejection {
    /// A rejection of this kind with this message.
    #[must_use]
    pub fn new(code: Code, message: impl Into<String>) -> Rejection {
        let retryable = matches!(code, Code::VersionConflict | Code::StaleRead | Code::RateLimited | Code::Unavailable);
        Rejection {
            code,
            message: message.into(),
            reason_from: None,
            field: None,
            hint: None,
            retryable,
            retry_after_seconds: None,
            candidates: vec![],
            problems: vec![],
            confirmation: None,
            agreement: None,
        }
    }

    /// An argument that cannot be used.
    #[must_use]
    pub fn invalid(field: impl Into<String>, message: impl Into<String>) -> Rejection {
        Rejection::new(Code::InvalidArgument, message).field(field)
    }

    /// The refusal of acts to which no person agreed yet.
    #[must_use]
    pub fn nobody_agreed(acts: Guarded) -> Rejection {
        let message = format!("A person must agree to this on the shop's pages ({acts}). Nothing was changed.");
        Rejection::new(Code::ConfirmationRequired, message)
    }

    /// A rejection with the reason after the subject: `Order #1001 is ` and `on hold`.
    #[must_use]
    pub fn because(code: Code, subject: &str, reason: &str) -> Rejection {
        Rejection::new(code, format!("{subject}{reason}.")).reason_after(subject)
    }

    /// Says that the message is the reason from here on.
    #[must_use]
    pub fn reason_after(mut self, subject: &str) -> Rejection {
        self.reason_from = u16::try_from(subject.len()).ok();
        self
    }

    /// The reason without the subject: `on hold`. For answers about many orders, which name each order once.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        Some(self.message.get(usize::from(self.reason_from?)..)?.trim_end_matches('.'))
    }

    /// Names the argument at fault.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>) -> Rejection {
        self.field = Some(field.into());
        self
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Rejection {
        self.hint = Some(hint.into());
        self
    }

    /// Adds when the same call may succeed, in whole seconds.
    #[must_use]
    pub fn retry_after(mut self, wait: std::time::Duration) -> Rejection {
        let begun = u64::from(wait.subsec_nanos() > 0);
        let seconds = (wait.as_secs() + begun).max(1);
        self.retry_after_seconds = Some(seconds.try_into().unwrap_or(u32::MAX));
        self
    }

    /// Adds suggestions.
    #[must_use]
    pub fn candidates(mut self, candidates: Vec<serde_json::Value>) -> Rejection {
        self.candidates = candidates;
        self
    }
}

/// Collects the problems of a call, so that one answer contains all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Adds one problem of the argument `field`.
    pub fn add(&mut self, field: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { field: field.into(), message: message.into() });
    }

    /// Whether there is no problem.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// When there is a problem: one rejection that names all problems.
    pub fn check(self) -> Result<(), Rejection> {
        let Some(first) = self.0.first() else { return Ok(()) };
        let described: Vec<String> = self.0.iter().map(|p| format!("{} {}", p.field, p.message)).collect();
        let message = match described.len() {
            1 => format!("{}.", described[0]),
            n => format!("{n} problems: {}.", described.join("; ")),
        };
        let mut rejection = Rejection::invalid(first.field.clone(), message);
        if self.0.len() > 1 {
            rejection.problems = self.0;
        }
        Err(rejection)
    }
}

impl std::fmt::Display for Rejection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Rejection {}
