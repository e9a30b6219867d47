//! Answers in two depths: how long the short ones may be, and that text, JSON and the full answer say the same.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(answers_are_short, text_and_both_depths_say_the_same);

/// Most bytes of the text of an answer, without its structured part.
const COMMAND_BYTES: usize = 700;
const NO_CHANGE_BYTES: usize = 300;
const ORDERS_BYTES: usize = 3_000;
const REPORT_BYTES: usize = 9_000;

const TOKEN_CHARACTERS: usize = 100;

/// An answer as a host gets it.
struct Told {
    texts: Vec<String>,
    structured: Value,
}

impl Told {
    fn bytes(&self) -> usize {
        self.texts.iter().map(String::len).sum()
    }
}

async fn told(mcp: &Mcp, tool: &str, arguments: Value) -> Result<Told> {
    let result = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
    let content = result["content"].as_array().context("content")?;
    let texts = content.iter().map(|block| block["text"].as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
    Ok(Told { texts: texts.context("texts")?, structured: result["structuredContent"].clone() })
}

/// Twenty-five orders of people with long names, one of them of a hundred products.
async fn furnish(shop: &Shop) -> Result<()> {
    let mcp = shop.mcp();
    for number in 1..=100 {
        let (sku, name) = (format!("ELECTRIC-KETTLE-{number}"), format!("Electric Kettle with Thermometer {number}"));
        let product =
            json!({ "sku": sku, "name": name, "price": "123456.78", "tax_rate": "18", "policy": "untracked" });
        mcp.ok("products_upsert", product).await?;
    }
    let line = |number: i64| json!({ "product": format!("ELECTRIC-KETTLE-{number}"), "quantity": 3 });
    for number in 1..=25 {
        let (name, email) =
            (format!("Venkatanarasimharajuvaripeta {number}"), format!("customer-{number}@example.com"));
        mcp.ok("customers_upsert", json!({ "name": name, "email": email })).await?;
        let lines: Vec<Value> = if number == 25 { (1..=100).map(line).collect() } else { vec![line(number)] };
        mcp.ok("orders_create_order", json!({ "customer": email, "lines": lines })).await?;
    }
    Ok(())
}

async fn answers_are_short(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let mcp = shop.mcp();
    let of_order = |order_id: i64, more: Value| {
        let mut arguments = json!({ "order_id": order_id });
        more.as_object().into_iter().flatten().for_each(|(name, value)| arguments[name] = value.clone());
        arguments
    };
    let lines = json!([{ "product": "ELECTRIC-KETTLE-1", "quantity": 1 }, { "product": "Electric Kettle with Thermometer 2", "quantity": "2" }]);
    let order = json!({ "customer": "customer-1@example.com", "lines": lines, "reason": "r", "request_text": "t" });
    let changes = json!({ "changes": [{ "line": 1, "quantity": 2 }] });
    let commands = [
        ("orders_create_order", order.clone()),
        (
            "orders_create_order",
            json!({ "customer": "customer-2@example.com", "lines": order["lines"], "dry_run": true }),
        ),
        ("orders_change_lines", of_order(1025, changes.clone())),
        ("orders_set_hold", of_order(1025, json!({ "on": true }))),
        ("orders_set_hold", of_order(1025, json!({ "on": false }))),
        ("orders_record_payment", of_order(1025, json!({ "method": "card", "reference": "R1" }))),
        (
            "orders_ship",
            of_order(
                1025,
                json!({ "lines": [{ "line": 1, "quantity": 1 }], "carrier": "Blue Dart", "tracking": "BD1" }),
            ),
        ),
        ("orders_update_status", of_order(1025, json!({ "status": "dispatched" }))),
        ("orders_update_status", of_order(1025, json!({ "status": "delivered" }))),
        (
            "orders_return_items",
            of_order(1025, json!({ "lines": [{ "line": 1, "quantity": 1 }], "disposition": "scrap" })),
        ),
        ("orders_cancel", of_order(1002, json!({}))),
        ("orders_refund", of_order(1025, json!({}))),
        ("products_upsert", json!({ "sku": "X", "name": "X", "price": "1.00" })),
        ("products_upsert", json!({ "sku": "X", "price": "2.00", "tax_rate": "5", "name": "Y" })),
        ("inventory_receive", json!({ "product": "X", "quantity": 5 })),
        ("inventory_adjust", json!({ "product": "X", "counted": 3 })),
        ("currencies_set_rate", json!({ "currency": "USD", "rate": "84.125" })),
        (
            "customers_upsert",
            json!({ "email": "customer-3@example.com", "phone": "123", "address": "17 Lake Road, Chennai" }),
        ),
        ("customers_erase", json!({ "customer": "customer-3@example.com" })),
        ("orders_bulk_update_status", json!({ "date_range": "today", "status": "shipped", "dry_run": true })),
        ("orders_bulk_update_status", json!({ "date_range": "today", "status": "shipped" })),
        ("orders_update_status", of_order(1004, json!({ "status": "shipped", "dry_run": true }))),
    ];
    for (tool, arguments) in commands {
        // First the preview, where there is one; then what was done.
        let mut answer = told(&mcp, tool, arguments.clone()).await?;
        if answer.structured.is_null() && answer.texts[0].contains("CONFIRMATION_REQUIRED") {
            check!(
                checks,
                answer.bytes() <= COMMAND_BYTES,
                "{tool} {arguments}: {} {:?}",
                answer.bytes(),
                answer.texts
            );
            let asked: Value = serde_json::from_str(&answer.texts[0])?;
            let preview = asked["preview"].to_string();
            check!(checks, preview.contains(" would "), "{tool} {arguments}: {preview}");
            check!(checks, !preview.contains(" is now ") && !preview.contains(" are now "), "{tool}: {preview}");
            check!(checks, preview.contains("Venkatanarasimharajuvaripeta"), "whose it is: {tool} {preview}");
            check!(checks, asked["confirm_token"].as_str().map_or(0, str::len) <= TOKEN_CHARACTERS, "{asked}");
            let mut confirmed = arguments.clone();
            confirmed["confirm_token"] = asked["confirm_token"].clone();
            answer = told(&mcp, tool, confirmed).await?;
        }
        ensure!(!answer.structured.is_null(), "{tool} {arguments} refused: {:?}", answer.texts);
        check!(checks, answer.bytes() <= COMMAND_BYTES, "{tool} {arguments}: {} {:?}", answer.bytes(), answer.texts);
        check!(
            checks,
            answer.texts.iter().all(|text| serde_json::from_str::<Value>(text).is_err()),
            "{:?}",
            answer.texts
        );
    }
    for (tool, arguments) in [
        ("orders_update_status", of_order(1025, json!({ "status": "delivered" }))),
        ("orders_set_hold", of_order(1004, json!({ "on": false }))),
        ("inventory_adjust", json!({ "product": "X", "counted": 3 })),
        ("products_upsert", json!({ "sku": "X", "price": "2.00" })),
        ("customers_upsert", json!({ "customer": "customer-4@example.com", "name": "Venkatanarasimharajuvaripeta 4" })),
        ("currencies_set_rate", json!({ "currency": "USD", "rate": "84.125" })),
    ] {
        let answer = told(&mcp, tool, arguments).await?;
        check!(checks, answer.structured["no_change"] == true, "{tool}: {}", answer.structured);
        check!(checks, answer.bytes() <= NO_CHANGE_BYTES, "{tool}: {} {:?}", answer.bytes(), answer.texts);
    }
    for (tool, arguments, list, rows, most) in [
        ("orders_get_pending", json!({ "scope": "unpaid" }), "orders", 20, ORDERS_BYTES),
        ("orders_search", json!({ "date_range": "today" }), "orders", 20, ORDERS_BYTES),
        ("orders_report_sales", json!({ "group_by": "product", "limit": 100 }), "groups", 100, REPORT_BYTES),
    ] {
        let answer = told(&mcp, tool, arguments).await?;
        check!(checks, answer.structured[list].as_array().map(Vec::len) == Some(rows), "{tool}: {}", answer.structured);
        check!(checks, answer.bytes() <= most, "{tool}: {} {:?}", answer.bytes(), answer.texts);
        let of = format!("{rows} of {}", answer.structured["total_count"]);
        check!(checks, answer.texts[1].contains(&of), "{of}: {:?}", answer.texts);
    }
    for (tool, arguments, most) in [
        ("inventory_check", json!({ "product": "X", "quantity": 2 }), 250),
        ("orders_report_sales", json!({ "date": "today" }), 320),
        ("orders_get", json!({ "order_id": 1001 }), 1_000),
    ] {
        let answer = told(&mcp, tool, arguments).await?;
        check!(checks, answer.bytes() <= most, "{tool}: {} {:?}", answer.bytes(), answer.texts);
    }
    checks.all_hold()
}

async fn text_and_both_depths_say_the_same(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "card", "reference": "R1" })).await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1002, "on": true })).await?;
    mcp.ok("orders_ship", json!({ "order_id": 1003, "lines": [{ "line": 1, "quantity": 1 }], "tracking": "T1" }))
        .await?;
    for (tool, arguments) in [
        ("orders_get_pending", json!({ "date_range": "today", "limit": "2" })),
        ("orders_search", json!({ "product": "tea" })),
        ("orders_get", json!({ "order_id": 1001 })),
        ("orders_get", json!({ "order_id": 1003 })),
        ("orders_history", json!({ "order_id": 1003 })),
        ("orders_report_sales", json!({ "date": "today", "group_by": "customer" })),
        ("orders_report_sales", json!({ "date": "today", "basis": "cash" })),
        ("sales_explain", json!({ "date_range": "today" })),
        ("inventory_check", json!({ "product": "TEA" })),
        ("inventory_reorder", json!({ "threshold": 100 })),
        ("products_search", json!({})),
        ("customers_search", json!({})),
        ("orders_cancel", json!({ "order_id": 1003, "dry_run": true })),
        ("orders_set_hold", json!({ "order_id": 1001, "on": false })),
    ] {
        let short = told(&mcp, tool, arguments.clone()).await?;
        check!(checks, short.structured["text"] == short.texts[0], "{tool}: {:?}", short.texts);
        let said = short.texts.join("\n").replace('_', " ");
        let mut unsaid = vec![];
        facts(&short.structured, "", &mut |path, fact| {
            if !said.contains(&fact.replace('_', " ")) {
                unsaid.push(format!("{path} {fact}"));
            }
        });
        check!(checks, unsaid.is_empty(), "{tool} does not say {unsaid:?}: {said}");
        let full = mcp.full(tool, arguments).await?;
        let mut differing = vec![];
        compare(&short.structured, &full, "", &mut differing);
        check!(checks, differing.is_empty(), "{tool}: {differing:?}\n{}\n{full}", short.structured);
        check!(checks, full.to_string().len() >= short.structured.to_string().len(), "{tool}: {full}");
    }
    let nonsense = mcp.refused("orders_get", json!({ "order_id": 1001, "detail": "everything" })).await?;
    check!(checks, nonsense.field.as_deref() == Some("detail"), "{nonsense:?}");
    // The depth is no part of what is asked for: under one key it is the same command.
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 5 }], "idempotency_key": "k" });
    let first = mcp.ok("orders_create_order", order.clone()).await?;
    let again = mcp.full("orders_create_order", order).await?;
    check!(checks, again["replayed"] == true && again["order_id"] == first["order_id"], "{again}");
    checks.all_hold()
}

