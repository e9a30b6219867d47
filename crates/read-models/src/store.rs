//! The two engines that store tables of read models, behind one small type; only this file matches on the engine.

use std::{path::PathBuf, str::FromStr, time::Duration};

use futures::future::BoxFuture;
use orderlog_event_log::{empty_wal, open_sqlite_to_read, postgres_pool, sqlite_pool, vacuum};
use sqlx::{
    AssertSqlSafe, Connection as _, Postgres, Sqlite, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPool},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqliteSynchronous},
};

mod bulk;
mod error;
mod sql;
mod statements;

pub use error::StoreError;
pub use sql::{Sql, like};
pub use statements::FromAnyRow;

/// Connections of one node to PostgreSQL for projecting and querying.
const POOL_CONNECTIONS: u32 = 10;
/// All connections of a node: those, one session that shows that the node is alive, and one for a rebuild.
pub const POSTGRES_CONNECTIONS: u32 = POOL_CONNECTIONS + 2;
/// Connections of one node that query SQLite; one more connection writes.
const SQLITE_READERS: u32 = 4;
/// How long a statement waits for another process that writes the same SQLite file.
const SQLITE_BUSY: Duration = Duration::from_secs(30);
/// How long a session may be silent within a transaction before PostgreSQL ends it.
const FROZEN: &str = "5s";
/// The cost that PostgreSQL assumes for a page read through an index, if a page read in sequence costs 1. Read models
/// are mostly in memory. With the default of 4, which is for rotating disks, it read 3,000 customers to find 20.
const RANDOM_PAGE: &str = "1.1";
/// Prepared statements kept per connection.
const PREPARED_STATEMENTS: usize = 512;
/// Key of the PostgreSQL advisory lock under which tables are created.
const SCHEMA_LOCK: i64 = 0x6f72_6465_726c_6f67;

/// The database of the read models. Clones share connections.
#[derive(Debug, Clone)]
pub(crate) enum Store {
    /// Schema `read_models` of the log's database.
    Postgres(PgPool),
    /// A file of its own.
    Sqlite {
        /// One connection.
        writer: SqlitePool,
        /// Several.
        readers: SqlitePool,
        /// The file.
        path: PathBuf,
    },
}

