//! Paths and commands for operators: health, readiness, metrics, version, the command line.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{
    Checks, Oracle, SetUp, Shop, chain_is_whole, check, events, last_sequence, on_both_engines, until,
};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);

on_both_engines!(
    health_metrics_and_version_answer,
    the_command_line_reads_the_log,
    a_stop_is_orderly,
    a_simulated_shop_adds_up,
    files_are_tried_before_they_are_imported,
);

async fn health_metrics_and_version_answer(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    check!(checks, shop.node.get("/healthz").await?.status().is_success(), "/healthz");
    let ready: Value = shop.node.get("/readyz").await?.json().await.context("/readyz")?;
    for part in ["log", "projections"] {
        check!(checks, !ready[part].is_null(), "/readyz says nothing of {part}: {ready}");
    }
    let version: Value = shop.node.get("/version").await?.json().await?;
    check!(checks, version["name"] == json!("orderlog") && version["version"].is_string(), "/version: {version}");
    let metrics = shop.node.get("/metrics").await?.text().await?;
    for metric in ["orderlog_commands_total", "append", "batch", "lag"] {
        check!(checks, metrics.contains(metric), "/metrics has no {metric}:\n{metrics}");
    }
    check!(checks, !metrics.contains("asha"), "/metrics tells about a person");
    check!(checks, shop.nats.is_none() || metrics.contains("relay"), "/metrics says nothing of the relay");
    checks.all_hold()
}

async fn the_command_line_reads_the_log(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    let placed = shop.mcp().full("orders.create_order", order).await?;
    let shipped = json!({
        "order_id": 1001, "status": "shipped", "reason": "the van is here", "request_text": "ship Asha's pens",
    });
    shop.mcp().ok("orders.update_status", shipped).await?;

    let replayed = shop.cli(&["replay", "--order", "1001"]).await?.expect_success()?;
    check!(checks, replayed.contains("placed: 2 × Pen") && replayed.contains("2 of Pen shipped"), "replay: {replayed}");
    let said = replayed.contains("reason: the van is here") && replayed.contains("typed: ship Asha's pens");
    check!(checks, said, "replay says why and what was typed: {replayed}");
    check!(checks, !replayed.contains("happened"), "nothing happened at another time than it was recorded: {replayed}");
    let position = placed["position"].to_string();
    for moment in [format!("@{position}"), position] {
        let replayed = shop.cli(&["replay", "--order", "1001", "--as-of", &moment]).await?.expect_success()?;
        check!(checks, replayed.contains("placed") && !replayed.contains("shipped"), "as of {moment}: {replayed}");
    }
    let today = shop.cli(&["replay", "--order", "1001", "--as-of", "today"]).await?.expect_success()?;
    check!(checks, today.contains("shipped"), "as of today: {today}");
    for (moment, told) in [("tomorrow", "future"), ("nonsense", "--as-of"), ("@999999", "not in the log")] {
        let refused = shop.cli(&["replay", "--as-of", moment]).await?;
        check!(checks, !refused.success && refused.stderr.contains(told), "as of {moment}: {}", refused.stderr);
    }
    let before = placed["after"]["placed_at"].as_str().map(str::to_owned);
    if let Some(moment) = before {
        let replayed = shop.cli(&["replay", "--order", "1001", "--as-of", &moment]).await?.expect_success()?;
        check!(checks, !replayed.contains("shipped"), "as of its placement it had not shipped: {replayed}");
    }
    let verified = shop.cli(&["verify"]).await?.expect_success()?;
    check!(checks, !verified.is_empty(), "verify says nothing");
    shop.cli(&["status"]).await?.expect_success()?;
    let unknown = shop.cli(&["replay", "--order", "999999"]).await?;
    check!(checks, !unknown.success && !unknown.stderr.is_empty(), "an unknown order must be named");
    checks.all_hold()
}

async fn a_stop_is_orderly(mut shop: Shop) -> Result<()> {
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.node.stop().await?;
    shop.node.start_again().await?;
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    ensure!(stock["available"] == json!(5), "{stock}");
    Ok(())
}

