//! Opening the file: in WAL with every commit synced to disk, and refusing whatever cannot keep that promise.

use std::{str::FromStr, time::Duration};

use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::LogError;

/// How long a commit waits for another process or for a snapshot being saved.
const BUSY_LIMIT: Duration = Duration::from_secs(10);

/// What `PRAGMA synchronous` answers for FULL; EXTRA is 3.
const FULL: i64 = 2;

/// Reads the URL; creates the folder it names.
pub(super) fn options(url: &str) -> Result<SqliteConnectOptions, LogError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| LogError::Url(error.to_string()))?;
    let path = options.get_filename().to_owned();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)
            .map_err(|error| LogError::Url(format!("cannot create the folder {}: {error}", folder.display())))?;
    }
    Ok(options
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY_LIMIT)
        .disable_statement_logging())
}

/// Connects and reads back the settings that make a commit durable.
pub(super) async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, LogError> {
    let failed = |error| LogError::from_sqlx("opening the file", error);
    let mut connection = options.connect().await.map_err(failed)?;
    let journal: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.map_err(failed)?;
    if !journal.eq_ignore_ascii_case("wal") {
        let mend = "The log must be a writable file on a local disk, not in memory or read-only: \
            use a URL like sqlite://orderlog-data/log.db.";
        return Err(LogError::Unsafe { setting: "journal_mode", found: journal, mend });
    }
    let synchronous: i64 = sqlx::query_scalar("PRAGMA synchronous").fetch_one(&mut connection).await.map_err(failed)?;
    if synchronous < FULL {
        let mend = "Acknowledged commands could be lost: `PRAGMA synchronous = FULL` had no effect on this file.";
        return Err(LogError::Unsafe { setting: "synchronous", found: synchronous.to_string(), mend });
    }
    Ok(connection)
}