impl Store {
    /// Opens `sqlite://path/projections.db` (created if missing) or `postgres://…`.
    ///
    /// # Errors
    /// When the database cannot be reached or prepared.
    pub(crate) fn open(url: &str) -> BoxFuture<'_, Result<Store, StoreError>> {
        Box::pin(async move { Store::connect(url, true).await })
    }

    /// Opens existing tables for reading only.
    ///
    /// # Errors
    /// When it is not there or cannot be reached.
    pub(crate) fn open_to_read(url: &str) -> BoxFuture<'_, Result<Store, StoreError>> {
        Box::pin(async move { Store::connect(url, false).await })
    }

    async fn connect(url: &str, create: bool) -> Result<Store, StoreError> {
        let failed = StoreError::doing("opening");
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            // Rows and checkpoint commit together, so a commit lost in a crash is folded again: no need to wait for the
            // disk. A node frozen within a transaction must not keep the others from taking over.
            let options = PgConnectOptions::from_str(url)
                .map_err(&failed)?
                .options([("search_path", "read_models"), ("synchronous_commit", "off"), ("jit", "off")])
                .options([("idle_in_transaction_session_timeout", FROZEN), ("random_page_cost", RANDOM_PAGE)])
                // Starting processes for one query delays the others: eight queries at once took half the time without
                // them.
                .options([("max_parallel_workers_per_gather", "0")])
                .application_name("orderlog projections")
                .statement_cache_capacity(PREPARED_STATEMENTS);
            let pool = postgres_pool(POOL_CONNECTIONS).connect_with(options).await.map_err(failed)?;
            Ok(Store::Postgres(pool))
        } else if url.starts_with("sqlite:") {
            let mut options = SqliteConnectOptions::from_str(url).map_err(&failed)?;
            if create {
                options = options.create_if_missing(true).journal_mode(SqliteJournalMode::Wal);
            } else if options.get_filename().is_file() {
                let (to_read, connection) = open_sqlite_to_read(options).await.map_err(&failed)?;
                connection.close().await.map_err(&failed)?;
                options = to_read;
            } else {
                return Err(StoreError::Missing(options.get_filename().display().to_string()));
            }
            let options = options
                .synchronous(SqliteSynchronous::Normal)
                .busy_timeout(SQLITE_BUSY)
                .statement_cache_capacity(PREPARED_STATEMENTS)
                .pragma("cache_size", "-65536")
                .pragma("temp_store", "memory")
                .pragma("wal_autocheckpoint", "4000")
                // The pages of a forgotten person are overwritten.
                .pragma("secure_delete", "ON");
            let path = options.get_filename().to_owned();
            let writer = sqlite_pool(1).connect_with(options.clone()).await.map_err(&failed)?;
            let readers = sqlite_pool(SQLITE_READERS).connect_lazy_with(options);
            Ok(Store::Sqlite { writer, readers, path })
        } else {
            Err(StoreError::UnknownUrl(url.split('@').next_back().unwrap_or_default().to_owned()))
        }
    }

    /// Clears the data that deleted rows left in the table and, on SQLite, in the write-ahead log.
    pub(crate) async fn purge(&self, table: &str) -> Result<(), StoreError> {
        let cleared = match self {
            Store::Postgres(pool) => vacuum(pool, table).await,
            Store::Sqlite { writer, .. } => empty_wal(writer, SQLITE_BUSY).await,
        };
        if cleared.map_err(StoreError::doing("purging"))? { Ok(()) } else { Err(StoreError::InUse) }
    }

    /// A transaction that writes.
    pub(crate) fn write(&self) -> BoxFuture<'_, Result<Tx, StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("starting to write");
            Ok(match self {
                Store::Postgres(pool) => Tx::Postgres(begin(pool, "BEGIN").await.map_err(failed)?),
                Store::Sqlite { writer, .. } => Tx::Sqlite(writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?),
            })
        })
    }

    /// A transaction that changes tables; at most one at a time, and it never waits long for queries. But it waits
    /// longer than the second (PostgreSQL's `deadlock_timeout`) after which an autovacuum of a table gives way:
    /// otherwise the autovacuum of a large table would outlast every try.
    pub(crate) fn alter(&self) -> BoxFuture<'_, Result<Tx, StoreError>> {
        Box::pin(async move {
            let mut tx = self.write().await?;
            if let Tx::Postgres(session) = &mut tx {
                let failed = StoreError::doing("writing");
                sqlx::query("SET LOCAL lock_timeout = '1500ms'").execute(&mut **session).await.map_err(&failed)?;
                let lock = sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(SCHEMA_LOCK);
                lock.execute(&mut **session).await.map_err(&failed)?;
            }
            Ok(tx)
        })
    }

    /// A transaction that reads one moment of `tables` (held against a swap until it ends).
    pub(crate) fn read<'a>(&'a self, tables: &'a [&'a str]) -> BoxFuture<'a, Result<Tx, StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("starting to read");
            Ok(match self {
                Store::Postgres(pool) => {
                    // The locks come before the snapshot: tables that were swapped in before them are completely
                    // visible. A plan that is made for any value expects a few rows for every range, and then sorted
                    // thousands of rows to return the first twenty.
                    let begin = format!(
                        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET LOCAL plan_cache_mode = force_custom_plan; \
                         LOCK TABLE {} IN ACCESS SHARE MODE",
                        tables.join(", ")
                    );
                    Tx::Postgres(self::begin(pool, &begin).await.map_err(failed)?)
                }
                Store::Sqlite { readers, .. } => Tx::Sqlite(readers.begin().await.map_err(failed)?),
            })
        })
    }

    /// Whether the engine is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Store::Postgres(_))
    }

    /// A statement in which `now_ms()` is the present time in milliseconds, by the database's clock: only one clock
    /// decides on leases.
    pub(crate) fn with_clock(&self, statement: &str) -> Sql {
        let now = match self {
            Store::Postgres(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
            Store::Sqlite { .. } => "CAST(unixepoch('subsec') * 1000 AS INTEGER)",
        };
        Sql::new(&statement.replace("now_ms()", now))
    }

    /// The number of open connections that read, and how many of them are idle.
    pub(crate) fn connections(&self) -> (u32, usize) {
        match self {
            Store::Postgres(pool) => (pool.size(), pool.num_idle()),
            Store::Sqlite { readers, .. } => (readers.size(), readers.num_idle()),
        }
    }

    /// Closes every connection.
    pub(crate) fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            match self {
                Store::Postgres(pool) => pool.close().await,
                Store::Sqlite { writer, readers, .. } => {
                    readers.close().await;
                    writer.close().await;
                }
            }
        })
    }
}

