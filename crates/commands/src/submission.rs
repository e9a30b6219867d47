//! The input and the output of the writer.

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

/// How long commands wait for a database that went away, before their callers get an answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// Pause before the database is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);

/// One command on its way to the log.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The command to carry out.
    pub command: Command,
    /// The ids to which the names in the command were resolved.
    pub names: Names,
    /// A command is carried out once, however often its id is sent.
    pub command_id: CommandId,
    /// Whether the caller chose the id (an idempotency key), so that it may be sent again.
    pub keyed: bool,
    /// Refuse the command in these cases until the user confirms it.
    pub ask: Ask,
    /// Hash of the tool's name and arguments: the same id with another hash is refused.
    pub request_hash: Hash,
    /// The present time, for every rule that depends on it.
    pub now: DateTime<Utc>,
    /// When the act happened; normally `now`.
    pub occurred_at: DateTime<Utc>,
    /// Refuse the command unless the subject is at this version.
    pub expected_version: Option<Version>,
    /// How its names were read, sealed: stored for the answer to the same command, if it is sent again.
    pub readings: Option<String>,
    /// Decide the command and answer, but record nothing.
    pub dry_run: bool,
    /// The user, the program and the reason.
    pub origin: Origin,
}

/// The user, the program and the reason of a command: the part of an event's provenance that the caller knows.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The user, from the credential.
    pub actor: Actor,
    /// The program.
    pub agent: Option<Agent>,
    /// The person who agreed to the command, or asked for it without a program in between.
    pub confirmed_by: Option<Actor>,
    /// The id of the command's cause; its own id if left out.
    pub causation_id: Option<Uuid>,
    /// The conversation it belongs to; the command itself when left out.
    pub correlation_id: Option<Uuid>,
    /// W3C trace id.
    pub trace_id: Option<String>,
    /// The reason that was given, perhaps sealed.
    pub reason: Option<String>,
    /// The user's words, perhaps sealed.
    pub request_text: Option<String>,
}

impl Origin {
    /// A user with a program, without anything else.
    #[must_use]
    pub fn of(actor: Actor, agent: Option<Agent>) -> Origin {
        let (causation_id, correlation_id, trace_id, reason, request_text) = (None, None, None, None, None);
        Origin { actor, agent, confirmed_by: None, causation_id, correlation_id, trace_id, reason, request_text }
    }

    /// The same origin, for a command that a person at this machine gives without a program.
    #[must_use]
    pub fn by_a_person(self) -> Origin {
        Origin { confirmed_by: Some(self.actor.clone()), ..self }
    }
}

/// The outcome of a command.
#[derive(Debug, Clone)]
pub struct Receipt {
    /// The id of the command.
    pub command_id: CommandId,
    /// The stream that the command was about.
    pub subject: StreamId,
    /// The position of the log after the command.
    pub position: Position,
    /// The state of the subject before; `None` if the command created it.
    pub before: Option<State>,
    /// The state of the subject after.
    pub after: State,
    /// Warnings for the user.
    pub warnings: Vec<String>,
    /// How names were read when the command was first carried out, sealed.
    pub readings: Option<String>,
    /// Whether the command was carried out before and is answered from the log.
    pub replayed: bool,
    /// Whether nothing was recorded: the events are those that would be recorded.
    pub dry_run: bool,
    pub(crate) batch: Arc<[Recorded]>,
    pub(crate) range: Range<usize>,
}

impl Receipt {
    /// The events recorded, in order; none if nothing had to change.
    #[must_use]
    pub fn events(&self) -> &[Recorded] {
        &self.batch[self.range.clone()]
    }

    /// Whether nothing had to change.
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
    /// Since when the command waits; `None` for bulk work, which waits without limit.
    pub(crate) since: Option<Instant>,
}

impl Waiting {
    /// Answers. A caller that went away needs no answer: the command is carried out in any case.
    pub(crate) fn answer(self, answer: Result<Receipt, SubmitError>) {
        let _ = self.reply.send(answer);
    }
}

/// The rejection of a command that may be sent again.
pub(crate) fn unavailable(message: &str) -> Rejection {
    Rejection::new(Code::Unavailable, message)
        .hint("Nothing is lost: call again in a moment with the same idempotency_key.")
}
