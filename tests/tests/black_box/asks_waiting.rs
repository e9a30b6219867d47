//! Owners' questions about orders that wait: each sentence within its limits of calls and bytes, with the figures that
//! the test recorded.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

use crate::asks_find::{shelves, told};

on_both_engines!(
    which_orders_have_been_pending_longer_than_10_days_and_why,
    check_todays_orders,
    show_me_pending_orders_from_last_week_and_update_order_234,
    what_did_order_1001_look_like_last_tuesday
);

/// A small shop with orders of 16, 12, 9 and 2 days ago and of today.
struct Opened {
    // Its node ends with it.
    _shop: Shop,
    mcp: Mcp,
    /// As the shop counts days.
    today: chrono::NaiveDate,
}

impl Opened {
    fn days_ago(&self, days: i64) -> chrono::NaiveDate {
        self.today - chrono::Duration::days(days)
    }
}

async fn open_orders(shop: Shop) -> Result<Opened> {
    let mcp = shop.mcp();
    shelves(&shop).await?;
    mcp.ok(
        "products_upsert",
        json!({ "sku": "LAMP", "name": "Desk lamp", "price": "30.00", "policy": "backorder", "backorder_limit": 50 }),
    )
    .await?;
    for (name, email, address) in [
        ("Asha Rao", "asha@example.com", "4 Residency Road, Bengaluru 560025"),
        ("Ravi Iyer", "ravi@example.com", "9 Lake View Street, Chennai"),
    ] {
        mcp.ok("customers_upsert", json!({ "name": name, "email": email, "address": address })).await?;
    }
    let read = mcp.ok("orders_search", json!({ "date_range": "today" })).await?;
    let today = read["interpretation"]["date_range"]["from"].as_str().context("today")?;
    let today: chrono::NaiveDate = today.parse()?;
    let mut rows = "order_ref,customer,product,quantity,placed_at\n".to_owned();
    for (reference, customer, product, quantity, days) in [
        ("A", "asha@example.com", "MUG-BLU", 2, 16),
        ("B", "ravi@example.com", "MUG-RED", 1, 12),
        ("C", "asha@example.com", "TEA-250", 3, 9),
        ("D", "ravi@example.com", "MUG-BLU", 1, 2),
    ] {
        let placed = today - chrono::Duration::days(days);
        rows.push_str(&format!("{reference},{customer},{product},{quantity},{placed}T10:00:00+05:30\n"));
    }
    let file = shop.folder().join("orders.csv");
    std::fs::write(&file, rows)?;
    let finished = shop.cli(&["import", "orders", &file.display().to_string(), "--write"]).await?;
    anyhow::ensure!(finished.success, "{} {}", finished.stdout, finished.stderr);
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "LAMP", "quantity": 4 }, { "product": "MUG-RED", "quantity": 1 }] });
    mcp.ok("orders_create_order", order).await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1001, "on": true, "reason": "the address is wrong" })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1002, "status": "confirmed" })).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1002, "method": "upi" })).await?;
    Ok(Opened { _shop: shop, mcp, today })
}

