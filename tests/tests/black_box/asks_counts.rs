//! The grammar of counts: what answers say of none, one and many, in every tool that counts.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(none_one_and_many_are_said_as_people_say_them);

/// The nouns that answers count.
const NOUNS: [&str; 16] = [
    "order", "unit", "day", "product", "act", "customer", "posting", "event", "week", "line", "message", "rule",
    "payment", "month", "month", "hour",
];

/// The faults in the counts of a text: `1 units`, `3 order`, `There are 1`, `1 pending order: 1 pending`.
fn faults(text: &str) -> Vec<String> {
    text.lines().flat_map(faults_of_line).collect()
}

fn faults_of_line(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let bare = |word: &str| word.trim_matches(|c: char| !c.is_alphanumeric()).to_owned();
    let mut faults = vec![];
    for (nth, pair) in words.windows(2).enumerate() {
        let (count, noun) = (pair[0].trim_start_matches('('), bare(pair[1]));
        // Between a number and its noun there may be the kind: 1 pending order, 2 partially shipped orders.
        let kinds = ["pending", "unpaid", "unconfirmed", "held", "backordered", "late", "whole"];
        let noun = match words.get(nth + 2) {
            Some(next) if kinds.contains(&noun.as_str()) => bare(next),
            _ => noun,
        };
        let is_number = !count.is_empty() && count.bytes().all(|byte| byte.is_ascii_digit());
        if is_number && NOUNS.iter().any(|one| if count == "1" { noun == format!("{one}s") } else { noun == *one }) {
            faults.push(format!("{} {}", pair[0], pair[1]));
        }
        let verb = bare(pair[0]).to_lowercase();
        if pair[1] == "1" && ["are", "were", "have"].contains(&verb.as_str()) {
            faults.push(pair.join(" "));
        }
        let of_one =
            pair[0] == "1" && words.get(nth + 2).is_some_and(|after| ["are", "were", "fit", "fit:"].contains(after));
        if of_one && NOUNS.contains(&noun.as_str()) {
            faults.push(words[nth..nth + 3].join(" "));
        }
    }
    // A single order has one status; it is not counted once more.
    if text.contains("1 pending order: 1") || text.contains("order fits: 1") || text.contains("order is pending: 1") {
        faults.push("one order counted twice".to_owned());
    }
    faults
}

#[test]
fn faults_are_found() {
    for wrong in
        ["1 units", "(1 units)", "There are 1 pending orders", "3 order", "1 pending orders", "1 order are late"]
    {
        assert!(!faults(wrong).is_empty(), "{wrong}");
    }
    for right in ["1 unit", "0 units", "21 units", "1 pending order", "There are 3 pending orders", "₹1 units"] {
        assert_eq!(faults(right), [""; 0], "{right}");
    }
}

async fn none_one_and_many_are_said_as_people_say_them(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("TEA", "Tea", "100.00", 1).await?;
    shop.customer("Ann", "ann@example.com").await?;
    let mcp = shop.mcp();
    for orders in 0..=3_i64 {
        if orders > 0 {
            mcp.ok("inventory_receive", json!({ "product": "TEA", "quantity": orders, "allow_duplicate": true }))
                .await?;
            let lines = json!([{ "product": "TEA", "quantity": orders }]);
            let order = json!({ "customer": "ann@example.com", "lines": lines, "allow_duplicate": true });
            mcp.ok("orders_create_order", order).await?;
        }
        let mut asked = vec![
            ("shop_briefing", json!({})),
            ("shop_activity", json!({})),
            ("orders_get_pending", json!({})),
            ("orders_get_pending", json!({ "scope": "unconfirmed" })),
            ("orders_get_pending", json!({ "scope": "unpaid", "as_of": "today" })),
            ("orders_get_pending", json!({ "scope": "on_hold" })),
            ("orders_get_pending", json!({ "scope": "late" })),
            ("orders_search", json!({})),
            ("orders_search", json!({ "status": ["pending"], "with": ["lines"] })),
            ("orders_report_sales", json!({ "date": "today", "group_by": "product" })),
            (
                "orders_report_sales",
                json!({ "date": "today", "compare_to": "yesterday", "group_by": ["customer", "product"] }),
            ),
            ("sales_explain", json!({ "date_range": "today" })),
            ("sales_explain", json!({ "date_range": "today", "show": "postings" })),
            ("inventory_check", json!({ "product": "TEA" })),
            ("inventory_check", json!({ "product": "TEA", "quantity": 1 })),
            ("inventory_check", json!({ "product": "TEA", "quantity": 2 })),
            ("inventory_reorder", json!({ "days": 1 })),
            ("products_search", json!({})),
            ("customers_search", json!({})),
            ("notifications_list", json!({})),
            ("inventory_receive", json!({ "product": "TEA", "quantity": orders.max(1), "dry_run": true })),
            ("inventory_adjust", json!({ "product": "TEA", "counted": orders, "reason": "counted", "dry_run": true })),
        ];
        if orders > 0 {
            let (last, all) = (1000 + orders, (1..=orders).map(|nth| 1000 + nth).collect::<Vec<_>>());
            asked.extend([
                ("orders_get", json!({ "order_id": last })),
                ("orders_history", json!({ "order_id": last })),
                ("orders_ship", json!({ "order_id": last, "dry_run": true })),
                ("orders_cancel", json!({ "order_id": last, "dry_run": true })),
                (
                    "orders_cancel",
                    json!({ "order_id": last, "lines": [{ "line": 1, "quantity": 1 }], "dry_run": true }),
                ),
                ("orders_bulk_update_status", json!({ "order_ids": all, "status": "shipped", "dry_run": true })),
                ("orders_bulk_update_status", json!({ "order_ids": all, "status": "pending", "dry_run": true })),
            ]);
        }
        for (tool, arguments) in asked {
            let answer = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments.clone() })).await?;
            let texts = answer["content"].as_array().context("content")?;
            let text: String = texts.iter().filter_map(|one| one["text"].as_str()).collect::<Vec<_>>().join("\n");
            let found = faults(&text);
            check!(checks, found.is_empty(), "{orders} orders, {tool} {arguments}: {found:?} in {text}");
            check!(checks, answer["isError"] != Value::Bool(true) || !text.contains("INTERNAL"), "{text}");
        }
    }
    checks.all_hold()
}
