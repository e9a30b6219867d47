//! The log on PostgreSQL: a pool for readers, and one separate connection for each writer.

mod append;
mod breaker;
mod durability;
mod guards;
mod place;
pub(crate) mod pool;
mod reads;
mod session;
mod sql;

use std::str::FromStr;

use chrono::DateTime;
use orderlog_domain::ids::{CommandId, Position, StreamId, Version};
use sqlx::{
    ConnectOptions, Connection, PgConnection, PgPool, Row,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgRow, Postgres},
};

pub(crate) use self::append::PostgresWriter;
use self::breaker::Breaker;
use crate::{
    CommandRecord, Head, Identity, LogError, Recorded, ShopSettings, Snapshot,
    error::within,
    identity, migrations,
    reads::{StoredCommand, StoredEvent},
    settings::settings,
    tally::Tally,
};

/// Connections for readers. The writer's is not one of them.
const POOL_CONNECTIONS: u32 = 8;
/// How many connections to PostgreSQL a node uses at most for its log: the readers', the writer's, and one that probes
/// whether the database answers.
pub const CONNECTIONS: u32 = POOL_CONNECTIONS + 2;

/// Whether this role can see the tables of a log.
const IS_THERE: &str = "SELECT to_regclass('log_head') IS NOT NULL AND to_regclass('migrations') IS NOT NULL";

/// The smallest number of connections that the server, the database and the role have left; -1 means no limit.
const CONNECTIONS_LEFT: &str = "
WITH used AS (SELECT datname, usename FROM pg_stat_activity WHERE backend_type = 'client backend')
SELECT least(
    current_setting('max_connections')::bigint - current_setting('superuser_reserved_connections')::bigint
        - (SELECT count(*) FROM used),
    (SELECT CASE WHEN datconnlimit >= 0 THEN datconnlimit - (SELECT count(*) FROM used u WHERE u.datname = d.datname) END
        FROM pg_database d WHERE d.datname = current_database()),
    (SELECT CASE WHEN rolconnlimit >= 0 THEN rolconnlimit - (SELECT count(*) FROM used u WHERE u.usename = r.rolname) END
        FROM pg_roles r WHERE r.rolname = current_user))";

/// A log on PostgreSQL.
#[derive(Debug, Clone)]
pub struct PostgresLog {
    options: PgConnectOptions,
    pool: PgPool,
    breaker: Breaker,
}

settings!(PgConnection, PgRow);

/// Reads through the pool. A session that was lost while idle fails only now; then the next one is tried. After as many as
/// the pool holds, a new one is opened.
macro_rules! reading {
    ($log:ident, $doing:literal, $session:ident => $read:expr) => {{
        let reading = async {
            let mut more = POOL_CONNECTIONS;
            loop {
                let mut $session = $log.connection($doing).await?;
                match $read.await {
                    Err(error) if error.is_transient() && more > 0 => more -= 1,
                    outcome => break outcome,
                }
            }
        };
        $log.breaker.log($doing, Box::pin(reading)).await
    }};
}

impl PostgresLog {
    pub(crate) async fn open(url: &str) -> Result<PostgresLog, LogError> {
        let options = options(url)?;
        let mut connection = session::connect(&options).await?;
        migrate(&mut connection).await?;
        connection.close().await.map_err(|error| LogError::from_sqlx("migrating", error))?;
        Ok(PostgresLog::pooled(options))
    }

