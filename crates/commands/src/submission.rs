//! What a caller hands the writer, and what it gets back.

use std::{ops::Range, sync::Arc};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::Command,
    decide::Names,
    envelope::{Actor, Agent},
    ids::{CommandId, Position, StreamId, Version},
    rejection::Rejection,
    states::State,
};
use orderlog_event_log::{Hash, LogError, Recorded};
use uuid::Uuid;

/// One command on its way to the log.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What to do.
    pub command: Command,
    /// What the names in it were resolved to.
    pub names: Names,
    /// The same id is acted upon once.
    pub command_id: CommandId,
    /// Whether the caller chose the id (an idempotency key), so that it may come again.
    pub keyed: bool,
    /// Refuse if the same user placed an order like it within the last two minutes.
    pub suspect: bool,
    /// Of the tool's name and arguments: the same id with another hash is refused.
    pub request_hash: Hash,
    /// The present, for everything that depends on it.
    pub now: DateTime<Utc>,
    /// When it happened in the world; normally `now`.
    pub occurred_at: DateTime<Utc>,
    /// Refuse unless the subject stands at this version.
    pub expected_version: Option<Version>,
    /// How names in it were read, sealed: kept for whoever answers the same command again.
    pub readings: Option<String>,
    /// Decide and answer, but record nothing.
    pub dry_run: bool,
    /// Who asks, through what, why.
    pub origin: Origin,
}

/// Who asks, through what, and why: the part of an event's provenance that the caller knows.
#[derive(Debug, Clone)]
pub struct Origin {
    /// Who, from the credential.
    pub actor: Actor,
    /// Through which program.
    pub agent: Option<Agent>,
    /// What led to this command; the command itself when nothing else did.
    pub causation_id: Option<Uuid>,
    /// The conversation it belongs to; the command itself when none is named.
    pub correlation_id: Option<Uuid>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// Why, perhaps sealed.
    pub reason: Option<String>,
    /// What the user typed, perhaps sealed.
    pub request_text: Option<String>,
}

impl Origin {
    /// Somebody through a program, with nothing said of why.
    #[must_use]
    pub fn of(actor: Actor, agent: Option<Agent>) -> Origin {
        let (causation_id, correlation_id, trace_id, reason, request_text) = (None, None, None, None, None);
        Origin { actor, agent, causation_id, correlation_id, trace_id, reason, request_text }
    }
}

/// What a command did.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// Its id.
    pub command_id: CommandId,
    /// The stream it was about.
    pub subject: StreamId,
    /// The log's position after it.
    pub position: Position,
    /// The subject before, unless the command created it.
    pub before: Option<State>,
    /// The subject after.
    pub after: State,
    /// What the user should know besides.
    pub warnings: Vec<String>,
    /// How names were read when it was carried out before, as sealed then.
    pub readings: Option<String>,
    /// Answered from the log: the same command had been carried out before.
    pub replayed: bool,
    /// Nothing was recorded: the events are those that would have been.
    pub dry_run: bool,
    pub(crate) batch: Arc<[Recorded]>,
    pub(crate) range: Range<usize>,
}

impl Receipt {
    /// The events recorded, in order; none when nothing had to change.
    #[must_use]
    pub fn events(&self) -> &[Recorded] {
        &self.batch[self.range.clone()]
    }

    /// Whether there was nothing to do.
    #[must_use]
    pub fn no_change(&self) -> bool {
        self.range.is_empty()
    }

    /// The subject's version after the command.
    #[must_use]
    pub fn version(&self) -> Version {
        self.after.version()
    }
}

/// Why a command has no receipt.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SubmitError {
    /// An answer for the assistant; nothing was recorded.
    #[error("{0}")]
    Rejected(Box<Rejection>),
    /// A report for the operator; whether the command was recorded may be unknown.
    #[error("the log could not take the command: {0}")]
    Failed(Arc<LogError>),
}

impl From<Rejection> for SubmitError {
    fn from(rejection: Rejection) -> SubmitError {
        SubmitError::Rejected(Box::new(rejection))
    }
}
