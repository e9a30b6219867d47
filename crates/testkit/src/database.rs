//! A separate database for one test on either engine; it is removed with the test.

use std::path::PathBuf;

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;
use uuid::Uuid;

use crate::{
    engine::{Engine, Fixture},
    environment::variable,
};

/// A fresh, empty database.
#[derive(Debug)]
pub struct Database(Place);

#[derive(Debug)]
enum Place {
    Postgres { admin_url: String, name: String },
    Sqlite { folder: TempDir },
}

impl Fixture for Database {
    async fn on(engine: Engine) -> Result<Database> {
        Database::fresh(engine).await
    }
}

impl Database {
    /// A new database on the server that `tests/run` started, or in a new folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn fresh(engine: Engine) -> Result<Database> {
        match engine {
            Engine::Postgres => Database::on_server(&variable("ORDERLOG_TEST_POSTGRES_URL")?).await,
            Engine::Sqlite => {
                let folder = tempfile::Builder::new().prefix("orderlog-test.").tempdir().context("making a folder")?;
                Ok(Database(Place::Sqlite { folder }))
            }
        }
    }

    /// A new database on the PostgreSQL server at `admin_url`, which ends with the name of another database.
    ///
    /// # Errors
    /// When the server cannot be reached or refuses.
    #[expect(clippy::disallowed_methods, reason = "a test's database needs a name nobody else uses")]
    pub async fn on_server(admin_url: &str) -> Result<Database> {
        let name = format!("orderlog_{}", Uuid::new_v4().simple());
        administer(admin_url, format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")).await?;
        Ok(Database(Place::Postgres { admin_url: admin_url.to_owned(), name }))
    }

    /// A copy of the database. No session may use it meanwhile.
    ///
    /// # Errors
    /// When it cannot be copied.
    pub async fn copy(&self) -> Result<Database> {
        match &self.0 {
            Place::Postgres { admin_url, name } => {
                let copy = format!("{name}_copy");
                // Sessions that have just ended may still be visible.
                let end = format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'");
                administer(admin_url, end).await?;
                administer(admin_url, format!("CREATE DATABASE {copy} TEMPLATE {name}")).await?;
                Ok(Database(Place::Postgres { admin_url: admin_url.clone(), name: copy }))
            }
            Place::Sqlite { .. } => {
                let copy = Database::fresh(Engine::Sqlite).await?;
                let folder = copy.folder().context("a folder")?;
                std::fs::create_dir_all(&folder).context("making a folder")?;
                self.execute(&format!("VACUUM INTO '{}'", folder.join("log.db").display())).await?;
                Ok(copy)
            }
        }
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self.0 {
            Place::Postgres { .. } => Engine::Postgres,
            Place::Sqlite { .. } => Engine::Sqlite,
        }
    }

    /// Whether the engine is PostgreSQL.
    #[must_use]
    pub fn is_postgres(&self) -> bool {
        self.engine() == Engine::Postgres
    }

    /// The URL of the log; on PostgreSQL as superuser.
    #[must_use]
    pub fn url(&self) -> String {
        self.url_of("log.db")
    }

    /// The URL of `file` on SQLite; PostgreSQL keeps everything in one database.
    #[must_use]
    pub fn url_of(&self, file: &str) -> String {
        match &self.0 {
            Place::Postgres { admin_url, name } => {
                let (server, _) = admin_url.rsplit_once('/').unwrap_or((admin_url, ""));
                format!("{server}/{name}")
            }
            Place::Sqlite { folder } => format!("sqlite://{}", folder.path().join("shop").join(file).display()),
        }
    }

    /// The folder of the files, on SQLite. Its first user makes the folder.
    #[must_use]
    pub fn folder(&self) -> Option<PathBuf> {
        match &self.0 {
            Place::Postgres { .. } => None,
            Place::Sqlite { folder } => Some(folder.path().join("shop")),
        }
    }

    /// Runs statements behind everybody's back.
    ///
    /// # Errors
    /// When one fails.
    pub async fn execute(&self, statements: &str) -> Result<u64, sqlx::Error> {
        self.execute_on("log.db", statements).await
    }

    /// Runs statements on another file than the log's, if there are files.
    ///
    /// # Errors
    /// When one fails.
    pub async fn execute_on(&self, file: &str, statements: &str) -> Result<u64, sqlx::Error> {
        let (url, statements) = (self.url_of(file), sqlx::raw_sql(AssertSqlSafe(statements.to_owned())));
        Ok(match self.engine() {
            Engine::Postgres => {
                let mut connection = PgConnection::connect(&url).await?;
                let done = statements.execute(&mut connection).await?;
                connection.close().await?;
                done.rows_affected()
            }
            Engine::Sqlite => {
                let mut connection = SqliteConnection::connect(&url).await?;
                let done = statements.execute(&mut connection).await?;
                connection.close().await?;
                done.rows_affected()
            }
        })
    }
}

async fn administer(admin_url: &str, statement: String) -> Result<()> {
    let mut admin = PgConnection::connect(admin_url).await.context("connecting to the PostgreSQL server")?;
    let done = sqlx::raw_sql(AssertSqlSafe(statement.clone())).execute(&mut admin).await;
    done.with_context(|| statement)?;
    admin.close().await.context("leaving the PostgreSQL server")
}

impl Drop for Database {
    fn drop(&mut self) {
        let Place::Postgres { admin_url, name } = &self.0 else { return };
        std::thread::scope(|threads| {
            // A separate runtime: the test's own runtime may be the one that is dropping us.
            threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let statement = format!("DROP DATABASE {name} WITH (FORCE)");
                let dropped =
                    runtime.map_err(anyhow::Error::from).and_then(|r| r.block_on(administer(admin_url, statement)));
                if let Err(error) = dropped {
                    eprintln!("the database {name} was left behind: {error:#}");
                }
            });
        });
    }
}