    /// Accepts also a server that could lose acknowledged events, and a role that may only read.
    pub(crate) async fn open_to_read(url: &str) -> Result<PostgresLog, LogError> {
        let options = options(url)?.options([("default_transaction_read_only", "on")]);
        let failed = |error| LogError::from_sqlx("connecting", error);
        let mut connection = within(session::CONNECT_LIMIT, options.connect()).await.map_err(failed)?;
        let there: bool = sqlx::query_scalar(IS_THERE).fetch_one(&mut connection).await.map_err(failed)?;
        if !there {
            let place = options.get_database().unwrap_or_else(|| options.get_username());
            let user = options.get_username();
            let what = format!("the database `{place}` has no tables of a log that the role `{user}` may see");
            return Err(LogError::Missing(what));
        }
        let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut connection).await.map_err(failed)?;
        migrations::none_pending(migrations::POSTGRES, applied)?;
        connection.close().await.map_err(failed)?;
        Ok(PostgresLog::pooled(options))
    }

    fn pooled(options: PgConnectOptions) -> PostgresLog {
        let pool = pool::postgres_pool(POOL_CONNECTIONS)
            .after_connect(|connection, _| Box::pin(session::prepare(connection)))
            .connect_lazy_with(options.clone());
        let breaker = Breaker::new(options.clone());
        PostgresLog { options, pool, breaker }
    }

    pub(crate) async fn close(&self) {
        self.pool.close().await;
    }

    /// Why the database cannot be used; `None` while it answers.
    pub(crate) fn away(&self) -> Option<String> {
        self.breaker.away()
    }

    /// Runs an operation on this database; drops it if the database goes away.
    pub(crate) async fn while_there<T>(
        &self,
        doing: &'static str,
        operation: impl Future<Output = T> + Send,
    ) -> Result<T, LogError> {
        self.breaker.guard(Box::pin(operation)).await.map_err(|breaker::Away(why)| LogError::Unavailable { doing, why })
    }

    pub(crate) fn connections(&self) -> (u32, usize) {
        (self.pool.size(), self.pool.num_idle())
    }

    async fn connection(&self, doing: &'static str) -> Result<PoolConnection<Postgres>, LogError> {
        self.pool.acquire().await.map_err(|error| LogError::from_sqlx(doing, error))
    }

    pub(crate) async fn identity(&self) -> Result<Option<Identity>, LogError> {
        let mut connection = self.connection("reading the log's id").await?;
        let row = sqlx::query_scalar(identity::LOG_ID).fetch_optional(&mut *connection).await;
        let Some(id) = identity::id_of(row)? else { return Ok(None) };
        Ok(Some(Identity { id, place: place::of(&mut connection).await? }))
    }

    pub(crate) async fn head(&self) -> Result<Head, LogError> {
        reading!(self, "reading the head", session => reads::head(&mut session))
    }

    pub(crate) async fn settings(&self) -> Result<Vec<ShopSettings>, LogError> {
        reading!(self, "reading the shop's settings", session => read_settings(&mut session))
    }

    pub(crate) async fn record_settings(&self, settings: &ShopSettings) -> Result<bool, LogError> {
        let failed = |error| LogError::from_sqlx("recording the shop's settings", error);
        let mut connection = self.connection("recording the shop's settings").await?;
        let mut transaction = connection.begin().await.map_err(failed)?;
        let row = sqlx::query(sql::LOCK_HEAD).fetch_one(&mut *transaction).await.map_err(failed)?;
        let head = reads::head_of(&row)?.position;
        let recorded = insert_settings(&mut transaction, head, settings).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        Ok(recorded)
    }

    pub(crate) async fn read(&self, after: Position, limit: u32) -> Result<Vec<Recorded>, LogError> {
        reading!(self, "reading events", session => reads::read(&mut session, after, limit))
    }

    pub(crate) async fn read_stream(
        &self,
        stream: StreamId,
        after: Version,
        limit: u32,
    ) -> Result<Vec<Recorded>, LogError> {
        reading!(self, "reading events", session => reads::read_stream(&mut session, stream, after, limit))
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
        reading!(self, "reading events", session => reads::read_stored(&mut session, after, limit))
    }

    pub(crate) async fn stored_commands(&self, ids: &[CommandId]) -> Result<Vec<StoredCommand>, LogError> {
        reading!(self, "looking up commands", session => reads::stored_commands(&mut session, ids))
    }

    pub(crate) async fn tally_commands(&self, until: Position, empty: &Tally) -> Result<Tally, LogError> {
        reading!(self, "reading commands", session => reads::tally_commands(&mut session, until, empty))
    }

    pub(crate) async fn odd_commands(&self) -> Result<i64, LogError> {
        reading!(self, "counting commands", session => reads::odd_commands(&mut session))
    }

    pub(crate) async fn untold_commands(&self) -> Result<i64, LogError> {
        reading!(self, "counting commands", session => reads::untold_commands(&mut session))
    }

    pub(crate) async fn extent(&self, until: Position) -> Result<(i64, i64, i64), LogError> {
        reading!(self, "counting events", session => reads::extent(&mut session, until))
    }

    pub(crate) async fn snapshots_after(&self, stream: &str, limit: u32) -> Result<Vec<Snapshot>, LogError> {
        reading!(self, "reading snapshots", session => reads::snapshots_after(&mut session, stream, limit))
    }

    pub(crate) async fn connections_left(&self) -> Result<i64, LogError> {
        const DOING: &str = "counting connections";
        let left = async {
            let mut session = self.connection(DOING).await?;
            let left = sqlx::query_scalar(CONNECTIONS_LEFT).fetch_one(&mut *session).await;
            left.map_err(|error| LogError::from_sqlx(DOING, error))
        };
        self.breaker.log(DOING, Box::pin(left)).await
    }

    pub(crate) async fn missing_guards(&self) -> Result<Vec<String>, LogError> {
        reading!(self, "looking at the guards", session => guards::faults(&mut session))
    }

    pub(crate) async fn find_commands(&self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, LogError> {
        reading!(self, "looking up commands", session => reads::find_commands(&mut session, ids))
    }

    pub(crate) async fn load_snapshots(&self, streams: &[StreamId]) -> Result<Vec<Snapshot>, LogError> {
        reading!(self, "loading snapshots", session => reads::load_snapshots(&mut session, streams))
    }

    pub(crate) async fn save_snapshots(&self, snapshots: &[Snapshot]) -> Result<(), LogError> {
        let mut connection = self.connection("saving snapshots").await?;
        reads::save_snapshots(&mut connection, snapshots).await
    }

    /// A writer with its own connection.
    pub(crate) async fn writer(&self) -> Result<PostgresWriter, LogError> {
        PostgresWriter::connect(self.options.clone(), self.breaker.clone()).await
    }
}

