//! The log's database as an intruder or a careless administrator sees it, past Orderlog.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use crate::shop::Shop;

/// Tables of the read models that say how far they are and who runs them, not what happened.
const BOOKKEEPING: [&str; 2] = ["checkpoints", "parked"];

/// A connection to the tables of the log.
#[derive(Debug)]
pub enum Behind {
    /// As superuser.
    Postgres(PgConnection),
    /// The file itself.
    Sqlite(SqliteConnection),
}

macro_rules! either {
    ($behind:expr, $connection:ident => $body:expr) => {
        match $behind {
            Behind::Postgres($connection) => $body,
            Behind::Sqlite($connection) => $body,
        }
    };
}

impl Behind {
    /// Takes away what protects the events.
    ///
    /// # Errors
    /// When the database refuses even that.
    pub async fn disarm(&mut self) -> Result<()> {
        match self {
            Behind::Postgres(postgres) => {
                sqlx::query("ALTER TABLE events DISABLE TRIGGER ALL").execute(postgres).await?;
            }
            Behind::Sqlite(sqlite) => {
                let find = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'";
                let triggers: Vec<String> = sqlx::query_scalar(find).fetch_all(&mut *sqlite).await?;
                for trigger in triggers {
                    sqlx::query(AssertSqlSafe(format!("DROP TRIGGER \"{trigger}\""))).execute(&mut *sqlite).await?;
                }
            }
        }
        Ok(())
    }

    /// Changes the stored bytes of one event.
    ///
    /// # Errors
    /// When the database refuses, as it should while it is armed.
    pub async fn replace_event(&mut self, position: i64, event: &str) -> Result<()> {
        let statement = "UPDATE events SET event = $1 WHERE position = $2";
        let changed =
            either!(self, c => sqlx::query(statement).bind(event).bind(position).execute(c).await?.rows_affected());
        ensure!(changed == 1, "there is no position {position}");
        Ok(())
    }

    /// Deletes one event.
    ///
    /// # Errors
    /// When the database refuses, as it should while it is armed.
    pub async fn delete_event(&mut self, position: i64) -> Result<()> {
        let statement = "DELETE FROM events WHERE position = $1";
        let deleted = either!(self, c => sqlx::query(statement).bind(position).execute(c).await?.rows_affected());
        ensure!(deleted == 1, "there is no position {position}");
        Ok(())
    }

    /// Every row of every read model, as sorted texts by table.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub async fn read_models(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        let tables = match self {
            Behind::Postgres(postgres) => {
                let find = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'read_models'";
                sqlx::query_scalar::<_, String>(find).fetch_all(postgres).await?
            }
            Behind::Sqlite(sqlite) => {
                let find =
                    "SELECT name FROM read_models.sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";
                sqlx::query_scalar::<_, String>(find).fetch_all(sqlite).await?
            }
        };
        let mut all = BTreeMap::new();
        for table in tables.into_iter().filter(|table| !BOOKKEEPING.contains(&table.as_str())) {
            let mut rows = self.rows(&table).await.with_context(|| format!("reading {table}"))?;
            rows.sort_unstable();
            all.insert(table, rows);
        }
        Ok(all)
    }

    async fn rows(&mut self, table: &str) -> Result<Vec<String>> {
        match self {
            Behind::Postgres(postgres) => {
                let select = format!("SELECT to_jsonb(t)::text FROM read_models.\"{table}\" t");
                Ok(sqlx::query_scalar(AssertSqlSafe(select)).fetch_all(postgres).await?)
            }
            Behind::Sqlite(sqlite) => {
                let columns = format!("SELECT name FROM pragma_table_info('{table}', 'read_models')");
                let columns: Vec<String> = sqlx::query_scalar(AssertSqlSafe(columns)).fetch_all(&mut *sqlite).await?;
                let quoted: Vec<String> = columns.iter().map(|column| format!("quote(\"{column}\")")).collect();
                let select = format!("SELECT {} FROM read_models.\"{table}\"", quoted.join(" || ',' || "));
                let rows = sqlx::query(AssertSqlSafe(select)).fetch_all(&mut *sqlite).await?;
                Ok(rows.iter().map(|row| row.get::<String, _>(0)).collect())
            }
        }
    }
}

impl Shop {
    /// Opens the database past Orderlog.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub async fn behind_its_back(&self) -> Result<Behind> {
        if let Some(url) = self.postgres_url() {
            return Ok(Behind::Postgres(PgConnection::connect(&url).await.context("connecting to the log")?));
        }
        let folder = self.sqlite_folder();
        let url = format!("sqlite://{}", folder.join("log.db").display());
        let mut sqlite = SqliteConnection::connect(&url).await.context("opening log.db")?;
        let attach = format!("ATTACH DATABASE '{}' AS read_models", folder.join("projections.db").display());
        sqlx::query(AssertSqlSafe(attach)).execute(&mut sqlite).await.context("attaching projections.db")?;
        Ok(Behind::Sqlite(sqlite))
    }
}
