//! Why a tool has no answer: a rejection for the assistant, or an error for the operator.

use std::time::Duration;

use orderlog_domain::rejection::{Code, Rejection};
use orderlog_event_log::LogError;
use orderlog_read_models::QueryError;

/// After this time a caller should try again, if the database was away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Why a tool has no answer.
#[derive(Debug)]
pub enum Failure {
    /// For the assistant.
    Rejected(Rejection),
    /// For the operator.
    Failed(anyhow::Error),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Failure {
        Failure::Rejected(rejection)
    }
}

impl From<anyhow::Error> for Failure {
    /// A database that is away is logged once, not for each call; each caller learns when to try again.
    fn from(error: anyhow::Error) -> Failure {
        match error.chain().find_map(|cause| cause.downcast_ref::<LogError>()) {
            Some(log) if log.is_retryable() => Failure::Rejected(unavailable(log)),
            _ => Failure::Failed(error),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Failure {
        anyhow::Error::new(error).into()
    }
}

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Failure {
        match error {
            QueryError::AnotherPast(stranger) => {
                let message = format!("This cannot be answered yet: {stranger}.");
                let hint = "Ask again in a moment. `orderlog status` shows how far it has come.";
                Failure::Rejected(Rejection::new(Code::Unavailable, message).hint(hint))
            }
            QueryError::Log(error) => error.into(),
            QueryError::Store(error) => Failure::Failed(anyhow::Error::new(error)),
        }
    }
}

/// The answer to a caller while the log's database cannot be used.
fn unavailable(error: &LogError) -> Rejection {
    let outcome = match error {
        LogError::Unknown { .. } => " Whether the change was made is not known yet.",
        _ => "",
    };
    Rejection::new(Code::Unavailable, format!("The shop's log cannot be used just now: {error}.{outcome}"))
        .hint("Call again in a moment with the same idempotency_key: it acts once.")
        .retry_after(RETRY_AFTER)
}

/// An error with its causes, outermost first, and no text twice: some errors repeat the texts of their causes.
pub fn in_words(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        let database = cause.downcast_ref::<sqlx::Error>();
        let said = database.map_or_else(|| cause.to_string(), orderlog_event_log::database_words);
        if !told.contains(&said) {
            told = if told.is_empty() { said } else { format!("{told}: {said}") };
        }
        if database.is_some() {
            break; // What comes below it says the same once more.
        }
    }
    told
}
