//! Pools of SQLite connections that never give out a connection with an open transaction.

use sqlx::{Connection as _, sqlite::SqlitePoolOptions};

/// A pool of at most `connections`. After a full disk or an I/O error, SQLite ends a transaction by itself; the ROLLBACK of
/// sqlx then fails, and sqlx thinks for ever that the connection is in a transaction. Such a connection is closed.
#[must_use]
pub fn sqlite_pool(connections: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new().max_connections(connections).after_release(|connection, _| {
        Box::pin(async move {
            if connection.is_in_transaction() {
                // A dropped transaction is rolled back in the background; a ping is answered after that.
                connection.ping().await?;
            }
            Ok(!connection.is_in_transaction())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_connection_goes_on_after_sqlite_ended_its_transaction() {
        let pool = sqlite_pool(1).connect("sqlite::memory:").await.unwrap();
        let mut tx = pool.begin().await.unwrap();
        // SQLite does this by itself when the disk is full.
        sqlx::raw_sql("ROLLBACK").execute(&mut *tx).await.unwrap();
        drop(tx);
        for _ in 0..2 {
            pool.begin_with("BEGIN IMMEDIATE").await.unwrap().commit().await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_connection_that_was_rolled_back_is_kept() {
        let pool = sqlite_pool(1).connect("sqlite::memory:").await.unwrap();
        sqlx::raw_sql("CREATE TABLE kept (id INTEGER)").execute(&pool).await.unwrap();
        drop(pool.begin().await.unwrap());
        // Another connection would see another database in memory.
        sqlx::raw_sql("SELECT id FROM kept").execute(&pool).await.unwrap();
    }
}
