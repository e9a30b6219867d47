//! Asking the past: what was pending at any moment, and who did what to an order, when, why and through which assistant.

use anyhow::{Context, Result};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    what_was_pending_can_be_asked_at_any_moment,
    every_question_takes_a_time_a_day_or_a_position,
    a_stranger_reads_what_happened_to_an_order,
    long_histories_come_in_small_pages
);

fn at(day: u32, clock: &str) -> String {
    format!("2026-11-{day}T{clock}:00+05:30")
}

async fn furnish(shop: &mut Shop) -> Result<Mcp> {
    shop.node.restart_at(&at(20, "10:00")).await?;
    shop.stock("TEA", "Green Tea", "100.00", 50).await?;
    shop.stock("PEN", "Red Pen", "20.00", 50).await?;
    shop.customer("Ann", "ann@example.com").await?;
    shop.customer("Bob", "bob@example.com").await?;
    Ok(shop.mcp())
}

fn order(customer: &str, lines: &[(&str, i64)]) -> Value {
    let lines: Vec<Value> = lines.iter().map(|(sku, n)| json!({ "product": sku, "quantity": n })).collect();
    json!({ "customer": customer, "lines": lines, "allow_duplicate": true })
}

/// The list, without the parts that name the moment of asking.
fn said(answer: &Value) -> Value {
    json!([answer["orders"], answer["total_count"], answer["counts"], answer["totals"]])
}

