//! A copy of the shop on the same NATS (staging, a restore drill) can neither feed the shop nor be fed by it.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Mcp, SetUp, Shop, last_sequence, until};
use serde_json::{Value, json};

const DEADLINE: Duration = Duration::from_secs(30);

async fn on_the_shelf(mcp: &Mcp) -> Result<Value> {
    Ok(mcp.ok("inventory.check", json!({ "product": "PEN" })).await?["available"].clone())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_a_database_neither_feeds_nor_is_fed() -> Result<()> {
    a_copy_on_the_same_nats_neither_feeds_nor_is_fed(Shop::open(SetUp::PostgresAndNats).await?, "postgres/").await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_of_the_files_neither_feeds_nor_is_fed() -> Result<()> {
    a_copy_on_the_same_nats_neither_feeds_nor_is_fed(Shop::open(SetUp::SqliteAndNats).await?, "sqlite/").await
}

async fn a_copy_on_the_same_nats_neither_feeds_nor_is_fed(mut shop: Shop, place: &str) -> Result<()> {
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let copy = shop.node_on_a_copy().await?;
    for _ in 0..5 {
        copy.mcp()
            .ok("inventory.receive", json!({ "product": "PEN", "quantity": 10_000, "allow_duplicate": true }))
            .await?;
    }
    ensure!(on_the_shelf(&shop.mcp()).await? == json!(5), "the copy fed the shop");
    let said = until("the copy to say what is wrong", DEADLINE, async || {
        let ready: Value = copy.get("/readyz").await?.json().await?;
        let said = ready["nats"]["last_error"].as_str().unwrap_or_default().to_owned();
        Ok(said.contains("take-stream").then_some(said))
    })
    .await?;
    ensure!(said.contains("--nats-stream") && said.contains(place), "{said}");

    let received = shop.mcp().ok("inventory.receive", json!({ "product": "PEN", "quantity": 3 })).await?;
    let position = received["position"].as_u64().context("position")?;
    let nats = shop.nats.as_ref().context("a nats-server")?;
    until("the shop to go on", DEADLINE, async || Ok((last_sequence(nats).await? >= position).then_some(()))).await?;
    ensure!(last_sequence(nats).await? == position, "somebody else publishes");
    ensure!(on_the_shelf(&shop.mcp()).await? == json!(8), "the shop counts wrong");
    ensure!(on_the_shelf(&copy.mcp()).await? == json!(50_005), "the shop fed the copy");
    Ok(())
}
