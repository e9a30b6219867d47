//! Parts die under load. Afterwards every acknowledged command is in the log, and everything else follows from the log.

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{
    Acknowledged, AuditedEvent, Load, Node, Oracle, SetUp, Shop, chain_is_whole, events, load_time, published, until,
};
use serde_json::{Value, json};

const CALLERS: usize = 8;
const RECOVERY_DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_nats_loses_its_storage() -> Result<()> {
    let mut shop = Shop::open(SetUp::PostgresAndNats).await?;
    let load = Load::start(&shop, &[shop.mcp()], CALLERS, 11).await?;
    let phase = load_time() / 3;
    tokio::time::sleep(phase).await; // how long this phase lasts
    let nats = shop.nats.as_mut().context("a nats-server")?;
    nats.kill()?;
    nats.delete_storage()?;
    tokio::time::sleep(phase).await;
    nats.start_again().await?;
    tokio::time::sleep(phase).await;
    let acknowledged = load.stop().await?;
    all_is_as_the_log_says(&mut shop, &acknowledged).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_servers_are_killed() -> Result<()> {
    let mut shop = Shop::open(SetUp::PostgresAndNats).await?;
    let mut second = shop.another_node().await?;
    let load = Load::start(&shop, &[shop.mcp(), second.mcp()], CALLERS, 12).await?;
    let phase = load_time() / 4;
    // The first node started first and runs the projectors: the second must take them over.
    tokio::time::sleep(phase).await; // how long this phase lasts
    shop.node.kill()?;
    tokio::time::sleep(phase).await;
    shop.node.start_again().await?;
    tokio::time::sleep(phase).await;
    second.kill()?;
    tokio::time::sleep(phase).await;
    second.start_again().await?;
    let acknowledged = load.stop().await?;
    second.stop().await?;
    all_is_as_the_log_says(&mut shop, &acknowledged).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_a_frozen_projector_is_taken_over_and_fenced() -> Result<()> {
    let mut shop = Shop::open(SetUp::PostgresAndNats).await?;
    let second = shop.another_node().await?;
    let load = Load::start(&shop, &[second.mcp()], CALLERS, 13).await?;
    tokio::time::sleep(load_time() / 4).await; // how long this phase lasts
    shop.node.pause()?;
    tokio::time::sleep(load_time() / 4).await;
    let acknowledged = load.stop().await?;
    caught_up(&second, &acknowledged).await.context("the second node must take over")?;
    shop.node.resume()?;
    second_thoughts_of_the_first(&shop).await?;
    all_is_as_the_log_says(&mut shop, &acknowledged).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_a_single_process_is_killed() -> Result<()> {
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    let load = Load::start(&shop, &[shop.mcp()], CALLERS, 14).await?;
    for _ in 0..3 {
        tokio::time::sleep(load_time() / 4).await; // how long this phase lasts
        shop.node.kill()?;
        shop.node.start_again().await?;
    }
    let acknowledged = load.stop().await?;
    all_is_as_the_log_says(&mut shop, &acknowledged).await
}

/// Changes that the node was writing when it was frozen must not reach the read models now; more commands show that it
/// is alive.
async fn second_thoughts_of_the_first(shop: &Shop) -> Result<()> {
    for number in 0..20 {
        let receipt = json!({ "product": "PEN", "quantity": 1, "idempotency_key": format!("thawed-{number}") });
        shop.mcp().ok("inventory.receive", receipt).await?;
    }
    Ok(())
}

async fn all_is_as_the_log_says(shop: &mut Shop, acknowledged: &[Acknowledged]) -> Result<()> {
    ensure!(!acknowledged.is_empty(), "nothing was acknowledged");
    caught_up(&shop.node, acknowledged).await?;
    let log = events(&shop.node, 0).await?;
    chain_is_whole(&log)?;
    every_acknowledged_command_acted_once(&log, acknowledged)?;
    Oracle::of(&log)?.agree_with(&shop.mcp()).await?;
    if let Some(nats) = &shop.nats {
        let messages = published(nats, log.len(), RECOVERY_DEADLINE).await?;
        for (event, message) in log.iter().zip(&messages) {
            let body: Value = serde_json::from_slice(&message.payload).context("a message's body")?;
            ensure!(message.sequence == event.position as u64, "{} at sequence {}", event.position, message.sequence);
            ensure!(body["id"] == event.json()["id"], "sequence {} holds another event", message.sequence);
        }
    }
    shop.node.stop().await?;
    read_models_equal_a_rebuild(shop).await
}

fn every_acknowledged_command_acted_once(log: &[AuditedEvent], acknowledged: &[Acknowledged]) -> Result<()> {
    let mut last_of: HashMap<String, i64> = HashMap::new();
    for event in log {
        let command = event.json()["provenance"]["command_id"].as_str().unwrap_or_default().to_owned();
        last_of.insert(command, event.position);
    }
    for command in acknowledged {
        let last = last_of.get(&command.command_id);
        ensure!(last == Some(&command.position), "{command:?} was acknowledged; the log ends it at {last:?}");
    }
    let orders = acknowledged.iter().filter(|command| command.tool == "orders.create_order").count();
    let placed = log.iter().filter(|event| event.event_type() == "OrderPlaced").count();
    ensure!(orders == placed, "{orders} orders were acknowledged, {placed} placed");
    Ok(())
}

pub(crate) async fn read_models_equal_a_rebuild(shop: &Shop) -> Result<()> {
    let mut database = shop.behind_its_back().await?;
    let lived = database.read_models().await?;
    ensure!(lived.len() >= 6, "read models are missing: {:?}", lived.keys());
    shop.cli(&["rebuild", "all"]).await?.expect_success()?;
    let mut database = shop.behind_its_back().await?;
    let rebuilt = database.read_models().await?;
    ensure!(lived.keys().eq(rebuilt.keys()), "tables {:?} became {:?}", lived.keys(), rebuilt.keys());
    for (table, rows) in &lived {
        let fresh = &rebuilt[table];
        let differs = rows.iter().zip(fresh).find(|(one, other)| one != other);
        ensure!(rows == fresh, "{table}: {} rows lived, {} rebuilt, first {differs:?}", rows.len(), fresh.len());
    }
    Ok(())
}

/// Waits until a query that insists on freshness answers from beyond the last acknowledged position.
async fn caught_up(node: &Node, acknowledged: &[Acknowledged]) -> Result<()> {
    let head = acknowledged.iter().map(|command| command.position).max().unwrap_or_default();
    let mcp = node.mcp();
    until("the read models to catch up", RECOVERY_DEADLINE, async || {
        let Ok(Ok(answer)) = mcp.call("orders.get_pending", json!({ "limit": 1 })).await else { return Ok(None) };
        Ok(answer["position"].as_i64().is_some_and(|position| position >= head).then_some(()))
    })
    .await
}
