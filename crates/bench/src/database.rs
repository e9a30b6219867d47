//! A throw-away PostgreSQL database.

use anyhow::{Context as _, Result};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::shop;

/// A throw-away database on the given server, dropped at the end.
pub(crate) struct Database {
    admin: String,
    name: String,
    pub(crate) url: String,
}

impl Database {
    /// Creates it.
    pub(crate) async fn create(admin: &str) -> Result<Database> {
        let name = format!("orderlog_bench_{}", shop::new_id().simple());
        let mut connection = PgConnection::connect(admin).await.context("connecting to --postgres-url")?;
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await?;
        let (server, _) = admin.rsplit_once('/').context("--postgres-url ends with /database")?;
        Ok(Database { admin: admin.to_owned(), url: format!("{server}/{name}"), name })
    }

    /// Drops it, whoever is still connected.
    pub(crate) async fn drop_it(self) -> Result<()> {
        let mut connection = PgConnection::connect(&self.admin).await?;
        connection.execute(AssertSqlSafe(format!("drop database {} with (force)", self.name))).await?;
        Ok(())
    }
}
