//! The pages in a real Chromium: acts by forms, live updates, keys, and what axe-core finds.

use anyhow::{Result, ensure};
use orderlog_tests::{Shop, chromium, node_js, on_both_engines};
use serde_json::json;

on_both_engines!(a_browser_can_do_what_an_assistant_can, only_pages_that_are_seen_listen);

async fn a_browser_can_do_what_an_assistant_can(shop: Shop) -> Result<()> {
    shop.stock("PEN", "Fountain pen", "100.00", 100).await?;
    shop.customer("<script>alert(1)</script>", "x@example.com").await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    for customer in ["asha@example.com", "x@example.com", "asha@example.com", "asha@example.com"] {
        let order =
            json!({ "customer": customer, "lines": [{ "product": "PEN", "quantity": 2 }], "allow_duplicate": true });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    let browser = chromium()?;
    let pictures = std::env::var("ORDERLOG_TEST_PICTURES").unwrap_or_default();
    let arguments: Vec<&str> =
        [browser.to_str().unwrap_or_default(), &pictures].into_iter().filter(|text| !text.is_empty()).collect();
    let held = shop.client_script(node_js()?, "browser.mjs", &arguments).await?;
    ensure!(held.success, "browser.mjs: {}\n{}", held.stdout, held.stderr);
    Ok(())
}

async fn only_pages_that_are_seen_listen(shop: Shop) -> Result<()> {
    shop.with_orders(4).await?;
    let browser = chromium()?;
    let held = shop.client_script(node_js()?, "browser_tabs.mjs", &[browser.to_str().unwrap_or_default()]).await?;
    ensure!(held.success, "browser_tabs.mjs: {}\n{}", held.stdout, held.stderr);
    Ok(())
}
