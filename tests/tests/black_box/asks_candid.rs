//! Answers that must not mislead: the notes beside a figure, so that no reader takes it for another one.

use anyhow::Result;
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::json;

use crate::asks_acts::Played;

/// Two Saturdays, and the Sunday after.
const BEFORE: &str = "2026-11-14T12:00:00+05:30";
const YESTERDAY: &str = "2026-11-21T12:00:00+05:30";
const TODAY: &str = "2026-11-22T14:30:00+05:30";
const A_WEEK_LATER: &str = "2026-11-29T18:00:00+05:30";

on_both_engines!(what_is_cancelled_is_shown_before_it_is_gone, a_day_that_is_not_over_is_called_so);

async fn what_is_cancelled_is_shown_before_it_is_gone(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shop.with_orders(3).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1002, "method": "upi" })).await?;
    let all = json!({ "order_ids": [1001, 1002, 1003], "status": "cancelled" });
    let preview = Played::by(&mcp).call("orders_bulk_update_status", all).await?.1;
    let text = preview["preview"]["text"].as_str().unwrap_or_default();
    let told = "3 orders would become cancelled. They have 6 units, worth ₹708 in all. ₹236 would be owed back. This cannot be undone.";
    check!(checks, text == told, "{preview}");
    check!(checks, preview["preview"]["changes"][1] == "#1002 Ann, 2 units, ₹236", "{preview}");
    mcp.ok("orders_update_status", json!({ "order_id": 1003, "status": "shipped" })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1003, "status": "delivered" })).await?;
    let (order, _) = Played::by(&mcp).call("orders_get", json!({ "order_id": 1003 })).await?;
    check!(checks, order.contains("allowed next: none"), "{order}");
    let again = mcp.refused("orders_update_status", json!({ "order_id": 1003, "status": "shipped" })).await?;
    let hint = again.hint.clone().unwrap_or_default();
    check!(checks, hint.contains("the order is delivered since ") && hint.contains("orders_return_items"), "{again:?}");
    checks.all_hold()
}

async fn a_day_that_is_not_over_is_called_so(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at(BEFORE).await?;
    shop.with_orders(3).await?;
    shop.node.restart_at(YESTERDAY).await?;
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 5 }] });
    shop.mcp().ok("orders_create_order", order).await?;
    shop.mcp().ok("orders_record_payment", json!({ "order_id": 1002, "method": "upi" })).await?;
    shop.node.restart_at(TODAY).await?;
    let mcp = shop.mcp();
    for (days, beside, told) in [
        ("today", "yesterday", Some("Today is not over; the days before are whole.")),
        ("the last 2 days", "2026-11-14", Some("These are 2 days so far beside 1 whole day.")),
        ("yesterday", "previous period", None),
    ] {
        let report = mcp.ok("orders_report_sales", json!({ "date": days, "compare_to": beside })).await?;
        let text = report["text"].as_str().unwrap_or_default();
        check!(checks, told.map_or(!text.contains("whole"), |told| text.ends_with(told)), "{report}");
    }
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 1 }] });
    mcp.ok("orders_create_order", order).await?;
    shop.node.restart_at(A_WEEK_LATER).await?;
    let why = shop.mcp().ok("sales_explain", json!({ "date_range": "today" })).await?;
    let told = "Today (Sun 29 Nov 2026) so far is low: ₹0 is 100.0 % less than the average of ₹50 of the 2 Sundays before by this \
                time of day, which had ₹0 to ₹100; that is still within their range.";
    check!(checks, why["text"] == told, "{why}");
    let cash = shop
        .mcp()
        .ok("sales_explain", json!({ "date_range": "2026-11-21", "basis": "cash", "detail": "full" }))
        .await?;
    let parts = cash["stands_out"].to_string();
    check!(checks, !parts.contains("shipping fees") && !parts.contains("orders placed"), "{cash}");
    checks.all_hold()
}