fn options(url: &str) -> Result<PgConnectOptions, LogError> {
    let options = PgConnectOptions::from_str(url).map_err(|error| LogError::Url(error.to_string()))?;
    Ok(options.application_name("orderlog").disable_statement_logging())
}

/// Applies pending migrations in one transaction. Nodes that start at the same time take turns.
async fn migrate(connection: &mut PgConnection) -> Result<(), LogError> {
    // The number names the lock. It only has to be fixed.
    const LOCK: &str = "SELECT pg_advisory_xact_lock(7814994001)";
    let failed = |error| LogError::from_sqlx("migrating", error);
    if sqlx::query_scalar(IS_THERE).fetch_one(&mut *connection).await.map_err(failed)? {
        let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut *connection).await.map_err(failed)?;
        if migrations::pending(migrations::POSTGRES, applied)?.is_empty() {
            return Ok(()); // Nothing to do, so a role that may not create tables can serve this log.
        }
    }
    let mut transaction = connection.begin().await.map_err(failed)?;
    sqlx::query(LOCK).execute(&mut *transaction).await.map_err(failed)?;
    sqlx::query(migrations::CREATE_TABLE).execute(&mut *transaction).await.map_err(failed)?;
    let applied = sqlx::query_as(migrations::APPLIED).fetch_all(&mut *transaction).await.map_err(failed)?;
    for migration in migrations::pending(migrations::POSTGRES, applied)? {
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
