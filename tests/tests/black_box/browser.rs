//! The pages in a real Chromium: acts by forms, live updates, keys, and what axe-core finds.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use orderlog_testkit::Fixture;
use orderlog_tests::{Engine, SetUp, Shop, chromium, node_js, on_both_engines, until};
use serde_json::json;
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);

on_both_engines!(a_browser_can_do_what_an_assistant_can, only_pages_that_are_seen_listen);

/// A shop with a target, although no message reaches it: its address is one to which a shop may not send.
struct Visited {
    shop: Shop,
    _folder: TempDir,
}

impl Fixture for Visited {
    async fn on(engine: Engine) -> Result<Visited> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("targets.toml");
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let text =
            format!("[targets.desk]\nkind = \"webhook\"\nurl = \"https://localhost:1/\"\nsecrets = [\"{secret}\"]\n");
        std::fs::write(&file, text)?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let path = file.to_str().context("a path")?;
        Ok(Visited { shop: Shop::open_with(set_up, &["--notify-targets-file", path]).await?, _folder: folder })
    }
}

/// Rules, a message that was given up and one that waits, so that each part of their page is looked at.
async fn with_messages(shop: &Shop) -> Result<()> {
    let mcp = shop.mcp();
    let held = json!({ "target": "desk", "when": ["held"], "order_ids": [1001], "grace": 0 });
    mcp.ok("notifications.subscribe", held).await?;
    mcp.ok("notifications.subscribe", json!({ "target": "desk", "when": ["waiting"], "grace": 259_200 })).await?;
    for on in [true, false] {
        mcp.ok("orders.set_hold", json!({ "order_id": 1001, "on": on })).await?;
        until("a message to be given up", PATIENCE, async || {
            let list = mcp.full("notifications.list", json!({})).await?;
            Ok((list["given_up"] == 1 && list["waiting"].as_i64() >= Some(4)).then_some(()))
        })
        .await?;
    }
    Ok(())
}

async fn a_browser_can_do_what_an_assistant_can(visited: Visited) -> Result<()> {
    let shop = &visited.shop;
    shop.stock("PEN", "Fountain pen", "100.00", 100).await?;
    shop.customer("<script>alert(1)</script>", "x@example.com").await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    for customer in ["asha@example.com", "x@example.com", "asha@example.com", "asha@example.com"] {
        let order =
            json!({ "customer": customer, "lines": [{ "product": "PEN", "quantity": 2 }], "allow_duplicate": true });
        shop.mcp().ok("orders.create_order", order).await?;
    }
    with_messages(shop).await?;
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
