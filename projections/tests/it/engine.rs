//! One throw-away shop per test: a log and read models on SQLite files or in a PostgreSQL database of its own.

use std::{fs::File, path::PathBuf, time::Duration};

use anyhow::Result;
use orderlog_domain::ids::Position;
use orderlog_event_log::Log;
use orderlog_messaging::{Bus, Source};
use orderlog_projections::MODELS;
use orderlog_read_models::{Projections, Runner, RunnerOptions, Unseal};
use orderlog_testkit::{Database, Fixture};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// File of the read models, on SQLite.
const READ_MODELS: &str = "projections.db";

/// Where a test keeps its things. Dropped with the test.
pub(crate) struct Engine {
    database: Database,
}

/// An owner of leases that lives and does nothing, as one that is frozen. It dies when this is dropped.
pub(crate) enum Frozen {
    Postgres { _session: PgConnection },
    Sqlite { _locked: File },
}

/// One node: its read models, its bus, and its runner while it runs.
pub(crate) struct Node {
    pub(crate) projections: Projections,
    pub(crate) bus: Bus,
    pub(crate) options: RunnerOptions,
    pub(crate) cancel: CancellationToken,
    pub(crate) running: Option<JoinHandle<()>>,
}

impl Fixture for Engine {
    async fn on(engine: orderlog_testkit::Engine) -> Result<Engine> {
        Ok(Engine { database: Database::fresh(engine).await? })
    }
}

impl Engine {
    /// For what is particular to PostgreSQL.
    pub(crate) async fn postgres() -> Engine {
        Engine::on(orderlog_testkit::Engine::Postgres).await.expect("a fresh database")
    }

    fn read_models_url(&self) -> String {
        self.database.url_of(READ_MODELS)
    }

    pub(crate) async fn log(&self) -> Log {
        // RUST_LOG=orderlog=debug shows what the runners of a failing test did.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        Log::open(&self.database.url()).await.expect("open the log")
    }

    /// A node that does not run read models yet.
    pub(crate) async fn node(&self, name: &str) -> Node {
        let unseal = Unseal::new(|_, sealed| sealed.strip_prefix("sealed:").map(str::to_owned));
        Node {
            projections: Projections::open(&self.read_models_url(), MODELS).await.expect("open the read models"),
            bus: Bus::new(),
            options: RunnerOptions::new(name.to_owned(), unseal),
            cancel: CancellationToken::new(),
            running: None,
        }
    }

    /// A node that runs read models.
    pub(crate) async fn running(&self, name: &str) -> Node {
        let mut node = self.node(name).await;
        node.start(self.log().await);
        node
    }

    pub(crate) fn is_postgres(&self) -> bool {
        self.database.is_postgres()
    }