async fn what_was_pending_can_be_asked_at_any_moment(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mut mcp = furnish(&mut shop).await?;
    let mut kept: Vec<(i64, Value, Value)> = vec![];
    let steps: [(u32, &str, Value); 12] = [
        (20, "orders_create_order", order("ann@example.com", &[("TEA", 2)])),
        (20, "orders_create_order", order("bob@example.com", &[("PEN", 1), ("TEA", 1)])),
        (20, "orders_record_payment", json!({ "order_id": 1001, "method": "upi" })),
        (20, "orders_change_lines", json!({ "order_id": 1002, "changes": [{ "line": 2, "quantity": 0 }] })),
        (21, "orders_set_hold", json!({ "order_id": 1002, "on": true })),
        (21, "orders_create_order", order("ann@example.com", &[("PEN", 5)])),
        (21, "orders_ship", json!({ "order_id": 1001, "lines": [{ "product": "TEA", "quantity": 1 }] })),
        (21, "orders_ship", json!({ "order_id": 1001 })),
        (22, "orders_update_status", json!({ "order_id": 1001, "status": "delivered" })),
        (22, "orders_cancel", json!({ "order_id": 1003 })),
        (22, "orders_set_hold", json!({ "order_id": 1002, "on": false })),
        (22, "orders_create_order", order("bob@example.com", &[("TEA", 4)])),
    ];
    let mut today = 20;
    for (day, tool, arguments) in steps {
        if day != today {
            shop.node.restart_at(&at(day, "09:00")).await?;
            (mcp, today) = (shop.mcp(), day);
        }
        let done = match tool {
            "orders_cancel" => mcp.confirmed(tool, arguments).await?,
            _ => mcp.ok(tool, arguments).await?,
        };
        let position = done["position"].as_i64().context("a position")?;
        for asked in [
            json!({}),
            json!({ "scope": "unpaid", "sort": "largest" }),
            json!({ "scope": "on_hold" }),
            json!({ "scope": "unconfirmed", "customer": "ann@example.com" }),
            json!({ "product": "TEA", "sort": "newest" }),
            json!({ "date_range": "2026-11-20" }),
        ] {
            let answer = mcp.ok("orders_get_pending", asked.clone()).await?;
            check!(checks, answer["position"] == position, "the present answer shows the head: {answer}");
            kept.push((position, asked, answer));
        }
    }
    for (position, asked, then) in &kept {
        let mut asked = asked.clone();
        asked["as_of"] = format!("@{position}").into();
        let answer = mcp.ok("orders_get_pending", asked.clone()).await?;
        check!(checks, said(&answer) == said(then), "{asked} answers {answer}\ninstead of {then}");
        check!(checks, answer["interpretation"]["as_of_position"] == *position, "{answer}");
    }
    // Pages of the past, one order each.
    let (mut cursor, mut ids) = (Value::Null, vec![]);
    loop {
        let asked = json!({ "as_of": "2026-11-21", "limit": 1, "cursor": cursor });
        let page = mcp.ok("orders_get_pending", asked).await?;
        check!(checks, page["total_count"] == 2, "{page}");
        check!(checks, page["position"] == page["interpretation"]["as_of_position"], "the moment shown: {page}");
        if let Value::String(cursor) = &page["next_cursor"] {
            for (tool, asked) in [
                (
                    "orders_get_pending",
                    json!({ "as_of": "2026-11-21", "limit": 1, "sort": "newest", "cursor": cursor }),
                ),
                ("orders_get_pending", json!({ "limit": 1, "cursor": cursor })),
                ("orders_search", json!({ "limit": 1, "cursor": cursor })),
            ] {
                let refused = mcp.refused(tool, asked.clone()).await?;
                check!(checks, refused.field.as_deref() == Some("cursor"), "another list, {asked}: {refused:?}");
            }
        }
        ids.extend(page["orders"].as_array().into_iter().flatten().map(|order| order["order_id"].clone()));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    check!(checks, ids == [1002, 1003], "{ids:?}");
    // The 20th as it was known on the 21st.
    let known = json!({ "date_range": "2026-11-20", "as_of": "2026-11-21" });
    let answer = mcp.ok("orders_get_pending", known).await?;
    let text = answer["text"].as_str().unwrap_or_default();
    check!(checks, text.contains("There was 1 pending order") && text.contains("at the end of 21 Nov 2026"), "{text}");
    for asked in ["2026-11-25", "2027-01-01T00:00:00Z", "@99999", "-1", "someday"] {
        let refused = mcp.refused("orders_get_pending", json!({ "as_of": asked })).await?;
        check!(checks, refused.field.as_deref() == Some("as_of"), "{asked}: {refused:?}");
    }
    checks.all_hold()
}

async fn every_question_takes_a_time_a_day_or_a_position(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    mcp.ok("orders_create_order", order("ann@example.com", &[("TEA", 2)])).await?;
    shop.node.restart_at(&at(21, "09:00")).await?;
    let mcp = shop.mcp();
    let shipped = mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    let position = shipped["position"].as_i64().context("a position")?;
    shop.node.restart_at(&at(22, "09:00")).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "delivered" })).await?;
    let history = mcp.full("orders_history", json!({ "order_id": 1001 })).await?;
    let recorded = |act: usize| history["acts"][act]["recorded_at"].as_str().map(str::to_owned).context("a time");
    // As the shipment left it: its position, the very time it was recorded, its day.
    for as_of in [position.to_string(), format!("@{position}"), recorded(1)?, "2026-11-21".to_owned()] {
        let asked = json!({ "order_id": 1001, "as_of": as_of });
        let then = mcp.ok("orders_get", asked.clone()).await?;
        check!(checks, then["order"]["status"] == "shipped", "{as_of}: {then}");
        check!(checks, then["interpretation"]["as_of_position"] == position, "{as_of}: {then}");
        let then = mcp.ok("orders_history", asked).await?;
        check!(checks, then["total_count"] == 2 && then["acts"].as_array().map(Vec::len) == Some(2), "{as_of}: {then}");
        let then = mcp.ok("inventory_check", json!({ "product": "TEA", "as_of": as_of })).await?;
        check!(checks, then["on_hand"] == 48 && then["reserved"] == 0, "{as_of}: {then}");
        let then = mcp.ok("orders_get_pending", json!({ "scope": "unpaid", "as_of": as_of })).await?;
        check!(checks, then["orders"][0]["status"] == "shipped", "{as_of}: {then}");
        let sales = mcp.ok("orders_report_sales", json!({ "date": "2026-11-20", "as_of": as_of })).await?;
        check!(checks, sales["revenue"] == "₹200.00", "{as_of}: {sales}");
    }
    let early = mcp.refused("orders_get", json!({ "order_id": 1001, "as_of": "2026-11-19" })).await?;
    check!(checks, early.code == "NOT_FOUND" && early.message.contains("There was no order #1001"), "{early:?}");
    checks.all_hold()
}

