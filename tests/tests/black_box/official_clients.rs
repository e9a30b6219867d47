//! The seed's dialogue with the official clients, and the promise that an answer contains what was recorded just before.

use anyhow::{Result, ensure};
use futures::{StreamExt, TryStreamExt, stream};
use orderlog_tests::{Finished, Shop, minor, node_js, on_both_engines, python};
use serde_json::json;

/// Sunday, 14:30 in the shop; last week is 9 to 15 November.
const TODAY: &str = "2026-11-22T14:30:00+05:30";
const LAST_WEEK: &str = "2026-11-12T10:00:00+05:30";
const FRESHNESS_TRIES: i64 = 1_000;
const FRESHNESS_PRICE: i64 = 10;

on_both_engines!(official_clients_hold_the_dialogue, revenue_contains_what_was_recorded_a_moment_before);

async fn official_clients_hold_the_dialogue(mut shop: Shop) -> Result<()> {
    shop.node.restart_at(LAST_WEEK).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("MUG", "Mug", "250.00", 1_000).await?;
    shop.stock("LAPTOP", "Laptop", "45000.00", 10).await?;
    place_orders_up_to_1233(&shop).await?;

    shop.node.restart_at(TODAY).await?;
    let dialogues = [
        (python()?, "dialogue.py", "auto", "1234", "Today's revenue so far is ₹45,000."),
        (node_js()?, "dialogue.mjs", "auto", "1235", "Today's revenue so far is ₹90,000."),
        (python()?, "dialogue.py", "legacy", "1236", "Today's revenue so far is ₹1,35,000."),
        (node_js()?, "dialogue.mjs", "legacy", "1237", "Today's revenue so far is ₹1,80,000."),
    ];
    for (interpreter, script, mode, order, revenue) in dialogues {
        let held = shop.client_script(interpreter, script, &[mode, order, revenue]).await?;
        ensure!(held.success, "{script} in mode {mode}: {}\n{}", held.stdout, held.stderr);
    }
    let verified: Finished = shop.cli(&["verify"]).await?;
    verified.expect_success()?;
    Ok(())
}

/// 230 orders that stay pending and 3 that are shipped, all of last week.
async fn place_orders_up_to_1233(shop: &Shop) -> Result<()> {
    let mcp = shop.mcp();
    stream::iter(1..=233)
        .map(|number| {
            let mcp = mcp.clone();
            async move {
                let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "MUG", "quantity": 1 }],
                    "idempotency_key": format!("seed-{number}") });
                mcp.ok("orders.create_order", order).await
            }
        })
        .buffer_unordered(16)
        .try_for_each(async |_| Ok(()))
        .await?;
    for order in [1001, 1100, 1233] {
        mcp.ok("orders.update_status", json!({ "order_id": order, "status": "shipped" })).await?;
    }
    Ok(())
}

async fn revenue_contains_what_was_recorded_a_moment_before(shop: Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", &format!("{FRESHNESS_PRICE}.00"), FRESHNESS_TRIES).await?;
    let writer = shop.mcp();
    // Where a second node is possible, it is the one that is asked.
    let second = if shop.nats.is_some() { Some(shop.another_node().await?) } else { None };
    let reader = second.as_ref().unwrap_or(&shop.node).mcp();
    for number in 1..=FRESHNESS_TRIES {
        let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }],
            "idempotency_key": format!("fresh-{number}") });
        writer.ok("orders.create_order", order).await?;
        // Every order of this test, whenever midnight falls.
        let sales = reader.ok("orders.report_sales", json!({ "date_range": "last 2 days" })).await?;
        ensure!(
            minor(&sales["revenue"])? == number * FRESHNESS_PRICE * 100,
            "after order {number} the revenue is {sales}"
        );
    }
    Ok(())
}