    /// Runs a statement on the read models behind everybody's back.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = if self.is_postgres() { format!("SET search_path = read_models; {sql}") } else { sql.to_owned() };
        self.database.execute_on(READ_MODELS, &sql).await.expect("execute");
    }

    /// A count that a statement makes on the read models.
    pub(crate) async fn count(&self, sql: &'static str) -> i64 {
        let (count,) = if self.is_postgres() {
            sqlx::query_as(sql).fetch_one(&mut self.postgres_connection().await).await
        } else {
            let mut connection = SqliteConnection::connect(&self.read_models_url()).await.expect("connect");
            sqlx::query_as(sql).fetch_one(&mut connection).await
        }
        .expect("a count");
        count
    }

    /// Puts the log back to `position`, as a restored backup or a late replica does.
    pub(crate) async fn undo_after(&self, Position(position): Position) {
        let undo = format!(
            "DELETE FROM events WHERE position > {position}; UPDATE log_head SET position = {position}, \
             hash = (SELECT hash FROM events WHERE position = {position});"
        );
        if self.is_postgres() {
            let (disarm, arm) = ("DISABLE TRIGGER ALL", "ENABLE ALWAYS TRIGGER events_are_immutable");
            let all = format!("ALTER TABLE events {disarm}; {undo} ALTER TABLE events {arm}");
            self.database.execute(&all).await.expect("undo");
        } else {
            let mut connection = SqliteConnection::connect(&self.database.url()).await.expect("connect");
            let find = "SELECT sql FROM sqlite_schema WHERE name = 'events_refuse_delete'";
            let (trigger,): (String,) = sqlx::query_as(find).fetch_one(&mut connection).await.expect("the trigger");
            let all = format!("BEGIN IMMEDIATE; DROP TRIGGER events_refuse_delete; {undo} {trigger}; COMMIT");
            self.database.execute(&all).await.expect("undo");
        }
    }

    /// `owner` as it looks while it is frozen.
    pub(crate) async fn frozen(&self, owner: &str) -> Frozen {
        if self.is_postgres() {
            let mut session = self.postgres_connection().await;
            let lock = "SELECT pg_advisory_lock(hashtextextended('orderlog ' || $1, 0))";
            sqlx::query(lock).bind(owner).execute(&mut session).await.expect("lock");
            Frozen::Postgres { _session: session }
        } else {
            let file = self.file_of(owner);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("create");
            let locked = File::create(file).expect("create");
            locked.try_lock().expect("lock");
            Frozen::Sqlite { _locked: locked }
        }
    }

    fn file_of(&self, owner: &str) -> PathBuf {
        self.database.folder().expect("a folder").join(format!("{READ_MODELS}-alive-{owner}"))
    }

    /// The present by the clock that judges leases, in milliseconds, as SQL.
    pub(crate) fn now(&self) -> &'static str {
        if self.is_postgres() {
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)"
        } else {
            "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
        }
    }

    /// Every row of every read model as text, sorted.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut rows = vec![];
        for table in MODELS.iter().flat_map(|model| model.tables) {
            let found: Vec<(String,)> = if self.is_postgres() {
                let mut connection = self.postgres_connection().await;
                let sql = format!("SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1");
                sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("dump")
            } else {
                let mut connection = SqliteConnection::connect(&self.read_models_url()).await.expect("connect");
                let columns = format!(
                    "SELECT group_concat('quote(' || name || ')', ' || ''|'' || ') FROM pragma_table_info('{table}')"
                );
                let (columns,): (String,) =
                    sqlx::query_as(AssertSqlSafe(columns)).fetch_one(&mut connection).await.expect("columns");
                let sql = format!("SELECT {columns} FROM {table} ORDER BY 1");
                sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("dump")
            };
            rows.extend(found.into_iter().map(|(row,)| format!("{table}: {row}")));
        }
        rows
    }

    pub(crate) async fn postgres_connection(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.read_models_url()).await.expect("connect");
        sqlx::raw_sql("SET search_path = read_models").execute(&mut connection).await.expect("search path");
        connection
    }
}

impl Node {
    pub(crate) fn start(&mut self, log: Log) {
        let source = Source::Bus(self.bus.clone());
        self.cancel = CancellationToken::new();
        self.running =
            Some(Runner::start(self.projections.clone(), log, source, self.options.clone(), self.cancel.clone()));
    }

    /// Ends the runner in order: it gives its leases back.
    pub(crate) async fn stop(&mut self) {
        self.cancel.cancel();
        if let Some(running) = self.running.take() {
            running.await.expect("the runner ends");
        }
    }

    /// Ends the runner wherever it is; its leases stay.
    pub(crate) async fn crash(mut self) {
        if let Some(running) = self.running.take() {
            running.abort();
            let _ = running.await;
        }
    }

    /// Waits until the tables of every read model have taken in `position`.
    pub(crate) async fn caught_up(&self, position: Position) {
        let wait = async {
            for model in MODELS {
                while !self.projections.wait_until_written(model.name, position).await.expect("wait") {}
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the read models catch up within a minute");
    }
}
