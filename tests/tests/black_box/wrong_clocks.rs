//! The machine's clock jumps by a day, while a node runs and while none does: nothing waits for it, and nothing is lost.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use orderlog_tests::{Clock, Oracle, Shop, chain_is_whole, events, on_both_engines};
use serde_json::json;

use crate::faults::read_models_equal_a_rebuild;

/// For a command and a query that waits for what it recorded.
const SOON: Duration = Duration::from_secs(2);

on_both_engines!(a_clock_that_jumps_by_a_day_stops_nothing, a_clock_that_was_wrong_when_the_node_died_stops_nothing);

async fn a_clock_that_jumps_by_a_day_stops_nothing(mut shop: Shop) -> Result<()> {
    let clock = under_a_clock(&mut shop).await?;
    business_goes_on(&shop, "the right clock").await?;
    for offset in ["+1d", "+0", "-1d", "+0"] {
        clock.set(offset)?;
        business_goes_on(&shop, offset).await?;
    }
    all_is_well(&mut shop).await
}

async fn a_clock_that_was_wrong_when_the_node_died_stops_nothing(mut shop: Shop) -> Result<()> {
    let clock = under_a_clock(&mut shop).await?;
    for (before, after) in [("+1d", "+0"), ("+0", "-1d"), ("-1d", "+1d"), ("+1d", "+0")] {
        clock.set(before)?;
        business_goes_on(&shop, before).await?;
        shop.node.kill()?;
        clock.set(after)?;
        shop.node.start_again().await?;
        business_goes_on(&shop, &format!("{before}, killed, {after}")).await?;
    }
    all_is_well(&mut shop).await
}

async fn under_a_clock(shop: &mut Shop) -> Result<Clock> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 1_000).await?;
    shop.node.stop().await?;
    let clock = shop.node.under_a_clock()?;
    shop.node.start_again().await?;
    Ok(clock)
}

/// An order is placed and shipped, and the answers that follow know of it.
async fn business_goes_on(shop: &Shop, clock: &str) -> Result<()> {
    let started = Instant::now();
    let lines = json!([{ "product": "Fountain pen", "quantity": 1 }]);
    let order = json!({ "customer": "Asha Rao", "lines": lines, "allow_duplicate": true });
    let placed = shop.mcp().ok("orders.create_order", order).await?;
    let pending = shop.mcp().ok("orders.get_pending", json!({})).await?;
    let found = pending["orders"].as_array().is_some_and(|orders| orders.len() == 1);
    ensure!(found && pending.get("behind").is_none(), "{clock}: {pending}");
    shop.mcp().ok("orders.update_status", json!({ "order_id": placed["order_id"], "status": "shipped" })).await?;
    let pending = shop.mcp().ok("orders.get_pending", json!({})).await?;
    let none = pending["orders"].as_array().is_some_and(Vec::is_empty);
    ensure!(none && pending.get("behind").is_none(), "{clock}: {pending}");
    ensure!(started.elapsed() < SOON, "{clock}: all of it took {:?}", started.elapsed());
    let ready = shop.node.get("/readyz").await?;
    ensure!(ready.status().is_success(), "{clock}: {}", ready.text().await?);
    Ok(())
}

async fn all_is_well(shop: &mut Shop) -> Result<()> {
    let log = events(&shop.node, 0).await?;
    chain_is_whole(&log)?;
    let times: Vec<_> = log.iter().map(|event| event.json()["provenance"]["recorded_at"].to_string()).collect();
    ensure!(times.is_sorted(), "the log goes back in time");
    Oracle::of(&log)?.agree_with(&shop.mcp()).await?;
    shop.node.stop().await?;
    // Until that moment has come, such a log cannot be distinguished from one that was altered.
    let said = shop.cli(&["verify"]).await?.stdout;
    ensure!(said.contains("A clock was wrong"), "{said}");
    read_models_equal_a_rebuild(shop).await
}
