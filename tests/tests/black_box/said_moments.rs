//! Moments and days in words: when something was done, until when it holds, and what a slip of the pen may have meant.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Shop, check, minor, on_both_engines};
use serde_json::json;

use crate::asks_find::told;

on_both_engines!(
    moments_are_said_in_words,
    hours_and_minutes_are_read_to_the_moment,
    a_misspelt_phrase_is_offered_as_it_was_meant
);

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
    // "Until a day" means until the day begins.
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

async fn hours_and_minutes_are_read_to_the_moment(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    for at in ["2026-11-20T10:00:00+05:30", "2026-11-21T02:00:00+05:30", "2026-11-21T03:00:00+05:30"] {
        shop.node.restart_at(at).await?;
        if at.contains("10:00") {
            shop.with_orders(1).await?;
        } else {
            let lines = json!([{ "product": "TEA", "quantity": 1 }]);
            shop.mcp().ok("orders_create_order", json!({ "customer": "ann@example.com", "lines": lines })).await?;
        }
    }
    shop.node.restart_at("2026-11-22T12:00:00+05:30").await?;
    shop.mcp().ok("orders_update_status", json!({ "order_id": 1001, "status": "confirmed" })).await?;
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    // Thirty-six hours before is 02:30 of the day before: between two orders of one day.
    for tool in ["orders_get_pending", "orders_search"] {
        for (older, orders) in
            [("36 hours", vec![1001, 1002]), ("older than 36h", vec![1001, 1002]), ("1 day", vec![1001])]
        {
            let found = mcp.ok(tool, json!({ "older_than": older, "sort": "oldest" })).await?;
            let listed: Vec<i64> = found["orders"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|order| order["order_id"].as_i64())
                .collect();
            check!(checks, listed == orders, "{tool} {older}: {found}");
            check!(checks, found["total_count"] == orders.len(), "{tool} {older}: {found}");
        }
        let said = told(&mcp, tool, json!({ "older_than": "36 hours" })).await?;
        check!(checks, said.has(" placed before 21 Nov 2026, 02:30"), "{}", said.text);
        let month = mcp.ok(tool, json!({ "older_than": "1 month" })).await?;
        check!(checks, month["total_count"] == 0, "{month}");
    }
    let then = told(&mcp, "orders_get_pending", json!({ "as_of": "1 day ago", "older_than": "24 hours" })).await?;
    check!(checks, then.structured["total_count"] == 1, "counted back from the end of that day: {}", then.text);
    for (as_of, status, said) in [
        ("2 hours ago", "confirmed", "22 Nov 2026, 12:30"),
        ("3 hours ago", "pending", "22 Nov 2026, 11:30"),
        ("180 minutes ago", "pending", "22 Nov 2026, 11:30"),
        ("today 11:00", "pending", "22 Nov 2026, 11:00"),
    ] {
        let order = told(&mcp, "orders_get", json!({ "order_id": 1001, "as_of": as_of })).await?;
        let right = order.structured["order"]["status"] == status && order.has(said);
        check!(checks, right, "{as_of}: {}", order.text);
    }
    let ahead = mcp.refused("orders_get", json!({ "order_id": 1001, "as_of": "in 2 hours" })).await?;
    check!(checks, ahead.field.as_deref() == Some("as_of") && ahead.message.contains("future"), "{ahead}");
    let ship = told(&mcp, "orders_ship", json!({ "order_id": 1002, "occurred_at": "30 minutes ago" })).await?;
    check!(checks, ship.has("was read as Sun 22 Nov 2026, 14:00"), "{}", ship.text);
    let hold = json!({ "order_id": 1003, "on": true, "until": "in 90 minutes" });
    let held = told(&mcp, "orders_set_hold", hold).await?;
    check!(checks, held.has("on hold until 22 Nov 2026, 16:00."), "{}", held.text);
    let weeks = told(&mcp, "inventory_reorder", json!({ "days": "2 weeks" })).await?;
    check!(checks, weeks.has("days \"2 weeks\" was read as 14 days"), "{}", weeks.text);
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
