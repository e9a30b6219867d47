//! A PostgreSQL database of a test's own, dropped with it.

use anyhow::{Context, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use uuid::Uuid;

use crate::environment;

/// A database for tests that need no shop around it.
///
/// # Errors
/// When the server that `tests/run` started cannot be reached.
pub async fn fresh_database() -> Result<Database> {
    Database::create().await
}

/// A fresh, empty database on the server that `tests/run` started.
#[derive(Debug)]
pub struct Database {
    admin_url: String,
    name: String,
}

impl Database {
    #[expect(clippy::disallowed_methods, reason = "a test's database needs a name nobody else uses")]
    pub(crate) async fn create() -> Result<Database> {
        let admin_url = environment::postgres_url()?;
        let name = format!("orderlog_{}", Uuid::new_v4().simple());
        let database = Database { admin_url, name };
        database.administer(format!("CREATE DATABASE {}", database.name)).await?;
        Ok(database)
    }

    /// Where it is, as superuser.
    #[must_use]
    pub fn url(&self) -> String {
        let (server, _) = self.admin_url.rsplit_once('/').unwrap_or((&self.admin_url, ""));
        format!("{server}/{}", self.name)
    }

    /// Copies it, while nobody uses it, and answers where the copy is. Dropped with the server.
    pub(crate) async fn copy(&self) -> Result<String> {
        let copy = format!("{}_copy", self.name);
        self.administer(format!("CREATE DATABASE {copy} TEMPLATE {}", self.name)).await?;
        Ok(self.url().replace(&self.name, &copy))
    }

    async fn administer(&self, statement: String) -> Result<()> {
        let mut admin = PgConnection::connect(&self.admin_url).await.context("connecting to the test PostgreSQL")?;
        admin.execute(AssertSqlSafe(statement)).await.context("administering the test PostgreSQL")?;
        admin.close().await.context("leaving the test PostgreSQL")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        std::thread::scope(|threads| {
            // A runtime of its own: the test's may be the one that is dropping us.
            threads.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
                let dropped = runtime.map_err(anyhow::Error::from).and_then(|r| r.block_on(self.administer(statement)));
                if let Err(error) = dropped {
                    eprintln!("the database {} was left behind: {error:#}", self.name);
                }
            });
        });
    }
}