/// Every text and number of an answer, but for those that only programs need.
fn facts(value: &Value, path: &str, tell: &mut impl FnMut(&str, String)) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| {
            let for_programs =
                ["customer_id", "interpretation", "undo", "command_id", "from", "data", "stream", "counts"];
            if !for_programs.contains(&name.as_str()) && path != "/events" {
                facts(inner, &format!("{path}/{name}"), tell);
            }
        }),
        Value::Array(items) => items.iter().for_each(|inner| facts(inner, path, tell)),
        Value::String(text) if !text.is_empty() && !is_day_or_sum(path) => tell(path, text.clone()),
        Value::Number(number) if number.as_i64() != Some(0) => tell(path, number.to_string()),
        _ => {}
    }
}

/// Values that sentences write in another way: `20 Nov 2026`, whole amounts without decimals.
fn is_day_or_sum(path: &str) -> bool {
    ["/order/placed_on", "/totals", "/revenue", "/value/at_cost", "/value/at_price"].contains(&path)
}

/// Every fact of the short answer that the full one has too is equal there: the same value, its formatted form, or its
/// name.
fn compare(short: &Value, full: &Value, path: &str, differing: &mut Vec<String>) {
    match (short, full) {
        (Value::Object(short), Value::Object(full)) => short.iter().for_each(|(name, inner)| {
            if let Some(full) = full.get(name).filter(|_| name != "command_id" && name != "next_cursor") {
                compare(inner, full, &format!("{path}/{name}"), differing);
            }
        }),
        (Value::Array(short), Value::Array(full)) if short.len() == full.len() => {
            short.iter().zip(full).for_each(|(short, full)| compare(short, full, path, differing));
        }
        (Value::String(_), Value::Object(_)) => {
            let called = ["/formatted", "/name", "/total/formatted"].map(|name| full.pointer(name));
            if !called.contains(&Some(short)) {
                differing.push(format!("{path}: {short} is {full}"));
            }
        }
        _ if short == full => {}
        _ => differing.push(format!("{path}: {short} is {full}")),
    }
}
