//! Nasty input to every tool: a complete error, or kept as plain text; never a 5xx, a panic or a partial write.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

const CODES: [&str; 16] = [
    "INVALID_ARGUMENT",
    "AMBIGUOUS",
    "NOT_FOUND",
    "ILLEGAL_TRANSITION",
    "VERSION_CONFLICT",
    "INSUFFICIENT_STOCK",
    "ON_HOLD",
    "IDEMPOTENCY_MISMATCH",
    "DUPLICATE_SUSPECTED",
    "CONFIRMATION_REQUIRED",
    "FORBIDDEN",
    "LIMIT_EXCEEDED",
    "USE_OTHER_TOOL",
    "STALE_READ",
    "RATE_LIMITED",
    "UNAVAILABLE",
];

on_both_engines!(
    bad_arguments_answer_complete_errors,
    hostile_text_is_kept_as_text,
    broken_requests_never_break_the_server
);

/// A shop with one product, one customer and order 1001.
async fn furnish(shop: &Shop) -> Result<Mcp> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 100).await?;
    let mcp = shop.mcp();
    mcp.ok("orders.create_order", order(json!({}))).await?;
    Ok(mcp)
}

/// A good order with some arguments replaced.
fn order(changes: Value) -> Value {
    with(
        json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }], "allow_duplicate": true }),
        changes,
    )
}

fn line(changes: Value) -> Value {
    order(json!({ "lines": [with(json!({ "product": "PEN", "quantity": 1 }), changes)] }))
}

fn with(mut arguments: Value, changes: Value) -> Value {
    for (name, value) in changes.as_object().into_iter().flatten() {
        arguments[name] = value.clone();
    }
    arguments
}

