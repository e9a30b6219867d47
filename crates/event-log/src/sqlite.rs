//! The log on SQLite: a small pool for readers, and one separate connection for each writer.

mod append;
mod guards;
mod place;
pub(crate) mod pool;
mod reads;
pub(crate) mod same_file;
pub(crate) mod session;
mod sql;

use chrono::DateTime;
use orderlog_domain::ids::{CommandId, Position, StreamId, Version};
use sqlx::{
    Connection, Row, SqliteConnection, SqlitePool,
    pool::PoolConnection,
    sqlite::{Sqlite, SqliteConnectOptions, SqliteRow},
};

pub(crate) use self::append::SqliteWriter;
use self::same_file::SameFile;
use crate::{
    CommandRecord, Head, Identity, LogError, Recorded, ShopSettings, Snapshot, identity, migrations,
    reads::{StoredCommand, StoredEvent},
    settings::settings,
    tally::Tally,
};

/// Connections for readers and snapshots. Each is a thread.
const POOL_CONNECTIONS: u32 = 4;

/// Not 0 when the file holds a log.
const IS_THERE: &str = "SELECT count(*) FROM sqlite_schema WHERE name = 'migrations'";

/// A log in a SQLite file.
#[derive(Debug, Clone)]
pub struct SqliteLog {
    options: SqliteConnectOptions,
    pool: SqlitePool,
    file: SameFile,
}

settings!(SqliteConnection, SqliteRow);

impl SqliteLog {
    pub(crate) async fn open(url: &str) -> Result<SqliteLog, LogError> {
        let options = session::options(url)?;
        let mut connection = session::connect(&options).await?;
        migrate(&mut connection).await?;
        connection.close().await.map_err(|error| LogError::from_sqlx("migrating", error))?;
        SqliteLog::pooled(options)
    }

