//! Reading the whole log back, and rebuilding every read model from it, in events per second.

use std::{path::Path, time::Instant};

use anyhow::{Context as _, Result, ensure};
use orderlog_domain::{envelope, ids::Position};
use orderlog_event_log::{Against, Log, verify};
use orderlog_projections::MODELS;
use orderlog_read_models::{Projections, RunnerOptions, Unseal, rebuild};
use orderlog_testkit::Database;
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::{
    arguments::Arguments,
    measure::{self, Round},
    report::Row,
};

/// A year of this many orders a day: about 200,000 events.
const ORDERS_PER_DAY: &str = "80";
const PAGE_EVENTS: u32 = 5_000;

/// Rows for PostgreSQL and SQLite.
pub(crate) async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let binary = arguments.binary.as_ref().context("--binary names the orderlog whose simulator fills the log")?;
    let database = Database::on_server(&arguments.postgres_url).await?;
    let folder = tempfile::tempdir()?;
    let log = format!("sqlite://{}", folder.path().join("log.db").display());
    let read_models = format!("sqlite://{}", folder.path().join("projections.db").display());
    let mut rows = measure_engine(arguments, binary, "PostgreSQL", &database.url(), &database.url()).await?;
    rows.extend(measure_engine(arguments, binary, "SQLite", &log, &read_models).await?);
    drop(database);
    Ok(rows)
}

async fn measure_engine(
    arguments: &Arguments,
    binary: &Path,
    engine: &str,
    url: &str,
    read_models: &str,
) -> Result<Vec<Row>> {
    let simulate = ["simulate", "--days", "365", "--orders-per-day", ORDERS_PER_DAY, "--database-url", url];
    let started = Instant::now();
    let output = Command::new(binary).args(simulate).env("RUST_LOG", "warn").output().await?;
    ensure!(output.status.success(), "simulate failed: {}", String::from_utf8_lossy(&output.stderr));
    let log = Log::open(url).await?;
    let simulated = measure::whole(log.head().await?.position, started);
    let projections = Projections::open(read_models, MODELS).await?;
    let (mut replays, mut rebuilds, mut verifies) = (Vec::new(), Vec::new(), Vec::new());
    let mut verdict = String::new();
    for _ in 0..arguments.rounds {
        let started = Instant::now();
        replays.push(measure::whole(replay(&log).await?, started));

        let started = Instant::now();
        let unseal = Unseal::new(|_, _| None);
        let options = RunnerOptions::new(format!("bench {}", crate::shop::new_id()), unseal);
        let reached = rebuild(&projections, &log, &[], &options, &CancellationToken::new(), |_| {}).await?;
        rebuilds.push(measure::whole(reached, started));

        let started = Instant::now();
        verifies.push(measure::whole(verify(&log, &Against::default(), |_| {}).await?.positions, started));
        let behind: i64 = projections.status(reached).await?.iter().map(|s| reached.0 - s.position.0).sum();
        verdict = format!("{behind}/0/0");
    }
    projections.close().await;
    let row = |what: &str, rounds: &[Round], verdict: &str| {
        Row::new(&format!("{what}, {engine}, events"), 1, &measure::median(rounds), verdict)
    };
    Ok(vec![
        row("simulate (whole node, read models included)", &[simulated], "verified below"),
        row("replay (read and decode)", &replays, "0/0/0"),
        row("rebuild of all read models", &rebuilds, &verdict),
        row("verify", &verifies, "0/0/0"),
    ])
}

/// Reads and decodes everything; a gap would be an error of the log.
async fn replay(log: &Log) -> Result<Position> {
    let mut after = Position::START;
    loop {
        let page = log.read(after, PAGE_EVENTS).await?;
        let Some(last) = page.last() else { return Ok(after) };
        after = last.position;
        for recorded in &page {
            std::hint::black_box(envelope::decode(&recorded.json)?);
        }
    }
}
