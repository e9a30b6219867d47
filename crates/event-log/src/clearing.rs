//! Removes deleted rows from the database files for good. Readers can prevent this, and the code waits for them only
//! briefly.

use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};

/// How long readers are waited for.
const PATIENCE: Duration = Duration::from_millis(250);
/// Pause between two looks at the sessions of PostgreSQL.
const PAUSE: Duration = Duration::from_millis(25);
/// Allocates a transaction id. All rows deleted so far were deleted by earlier transactions.
const NOW: &str = "SELECT pg_current_xact_id()::xid::text";
/// Takes such an id as its argument. Answers whether a session has an older snapshot, for which deleted rows must be
/// kept. PostgreSQL's own vacuums do not count.
const IS_SEEN: &str = "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
    AND age(backend_xmin) > age($1::text::xid) AND backend_type IS DISTINCT FROM 'autovacuum worker' \
    AND (datid IS NULL OR datid = (SELECT oid FROM pg_database WHERE datname = current_database())))";

/// Moves the content of SQLite's write-ahead log into the file, and empties the write-ahead log; false while a reader
/// needs it. `usual` is the busy time-out of the pool's connections.
///
/// # Errors
/// When the database fails.
pub fn empty_wal(pool: &SqlitePool, usual: Duration) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    Box::pin(async move {
        let mut connection = pool.acquire().await?;
        let wait_at_most = |limit: Duration| AssertSqlSafe(format!("PRAGMA busy_timeout = {}", limit.as_millis()));
        sqlx::query(wait_at_most(PATIENCE)).execute(&mut *connection).await?;
        let emptied: Result<(i64, i64, i64), sqlx::Error> =
            sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&mut *connection).await;
        sqlx::query(wait_at_most(usual)).execute(&mut *connection).await?;
        let (busy, _, _) = emptied?;
        Ok(busy == 0)
    })
}

/// Removes the rows of a PostgreSQL table that were deleted so far, from its indexes too; false while a session that began
/// before may still see them.
///
/// # Errors
/// When the database fails.
pub fn vacuum<'a>(pool: &'a PgPool, table: &'a str) -> BoxFuture<'a, Result<bool, sqlx::Error>> {
    Box::pin(async move {
        let now: String = sqlx::query_scalar(NOW).fetch_one(pool).await?;
        let give_up = tokio::time::Instant::now() + PATIENCE;
        while sqlx::query_scalar::<_, bool>(IS_SEEN).bind(&now).fetch_one(pool).await? {
            if tokio::time::Instant::now() >= give_up {
                return Ok(false);
            }
            tokio::time::sleep(PAUSE).await;
        }
        let vacuum = AssertSqlSafe(format!("VACUUM (INDEX_CLEANUP ON) {table}"));
        sqlx::query(vacuum).execute(pool).await?;
        Ok(true)
    })
}