    pub(crate) async fn open_to_read(url: &str) -> Result<SqliteLog, LogError> {
        let (options, mut connection) = session::connect_to_read(url).await?;
        let failed = |error| LogError::from_sqlx("opening the file", error);
        let there: i64 = sqlx::query_scalar(IS_THERE).fetch_one(&mut connection).await.map_err(failed)?;
        if there == 0 {
            return Err(LogError::Missing(format!("{} holds no tables of a log", options.get_filename().display())));
        }
        let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut connection).await.map_err(failed)?;
        migrations::none_pending(migrations::SQLITE, applied)?;
        connection.close().await.map_err(failed)?;
        SqliteLog::pooled(options)
    }

    fn pooled(options: SqliteConnectOptions) -> Result<SqliteLog, LogError> {
        let path = options.get_filename();
        let file = SameFile::at(path).map_err(|_| LogError::Replaced { path: path.display().to_string() })?;
        let pool = pool::sqlite_pool(POOL_CONNECTIONS).connect_lazy_with(options.clone());
        Ok(SqliteLog { options, pool, file })
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    pub(crate) fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    async fn connection(&self, doing: &'static str) -> Result<PoolConnection<Sqlite>, LogError> {
        self.pool.acquire().await.map_err(|error| LogError::from_sqlx(doing, error))
    }

    pub(crate) async fn identity(&self) -> Result<Option<Identity>, LogError> {
        let mut connection = self.connection("reading the log's id").await?;
        let row = sqlx::query_scalar(identity::LOG_ID).fetch_optional(&mut *connection).await;
        let Some(id) = identity::id_of(row)? else { return Ok(None) };
        let place = place::of(self.options.get_filename())
            .map_err(|error| LogError::from_sqlx("asking where the log lives", error.into()))?;
        Ok(Some(Identity { id, place }))
    }

    pub(crate) async fn head(&self) -> Result<Head, LogError> {
        reads::head(&mut *self.connection("reading the head").await?).await
    }

    pub(crate) async fn settings(&self) -> Result<Vec<ShopSettings>, LogError> {
        read_settings(&mut *self.connection("reading the shop's settings").await?).await
    }

    pub(crate) async fn record_settings(&self, settings: &ShopSettings) -> Result<bool, LogError> {
        let failed = |error| LogError::from_sqlx("recording the shop's settings", error);
        let mut connection = self.connection("recording the shop's settings").await?;
        // The transaction keeps others from writing, so the head does not move.
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        let head = reads::head(&mut transaction).await?.position;
        let recorded = insert_settings(&mut transaction, head, settings).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(recorded)
    }

    pub(crate) async fn read(&self, after: Position, limit: u32) -> Result<Vec<Recorded>, LogError> {
        reads::read(&mut *self.connection("reading events").await?, after, limit).await
    }

    pub(crate) async fn read_stream(
        &self,
        stream: StreamId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<Recorded>, LogError> {
        reads::read_stream(&mut *self.connection("reading events").await?, stream, after, limit).await
    }

    pub(crate) async fn read_types(
        &self,
        after: Position,
        types: &[&str],
        limit: u32,
    ) -> Result<Vec<Recorded>, LogError> {
        reads::read_types(&mut *self.connection("reading events").await?, after, types, limit).await
    }

    pub(crate) async fn read_stored(&self, after: i64, limit: u32) -> Result<Vec<StoredEvent>, LogError> {
        reads::read_stored(&mut *self.connection("reading events").await?, after, limit).await
    }

    pub(crate) async fn stored_commands(&self, ids: &[CommandId]) -> Result<Vec<StoredCommand>, LogError> {
        reads::stored_commands(&mut *self.connection("looking up commands").await?, ids).await
    }

    pub(crate) async fn tally_commands(&self, until: Position, empty: &Tally) -> Result<Tally, LogError> {
        reads::tally_commands(&mut *self.connection("reading commands").await?, until, empty).await
    }

    pub(crate) async fn odd_commands(&self) -> Result<i64, LogError> {
        reads::odd_commands(&mut *self.connection("counting commands").await?).await
    }

    pub(crate) async fn untold_commands(&self) -> Result<i64, LogError> {
        reads::untold_commands(&mut *self.connection("counting commands").await?).await
    }

    pub(crate) async fn extent(&self, until: Position) -> Result<(i64, i64, i64), LogError> {
        reads::extent(&mut *self.connection("counting events").await?, until).await
    }

    pub(crate) async fn snapshots_after(&self, stream: &str, limit: u32) -> Result<Vec<Snapshot>, LogError> {
        reads::snapshots_after(&mut *self.connection("reading snapshots").await?, stream, limit).await
    }

    pub(crate) async fn missing_guards(&self) -> Result<Vec<String>, LogError> {
        guards::faults(&mut *self.connection("looking at the guards").await?).await
    }

    pub(crate) async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, LogError> {
        reads::find_commands(&mut *self.connection("looking up commands").await?, ids).await
    }

    pub(crate) async fn load_snapshots(&self, streams: &[StreamId]) -> Result<Vec<Snapshot>, LogError> {
        reads::load_snapshots(&mut *self.connection("loading snapshots").await?, streams).await
    }

    pub(crate) async fn save_snapshots(&self, snapshots: &[Snapshot]) -> Result<(), LogError> {
        reads::save_snapshots(&mut *self.connection("saving snapshots").await?, snapshots).await
    }

    /// A writer with its own connection.
    pub(crate) async fn writer(&self) -> Result<SqliteWriter, LogError> {
        SqliteWriter::connect(self.options.clone(), self.file.clone()).await
    }
}

/// Applies pending migrations in one transaction. Processes that start at the same time take turns.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), LogError> {
    let failed = |error| LogError::from_sqlx("migrating", error);
    let there: i64 = sqlx::query_scalar(IS_THERE).fetch_one(&mut *connection).await.map_err(failed)?;
    if there > 0 {
        let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut *connection).await.map_err(failed)?;
        if migrations::pending(migrations::SQLITE, applied)?.is_empty() {
            return Ok(()); // Nothing to do, so there is no need to wait for the lock of the file.
        }
    }
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
    sqlx::query(migrations::CREATE_TABLE).execute(&mut *transaction).await.map_err(failed)?;
    let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut *transaction).await.map_err(failed)?;
    for migration in migrations::pending(migrations::SQLITE, applied)? {
        sqlx::raw_sql(migration.sql).execute(&mut *transaction).await.map_err(failed)?;
        sqlx::query(migrations::REMEMBER)
            .bind(migration.name)
            .bind(migration.sha256())
            .execute(&mut *transaction)
            .await
            .map_err(failed)?;
        tracing::info!(migration = migration.name, "migrated the log");
    }
    transaction.commit().await.map_err(failed)
}