async fn which_orders_have_been_pending_longer_than_10_days_and_why(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let opened = open_orders(shop).await?;
    let mcp = &opened.mcp;
    for arguments in [
        json!({ "older_than": "10 days" }),
        json!({ "older_than": "older than 10 days" }),
        json!({ "date_range": "older than 10 days" }),
        json!({ "older_than": opened.days_ago(10).to_string() }),
    ] {
        let answer = told(mcp, "orders_get_pending", arguments.clone()).await?;
        check!(checks, answer.bytes() <= 3_000, "{} bytes: {}", answer.bytes(), answer.text);
        let orders = answer.structured["orders"].as_array().context("orders")?;
        let numbers: Vec<i64> = orders.iter().filter_map(|order| order["order_id"].as_i64()).collect();
        check!(checks, numbers == [1001, 1002], "{arguments}: {}", answer.text);
        check!(checks, orders[0]["days"] == 16 && orders[1]["days"] == 12, "{}", answer.structured);
        let why = orders[0]["why"].as_str().unwrap_or_default();
        let held = format!("on hold since {} (the address is wrong)", opened.today.format("%-d %b"));
        check!(checks, why == format!("{held}, not confirmed, unpaid"), "{why}");
        check!(checks, orders[1]["why"] == "to be shipped" && orders[1]["due"].is_null(), "{}", answer.structured);
        check!(checks, orders[0]["products"] == "2 Mug, blue", "{}", answer.structured);
        check!(checks, answer.has(why), "the text says it too: {}", answer.text);
    }
    let search = told(mcp, "orders_search", json!({ "older_than": "10 days", "status": "pending" })).await?;
    check!(checks, search.structured["total_count"] == 1, "{}", search.text);
    let one = told(mcp, "orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, one.has("It has waited 16 days: on hold since "), "{}", one.text);
    for nonsense in ["soonish", "all"] {
        let refused = mcp.refused("orders_get_pending", json!({ "older_than": nonsense })).await?;
        check!(checks, refused.field.as_deref() == Some("older_than"), "{refused}");
    }
    checks.all_hold()
}

async fn check_todays_orders(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let opened = open_orders(shop).await?;
    let mcp = &opened.mcp;
    let answer = told(mcp, "orders_search", json!({ "date_range": "today" })).await?;
    check!(checks, answer.bytes() <= 3_000, "{} bytes: {}", answer.bytes(), answer.text);
    check!(
        checks,
        answer.structured["counts"] == json!([{ "status": "pending", "orders": 1 }]),
        "{}",
        answer.structured
    );
    let order = &answer.structured["orders"][0];
    check!(checks, order["products"] == "4 Desk lamp; 1 Mug, red", "{order}");
    check!(checks, order["why"] == "short of 4 Desk lamp, not confirmed, unpaid" && order["days"] == 0, "{order}");
    check!(checks, answer.has("fits: it is pending, worth "), "{}", answer.text);
    let all = mcp.ok("orders_search", json!({})).await?;
    let pending = json!([{ "status": "pending", "orders": 4 }, { "status": "confirmed", "orders": 1 }]);
    check!(checks, all["counts"] == pending, "{all}");
    checks.all_hold()
}

async fn show_me_pending_orders_from_last_week_and_update_order_234(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let opened = open_orders(shop).await?;
    let mcp = &opened.mcp;
    for number in 1006..=1235 {
        let lines = json!([{ "product": "LAMP", "quantity": 1 }]);
        let order = json!({ "customer": "ravi@example.com", "lines": lines, "allow_duplicate": true });
        // More than may be waited for are refused; tea is kept in stock.
        let order = if number > 1040 {
            json!({ "customer": "ravi@example.com", "lines": [{ "product": "SVC", "quantity": 1 }], "allow_duplicate": true })
        } else {
            order
        };
        if number == 1041 {
            mcp.ok(
                "products_upsert",
                json!({ "sku": "SVC", "name": "Gift wrap", "price": "5.00", "policy": "untracked" }),
            )
            .await?;
        }
        mcp.ok("orders_create_order", order).await?;
    }
    let range = format!("{}..{}", opened.days_ago(17), opened.days_ago(1));
    let pending = told(mcp, "orders_get_pending", json!({ "date_range": range })).await?;
    check!(checks, pending.structured["total_count"] == 4, "{}", pending.text);
    check!(checks, pending.has("2 Mug, blue") && pending.has("16"), "{}", pending.text);
    let unknown = told(mcp, "orders_update_status", json!({ "order_id": "#234", "status": "shipped" })).await?;
    let refusal: Value = serde_json::from_str(&unknown.text)?;
    check!(checks, refusal["code"] == "NOT_FOUND", "{refusal}");
    let message = refusal["message"].as_str().unwrap_or_default();
    check!(checks, message.contains("Numbers go from 1001 to 1235"), "{message}");
    let candidates = refusal["candidates"].as_array().context("candidates")?;
    check!(checks, candidates.len() == 1 && candidates[0]["order_id"] == 1234, "{refusal}");
    check!(checks, candidates[0]["customer"] == "Ravi Iyer" && candidates[0]["status"] == "pending", "{refusal}");
    let got = mcp.refused("orders_get", json!({ "order_id": 234 })).await?;
    check!(checks, got.candidates.len() == 1 && got.message.contains("1001 to 1235"), "{got:?}");
    let bytes = pending.bytes() + unknown.bytes();
    check!(checks, bytes <= 2_500, "{bytes} bytes: {} {}", pending.text, unknown.text);
    // A full page of them keeps the same budget.
    let page = told(mcp, "orders_get_pending", json!({ "date_range": "today" })).await?;
    check!(checks, page.structured["orders"].as_array().map(Vec::len) == Some(20), "{}", page.text);
    check!(checks, page.bytes() + unknown.bytes() <= 2_500, "{}: {}", page.bytes() + unknown.bytes(), page.text);
    checks.all_hold()
}

async fn what_did_order_1001_look_like_last_tuesday(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let opened = open_orders(shop).await?;
    let mcp = &opened.mcp;
    let today = told(mcp, "orders_get", json!({ "order_id": 1001, "as_of": "today" })).await?;
    check!(checks, today.bytes() <= 1_000 && !today.refused, "{} bytes: {}", today.bytes(), today.text);
    let then = told(mcp, "orders_get", json!({ "order_id": 1001, "as_of": "last tuesday" })).await?;
    check!(checks, then.bytes() <= 1_000, "{} bytes: {}", then.bytes(), then.text);
    check!(checks, then.refused && then.has("There was no order #1001"), "it was recorded today: {}", then.text);
    checks.all_hold()
}
