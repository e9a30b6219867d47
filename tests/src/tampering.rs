//! The log's database as an intruder or a careless administrator sees it, past Orderlog.

use std::{collections::BTreeMap, fs::File};

use anyhow::{Context, Result, ensure};
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection};

use crate::shop::Shop;

/// Tables of the read models that say how far they are and who runs them, not what happened.
const BOOKKEEPING: [&str; 2] = ["checkpoints", "parked"];

/// A connection to the tables of the log.
#[derive(Debug)]
pub enum Tamperer {
    /// As superuser.
    Postgres(PgConnection),
    /// The file itself.
    Sqlite(SqliteConnection),
}

/// Who builds a read model and never comes to an end; dies when dropped.
#[derive(Debug)]
pub struct Builder {
    _session: Tamperer,
    _lock: Option<File>,
}

macro_rules! either {
    ($tamperer:expr, $connection:ident => $body:expr) => {
        match $tamperer {
            Tamperer::Postgres($connection) => $body,
            Tamperer::Sqlite($connection) => $body,
        }
    };
}

impl Tamperer {
    /// Takes away what protects the events.
    ///
    /// # Errors
    /// When the database refuses even that.
    pub async fn disarm(&mut self) -> Result<()> {
        match self {
            Tamperer::Postgres(postgres) => {
                sqlx::query("ALTER TABLE events DISABLE TRIGGER ALL").execute(postgres).await?;
            }
            Tamperer::Sqlite(sqlite) => {
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

    /// Runs a statement of one's own.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn execute(&mut self, statement: &'static str) -> Result<u64> {
        Ok(either!(self, c => sqlx::query(statement).execute(c).await?.rows_affected()))
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

    /// Puts the log back to `position`, as restoring only the log from a backup does.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn undo_after(&mut self, position: i64) -> Result<()> {
        let guards = self.guards().await?;
        self.disarm().await?;
        for statement in [
            "DELETE FROM events WHERE position > $1",
            "DELETE FROM commands WHERE last_position > $1",
            "DELETE FROM snapshots",
            "UPDATE log_head SET position = $1, hash = (SELECT hash FROM events WHERE position = $1), next_order = 1001 + \
             (SELECT COUNT(*) FROM events WHERE position <= $1 AND type = 'OrderPlaced')",
        ] {
            let position = statement.contains("$1").then_some(position);
            either!(self, c => {
                let query = sqlx::query(statement);
                let query = match position { Some(position) => query.bind(position), None => query };
                query.execute(c).await.context(statement)?;
            });
        }
        for guard in guards {
            either!(self, c => _ = sqlx::query(AssertSqlSafe(guard)).execute(c).await?);
        }
        Ok(())
    }

    /// Statements that give back what [`disarm`](Tamperer::disarm) takes away.
    async fn guards(&mut self) -> Result<Vec<String>> {
        match self {
            Tamperer::Postgres(_) => {
                Ok(vec!["ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_immutable".to_owned()])
            }
            Tamperer::Sqlite(sqlite) => {
                let find = "SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'events'";
                Ok(sqlx::query_scalar(find).fetch_all(sqlite).await?)
            }
        }
    }

    /// Marks `model` as being built by somebody who lives as long as what is answered.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn keep_from_building(mut self, shop: &Shop, model: &str) -> Result<Builder> {
        let until = match &self {
            Tamperer::Postgres(_) => "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + 600000",
            Tamperer::Sqlite(_) => "CAST(unixepoch('subsec') * 1000 AS INTEGER) + 600000",
        };
        let insert = format!(
            "INSERT INTO read_models.checkpoints (projection, version, position, owner, lease_until, generation) SELECT \
             '{model}__build', version, 0, 'elsewhere', {until}, generation + 1 FROM read_models.checkpoints \
             WHERE projection = '{model}'"
        );
        either!(&mut self, c => _ = sqlx::query(AssertSqlSafe(insert)).execute(c).await?);
        let lock = match &mut self {
            Tamperer::Postgres(postgres) => {
                let lock = "SELECT pg_advisory_lock(hashtextextended('orderlog elsewhere', 0))";
                sqlx::query(lock).execute(postgres).await?;
                None
            }
            Tamperer::Sqlite(_) => {
                let file = File::create(shop.sqlite_folder().join("projections.db-alive-elsewhere"))?;
                file.try_lock()?;
                Some(file)
            }
        };
        Ok(Builder { _session: self, _lock: lock })
    }

    /// Makes every lease end so many milliseconds after now, as a clock that is wrong by about as much gives it.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn end_leases_in(&mut self, millis: i64) -> Result<()> {
        match self {
            Tamperer::Postgres(postgres) => {
                let update = "UPDATE read_models.checkpoints SET lease_until = \
                    CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) + $1";
                sqlx::query(update).bind(millis).execute(postgres).await?;
            }
            Tamperer::Sqlite(sqlite) => {
                let update = "UPDATE read_models.checkpoints SET lease_until = \
                    CAST(unixepoch('subsec') * 1000 AS INTEGER) + $1";
                sqlx::query(update).bind(millis).execute(sqlite).await?;
            }
        }
        Ok(())
    }

    /// Whether a read model is marked as being built, by somebody who lives or lived.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn is_building(&mut self) -> Result<bool> {
        let find = "SELECT COUNT(*) FROM read_models.checkpoints WHERE projection LIKE '%__build'";
        let count: i64 = either!(self, c => sqlx::query_scalar(find).fetch_one(c).await?);
        Ok(count > 0)
    }

    /// Every row of every read model, as sorted texts by table.
    ///
    /// # Errors
    /// When a table cannot be read.
    pub async fn read_models(&mut self) -> Result<BTreeMap<String, Vec<String>>> {
        let tables = match self {
            Tamperer::Postgres(postgres) => {
                let find = "SELECT tablename::text FROM pg_tables WHERE schemaname = 'read_models'";
                sqlx::query_scalar::<_, String>(find).fetch_all(postgres).await?
            }
            Tamperer::Sqlite(sqlite) => {
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
            Tamperer::Postgres(postgres) => {
                let select = format!("SELECT to_jsonb(t)::text FROM read_models.\"{table}\" t");
                Ok(sqlx::query_scalar(AssertSqlSafe(select)).fetch_all(postgres).await?)
            }
            Tamperer::Sqlite(sqlite) => {
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
    pub async fn behind_its_back(&self) -> Result<Tamperer> {
        if let Some(url) = self.postgres_url() {
            return Ok(Tamperer::Postgres(PgConnection::connect(&url).await.context("connecting to the log")?));
        }
        let folder = self.sqlite_folder();
        let url = format!("sqlite://{}", folder.join("log.db").display());
        let mut sqlite = SqliteConnection::connect(&url).await.context("opening log.db")?;
        let attach = format!("ATTACH DATABASE '{}' AS read_models", folder.join("projections.db").display());
        sqlx::query(AssertSqlSafe(attach)).execute(&mut sqlite).await.context("attaching projections.db")?;
        Ok(Tamperer::Sqlite(sqlite))
    }
}
