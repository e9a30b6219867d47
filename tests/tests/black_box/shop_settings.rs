//! The settings of a shop are stored in its log: recorded once, compared afterwards, changed only on purpose.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    a_start_with_other_settings_is_refused,
    what_is_left_out_is_taken_from_the_log,
    settings_change_on_purpose,
    a_day_that_begins_later_dates_nothing_before_the_order
);

async fn a_day_that_begins_later_dates_nothing_before_the_order(mut shop: Shop) -> Result<()> {
    shop.node.restart_at("2026-11-21T02:00:00+05:30").await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    shop.mcp().ok("orders.create_order", order).await?;
    shop.node.restart_at("2026-11-21T03:00:00+05:30").await?;
    shop.node.stop().await?;
    shop.cli_without_settings(&["settings", "set", "day-start=04:00"]).await?.expect_success()?;
    // By the new setting it is still the 20th.
    shop.node.start_again().await?;
    shop.mcp().ok("orders.update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    let log = events(&shop.node, 0).await?;
    let days = log.iter().map(orderlog_tests::AuditedEvent::json).filter(|event| event["stream"] == "order-1001");
    let days: Vec<Value> = days.map(|event| event["provenance"]["business_date"].clone()).collect();
    ensure!(days.len() >= 3 && days.iter().all(|day| day == "2026-11-21"), "{days:?}");
    let report = shop.mcp().ok("orders.report_sales", json!({ "date": "2026-11-21", "basis": "shipped" })).await?;
    let text = report["text"].as_str().unwrap_or_default();
    ensure!(text.contains("₹10") && !text.contains("in the future"), "{text}");
    Ok(())
}

async fn settings(shop: &Shop) -> Result<Value> {
    let text = shop.cli_without_settings(&["settings", "--json"]).await?.expect_success()?;
    serde_json::from_str(&text).with_context(|| text.clone())
}

async fn a_start_with_other_settings_is_refused(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let first = settings(&shop).await?;
    check!(
        checks,
        first["settings"]["currency"] == "INR" && first["settings"]["timezone"] == "Asia/Kolkata",
        "{first}"
    );
    check!(
        checks,
        first["history"][0]["position"] == 0 && first["history"].as_array().map(Vec::len) == Some(1),
        "{first}"
    );
    let by = first["history"][0]["program"].as_str().unwrap_or_default();
    check!(checks, by.starts_with("orderlog "), "{first}");
    shop.node.stop().await?;

    let folder = shop.folder().join("products.csv");
    std::fs::write(&folder, "sku,name,price\nCUP,Cup,5.00\n")?;
    let file = folder.display().to_string();
    for (command, given, recorded) in [
        (vec!["serve", "--listen", "127.0.0.1:0", "--currency", "USD"], "USD", "INR"),
        (vec!["mcp", "--timezone", "Europe/Berlin"], "Europe/Berlin", "Asia/Kolkata"),
        (vec!["import", "products", &file, "--write", "--day-start", "04:00"], "04:00", "00:00"),
        (vec!["simulate", "--days", "1", "--into-existing", "--week-start", "sunday"], "sunday", "monday"),
    ] {
        let refused = shop.cli_without_settings(&command).await?;
        check!(checks, !refused.success, "{command:?} must be refused: {}", refused.stdout);
        let told = &refused.stderr;
        check!(checks, told.contains(given) && told.contains(recorded), "{command:?} names both values: {told}");
        let flag = command.iter().rev().nth(1).copied().unwrap_or_default();
        check!(checks, told.contains(&format!("{flag}: ")), "{command:?} names the setting: {told}");
    }
    // Reading goes on, by the shop's settings.
    let status = shop.cli_without_settings(&["status", "--currency", "USD"]).await?;
    check!(
        checks,
        status.success && status.stderr.contains("the shop's currency is INR, not USD"),
        "{}",
        status.stderr
    );
    check!(checks, settings(&shop).await? == first, "nothing was recorded");
    shop.node.start_again().await?;
    checks.all_hold()
}

async fn what_is_left_out_is_taken_from_the_log(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.stop().await?;
    // The shop has no events yet: its currency can still be set right.
    shop.cli_without_settings(&["settings", "set", "currency=EUR", "timezone=europe/berlin"])
        .await?
        .expect_success()?;
    let file = shop.folder().join("products.csv");
    std::fs::write(&file, "sku,name,price\nCUP,Cup,5.00\n")?;
    let import = ["import", "products", &file.display().to_string(), "--write", "--json"];
    shop.cli_without_settings(&import).await?.expect_success()?;
    let exported = shop.cli_without_settings(&["export"]).await?.expect_success()?;
    let event: Value = serde_json::from_str(exported.lines().next().unwrap_or_default())?;
    check!(checks, event["event"]["type"] == "ProductRegistered", "{event}");
    check!(
        checks,
        event["event"]["data"]["entry"]["currency"] == "EUR" || event.to_string().contains("EUR"),
        "{event}"
    );
    check!(checks, !event.to_string().contains("INR"), "{event}");
    checks.all_hold()
}

async fn settings_change_on_purpose(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.node.stop().await?;
    let refused = shop.cli_without_settings(&["settings", "set", "currency=USD"]).await?;
    check!(checks, !refused.success && refused.stderr.contains("the currency cannot be changed"), "{}", refused.stderr);
    let refused = shop.cli_without_settings(&["settings", "set", "timezon=UTC", "week-start", "currency=x"]).await?;
    let told = &refused.stderr;
    check!(
        checks,
        !refused.success && told.contains("did you mean `timezone`?") && told.contains("NAME=VALUE"),
        "{told}"
    );
    let refused = shop.cli_without_settings(&["settings", "set", "timezone=Mars/Base", "day-start=25:00"]).await?;
    let told = &refused.stderr;
    check!(checks, !refused.success && told.contains("Mars/Base") && told.contains("25:00"), "every problem: {told}");

    let changed = ["settings", "set", "timezone=America/New_York", "day-start=04:00"];
    let told = shop.cli_without_settings(&changed).await?.expect_success()?;
    check!(checks, told.contains("from event 3 on"), "{told}");
    let again = shop.cli_without_settings(&changed).await?.expect_success()?;
    check!(checks, again.contains("nothing was recorded"), "{again}");
    let all = settings(&shop).await?;
    check!(checks, all["settings"]["timezone"] == "America/New_York" && all["settings"]["currency"] == "INR", "{all}");
    let positions: Vec<&Value> =
        all["history"].as_array().context("history")?.iter().map(|one| &one["position"]).collect();
    check!(checks, positions == [&json!(0), &json!(2)], "{all}");
    let table = shop.cli_without_settings(&["settings"]).await?.expect_success()?;
    let zone = table.lines().find(|line| line.contains("timezone")).unwrap_or_default();
    check!(checks, zone.contains("America/New_York") && zone.contains(" 3 "), "{table}");

    // The node's own flag says Asia/Kolkata still.
    let refused = shop.cli(&["serve", "--listen", "127.0.0.1:0"]).await?;
    check!(checks, !refused.success && refused.stderr.contains("America/New_York"), "{}", refused.stderr);
    checks.all_hold()
}