/// Tool, arguments, and the code it must refuse with.
fn refused() -> Vec<(&'static str, Value, &'static str)> {
    let invalid = "INVALID_ARGUMENT";
    let mut all = vec![
        ("orders.create_order", json!({}), invalid),
        ("orders.create_order", order(json!({ "colour": "red" })), invalid),
        ("orders.create_order", order(json!({ "customer": 7 })), invalid),
        ("orders.create_order", order(json!({ "customer": "" })), invalid),
        ("orders.create_order", order(json!({ "customer": "nobody@example.com" })), "NOT_FOUND"),
        ("orders.create_order", order(json!({ "lines": [] })), invalid),
        ("orders.create_order", order(json!({ "lines": "PEN" })), invalid),
        ("orders.create_order", order(json!({ "lines": [null] })), invalid),
        (
            "orders.create_order",
            order(json!({ "lines": vec![json!({ "product": "PEN", "quantity": 1 }); 201] })),
            invalid,
        ),
        ("orders.create_order", line(json!({ "product": "NOWHERE" })), "NOT_FOUND"),
        ("orders.create_order", line(json!({ "product": "' OR 1=1 --" })), "NOT_FOUND"),
        ("orders.create_order", line(json!({ "product": "P\0EN" })), invalid),
        ("orders.create_order", line(json!({ "colour": "red" })), invalid),
        ("orders.create_order", order(json!({ "note": "x".repeat(100_000) })), invalid),
        ("orders.create_order", order(json!({ "note": "a\0b" })), invalid),
        ("orders.create_order", order(json!({ "currency": "rupees" })), invalid),
        ("orders.create_order", order(json!({ "currency": "XXQ" })), invalid),
        ("orders.create_order", order(json!({ "idempotency_key": "" })), invalid),
        ("orders.create_order", order(json!({ "idempotency_key": "k".repeat(10_000) })), invalid),
        ("orders.update_status", json!({ "order_id": 1001 }), invalid),
        ("orders.update_status", json!({ "order_id": "10o1", "status": "shipped" }), invalid),
        ("orders.update_status", json!({ "order_id": 1001.5, "status": "shipped" }), invalid),
        ("orders.update_status", json!({ "order_id": -1, "status": "shipped" }), invalid),
        ("orders.update_status", json!({ "order_id": 9_007_199_254_740_993_i64, "status": "shipped" }), "NOT_FOUND"),
        ("orders.update_status", json!({ "order_id": 1001, "status": "teleported" }), invalid),
        ("orders.update_status", json!({ "order_id": 1001, "status": "paid" }), "USE_OTHER_TOOL"),
        ("orders.update_status", json!({ "order_id": 1001, "status": "refunded" }), "USE_OTHER_TOOL"),
        ("orders.update_status", json!({ "order_id": 1001, "status": "shipped", "occurred_at": "yesterday" }), invalid),
        (
            "orders.update_status",
            json!({ "order_id": 1001, "status": "shipped", "occurred_at": "2026-02-30T00:00:00Z" }),
            invalid,
        ),
        (
            "orders.update_status",
            json!({ "order_id": 1001, "status": "shipped", "occurred_at": "2999-01-01T00:00:00Z" }),
            invalid,
        ),
        (
            "orders.update_status",
            json!({ "order_id": 1001, "status": "shipped", "expected_version": 99 }),
            "VERSION_CONFLICT",
        ),
        ("orders.ship", json!({ "order_id": 1001, "lines": [{ "line": 2, "quantity": 1 }] }), "NOT_FOUND"),
        ("orders.ship", json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] }), "ILLEGAL_TRANSITION"),
        ("orders.ship", json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": -1 }] }), invalid),
        ("orders.cancel", json!({ "order_id": 424242 }), "NOT_FOUND"),
        ("orders.set_hold", json!({ "order_id": 1001, "on": "maybe" }), invalid),
        ("orders.get", json!({ "order_id": 0 }), invalid),
        ("orders.get", json!({ "order_id": i64::MAX }), "NOT_FOUND"),
        ("orders.history", json!({ "order_id": 99 }), "NOT_FOUND"),
        ("orders.search", json!({ "limit": 0 }), invalid),
        ("orders.search", json!({ "cursor": "garbage" }), invalid),
        ("orders.search", json!({ "text": "a\0b" }), invalid),
        ("orders.get_pending", json!({ "scope": "everything" }), invalid),
        ("orders.get_pending", json!({ "date_range": "recently" }), "AMBIGUOUS"),
        ("inventory.check", json!({ "product": "NOWHERE" }), "NOT_FOUND"),
        ("inventory.adjust", json!({ "product": "PEN" }), invalid),
        ("inventory.adjust", json!({ "product": "PEN", "delta": 1, "counted": 1, "reason": "x" }), invalid),
        ("inventory.adjust", json!({ "product": "PEN", "delta": 0, "reason": "x" }), invalid),
        ("inventory.adjust", json!({ "product": "PEN", "counted": -1, "reason": "x" }), invalid),
        ("products.upsert", json!({ "sku": "" }), invalid),
        ("products.upsert", json!({ "sku": "S".repeat(1_000), "name": "n", "price": "1" }), invalid),
        ("products.upsert", json!({ "sku": "NEW", "name": "New" }), invalid),
        ("products.upsert", json!({ "sku": "NEW", "name": "New", "price": "1", "tax_rate": "-5" }), invalid),
        ("customers.upsert", json!({}), invalid),
        ("customers.upsert", json!({ "name": "X", "email": "no address" }), invalid),
    ];
    for quantity in [
        json!(0),
        json!(-1),
        json!(1_000_001),
        json!(1e300),
        json!(1.5),
        json!("1 unit"),
        json!("+1"),
        json!(null),
        json!([1]),
        json!(i64::MAX),
        json!(u64::MAX),
    ] {
        all.push(("orders.create_order", line(json!({ "quantity": quantity })), invalid));
        all.push(("inventory.receive", json!({ "product": "PEN", "quantity": quantity }), invalid));
    }
    let amounts =
        ["1.005", "1e3", "-5.00", "+5", "1,000.00", "1_000", "٣", "NaN", "0x10", "99999999999999999999", "5.", ".5"];
    for amount in
        amounts.map(Value::from).into_iter().chain([json!(-5), json!(5.005), json!(1e300), json!({ "minor": 5 })])
    {
        all.push(("orders.create_order", line(json!({ "unit_price": amount })), invalid));
        all.push(("orders.create_order", order(json!({ "shipping": amount })), invalid));
        all.push(("orders.record_payment", json!({ "order_id": 1001, "amount": amount, "method": "card" }), invalid));
        all.push(("products.upsert", json!({ "sku": "PEN", "price": amount }), invalid));
    }
    for date in [
        "2026-02-30",
        "30 Feb",
        "2026-13-01",
        "2026-11-20..2026-11-10",
        "the day the sky fell",
        "9999999999",
        "last 999999999999 days",
        "'; DROP TABLE events; --",
    ] {
        all.push(("orders.report_sales", json!({ "date_range": date }), invalid));
        all.push(("orders.get_pending", json!({ "date_range": date }), invalid));
        all.push(("orders.search", json!({ "date_range": date }), invalid));
    }
    all
}

async fn bad_arguments_answer_complete_errors(shop: Shop) -> Result<()> {
    let mcp = furnish(&shop).await?;
    let before = events(&shop.node, 0).await?.len();
    let mut wrong = vec![];
    for (tool, arguments, code) in refused() {
        let shown: String = arguments.to_string().chars().take(200).collect();
        match mcp.call(tool, arguments).await {
            Ok(Err(refusal)) if refusal.code == code && !refusal.message.is_empty() => {}
            Ok(Err(refusal)) => wrong.push(format!("{tool} {shown}\n    refused with {refusal}, not {code}")),
            Ok(Ok(answer)) => wrong.push(format!("{tool} {shown}\n    was carried out: {}", answer["text"])),
            Err(error) => wrong.push(format!("{tool} {shown}\n    {error:#}")),
        }
    }
    let after = events(&shop.node, 0).await?.len();
    ensure!(wrong.is_empty(), "{} answers are not as they should be:\n{}", wrong.len(), wrong.join("\n"));
    ensure!(before == after, "refusals recorded {} events", after - before);
    Ok(())
}

