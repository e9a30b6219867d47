//! The failures of the log, sorted by what the caller can do next.

use std::{io, time::Duration};

use orderlog_domain::ids::Position;

/// A failure of the log. [`is_transient`](LogError::is_transient) says whether trying again can help. Only
/// [`Unknown`](LogError::Unknown) leaves open whether a batch was recorded.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LogError {
    /// The URL names no log.
    #[error("cannot open the log: {0}")]
    Url(String),
    /// There is no log to read.
    #[error("there is no log to read: {0}")]
    Missing(String),
    /// The database could lose acknowledged events, or cannot keep exact bytes.
    #[error("refusing to use this database: `{setting}` is `{found}`. {mend}")]
    Unsafe {
        /// The unsafe setting.
        setting: &'static str,
        /// The value of the setting.
        found: String,
        /// How to mend it.
        mend: &'static str,
    },
    /// The file was replaced or removed while it was in use: what is written now is lost.
    #[error(
        "{path} was replaced or removed while it was in use. Stop every process that uses it, put the right file there, and \
         start again"
    )]
    Replaced {
        /// Path of the file.
        path: String,
    },
    /// The schema could not be brought up to date.
    #[error("migration {name}: {what}")]
    Migration {
        /// File name of the migration.
        name: String,
        /// The fault.
        what: String,
    },
    /// The database cannot be reached or is too busy; the operation had no effect and may be tried again.
    #[error("the log's database is unavailable while {doing}: {why}")]
    Unavailable {
        /// The operation that failed.
        doing: &'static str,
        /// The message of the database or the network.
        why: String,
    },
    /// The server accepts no further connection.
    #[error("the database has no connection left: {why}")]
    Full {
        /// The message of the database.
        why: String,
    },
    /// The connection was lost during an append: the batch is recorded either completely or not at all. After
    /// [`reconnect`](crate::LogWriter::reconnect), `find_commands` shows which.
    #[error("the connection was lost during an append; whether the batch was recorded must be looked up: {why}")]
    Unknown {
        /// The message of the database or the network.
        why: String,
    },
    /// An earlier call failed or was abandoned half way: the connection must be replaced before it is used again.
    #[error("the writer's connection was left in an unknown state; reconnect first")]
    Interrupted,
    /// An event that must exist is missing.
    #[error("the log has a gap: position {position} is missing")]
    Gap {
        /// The first missing position.
        position: Position,
    },
    /// A stored row has a content that the log never writes.
    #[error("the log is damaged at position {position}: {what}")]
    Corrupt {
        /// Position of the row.
        position: Position,
        /// The content that was found.
        what: String,
    },
    /// The database has a log, but its tables were changed or damaged.
    #[error("the log's tables are damaged: {doing} failed: {why}")]
    Damaged {
        /// The operation that failed.
        doing: &'static str,
        /// The message of the database.
        why: String,
    },
    /// A batch that contradicts itself; nothing was sent to the database.
    #[error("refusing a malformed batch: {0}")]
    Batch(String),
    /// The database refused the operation; trying again will not help.
    #[error("the log's database failed while {doing}: {why}")]
    Database {
        /// The operation that failed.
        doing: &'static str,
        /// The message of the database.
        why: String,
    },
}

impl LogError {
    /// Whether the same call may succeed later (a writer reconnects first). False for [`LogError::Unknown`], which
    /// must be resolved, not repeated.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, LogError::Unavailable { .. } | LogError::Full { .. } | LogError::Interrupted)
    }

    /// Whether the writer may try again on a fresh connection. That includes [`LogError::Unknown`], whose outcome is looked up
    /// there first.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        self.is_transient() || matches!(self, LogError::Unknown { .. })
    }

    /// Whether the log itself is faulty, so that trying again does not help.
    #[must_use]
    pub fn is_damage(&self) -> bool {
        matches!(self, LogError::Corrupt { .. } | LogError::Gap { .. } | LogError::Damaged { .. })
    }

    /// A failure of an operation that had no effect or only read.
    pub(crate) fn from_sqlx(doing: &'static str, source: sqlx::Error) -> LogError {
        let why = told(&source);
        // too_many_connections, of the server, the database or the role
        if source.as_database_error().and_then(|error| error.code()).as_deref() == Some("53300") {
            LogError::Full { why }
        } else if connection_lost(&source) || busy(&source) {
            LogError::Unavailable { doing, why }
        } else if damaged(&source) {
            LogError::Damaged { doing, why }
        } else {
            LogError::Database { doing, why }
        }
    }

    /// A failure of the statement that commits a batch: if the connection was lost, the outcome is unknown.
    pub(crate) fn from_commit(source: sqlx::Error) -> LogError {
        if connection_lost(&source) {
            LogError::Unknown { why: told(&source) }
        } else {
            LogError::from_sqlx("appending", source)
        }
    }
}

/// The database's own message. sqlx would repeat it and add lines of PostgreSQL's source code.
#[must_use]
pub fn told(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::PoolTimedOut => "no connection became free in time".to_owned(),
        other => other.to_string(),
    }
}

/// Runs a database operation for at most `limit`; after that, the connection is unusable and must be replaced. The operation
/// is boxed, because a future that holds another by value is twice as large and moved as a whole.
pub(crate) fn within<T>(
    limit: Duration,
    operation: impl Future<Output = Result<T, sqlx::Error>>,
) -> impl Future<Output = Result<T, sqlx::Error>> {
    let operation = Box::pin(operation);
    async move {
        match tokio::time::timeout(limit, operation).await {
            Ok(result) => result,
            Err(_) => Err(sqlx::Error::Io(io::Error::new(
                io::ErrorKind::TimedOut,
                format!("no answer from the database within {} s", limit.as_secs_f32()),
            ))),
        }
    }
}

/// Whether the database may have gone away in the middle of the operation.
fn connection_lost(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_) | sqlx::Error::WorkerCrashed => true,
        // 08: connection exceptions; 57P01-57P05: the server or an administrator ended the session;
        // 25P03: the session idled inside a transaction. SQLite 10 (and 10 | n << 8): disk I/O error.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            code.starts_with("08")
                || code.starts_with("57P0")
                || code == "25P03"
                || code.parse::<i32>().is_ok_and(|sqlite| code.len() < 5 && sqlite & 0xff == 10)
        }),
        _ => false,
    }
}

/// Whether a table or a column is missing, or has a content that the log never writes.
fn damaged(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) | sqlx::Error::ColumnNotFound(_) => true,
        // 42P01, 42703: no such table, no such column; XX001, XX002: a damaged page. SQLite has no code for the first two;
        // 11 is a damaged file.
        sqlx::Error::Database(error) => {
            let (code, message) = (error.code().unwrap_or_default(), error.message());
            matches!(&*code, "42P01" | "42703" | "XX001" | "XX002")
                || (code.len() < 5 && code.parse::<i32>().is_ok_and(|sqlite| sqlite & 0xff == 11))
                || message.starts_with("no such table")
                || message.starts_with("no such column")
        }
        _ => false,
    }
}

/// Whether the database refused for the moment, without effect.
fn busy(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::PoolTimedOut => true,
        // 40001, 40P01: serialisation, deadlock; 53: out of resources; 55P03: lock not available; 57014: cancelled.
        // SQLite 5 busy, 6 locked, 13 disk full.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            matches!(&*code, "40001" | "40P01" | "55P03" | "57014")
                || (code.len() == 5 && code.starts_with("53"))
                || code.parse::<i32>().is_ok_and(|sqlite| code.len() < 5 && matches!(sqlite & 0xff, 5 | 6 | 13))
        }),
        _ => false,
    }
}
