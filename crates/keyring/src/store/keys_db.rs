//! keys.db beside a SQLite log: its schema, opening it, and the log that it belongs to.

use std::{
    path::{Path, PathBuf},
    str::FromStr as _,
    time::Duration,
};

use anyhow::Context as _;
use orderlog_event_log::{Belongings, Mark, WhichLog, sqlite_file, sqlite_pool};
use sqlx::{
    SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

/// Schema of keys.db: the files of its tables and indexes.
pub(super) const SCHEMA: [(&str, &str); 6] = [
    ("customer_keys", include_str!("../../../../migrations/sqlite-keys/0001_customer_keys.sql")),
    ("key_progress", include_str!("../../../../migrations/sqlite-keys/0002_how_far_keys_are.sql")),
    ("belongs_to", include_str!("../../../../migrations/sqlite-keys/0003_whose_keys.sql")),
    ("access_keys", include_str!("../../../../migrations/sqlite-keys/0004_access_keys.sql")),
    ("ended_sessions", include_str!("../../../../migrations/sqlite-keys/0005_ended_sessions.sql")),
    ("access_keys_in_force_of_holder", include_str!("../../../../migrations/sqlite-keys/0006_keys_for_whom.sql")),
];
/// keys.db, as a store that belongs to one log.
const KEYS: Belongings = Belongings {
    name: "keys.db",
    advice: "Put back the log or the keys.db that was here before. A new shop needs a folder of its own",
};
/// How long another process may lock keys.db.
pub(super) const BUSY: Duration = Duration::from_secs(10);

/// Two pools of one connection: SQLite has one writer, and the keys are read from memory.
pub(super) async fn open(path: &Path, which: &WhichLog) -> anyhow::Result<(SqlitePool, SqlitePool)> {
    if !path.exists() {
        // An empty file would be in the way of the keys that belong here.
        which.may_use(KEYS, None)?;
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).with_context(|| format!("create {}", folder.display()))?;
    }
    let options = SqliteConnectOptions::from_str("sqlite://")?
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .pragma("secure_delete", "ON");
    let pool = sqlite_pool(1).connect_with(options.clone()).await?;
    let mut tx = pool.begin_with("BEGIN IMMEDIATE").await?;
    for (made_by_it, schema) in SCHEMA {
        let made: Option<i64> = sqlx::query_scalar("SELECT 1 FROM sqlite_schema WHERE name = $1")
            .bind(made_by_it)
            .fetch_optional(&mut *tx)
            .await?;
        if made.is_none() {
            sqlx::raw_sql(schema).execute(&mut *tx).await.context("create the schema")?;
        }
    }
    claim(&mut tx, which).await?;
    tx.commit().await?;
    Ok((pool, sqlite_pool(1).connect_with(options).await?))
}

/// Assigns keys.db to a log, unless it belongs to another one.
async fn claim(connection: &mut SqliteConnection, which: &WhichLog) -> anyhow::Result<()> {
    const KEEP: &str = "INSERT INTO belongs_to (id, log_id, file) VALUES (1, $1, $2) \
                        ON CONFLICT (id) DO UPDATE SET log_id = excluded.log_id, file = excluded.file";
    let marked: Option<(String, String)> = sqlx::query_as("SELECT log_id, file FROM belongs_to WHERE id = 1")
        .fetch_optional(&mut *connection)
        .await
        .context("read whose keys these are")?;
    let marked = marked.map(|(log_id, file)| Mark { log_id, file: Some(file) });
    which.may_use(KEYS, marked.as_ref())?;
    let mark = which.mark();
    if marked.as_ref() != Some(&mark) {
        let keep = sqlx::query(KEEP).bind(mark.log_id).bind(mark.file.unwrap_or_default());
        keep.execute(connection).await.context("keep whose keys these are")?;
    }
    Ok(())
}

/// keys.db beside a SQLite log.
pub fn keys_file(database_url: &str) -> Option<PathBuf> {
    sqlite_file(database_url).map(|log| log.with_file_name("keys.db"))
}
