//! The log as outsiders read it: /v1/events for auditors, the JetStream stream for everyone else.

use std::time::Duration;

use anyhow::{Context, Result};
use futures::StreamExt;
use orderlog_tests::{
    AuditedEvent, Checks, Load, SetUp, Shop, chain_is_whole, check, connect_to, events, last_sequence, on_both_engines,
    published, until,
};
use serde_json::{Value, json};

const STREAM_DEADLINE: Duration = Duration::from_secs(30);

on_both_engines!(auditors_read_every_event_and_can_resume, the_head_names_the_log_and_where_it_ends);

async fn the_head_names_the_log_and_where_it_ends(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let head =
        async |shop: &Shop| -> Result<Value> { Ok(shop.node.get("/v1/head").await?.error_for_status()?.json().await?) };
    let empty = head(&shop).await?;
    check!(checks, empty["position"] == json!(0) && empty["recorded_at"].is_null(), "{empty}");
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let (now, all) = (head(&shop).await?, events(&shop.node, 0).await?);
    let last = all.last().context("no event")?;
    check!(checks, now["position"] == json!(last.position) && now["hash"] == json!(last.hash), "{now} and {last:?}");
    check!(checks, now["recorded_at"] == last.json()["provenance"]["recorded_at"], "{now} and {last:?}");

    let id = now["log_id"].as_str().context("no id")?.to_owned();
    let ready: Value = shop.node.get("/readyz").await?.json().await?;
    let status: Value = serde_json::from_str(&shop.cli(&["status", "--json"]).await?.expect_success()?)?;
    check!(checks, ready["log"]["id"] == json!(id) && status["log_id"] == json!(id), "{id}, {ready}, {status}");
    shop.node.stop().await?;
    shop.node.start_again().await?;
    check!(checks, head(&shop).await?["log_id"] == json!(id), "a restart gave the log another id");
    checks.all_hold()
}

async fn auditors_read_every_event_and_can_resume(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let load = Load::start(&shop, &[shop.mcp()], 4, 1).await?;
    tokio::time::sleep(Duration::from_secs(2)).await; // how long the load lasts
    let acknowledged = load.stop().await?;
    let all = events(&shop.node, 0).await?;
    chain_is_whole(&all)?;
    for command in &acknowledged {
        let event = &all[usize::try_from(command.position - 1)?];
        check!(
            checks,
            event.json()["provenance"]["command_id"] == json!(command.command_id),
            "{command:?} is {event:?}"
        );
    }

    let middle = all.len() as i64 / 2;
    let rest = events(&shop.node, middle).await?;
    check!(
        checks,
        rest.len() as i64 == all.len() as i64 - middle && rest[0].position == middle + 1,
        "resumed elsewhere"
    );
    check!(checks, rest.iter().map(|e| &e.hash).eq(all.iter().skip(middle as usize).map(|e| &e.hash)), "other hashes");

    let order = shop.node.get("/v1/events?stream=order-1001").await?.text().await?;
    let versions: Vec<AuditedEvent> = order.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    check!(checks, !versions.is_empty(), "order 1001 has no events");
    for (index, event) in versions.iter().map(AuditedEvent::json).enumerate() {
        check!(checks, event["stream"] == json!("order-1001") && event["version"] == json!(index + 1), "{event}");
    }
    for (bad, told) in [
        ("after=-1", "after must be a position, 0 or greater; it is `-1`"),
        ("after=x", "after must be a position, 0 or greater; it is `x`"),
        ("after=999999", "the log ends at position"),
        ("after=999999&follow=true", "the log ends at position"),
        ("limit=-5", "limit must be a number of events"),
        ("after=1&after=2", "after stands twice"),
        ("follow=yes", "follow must be true or false"),
        ("stream=nonsense", "nonsense"),
        ("stream=order-x", "order-x"),
        ("colour=red", "there is no parameter `colour`; those there are: after, limit, stream"),
    ] {
        let answer = shop.node.get(&format!("/v1/events?{bad}")).await?;
        let status = answer.status().as_u16();
        let text = answer.text().await?;
        check!(checks, status == 400 && text.contains(told), "/v1/events?{bad} answered {status}: {text}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_nats_consumer_sees_every_event_in_order() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::PostgresAndNats).await?;
    let load = Load::start(&shop, &[shop.mcp()], 8, 2).await?;
    tokio::time::sleep(Duration::from_secs(2)).await; // how long the load lasts
    load.stop().await?;
    let log = events(&shop.node, 0).await?;

    let nats = shop.nats.as_ref().context("a nats-server")?;
    let messages = published(nats, log.len(), STREAM_DEADLINE).await?;
    for (event, message) in log.iter().zip(&messages) {
        check!(
            checks,
            message.sequence == event.position as u64,
            "sequence {} is not {}",
            message.sequence,
            event.position
        );
        let body: Value = serde_json::from_slice(&message.payload).context("a message's body")?;
        let facts = event.json();
        check!(checks, body["specversion"] == json!("1.0"), "no CloudEvent: {body}");
        check!(checks, body["id"] == facts["id"], "position {} carries {body}", event.position);
        let category = facts["stream"].as_str().and_then(|stream| stream.split('-').next()).unwrap_or_default();
        let subject = format!("orderlog.v1.{category}.{}", event.event_type());
        check!(checks, message.subject == subject, "position {} went to {}", event.position, message.subject);
    }

    // Someone who was away goes on where they left off.
    let client = connect_to(nats).await?;
    let mut live = client.subscribe("orderlog.v1.order.OrderPlaced").await?;
    client.flush().await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    let placed = shop.mcp().ok("orders.create_order", order).await?;
    let message = tokio::time::timeout(STREAM_DEADLINE, live.next()).await?.context("a message")?;
    check!(
        checks,
        String::from_utf8_lossy(&message.payload).contains(placed["command_id"].as_str().unwrap_or("?")),
        "{message:?}"
    );
    until("the stream to reach the head", STREAM_DEADLINE, async || {
        Ok((last_sequence(nats).await? >= placed["position"].as_u64().unwrap_or(u64::MAX)).then_some(()))
    })
    .await?;
    checks.all_hold()
}
