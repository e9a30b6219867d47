//! The log's database is full, locked, down or frozen: calls are refused at once, `/readyz` says why, and all goes on after.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, PostgresServer, Refusal, SetUp, Shop, chain_is_whole, check, events, until};
use serde_json::{Value, json};
use sqlx::{Connection, SqliteConnection};

/// A refusal while the fault is known. The goal is 100 ms; the rest is for a busy machine and a debug build.
const AT_ONCE: Duration = Duration::from_millis(400);
/// The first answer after the fault began: the goal is a second, and the rest as above.
const FIRST: Duration = Duration::from_millis(2_500);
/// From the end of the fault until calls succeed: the goal is a second.
const BACK: Duration = Duration::from_millis(2_500);
const DEADLINE: Duration = Duration::from_secs(30);

/// Bytes of files that a node of the full disk may write: less than its write-ahead log has already.
const FULL_AT_BYTES: u64 = 65_536;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_nothing_for_longer_than_it_lasts() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.node.limit_files(Some(FULL_AT_BYTES))?;
    let full = async || refused_write(&shop.mcp()).await;
    until("the disk to be full", DEADLINE, full).await?;
    cannot_be_written(&shop).await?;
    shop.node.limit_files(None)?;
    goes_on(&shop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_only_database_is_said_and_got_over() -> Result<()> {
    let (_folder, postgres) = postgres().await?;
    let shop = Shop::open_on(&postgres.url()).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    postgres.execute("ALTER SYSTEM SET default_transaction_read_only = on; SELECT pg_reload_conf()").await?;
    until("the database to be read-only", DEADLINE, async || refused_write(&shop.mcp()).await).await?;
    cannot_be_written(&shop).await?;
    let reset = "SET default_transaction_read_only = off; ALTER SYSTEM RESET default_transaction_read_only";
    postgres.execute(&format!("{reset}; SELECT pg_reload_conf()")).await?;
    goes_on(&shop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_down_is_refused_at_once_and_used_again() -> Result<()> {
    let (_folder, mut postgres) = postgres().await?;
    let shop = Shop::open_on(&postgres.url()).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    postgres.stop().await?;
    cannot_be_used(&shop).await?;
    postgres.start_again().await?;
    goes_on(&shop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_database_is_refused_at_once_and_used_again() -> Result<()> {
    let (_folder, postgres) = postgres().await?;
    let shop = Shop::open_on(&postgres.url()).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    postgres.freeze()?;
    cannot_be_used(&shop).await?;
    postgres.thaw()?;
    goes_on(&shop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_lock_held_elsewhere_is_told_within_seconds() -> Result<()> {
    const BOUND: Duration = Duration::from_secs(6);
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let url = format!("sqlite://{}", shop.sqlite_folder().join("log.db").display());
    let mut holder = SqliteConnection::connect(&url).await?;
    sqlx::query("BEGIN IMMEDIATE").execute(&mut holder).await?;
    let (took, _) = refused(&shop.mcp(), receive()).await?;
    ensure!(took < BOUND, "told after {took:?}");
    let (took, _) = refused(&shop.mcp(), receive()).await?;
    ensure!(took < AT_ONCE, "told again after {took:?}");
    sqlx::query("ROLLBACK").execute(&mut holder).await?;
    // The try under way may wait for its turn as long as any commit does.
    until("commands to be taken again", BOUND, async || accepted(&shop.mcp()).await).await
}

/// Somebody restores a backup under a running node: what it went on to acknowledge would be gone with its last handle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_was_replaced_is_not_written_to() -> Result<()> {
    let mut checks = Checks::default();
    for file in ["log.db", "keys.db"] {
        let mut shop = Shop::open(SetUp::Sqlite).await?;
        shop.stock("PEN", "Pen", "10.00", 5).await?;
        let (path, copy) = (shop.sqlite_folder().join(file), shop.sqlite_folder().join("copy.db"));
        std::fs::copy(&path, &copy)?;
        std::fs::rename(&copy, &path)?;
        let customer = json!({ "name": "Asha Rao", "email": "asha@example.com" });
        let refusal = shop.mcp().refused("customers.upsert", customer.clone()).await?;
        check!(checks, refusal.code == "UNAVAILABLE", "{file}: {refusal}");
        if file == "log.db" {
            check!(
                checks,
                refused(&shop.mcp(), receive()).await?.1.message.contains("replaced"),
                "{file}: the reason is not told"
            );
            not_ready(&shop).await?;
        }
        check!(checks, shop.node.output().contains("was replaced or removed"), "{file}:\n{}", shop.node.output());
        shop.node.kill()?;
        for left_over in ["-wal", "-shm"] {
            _ = std::fs::remove_file(shop.sqlite_folder().join(format!("{file}{left_over}")));
        }
        shop.node.start_again().await?;
        shop.mcp().ok("customers.upsert", customer).await?;
        shop.mcp().ok("products.upsert", json!({ "sku": "PEN", "name": "Pen", "price": "10.00" })).await?;
        shop.node.stop().await?;
        shop.cli(&["verify"]).await?.expect_success()?;
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_told_to_be_careless_loses_nothing() -> Result<()> {
    let (_folder, mut postgres) = postgres().await?;
    let mut shop = Shop::open_on(&postgres.url()).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let careless =
        "ALTER SYSTEM SET synchronous_commit = off; ALTER SYSTEM SET wal_writer_delay = '10s'; SELECT pg_reload_conf()";
    postgres.execute(careless).await?;
    let acknowledged = shop.mcp().ok("inventory.receive", receive()).await?["position"].clone();
    postgres.stop().await?;
    shop.node.kill()?;
    postgres.start_again().await?;
    postgres.execute("ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()").await?;
    shop.node.start_again().await?;
    let last = events(&shop.node, 0).await?.last().map(|event| event.position);
    ensure!(json!(last) == acknowledged, "{acknowledged} was acknowledged, the log ends at {last:?}");

    postgres.execute("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf()").await?;
    until("commands to be refused", DEADLINE, async || refused_write(&shop.mcp()).await).await?;
    let (_, refusal) = refused(&shop.mcp(), receive()).await?;
    ensure!(refusal.message.contains("fsync"), "{refusal}");
    postgres.execute("ALTER SYSTEM RESET ALL; SELECT pg_reload_conf()").await?;
    goes_on(&shop).await
}

async fn postgres() -> Result<(tempfile::TempDir, PostgresServer)> {
    let folder = tempfile::Builder::new().prefix("orderlog-postgres.").tempdir().context("making a folder")?;
    // PostgreSQL runs as somebody else, who must reach its folder.
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
    let server = PostgresServer::start(folder.path().join("cluster")).await?;
    Ok((folder, server))
}

fn receive() -> Value {
    json!({ "product": "PEN", "quantity": 1, "allow_duplicate": true })
}

/// Refused as retryable, and how long that took.
async fn refused(mcp: &Mcp, arguments: Value) -> Result<(Duration, Refusal)> {
    let started = Instant::now();
    let refusal = mcp.refused("inventory.receive", arguments).await?;
    ensure!(refusal.code == "UNAVAILABLE" && refusal.retryable, "{refusal}");
    Ok((started.elapsed(), refusal))
}

async fn refused_write(mcp: &Mcp) -> Result<Option<()>> {
    Ok(mcp.call("inventory.receive", receive()).await?.err().map(drop))
}

async fn accepted(mcp: &Mcp) -> Result<Option<()>> {
    Ok(mcp.call("inventory.receive", receive()).await?.ok().map(drop))
}

/// Commands are refused at once with the reason; queries are answered; the server's log reports it once.
async fn cannot_be_written(shop: &Shop) -> Result<()> {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(3) {
        let (took, refusal) = refused(&shop.mcp(), receive()).await?;
        ensure!(refusal.message.contains("log"), "no reason: {refusal}");
        ensure!(took < AT_ONCE, "refused after {took:?}");
        tokio::time::sleep(Duration::from_millis(20)).await; // so that a test does not load the machine
    }
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    // The read models may be on the same full disk: then the answer says how far it is behind.
    let behind = stock["behind"].as_i64().is_some_and(|events| events > 0);
    ensure!(behind || stock["available"].as_i64() >= Some(5), "{stock}");
    // A try may just have found room for itself, though not for a command: then commands are taken for a moment.
    until("/readyz to say so", AT_ONCE, async || {
        _ = shop.mcp().call("inventory.receive", receive()).await?;
        Ok(not_ready(shop).await.ok())
    })
    .await?;
    let told = shop.node.output().matches("does not take commands").count();
    ensure!(told == 1, "told {told} times:\n{}", shop.node.output());
    Ok(())
}

/// Commands and queries are refused at once after the first.
async fn cannot_be_used(shop: &Shop) -> Result<()> {
    let (took, _) = refused(&shop.mcp(), receive()).await?;
    ensure!(took < FIRST, "the first command was refused after {took:?}");
    for _ in 0..20 {
        let (took, _) = refused(&shop.mcp(), receive()).await?;
        ensure!(took < AT_ONCE, "a command was refused after {took:?}");
        let started = Instant::now();
        let refusal = shop.mcp().refused("orders.get_pending", json!({})).await?;
        ensure!(refusal.code == "UNAVAILABLE" && refusal.retryable, "{refusal}");
        ensure!(started.elapsed() < AT_ONCE, "a query was refused after {:?}", started.elapsed());
    }
    let started = Instant::now();
    not_ready(shop).await?;
    ensure!(started.elapsed() < AT_ONCE, "/readyz took {:?}", started.elapsed());
    Ok(())
}

async fn not_ready(shop: &Shop) -> Result<()> {
    let answer = shop.node.get("/readyz").await?;
    let status = answer.status();
    let said: Value = answer.json().await?;
    ensure!(status == 503 && said["reasons"].to_string().contains("log"), "/readyz: {status} {said}");
    Ok(())
}

/// Soon everything works, nothing that was refused was recorded twice, and the chain holds.
async fn goes_on(shop: &Shop) -> Result<()> {
    let started = Instant::now();
    until("commands to be taken again", DEADLINE, async || accepted(&shop.mcp()).await).await?;
    ensure!(started.elapsed() < BACK, "commands were taken after {:?}", started.elapsed());
    let pending = async || Ok(shop.mcp().call("orders.get_pending", json!({})).await?.ok());
    until("queries to be answered again", DEADLINE, pending).await?;
    ensure!(started.elapsed() < BACK * 2, "queries were answered after {:?}", started.elapsed());
    let key = json!({ "product": "PEN", "quantity": 1, "idempotency_key": "after" });
    let once = shop.mcp().ok("inventory.receive", key.clone()).await?;
    let again = shop.mcp().ok("inventory.receive", key).await?;
    ensure!(once["position"] == again["position"], "{once} {again}");
    let ready = async || Ok(shop.node.get("/readyz").await?.status().is_success().then_some(()));
    until("the node to be ready", DEADLINE, ready).await?;
    chain_is_whole(&events(&shop.node, 0).await?)
}
