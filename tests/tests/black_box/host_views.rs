//! The views that hosts show beside answers: in a real Chromium, inside the official AppBridge.

use anyhow::{Result, ensure};
use orderlog_tests::{Shop, chromium, node_js, on_both_engines};
use serde_json::json;

/// Days apart, so that a report by day has several.
const BEFORE: &str = "2026-11-20T12:00:00+05:30";
const TODAY: &str = "2026-11-22T14:30:00+05:30";

on_both_engines!(a_host_shows_the_views_and_their_buttons_act);

async fn a_host_shows_the_views_and_their_buttons_act(mut shop: Shop) -> Result<()> {
    shop.node.restart_at(BEFORE).await?;
    shop.stock("MUG", "Mug", "250.00", 100).await?;
    shop.stock("PEN", "Fountain pen", "100.00", 100).await?;
    shop.customer("<img src=x onerror=alert(1)>", "x@example.com").await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    for (customer, product) in [("x@example.com", "MUG"), ("asha@example.com", "MUG"), ("asha@example.com", "PEN")] {
        let order = json!({ "customer": customer, "lines": [{ "product": product, "quantity": 2 }] });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    shop.node.restart_at(TODAY).await?;
    let browser = chromium()?;
    let pictures = std::env::var("ORDERLOG_TEST_PICTURES").ok();
    let first = [browser.to_str().unwrap_or_default(), "1001"];
    let arguments: Vec<&str> = first.into_iter().chain(pictures.as_deref()).collect();
    let held = shop.client_script(node_js()?, "views.mjs", &arguments).await?;
    ensure!(held.success, "views.mjs: {}\n{}", held.stdout, held.stderr);
    Ok(())
}
