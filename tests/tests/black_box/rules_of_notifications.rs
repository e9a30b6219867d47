//! When rules send messages: at once if `already` is set, for all of an order and not a part, and after a rest was
//! cancelled.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use anyhow::Result;
use orderlog_tests::{Checks, Received, check, on_both_engines, until};
use serde_json::{Value, json};

use crate::notifications_page::Told;

on_both_engines!(what_is_so_already_is_told_at_once, a_part_is_not_told_as_shipped_and_a_cancelled_rest_is_named);

const PATIENCE: Duration = Duration::from_secs(30);

/// A rule that waits for no undo, unless it says so.
async fn subscribe(told: &Told, mut rule: Value) -> Result<Value> {
    if rule.get("grace").is_none() {
        rule["grace"] = json!(0);
    }
    told.shop.mcp().ok("notifications.subscribe", rule).await
}

async fn what_is_so_already_is_told_at_once(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = told.shop.mcp();
    for (sku, name, units) in [("INK", "Ink", 2), ("NIB", "Nib", 9), ("PAD", "Pad", 3)] {
        mcp.ok("products.upsert", json!({ "sku": sku, "name": name, "price": "5.00", "low_stock_threshold": 3 }))
            .await?;
        mcp.ok("inventory.receive", json!({ "product": sku, "quantity": units })).await?;
    }
    mcp.ok("inventory.adjust", json!({ "product": "PAD", "counted": 0 })).await?;
    let texts = |received: &[Received]| {
        let mut all: Vec<String> =
            received.iter().map(|one| one.json()["data"]["text"].as_str().unwrap_or_default().to_owned()).collect();
        all.sort_unstable();
        all
    };
    // Each product once: a product that is out of stock is not also reported as low.
    let low = json!({ "target": "books", "when": ["low_stock", "out_of_stock"], "already": true });
    let asked = subscribe(&told, low).await?;
    let said = "books is told when a product is low on stock or out of stock (rule 1). If something of it is so already, that is told at once.";
    check!(checks, asked["text"] == said, "{asked}");
    let received = told.received("/books", 2).await?;
    check!(
        checks,
        texts(&received) == ["Ink (INK) runs low: 2 units are available.", "Pad (PAD) is out of stock."],
        "{received:?}"
    );
    let ids: BTreeSet<&String> = received.iter().map(|one| &one.headers["webhook-id"]).collect();
    check!(checks, ids.len() == 2, "each message has an id of its own: {ids:?}");
    told.comes("two to be sent", |list| list["rules"][0]["sent"] == 2).await?;
    mcp.ok("notifications.unsubscribe", json!({ "rule_id": 1 })).await?;

    // Orders that have waited too long already; one that left waits no more.
    let (first, gone, placed) = (told.order().await?, told.order().await?, Instant::now());
    told.ship(gone).await?;
    let waits = json!({ "target": "books", "when": ["waiting"], "grace": 1 });
    until("the first to have waited long enough", PATIENCE, async || {
        Ok((placed.elapsed() > Duration::from_millis(2_200)).then_some(()))
    })
    .await?;
    // Without `already`, orders that were late before are not reported.
    subscribe(&told, waits).await?;
    subscribe(&told, json!({ "target": "books", "when": ["waiting"], "grace": 2, "already": true })).await?;
    let received = told.received("/books", 3).await?;
    let last = received[2].json();
    check!(checks, last["data"]["order_id"] == first && last["data"]["rule_id"] == 3, "{last}");
    check!(checks, last["type"] == "order.waiting", "{last}");
    told.comes("it to be sent", |list| list["rules"][1]["sent"] == 1 && list["waiting"] == 0).await?;
    check!(checks, told.endpoint.received().len() == 3, "{:?}", told.endpoint.received());
    checks.all_hold()
}

async fn a_part_is_not_told_as_shipped_and_a_cancelled_rest_is_named(told: Told) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = told.shop.mcp();
    let (order, arrived) = (told.order().await?, told.order().await?);
    let asked =
        subscribe(&told, json!({ "target": "books", "when": ["shipped"], "order_ids": [order, arrived] })).await?;
    let said = "books is told when one of the orders #1001 and #1002 is shipped in full, once each (rule 1).";
    check!(checks, asked["text"] == said, "{asked}");
    let part = |order: i64| json!({ "order_id": order, "lines": [{ "line": 1, "quantity": 1 }] });
    mcp.ok("orders.ship", part(order)).await?;
    mcp.ok("orders.ship", part(arrived)).await?;
    mcp.ok(
        "orders.update_status",
        json!({ "order_id": arrived, "status": "delivered", "lines": [{ "line": 1, "quantity": 1 }] }),
    )
    .await?;
    mcp.confirmed("orders.cancel", part(order)).await?;
    // Units that had arrived before the rest is cancelled count as shipped.
    mcp.confirmed("orders.cancel", part(arrived)).await?;
    let received = told.received("/books", 2).await?;
    let texts: Vec<String> = received.iter().map(|one| one.json()["data"]["text"].to_string()).collect();
    check!(
        checks,
        texts
            == [
                format!("\"Order #{order} is now shipped: 1 unit has left, and 1 unit was cancelled.\""),
                format!("\"Order #{arrived} is now delivered: 1 unit has arrived, and 1 unit was cancelled.\"")
            ],
        "{texts:?}"
    );
    told.comes("the rule to end", |list| list["rules"] == json!([])).await?;
    let list = told.list().await?;
    check!(checks, list["rules"] == json!([]) && told.endpoint.received().len() == 2, "{list}");
    checks.all_hold()
}
