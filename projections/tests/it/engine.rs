//! One throw-away shop per test: a log and read models on SQLite files or in a PostgreSQL database of its own.

use std::time::Duration;

use orderlog_domain::ids::Position;
use orderlog_event_log::Log;
use orderlog_messaging::{Bus, Source};
use orderlog_projections::{MODELS, Projections, Runner, RunnerOptions, Unseal};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Where a test keeps its things. Dropped with the test.
pub(crate) struct Engine {
    log_url: String,
    projections_url: String,
    _folder: Option<tempfile::TempDir>,
}

/// One node: its read models, its bus, and its runner while it runs.
pub(crate) struct Node {
    pub(crate) projections: Projections,
    pub(crate) bus: Bus,
    pub(crate) options: RunnerOptions,
    pub(crate) cancel: CancellationToken,
    pub(crate) running: Option<JoinHandle<()>>,
}

impl Engine {
    pub(crate) fn sqlite() -> Engine {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let url = |file: &str| format!("sqlite://{}", folder.path().join(file).display());
        Engine { log_url: url("log.db"), projections_url: url("projections.db"), _folder: Some(folder) }
    }

    pub(crate) async fn postgres() -> Engine {
        let admin = std::env::var("ORDERLOG_TEST_POSTGRES_URL")
            .expect("ORDERLOG_TEST_POSTGRES_URL is missing: run the tests with tests/run");
        let (server, _) = admin.rsplit_once('/').expect("a url with a database");
        #[expect(clippy::disallowed_methods, reason = "a database name of its own for every test")]
        let name = format!("proj_{}", uuid::Uuid::new_v4().simple());
        let mut connection = PgConnection::connect(&admin).await.expect("connect");
        sqlx::raw_sql(AssertSqlSafe(format!("CREATE DATABASE {name}"))).execute(&mut connection).await.expect("create");
        let url = format!("{server}/{name}");
        Engine { log_url: url.clone(), projections_url: url, _folder: None }
    }

    pub(crate) async fn log(&self) -> Log {
        // RUST_LOG=orderlog=debug shows what the runners of a failing test did.
        let _ = tracing_subscriber::fmt()
            .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
            .with_test_writer()
            .try_init();
        Log::open(&self.log_url).await.expect("open the log")
    }

    /// A node that does not run read models yet.
    pub(crate) async fn node(&self, name: &str) -> Node {
        let unseal = Unseal::new(|_, sealed| sealed.strip_prefix("sealed:").map(str::to_owned));
        Node {
            projections: Projections::open(&self.projections_url).await.expect("open the read models"),
            bus: Bus::new(),
            options: RunnerOptions { owner: name.to_owned(), unseal },
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
        self.projections_url.starts_with("postgres")
    }

    /// Runs a statement behind everybody's back.
    pub(crate) async fn execute(&self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        if self.projections_url.starts_with("postgres") {
            let mut connection = self.postgres_connection().await;
            sqlx::raw_sql(sql).execute(&mut connection).await.expect("execute");
        } else {
            let mut connection = SqliteConnection::connect(&self.projections_url).await.expect("connect");
            sqlx::raw_sql(sql).execute(&mut connection).await.expect("execute");
        }
    }

    /// Every row of every read model as text, sorted.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut rows = vec![];
        for table in MODELS.iter().flat_map(|model| model.tables) {
            let found: Vec<(String,)> = if self.projections_url.starts_with("postgres") {
                let mut connection = self.postgres_connection().await;
                let sql = format!("SELECT to_jsonb(t)::text FROM {table} t ORDER BY 1");
                sqlx::query_as(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect("dump")
            } else {
                let mut connection = SqliteConnection::connect(&self.projections_url).await.expect("connect");
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

    async fn postgres_connection(&self) -> PgConnection {
        let mut connection = PgConnection::connect(&self.projections_url).await.expect("connect");
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

    /// Waits until every read model has taken in `position`.
    pub(crate) async fn caught_up(&self, position: Position) {
        let wait = async {
            for model in MODELS {
                while !self.projections.wait_until(model.name, position).await.expect("wait") {}
            }
        };
        tokio::time::timeout(Duration::from_secs(60), wait).await.expect("the read models catch up within a minute");
    }
}
