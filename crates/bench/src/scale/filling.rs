//! Fills a shop with the simulator of the real binary, or finds one filled before.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, Result, ensure};
use orderlog_domain::ids::OrderId;
use orderlog_event_log::{Head, Log};
use orderlog_projections::MODELS;
use orderlog_read_models::Projections;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use tokio::process::Command;

use crate::{measure, report::Row};

const DAYS: u32 = 365;

/// Orders in a log.
pub(super) fn orders(head: &Head) -> i64 {
    head.next_order.0 - OrderId::FIRST.0
}

/// A database on the given server; dropped with this unless it is to be kept.
pub(super) struct Database {
    pub(super) url: String,
    _throw_away: Option<orderlog_testkit::Database>,
}

pub(super) async fn database(admin: &str, keep: Option<&str>, orders: u32) -> Result<Database> {
    let Some(prefix) = keep else {
        let database = orderlog_testkit::Database::on_server(admin).await?;
        return Ok(Database { url: database.url(), _throw_away: Some(database) });
    };
    let name = format!("{prefix}_{orders}");
    ensure!(name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'), "{name} is no plain name of a database");
    let mut connection = PgConnection::connect(admin).await.context("connecting to --postgres-url")?;
    let found = sqlx::query("select 1 from pg_database where datname = $1").bind(&name);
    if found.fetch_optional(&mut connection).await?.is_none() {
        connection.execute(AssertSqlSafe(format!("create database {name}"))).await?;
    }
    let (server, _) = admin.rsplit_once('/').context("--postgres-url ends with /database")?;
    Ok(Database { url: format!("{server}/{name}"), _throw_away: None })
}

/// Rows for what was done: the simulation, the rebuild of what lagged behind it, and the size in the end.
pub(super) async fn fill(binary: &Path, database: &Database, wanted: u32) -> Result<Vec<Row>> {
    let url = database.url.as_str();
    let mut rows = Vec::new();
    let log = Log::open(url).await?;
    if log.head().await?.position.0 == 0 {
        let (days, per_day) = (DAYS.to_string(), wanted.div_ceil(DAYS).to_string());
        let started = Instant::now();
        run(binary, &["simulate", "--days", &days, "--orders-per-day", &per_day, "--database-url", url]).await?;
        let head = log.head().await?;
        let what = format!("simulate {} orders (whole node), PostgreSQL, events", orders(&head));
        rows.push(Row::new(&what, 1, &measure::whole(head.position, started), "n/a"));
    }
    let head = log.head().await?;
    let projections = Projections::open(url, MODELS).await?;
    let lag = projections.status(head.position).await?.iter().map(|one| one.lag).max().unwrap_or(0);
    projections.close().await;
    if lag > 0 {
        let started = Instant::now();
        run(binary, &["rebuild", "all", "--database-url", url]).await?;
        let what = format!("rebuild of all read models, {} orders, PostgreSQL, events", orders(&head));
        rows.push(Row::new(&what, 1, &measure::whole(head.position, started), "n/a"));
    }
    let mut connection = PgConnection::connect(url).await?;
    // The work of autovacuum in the hours after so many writes, and the server's own writing to disk.
    for statement in ["vacuum (analyze)", "checkpoint"] {
        connection.execute(statement).await?;
    }
    let (bytes,): (i64,) =
        sqlx::query_as("select pg_database_size(current_database())").fetch_one(&mut connection).await?;
    let what = format!("size of {} orders: {:.1} GB", orders(&head), bytes as f64 / 1e9);
    rows.push(Row::new(&what, 1, &measure::Round::default(), "n/a"));
    Ok(rows)
}

async fn run(binary: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new(binary).args(arguments).env("RUST_LOG", "warn").output().await?;
    ensure!(output.status.success(), "{arguments:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
