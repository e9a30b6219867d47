//! Opens the file in WAL mode with every commit synced to disk, and refuses a file that cannot do that.

use std::{str::FromStr, time::Duration};

use futures::future::BoxFuture;
use sqlx::{
    ConnectOptions, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use crate::{LogError, error::told};

/// How long a commit waits for another process, or for a snapshot that is being saved. Callers wait as long.
const BUSY_LIMIT: Duration = Duration::from_secs(3);

/// Pause before a file is opened again that another process is switching to WAL.
const PAUSE_WHEN_BUSY: Duration = Duration::from_millis(10);

/// SQLite's code for a file that another process holds.
const SQLITE_BUSY: i32 = 5;

/// Size to which the WAL is grown before the first append, and the size at which SQLite starts it over from the
/// beginning (its default of 1,000 pages). Commits into a file that still grows take about twice as long, because the
/// file system must sync the new size too. Nothing of ours truncates it (`journal_size_limit` stays unset).
const WAL_BYTES: u64 = 4 << 20;

/// Writes and drops a table as large as the WAL must be. Its pages in the file are reused by the next events. The
/// commit has more than 1,000 pages, so SQLite copies the WAL into the file, and the next append starts the WAL over.
const GROW_WAL: &str = "
BEGIN IMMEDIATE;
CREATE TABLE wal_filler (filler BLOB);
INSERT INTO wal_filler VALUES (zeroblob(4194304));
DROP TABLE wal_filler;
COMMIT";

/// The value of `PRAGMA synchronous` for FULL; EXTRA is 3.
const FULL: i64 = 2;

/// Rows that the thread of a connection reads ahead: a page of `verify`. With sqlx's 50, reading stops after each 50
/// rows until they are taken.
const ROWS_AHEAD: usize = 2_000;

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
        .row_buffer_size(ROWS_AHEAD)
        .disable_statement_logging())
}

/// Connects, and checks the settings that make a commit durable.
pub(super) async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, LogError> {
    let failed = |error: sqlx::Error| {
        let path = options.get_filename().display();
        match LogError::from_sqlx("opening the file", error) {
            LogError::Unavailable { doing, why } => LogError::Unavailable { doing, why: format!("{path}: {why}") },
            LogError::Database { doing, why } => LogError::Database { doing, why: format!("{path}: {why}") },
            other => other,
        }
    };
    let mut connection = open(options).await.map_err(failed)?;
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

/// Connects to an existing log.
pub(super) async fn connect_to_read(url: &str) -> Result<(SqliteConnectOptions, SqliteConnection), LogError> {
    let options = SqliteConnectOptions::from_str(url).map_err(|error| LogError::Url(error.to_string()))?;
    let options = options.create_if_missing(false).busy_timeout(BUSY_LIMIT).row_buffer_size(ROWS_AHEAD);
    let options = options.disable_statement_logging();
    let path = options.get_filename().to_owned();
    if !path.is_file() {
        return Err(LogError::Missing(format!("{} does not exist", path.display())));
    }
    let failed = |error: sqlx::Error| LogError::Database {
        doing: "opening the file",
        why: format!("{}: {}", path.display(), told(&error)),
    };
    open_to_read(options).await.map_err(failed)
}

/// Opens an existing file, and returns the options with which it can be opened again. `query_only` refuses every change. The
/// files beside it, which every reader needs, are removed when the last one closes.
///
/// # Errors
/// When it cannot be read.
pub fn open_to_read(
    options: SqliteConnectOptions,
) -> BoxFuture<'static, Result<(SqliteConnectOptions, SqliteConnection), sqlx::Error>> {
    Box::pin(async move {
        let options = options.create_if_missing(false);
        let plain = options.clone().pragma("query_only", "ON");
        match look(&plain).await {
            Ok(connection) => Ok((plain, connection)),
            // There is no WAL, so no process uses the file, and no file can be made beside it: then the file does not
            // change either.
            Err(error) if !has_wal(options.get_filename()) => {
                let unchanging = options.immutable(true);
                let connection = look(&unchanging).await.map_err(|_| error)?;
                Ok((unchanging, connection))
            }
            Err(error) => Err(error),
        }
    })
}

async fn look(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut connection = options.connect().await?;
    sqlx::query("SELECT count(*) FROM sqlite_schema").execute(&mut connection).await?;
    Ok(connection)
}

fn has_wal(path: &std::path::Path) -> bool {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    std::path::Path::new(&wal).exists()
}

/// Switching a new file to WAL needs exclusive access, and SQLite then refuses at once instead of waiting for
/// `busy_timeout`. So processes that start together on a new file try again until it is their turn.
async fn open(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let give_up = tokio::time::Instant::now() + BUSY_LIMIT;
    loop {
        match options.connect().await {
            Err(error) if is_busy(&error) && tokio::time::Instant::now() < give_up => {
                tokio::time::sleep(PAUSE_WHEN_BUSY).await;
            }
            opened => return opened,
        }
    }
}

/// SQLITE_BUSY, with any of its extensions.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<i32>().ok()).is_some_and(|code| code & 0xff == SQLITE_BUSY)
}

/// Grows the WAL, unless it is large already. SQLite deletes it when the last process closes the file.
pub(super) async fn grow_wal(
    options: &SqliteConnectOptions,
    connection: &mut SqliteConnection,
) -> Result<(), LogError> {
    let mut wal = options.get_filename().as_os_str().to_owned();
    wal.push("-wal");
    if std::fs::metadata(wal).is_ok_and(|file| file.len() >= WAL_BYTES) {
        return Ok(());
    }
    let grown = sqlx::raw_sql(GROW_WAL).execute(connection).await;
    grown.map(|_| ()).map_err(|error| LogError::from_sqlx("growing the WAL", error))
}
