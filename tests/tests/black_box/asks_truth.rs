//! Answers that say what really happened, what cannot be taken back, and what was so at an earlier day.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::{Value, json};

use crate::asks_acts::Played;

on_both_engines!(
    an_undone_payment_was_never_received,
    a_preview_says_what_cannot_be_taken_back,
    a_day_that_is_over_ends_on_that_day
);

async fn an_undone_payment_was_never_received(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;
    let undone = mcp.confirmed("orders_undo", json!({})).await?;
    let told = "The payment is undone: ₹118 counts as never received, and order #1001 is unpaid.";
    check!(checks, undone["text"] == told, "{undone}");
    check!(checks, undone["changed"]["captured"] == "₹0.00" && undone["changed"]["refunded"].is_null(), "{undone}");
    let order = mcp.full("orders_get", json!({ "order_id": 1001 })).await?["order"].clone();
    check!(checks, order["captured"]["minor"] == 0 && order["refunded"]["minor"] == 0, "{order}");
    check!(
        checks,
        order["refunds"].as_array().is_none_or(Vec::is_empty) && order["payments"][0]["undone"].is_string(),
        "{order}"
    );
    let row = mcp.full("orders_search", json!({ "text": "1001" })).await?["orders"][0].clone();
    check!(checks, row["captured"]["minor"] == 0 && row["refunded"]["minor"] == 0, "{row}");
    let history = mcp.full("orders_history", json!({ "order_id": 1001 })).await?["acts"][2].to_string();
    check!(checks, history.contains("Payment of ₹118 by upi undone") && !history.contains("refund"), "{history}");
    let acts = mcp.ok("shop_activity", json!({ "order_id": 1001 })).await?["acts"].to_string();
    check!(checks, acts.contains("payment of ₹118 by upi undone") && !acts.contains("refunded"), "{acts}");
    // Once more, and for good this time; some of it goes back, which is a refund.
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "cash" })).await?;
    let goodwill = json!({ "order_id": 1001, "kind": "goodwill", "amount": "18.00" });
    mcp.confirmed("orders_refund", goodwill).await?;
    let order = mcp.full("orders_get", json!({ "order_id": 1001 })).await?["order"].clone();
    check!(checks, order["captured"]["minor"] == 11_800 && order["refunded"]["minor"] == 1_800, "{order}");
    check!(checks, order["refunds"].as_array().map(Vec::len) == Some(1), "{order}");
    let cash = mcp.ok("orders_report_sales", json!({ "basis": "cash", "date": "today" })).await?;
    let told = "Today's cash so far is ₹100. ₹118 came in and ₹18 was paid back. Payments of ₹118 recorded by mistake were undone in these days; that is no \
                refund.";
    check!(checks, cash["text"] == told, "{cash}");
    let postings = json!({ "basis": "cash", "date_range": "today", "show": "postings" });
    let postings = mcp.ok("sales_explain", postings).await?["postings"].clone();
    let events: Vec<&str> =
        postings.as_array().context("rows")?.iter().filter_map(|row| row["event"].as_str()).collect();
    check!(checks, events == ["PaymentCaptured", "PaymentUndone", "PaymentCaptured", "PaymentRefunded"], "{postings}");
    checks.all_hold()
}

async fn a_preview_says_what_cannot_be_taken_back(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(5).await?;
    let mcp = shop.mcp();
    for order in [1001, 1002, 1003] {
        mcp.ok("orders_record_payment", json!({ "order_id": order, "method": "upi" })).await?;
    }
    let (final_, undoable) = ("This cannot be undone.", "orders_undo could take it back.");
    let more = json!([{ "product": "TEA", "more": 1 }]);
    for (tool, arguments, told) in [
        ("orders_cancel", json!({ "order_id": 1001 }), Some(final_)),
        ("orders_update_status", json!({ "order_id": 1004, "status": "cancelled" }), Some(final_)),
        ("orders_refund", json!({ "order_id": 1001, "kind": "goodwill", "amount": 10 }), Some(final_)),
        ("customers_erase", json!({ "customer": "ann@example.com" }), Some(final_)),
        ("orders_change_lines", json!({ "order_id": 1001, "changes": more }), Some(undoable)),
        ("orders_record_payment", json!({ "order_id": 1004, "method": "upi", "amount": 9_999 }), Some(undoable)),
        ("orders_bulk_update_status", json!({ "order_ids": [1004, 1005], "status": "cancelled" }), Some(final_)),
        ("orders_bulk_update_status", json!({ "order_ids": [1004, 1005], "status": "shipped" }), Some(undoable)),
        // The payment can be recorded again; the placement that is undone is a cancelled order.
        ("orders_undo", json!({}), None),
    ] {
        let asked = Played::by(&mcp).call(tool, arguments.clone()).await?.1;
        let text = asked["preview"]["text"].as_str().unwrap_or_default();
        let said = [final_, undoable].into_iter().find(|said| text.ends_with(said));
        check!(checks, asked["code"] == "CONFIRMATION_REQUIRED" && said == told, "{tool} {arguments}: {asked}");
    }
    // An order that was paid, cancelled with the user's word.
    let played = Played::by(&mcp);
    let cancel = json!({ "order_id": 1002, "reason": "the customer changed her mind" });
    let (done, _) = played.agreed("orders_cancel", cancel).await?;
    check!(checks, done.starts_with("Order #1002 is now cancelled. ₹236 is owed back."), "{done}");
    played.within(&mut checks, 2, 500);
    checks.all_hold()
}

/// Four days, the last of which is today.
const FIRST: &str = "2026-11-14T12:00:00+05:30";
const NEXT: &str = "2026-11-16T12:00:00+05:30";
const TODAY: &str = "2026-11-22T14:30:00+05:30";

async fn a_day_that_is_over_ends_on_that_day(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at(FIRST).await?;
    shop.with_orders(1).await?;
    shop.node.restart_at(NEXT).await?;
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 5 }] });
    shop.mcp().ok("orders_create_order", order).await?;
    shop.node.restart_at(TODAY).await?;
    let mcp = shop.mcp();
    for (as_of, days) in [("2026-11-20", 6), ("2026-11-20T23:00:00+05:30", 6), ("yesterday", 7), ("today", 8)] {
        let then = mcp.ok("orders_get_pending", json!({ "as_of": as_of })).await?;
        check!(checks, then["orders"][0]["days"] == days, "{as_of}: {then}");
    }
    // Older than so many days then, not now.
    for (older, found) in [("5 days", 1), ("6 days", 0), ("3 days", 2)] {
        let then = mcp.ok("orders_get_pending", json!({ "as_of": "2026-11-20", "older_than": older })).await?;
        check!(checks, then["total_count"] == found, "{older}: {then}");
    }
    // The figures of a day before its end are not those of a complete day.
    for (as_of, complete) in [("2026-11-16T13:00:00+05:30", false), ("2026-11-16", true)] {
        let asked = json!({ "date": "2026-11-16", "as_of": as_of, "detail": "full" });
        let report = mcp.ok("orders_report_sales", asked).await?;
        check!(checks, report["complete"] == complete && report["revenue"]["minor"] == 50_000, "{as_of}: {report}");
    }
    // At the end of a day the days ahead begin with the next, and it is learned from.
    let asked = json!({ "as_of": "2026-11-20", "days": 3, "detail": "full" });
    let ahead = mcp.ok("sales_forecast", asked).await?;
    check!(checks, ahead["days"][0]["date"] == "2026-11-21" && ahead["learned_from"]["to"] == "2026-11-20", "{ahead}");
    check!(checks, ahead["today_so_far"] == Value::Null, "{ahead}");
    checks.all_hold()
}
