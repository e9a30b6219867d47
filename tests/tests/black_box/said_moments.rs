//! Moments and days in words: when something was done, until when it holds, and what a slip of the pen may have meant.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Shop, check, minor, on_both_engines};
use serde_json::json;

use crate::asks_find::told;

on_both_engines!(moments_are_said_in_words, a_misspelt_phrase_is_offered_as_it_was_meant);

async fn moments_are_said_in_words(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-20T10:00:00+05:30").await?;
    shop.with_orders(3).await?;
    // A Sunday.
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    let ship = json!({ "order_id": 1002, "occurred_at": "yesterday 15:00", "idempotency_key": "y" });
    let shipped = told(&mcp, "orders_ship", ship.clone()).await?;
    let read = "occurred_at \"yesterday 15:00\" was read as Sat 21 Nov 2026, 15:00 (Asia/Kolkata)";
    check!(checks, shipped.has(read), "{}", shipped.text);
    check!(checks, shipped.structured["interpretation"]["arguments"] == json!([read]), "{}", shipped.structured);
    let again = mcp.ok("orders_ship", ship).await?;
    check!(checks, again["replayed"] == true, "{again}");
    let sales = mcp.ok("orders_report_sales", json!({ "date": "2026-11-21", "basis": "shipped" })).await?;
    check!(checks, minor(&sales["revenue"])? == 20_000, "{sales}");
    let list = mcp.ok("orders_search", json!({ "by": "shipped", "date_range": "yesterday" })).await?;
    check!(checks, list["orders"][0]["order_id"] == 1002 && list["orders"][0]["shipped_on"] == "2026-11-21", "{list}");
    // A day alone is its end, for by then it was done; today is now.
    let confirm = json!({ "order_id": 1001, "status": "confirmed", "occurred_at": "Saturday" });
    let confirmed = told(&mcp, "orders_update_status", confirm).await?;
    check!(checks, confirmed.has("was read as Sat 21 Nov 2026, 23:59"), "{}", confirmed.text);
    let today = json!({ "order_id": 1001, "status": "shipped", "occurred_at": "today" });
    let today = told(&mcp, "orders_update_status", today).await?;
    check!(checks, !today.refused && today.has("was read as now"), "{}", today.text);
    // What holds until a day holds until it begins.
    let hold = json!({ "order_id": 1003, "on": true, "until": "until Friday" });
    let held = told(&mcp, "orders_set_hold", hold).await?;
    check!(checks, held.has("on hold until 27 Nov 2026, 00:00."), "{}", held.text);
    check!(checks, held.has("was read as Fri 27 Nov 2026, 00:00"), "{}", held.text);
    let longer = json!({ "order_id": 1003, "on": true, "until": "in 3 days" });
    let longer = told(&mcp, "orders_set_hold", longer).await?;
    check!(checks, longer.has("on hold until 25 Nov 2026, 00:00."), "{}", longer.text);
    for (moment, said) in [
        ("tomorrow", "future"),
        ("last week", "names no single day"),
        ("yesterday 25:00", "cannot be read as a date"),
        ("yesturday 15:00", "did you mean \"yesterday\"?"),
    ] {
        let ship = json!({ "order_id": 1003, "occurred_at": moment });
        let refused = mcp.refused("orders_ship", ship).await?;
        let field = refused.field.as_deref() == Some("occurred_at");
        check!(checks, field && refused.message.contains(said), "{moment}: {refused}");
    }
    checks.all_hold()
}

async fn a_misspelt_phrase_is_offered_as_it_was_meant(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    for (tool, argument) in
        [("orders_search", "date_range"), ("orders_get_pending", "date_range"), ("orders_report_sales", "date_range")]
    {
        let refused = mcp.refused(tool, json!({ argument: "last wek" })).await?;
        check!(checks, refused.message.contains("did you mean \"last week\"?"), "{tool}: {refused}");
        let offered = refused.candidates.first().context("a candidate")?;
        check!(checks, offered["phrase"] == "last week" && offered["from"].is_string(), "{tool}: {offered}");
        mcp.ok(tool, json!({ argument: offered["phrase"] })).await?;
    }
    checks.all_hold()
}
