//! What operators and their machines look at: health, readiness, metrics, version, the command line.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use orderlog_tests::{SetUp, Shop, on_both_set_ups, until};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);

on_both_set_ups!(health_metrics_and_version_answer, the_command_line_reads_the_log, a_stop_is_orderly);

async fn health_metrics_and_version_answer(shop: Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    ensure!(shop.node.get("/healthz").await?.status().is_success(), "/healthz");
    let ready: Value = shop.node.get("/readyz").await?.json().await.context("/readyz")?;
    for part in ["log", "projections"] {
        ensure!(!ready[part].is_null(), "/readyz says nothing of {part}: {ready}");
    }
    let version: Value = shop.node.get("/version").await?.json().await?;
    ensure!(version["name"] == json!("orderlog") && version["version"].is_string(), "/version: {version}");
    let metrics = shop.node.get("/metrics").await?.text().await?;
    for metric in ["orderlog_commands_total", "append", "batch", "lag"] {
        ensure!(metrics.contains(metric), "/metrics has no {metric}:\n{metrics}");
    }
    ensure!(!metrics.contains("asha"), "/metrics tells about a person");
    ensure!(shop.nats.is_none() || metrics.contains("relay"), "/metrics says nothing of the relay");
    Ok(())
}

async fn the_command_line_reads_the_log(shop: Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    let placed = shop.mcp().ok("orders.create_order", order).await?;
    shop.mcp().ok("orders.update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;

    let replayed = shop.cli(&["replay", "--order", "1001"]).await?.expect_success()?;
    ensure!(replayed.contains("placed: 2 units") && replayed.contains("2 units shipped"), "replay: {replayed}");
    let before = placed["after"]["placed_at"].as_str().map(str::to_owned);
    if let Some(moment) = before {
        let replayed = shop.cli(&["replay", "--order", "1001", "--as-of", &moment]).await?.expect_success()?;
        ensure!(!replayed.contains("2 units shipped"), "as of its placement it had not shipped: {replayed}");
    }
    let verified = shop.cli(&["verify"]).await?.expect_success()?;
    ensure!(!verified.is_empty(), "verify says nothing");
    shop.cli(&["status"]).await?.expect_success()?;
    let unknown = shop.cli(&["replay", "--order", "999999"]).await?;
    ensure!(!unknown.success && !unknown.stderr.is_empty(), "an unknown order must be named");
    Ok(())
}

async fn a_stop_is_orderly(mut shop: Shop) -> Result<()> {
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.node.stop().await?;
    shop.node.start_again().await?;
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    ensure!(stock["available"] == json!(5), "{stock}");
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
    until("the relay to go on", DEADLINE, async || Ok((nats.last_sequence().await? >= position).then_some(()))).await
}
