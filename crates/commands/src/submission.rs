//! What a caller hands to the writer, and what it gets back.

use std::{
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use orderlog_domain::{
    commands::Command,
    decide::{Ask, Names},
    envelope::{Actor, Agent},
    ids::{CommandId, Position, StreamId, Version},
    rejection::{Code, Rejection},
    states::State,
};
use orderlog_event_log::{Hash, LogError, Recorded};
use tokio::sync::oneshot;
use uuid::Uuid;

/// How long commands wait for a database that went away, before their callers are told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// Pause before the database is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// One command on its way to the log.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What to do.
    pub command: Command,
    /// What the names in it were resolved to.
    pub names: Names,
    /// A command is carried out once, however often its id is sent.
    pub command_id: CommandId,
    /// Whether the caller chose the id (an idempotency key), so that it may be sent again.
    pub keyed: bool,
    /// What to refuse until the user says that it is meant.
    pub ask: Ask,
    /// Hash of the tool's name and arguments: the same id with another hash is refused.
    pub request_hash: Hash,
    /// The present time, for every rule that depends on it.
    pub now: DateTime<Utc>,
    /// When it happened; normally `now`.
    pub occurred_at: DateTime<Utc>,
    /// Refuse it unless the subject is at this version.
    pub expected_version: Option<Version>,
    /// How its names were read, sealed: kept for the answer to the same command, sent again.
    pub readings: Option<String>,
    /// Decide it and answer, but record nothing.
    pub dry_run: bool,
    /// Who sent it, with which program, and why.
    pub origin: Origin,
}

/// Who sent a command, with which program, and why: the part of an event's provenance that the caller knows.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The user, as the credential says.
    pub actor: Actor,
    /// The program.
    pub agent: Option<Agent>,
    /// The person who agreed to it, or asked for it without a program in between.
    pub confirmed_by: Option<Actor>,
    /// What caused this command; the command itself when left out.
    pub causation_id: Option<Uuid>,
    /// The conversation it belongs to; the command itself when left out.
    pub correlation_id: Option<Uuid>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// The reason that was given, perhaps sealed.
    pub reason: Option<String>,
    /// What the user typed, perhaps sealed.
    pub request_text: Option<String>,
}

impl Origin {
    /// A user with a program, without anything else.
    #[must_use]
    pub fn of(actor: Actor, agent: Option<Agent>) -> Origin {
        let (causation_id, correlation_id, trace_id, reason, request_text) = (None, None, None, None, None);
        Origin { actor, agent, confirmed_by: None, causation_id, correlation_id, trace_id, reason, request_text }
    }

    /// The same, where a person at this machine asks for it and no program does.
    #[must_use]
    pub fn by_a_person(self) -> Origin {
        Origin { confirmed_by: Some(self.actor.clone()), ..self }
    }
}

/// What a command did.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The id of the command.
    pub command_id: CommandId,
    /// The stream that the command was about.
    pub subject: StreamId,
    /// The position of the log after it.
    pub position: Position,
    /// The state of the subject before; `None` if the command created it.
    pub before: Option<State>,
    /// The state of the subject after.
    pub after: State,
    /// What else the user should know.
    pub warnings: Vec<String>,
    /// How names were read when it was first carried out, as sealed then.
    pub readings: Option<String>,
    /// Whether it was carried out before and is answered from the log.
    pub replayed: bool,
    /// Whether nothing was recorded: the events are those that would have been.
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
    /// A report for the operator. Whether the command was recorded may be unknown.
    #[error("the log could not take the command: {0}")]
    Failed(Arc<LogError>),
}

impl From<Rejection> for SubmitError {
    fn from(rejection: Rejection) -> SubmitError {
        SubmitError::Rejected(Box::new(rejection))
    }
}

/// A command in the queue.
pub(crate) struct Waiting {
    pub(crate) submission: Submission,
    pub(crate) reply: oneshot::Sender<Result<Receipt, SubmitError>>,
    /// Since when it waits; `None` for bulk work, which waits as long as it takes.
    pub(crate) since: Option<Instant>,
}

impl Waiting {
    /// Answers. A caller that went away needs no answer: the command stands.
    pub(crate) fn answer(self, answer: Result<Receipt, SubmitError>) {
        let _ = self.reply.send(answer);
    }
}

/// The rejection of a command that may be sent again.
pub(crate) fn unavailable(message: &str) -> Rejection {
    Rejection::new(Code::Unavailable, message)
        .hint("Nothing is lost: call again in a moment with the same idempotency_key.")
}