async fn a_simulated_shop_adds_up(mut shop: Shop) -> Result<()> {
    shop.node.stop().await?;
    let simulate = ["simulate", "--days", "20", "--orders-per-day", "20", "--seed", "7"];
    shop.cli(&simulate).await?.expect_success()?;
    shop.cli(&["verify"]).await?.expect_success()?;
    shop.node.start_again().await?;
    let log = events(&shop.node, 0).await?;
    ensure!(log.len() > 1_000, "a shop of 20 days has only {} events", log.len());
    chain_is_whole(&log)?;
    Oracle::of(&log)?.agree_with(&shop.mcp()).await
}

async fn files_are_tried_before_they_are_imported(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.stop().await?;
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/examples");
    for kind in ["products", "customers", "orders"] {
        let file = examples.join(format!("{kind}.csv")).display().to_string();
        let position = head(&shop).await?;
        shop.cli(&["import", kind, &file]).await?.expect_success()?;
        check!(checks, head(&shop).await? == position, "a trial of {kind} recorded something");
        shop.cli(&["import", kind, &file, "--write"]).await?.expect_success()?;
        check!(checks, head(&shop).await? > position, "importing {kind} recorded nothing");
    }
    let bad = shop.folder().join("bad.csv");
    std::fs::write(&bad, "sku,name,price\nGOOD,Good,1.00\nBAD,Bad,1.005\n")?;
    let position = head(&shop).await?;
    let refused = shop.cli(&["import", "products", &bad.display().to_string(), "--write"]).await?;
    check!(checks, !refused.success, "a bad row must stop the import: {}", refused.stdout);
    check!(checks, head(&shop).await? == position, "an import with a bad row recorded something");
    shop.node.start_again().await?;
    let found = shop.mcp().ok("orders.search", json!({})).await?;
    check!(checks, found["total_count"].as_i64().is_some_and(|orders| orders > 0), "no orders were imported: {found}");
    checks.all_hold()
}

/// The log's last position, from the command line.
async fn head(shop: &Shop) -> Result<i64> {
    let status = shop.cli(&["status", "--json"]).await?.expect_success()?;
    let status: Value = serde_json::from_str(&status).with_context(|| status.clone())?;
    status["position"].as_i64().with_context(|| format!("no position in {status}"))
}

/// The very commands of docs/OPERATIONS.md, after a crash that left its write-ahead log behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_restored_shop_is_as_it_was_backed_up() -> Result<()> {
    let mut checks = Checks::default();
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    run_commands(&shop.sqlite_folder(), "SQLite backup")?;
    shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": 3 })).await?;
    shop.customer("Bela", "bela@example.com").await?;
    shop.node.kill()?;
    check!(checks, shop.sqlite_folder().join("log.db-wal").exists(), "a crash leaves a write-ahead log");
    run_commands(&shop.sqlite_folder(), "SQLite restore")?;
    shop.node.start_again().await?;
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    check!(checks, stock["available"] == json!(5), "{stock}");
    let found = shop.mcp().ok("customers.search", json!({})).await?;
    check!(checks, found["total_count"] == 1 && found["customers"][0]["name"] == "Asha Rao", "{found}");
    shop.cli(&["verify"]).await?.expect_success()?;
    checks.all_hold()
}

/// Runs the commands under a heading comment of docs/OPERATIONS.md.
fn run_commands(folder: &Path, name: &str) -> Result<()> {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/OPERATIONS.md"))?;
    let (_, commands) = page.split_once(&format!("<!-- {name}")).with_context(|| name.to_owned())?;
    let (_, commands) = commands.split_once("```sh\n").with_context(|| name.to_owned())?;
    let (commands, _) = commands.split_once("```").with_context(|| name.to_owned())?;
    let ran = std::process::Command::new("sh").args(["-e", "-c", commands]).current_dir(folder).output()?;
    ensure!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn orders_are_taken_while_nats_is_away() -> Result<()> {
    let mut shop = Shop::open(SetUp::PostgresAndNats).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let nats = shop.nats.as_mut().context("a nats-server")?;
    nats.kill()?;
    let received = shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": 3 })).await?;
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    ensure!(stock["available"] == json!(8), "the answer does without NATS: {stock}");
    let nats = shop.nats.as_mut().context("a nats-server")?;
    nats.start_again().await?;
    let position = received["position"].as_u64().context("position")?;
    until("the relay to go on", DEADLINE, async || Ok((last_sequence(nats).await? >= position).then_some(()))).await
}