async fn a_stranger_reads_what_happened_to_an_order(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    let mut placed = order("ann@example.com", &[("TEA", 3), ("PEN", 1)]);
    placed["request_text"] = "three teas and a pen for Ann".into();
    mcp.ok("orders_create_order", placed).await?;
    let ship = json!({
        "order_id": 1001, "carrier": "Blue Dart", "tracking": "BD42", "lines": [{ "product": "TEA", "quantity": 2 }],
        "reason": "the customer cannot wait for the pen",
    });
    mcp.ok("orders_ship", ship).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "upi", "amount": "100.00" })).await?;
    let history = mcp.full("orders_history", json!({ "order_id": 1001 })).await?;
    let acts = history["acts"].as_array().context("acts")?;
    check!(checks, acts.len() == 3 && history["total_count"] == 3, "{history}");
    let summaries: Vec<&str> = acts.iter().filter_map(|act| act["summary"].as_str()).collect();
    let expected = [
        "Placed: 3 × Green Tea and 1 × Red Pen for ₹377.60",
        "Confirmed, 2 of Green Tea shipped with Blue Dart; the order is now partially shipped",
        "₹100 paid by upi; the order is now partially paid",
    ];
    check!(checks, summaries == expected, "{summaries:?}");
    check!(checks, acts[0]["request_text"] == "three teas and a pen for Ann", "{}", acts[0]);
    let shipped = &acts[1];
    check!(checks, shipped["reason"] == "the customer cannot wait for the pen", "{shipped}");
    check!(checks, shipped["actor"] == "local" && shipped["agent"] == "orderlog-tests 1", "{shipped}");
    let types: Vec<&Value> = shipped["events"].as_array().into_iter().flatten().map(|event| &event["type"]).collect();
    check!(checks, types == ["OrderConfirmed", "UnitsShipped"], "{shipped}");
    let expected = json!([
        { "field": "status", "from": "pending", "to": "partially_shipped" },
        { "field": "lines[1].reserved", "from": 3, "to": 1 },
        { "field": "lines[1].shipped", "from": 0, "to": 2 },
        { "field": "shipments[1].units", "to": 2 },
        { "field": "shipments[1].carrier", "to": "Blue Dart" },
        { "field": "shipments[1].tracking", "to": "BD42" },
    ]);
    check!(checks, shipped["changes"] == expected, "{}", shipped["changes"]);
    let due = acts[2]["changes"].as_array().into_iter().flatten().find(|change| change["field"] == "due");
    check!(checks, due.is_some_and(|due| due["to"]["formatted"] == "₹277.60"), "{}", acts[2]);
    let text = history["text"].as_str().unwrap_or_default();
    check!(checks, text.contains("by local through orderlog-tests 1: ₹100 paid by upi"), "{text}");
    checks.all_hold()
}

/// Bytes that hosts accept.
const MAX_ANSWER_BYTES: usize = 32_000;

async fn long_histories_come_in_small_pages(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    let lines: Vec<Value> =
        (0..100).map(|_| json!({ "product": "PEN", "quantity": 1, "unit_price": "1.50" })).collect();
    mcp.ok("inventory_receive", json!({ "product": "PEN", "quantity": 100 })).await?;
    mcp.ok("orders_create_order", json!({ "customer": "ann@example.com", "lines": lines })).await?;
    let why = "w".repeat(450);
    for nth in 0..50 {
        let hold = json!({ "order_id": 1001, "on": nth % 2 == 0, "reason": why });
        mcp.ok("orders_set_hold", hold).await?;
    }
    let (mut cursor, mut summaries) = (Value::Null, vec![]);
    loop {
        let asked = json!({ "order_id": 1001, "limit": 100, "cursor": cursor });
        let page = mcp.full("orders_history", asked).await?;
        let bytes = page.to_string().len();
        check!(checks, bytes <= MAX_ANSWER_BYTES, "an answer of {bytes} bytes");
        check!(checks, page["total_count"] == 51, "what happens meanwhile belongs to no page: {}", page["total_count"]);
        summaries.extend(page["acts"].as_array().into_iter().flatten().map(|act| act["summary"].clone()));
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
        let payment = json!({ "order_id": 1001, "method": "upi", "amount": "1.00", "allow_duplicate": true });
        mcp.ok("orders_record_payment", payment).await?;
    }
    check!(checks, summaries.len() == 51, "{}", summaries.len());
    check!(checks, summaries.iter().filter(|text| **text == "Put on hold").count() == 25, "{summaries:?}");
    checks.all_hold()
}