/// Begins a transaction.
async fn begin(pool: &PgPool, statement: &str) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
    let mut lost = LostSessions::default();
    loop {
        match pool.begin_with(AssertSqlSafe(statement.to_owned())).await {
            Err(error) if lost.one_more(&error) => {}
            outcome => return outcome,
        }
    }
}

/// Sessions that were lost since their last use, which shows only at the next use. Then another session is taken; after
/// as many tries as the pool had sessions, a new one is made.
#[derive(Default)]
struct LostSessions(u32);

impl LostSessions {
    /// Whether a session's first use failed because the session was lost, and another one may be taken.
    fn one_more(&mut self, error: &sqlx::Error) -> bool {
        self.0 += 1;
        let lost = match error {
            sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
            // The server stopped, or ended a session that was idle within a transaction.
            sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P") || code == "25P03"),
            _ => false,
        };
        lost && self.0 <= POOL_CONNECTIONS
    }
}

/// A transaction on either engine. Dropped without [`Tx::commit`], it is rolled back.
pub(crate) enum Tx {
    Postgres(Transaction<'static, Postgres>),
    Sqlite(Transaction<'static, Sqlite>),
}

impl Tx {
    pub(crate) fn commit(self) -> BoxFuture<'static, Result<(), StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("committing to");
            match self {
                Tx::Postgres(tx) => tx.commit().await.map_err(failed),
                Tx::Sqlite(tx) => tx.commit().await.map_err(failed),
            }
        })
    }

    /// Runs several statements of a schema file.
    pub(crate) fn script(&mut self, script: String) -> BoxFuture<'_, Result<(), StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("preparing tables of");
            let script = AssertSqlSafe(script);
            match self {
                Tx::Postgres(tx) => sqlx::raw_sql(script).execute(&mut **tx).await.map(drop).map_err(failed),
                Tx::Sqlite(tx) => sqlx::raw_sql(script).execute(&mut **tx).await.map(drop).map_err(failed),
            }
        })
    }

    /// Whether the engine is PostgreSQL.
    pub(crate) fn is_postgres(&self) -> bool {
        matches!(self, Tx::Postgres(_))
    }
}

/// Creates the schema on PostgreSQL, where the search path names it before it exists.
pub(crate) fn create_schema(store: &Store) -> BoxFuture<'_, Result<(), StoreError>> {
    Box::pin(async move {
        let Store::Postgres(pool) = store else { return Ok(()) };
        let failed = StoreError::doing("creating the schema of");
        let mut connection: PoolConnection<Postgres> = pool.acquire().await.map_err(&failed)?;
        // Another role may have made the schema for a role that may not.
        let there: bool = sqlx::query_scalar("SELECT to_regnamespace('read_models') IS NOT NULL")
            .fetch_one(&mut *connection)
            .await
            .map_err(&failed)?;
        if there {
            return Ok(());
        }
        // IF NOT EXISTS alone still races with another node that starts at the same moment.
        let script = format!(
            "BEGIN; SELECT pg_advisory_xact_lock({SCHEMA_LOCK}); CREATE SCHEMA IF NOT EXISTS read_models; COMMIT"
        );
        sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut *connection).await.map(drop).map_err(failed)
    })
}