async fn hostile_text_is_kept_as_text(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let refusal = mcp.refused("orders.create_order", order(json!({ "note": "\u{7}bell" }))).await?;
    check!(checks, refusal.message.contains("U+0007; remove it"), "a note has lines and tabs, but no bells: {refusal}");
    for (number, text) in [
        "Robert'); DROP TABLE events; --",
        "{{7*7}} ${7*7} <%= 7*7 %> #{7*7}",
        "<script>alert(1)</script>",
        "\u{202e}gnirts desrever\u{202c} \u{200f}",
        "line\nbreak\ttab\r\nend",
        "\\u0000 \\' \" ` $1 %s %n",
        "😀 é e\u{301} ﷽ नमस्ते",
    ]
    .iter()
    .enumerate()
    {
        let placed = mcp.ok("orders.create_order", order(json!({ "note": text }))).await?;
        let id = &placed["order_id"];
        let seen = mcp.ok("orders.get", json!({ "order_id": id })).await?;
        check!(checks, find(&seen, "note") == Some(json!(text)), "the note {text:?} became {seen}");

        if text.contains(|c: char| c.is_control() || c == '\u{202e}') {
            let named = json!({ "sku": "H-0", "name": text, "price": "1.00" });
            let refusal = mcp.refused("products.upsert", named).await?;
            check!(checks, refusal.code == "INVALID_ARGUMENT", "a name is one line that shows itself: {refusal}");
            continue;
        }
        let sku = format!("H-{number}");
        mcp.ok("products.upsert", json!({ "sku": sku, "name": text, "price": "1.00" })).await?;
        let found = mcp.ok("products.search", json!({ "text": sku })).await?;
        check!(checks, find(&found, "name") == Some(json!(text)), "the name {text:?} became {found}");

        let email = format!("h{number}@example.com");
        mcp.ok("customers.upsert", json!({ "name": text, "email": email })).await?;
        let found = mcp.ok("customers.search", json!({ "text": email })).await?;
        check!(checks, find(&found, "name") == Some(json!(text)), "the person {text:?} became {found}");
    }
    for text in ["%", "_", "'", "\"", "\\", "*", "a' OR '1'='1", "\u{202e}"] {
        for tool in ["orders.search", "products.search", "customers.search"] {
            match mcp.call(tool, json!({ "text": text })).await? {
                Ok(answer) => ensure!(answer["total_count"].is_i64(), "{tool} {text:?}: {answer}"),
                Err(refusal) => ensure!(CODES.contains(&refusal.code.as_str()), "{tool} {text:?}: {refusal}"),
            }
        }
    }
    checks.all_hold()
}

async fn broken_requests_never_break_the_server(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    furnish(&shop).await?;
    let before = events(&shop.node, 0).await?.len();
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    let long_number = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"inventory.receive","arguments":{"product":"PEN","quantity":1e131000}}}"#;
    let bodies = [
        "",
        "{",
        "null",
        "[]",
        "7",
        "\"text\"",
        "{}",
        "[{}]",
        "\u{feff}{}",
        r#"{"jsonrpc":"2.0"}"#,
        r#"{"jsonrpc":"1.0","id":1,"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":{},"method":"tools/list"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":[]}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":7}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"orders.get","arguments":"x"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"orders.get","arguments":{"order_id":1001,"order_id":"x"}}}"#,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"orders.search\",\"arguments\":{\"text\":\"\\ud800\"}}}",
        deep.as_str(),
        long_number,
    ];
    for body in bodies {
        for content_type in ["application/json", "text/plain", ""] {
            let request = shop.node.http().post(format!("{}/mcp", shop.node.url())).body(body.to_owned());
            let request =
                request.header("Accept", "application/json, text/event-stream").header("Content-Type", content_type);
            let answer = request.send().await.context("the server must answer")?;
            let shown: String = body.chars().take(80).collect();
            check!(checks, !answer.status().is_server_error(), "{shown} ({content_type}) answered {}", answer.status());
        }
    }
    for mebibytes in [1, 9] {
        let body = "x".repeat(mebibytes << 20);
        let request = shop.node.http().post(format!("{}/mcp", shop.node.url())).body(body);
        let answer = request.header("Content-Type", "application/json").send().await.context("too much is answered")?;
        check!(checks, answer.status() == 413, "{mebibytes} MiB answered {}", answer.status());
    }
    let after = events(&shop.node, 0).await?.len();
    check!(checks, before == after, "broken requests recorded {} events", after - before);
    check!(checks, shop.node.get("/healthz").await?.status().is_success(), "the server must live");
    checks.all_hold()
}

/// The first field called `name`, at any depth.
fn find(value: &Value, name: &str) -> Option<Value> {
    match value {
        Value::Object(fields) => {
            fields.get(name).cloned().or_else(|| fields.values().find_map(|inner| find(inner, name)))
        }
        Value::Array(items) => items.iter().find_map(|inner| find(inner, name)),
        _ => None,
    }
}
