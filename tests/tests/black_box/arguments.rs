//! Arguments that are written otherwise than listed: understood if they have only one meaning, and never silently
//! dropped.

use anyhow::Result;
use orderlog_tests::{Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    hosts_may_write_values_as_text,
    json_in_a_text_is_read_as_strictly_as_json,
    a_command_tells_how_its_arguments_were_read,
    one_word_means_what_is_listed,
    a_wrong_name_is_told_with_the_right_one
);

async fn furnish(shop: &Shop) -> Result<Mcp> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    let mcp = shop.mcp();
    let product = json!({ "sku": "PEN", "name": "Pen", "price": "100.00", "policy": "untracked" });
    mcp.ok("products.upsert", product).await?;
    Ok(mcp)
}

/// Some hosts send null for what the user left open, lists as their JSON, and numbers as text.
async fn hosts_may_write_values_as_text(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    for (given, total) in [
        (
            json!({ "lines": [{ "product": "PEN", "quantity": 1, "discount": null, "unit_price": null }], "note": null }),
            10_000,
        ),
        (json!({ "lines": "[{\"product\":\"PEN\",\"quantity\":\"2\"}]" }), 20_000),
        (json!({ "lines": { "product": "PEN", "quantity": 1, "unit_price": 5.5 }, "currency": "inr" }), 550),
        (json!({ "lines": [{ "product": "PEN", "quantity": 3, "unit_price": "" }], "shipping": " " }), 30_000),
    ] {
        let mut order = json!({ "customer": "asha@example.com", "allow_duplicate": "true" });
        for (name, value) in given.as_object().into_iter().flatten() {
            order[name] = value.clone();
        }
        let placed = mcp.ok("orders.create_order", order).await?;
        let id = placed["order_id"].to_string();
        let order = mcp.full("orders.get", json!({ "order_id": format!("#{id}") })).await?;
        check!(checks, order["order"]["totals"]["total"]["minor"] == total, "{given} came to {order}");
        check!(checks, order["interpretation"]["arguments"][0].is_string(), "the reading must be told: {order}");
    }
    let elsewhere = json!({ "order_id": 1001, "on": true, "carrier": "Blue Dart" });
    let refused = mcp.refused("orders.set_hold", elsewhere).await?;
    check!(checks, refused.message.contains("orders_ship"), "{refused}");
    // The same call has the same meaning in every host's spelling.
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 9 }], "idempotency_key": "k" });
    let first = mcp.ok("orders.create_order", order.clone()).await?;
    let mut as_text = order;
    as_text["lines"] = json!("[{\"product\":\"PEN\",\"quantity\":9}]");
    let again = mcp.ok("orders.create_order", as_text).await?;
    check!(checks, again["replayed"] == true && again["order_id"] == first["order_id"], "{again}");
    checks.all_hold()
}

/// A doubled key is always refused: readers differ on which value counts.
async fn json_in_a_text_is_read_as_strictly_as_json(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let lines = json!([{ "product": "PEN", "quantity": 2 }]);
    let placed = mcp.ok("orders.create_order", json!({ "customer": "asha@example.com", "lines": lines })).await?;
    let id = &placed["order_id"];
    let before = events(&shop.node, 0).await?.len();
    let doubled = |known: &str| format!("[{{{known},\"quantity\":1,\"quantity\":1000}}]");
    let (product, line) = (doubled("\"product\":\"PEN\""), doubled("\"line\":1"));
    for (tool, arguments, field) in [
        ("orders.create_order", json!({ "customer": "asha@example.com", "lines": product }), "lines"),
        ("orders.change_lines", json!({ "order_id": id, "changes": line }), "changes"),
        ("orders.ship", json!({ "order_id": id, "lines": line }), "lines"),
        ("orders.cancel", json!({ "order_id": id, "lines": line, "reason": "x" }), "lines"),
    ] {
        let refusal = mcp.refused(tool, arguments).await?;
        check!(
            checks,
            refusal.code == "INVALID_ARGUMENT" && refusal.field.as_deref() == Some(field),
            "{tool}: {refusal}"
        );
        let told = format!("the key `quantity` stands twice in {field}[0]");
        check!(checks, refusal.message.contains(&told), "{tool}: {refusal}");
    }
    let rounded = "[{\"product\":\"PEN\",\"quantity\":1,\"unit_price\":100.00000000000000000000001}]";
    let order = json!({ "customer": "asha@example.com", "lines": rounded });
    let refusal = mcp.refused("orders.create_order", order).await?;
    check!(checks, refusal.message.contains("more than 15 digits"), "{refusal}");
    check!(checks, events(&shop.node, 0).await?.len() == before, "a refused call recorded something");
    checks.all_hold()
}

async fn a_command_tells_how_its_arguments_were_read(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let plain = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    let placed = mcp.ok("orders.create_order", plain).await?;
    check!(checks, placed.get("interpretation").is_none(), "nothing was read: {placed}");
    let lines = "[{\"product\":\"PEN\",\"quantity\":3}]";
    let placed = mcp.ok("orders.create_order", json!({ "customer": "asha@example.com", "lines": lines })).await?;
    check!(checks, told(&placed).contains("was read as the list it writes"), "{placed}");
    let id = format!("#{}", placed["order_id"]);
    let held = mcp.ok("orders.set_hold", json!({ "order_id": id, "on": "True" })).await?;
    for reading in [format!("order_id \\\"{id}\\\" was read as"), "on \\\"True\\\" was read as true".to_owned()] {
        check!(checks, told(&held).contains(&reading), "{reading}: {held}");
    }
    checks.all_hold()
}

async fn one_word_means_what_is_listed(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    mcp.ok("orders.create_order", order).await?;
    for status in [json!("Pending"), json!(["PENDING"]), json!("pending, Shipped"), json!("[\"pending\"]")] {
        let found = mcp.ok("orders.search", json!({ "status": status })).await?;
        check!(checks, found["total_count"] == 1, "{status} found {found}");
        check!(checks, told(&found).contains("was read as"), "{status}: {found}");
    }
    let found = mcp.ok("orders.search", json!({ "status": "Dispatched", "limit": 500 })).await?;
    check!(checks, found["total_count"] == 0 && told(&found).contains("shipped"), "{found}");
    for (tool, arguments) in [
        ("orders.report_sales", json!({ "basis": "Booked", "group_by": "daily" })),
        ("orders.report_sales", json!({ "date_range": "2026-11-01/2026-11-15" })),
        ("orders.report_sales", json!({ "date_range": "last week." })),
        ("orders.report_sales", json!({ "date": "", "date_range": "last_7_days" })),
        ("orders.get_pending", json!({ "scope": "On Hold" })),
        ("orders.get_pending", json!({ "scope": "held", "date_range": "..2026-11-15" })),
        ("orders.get_pending", json!({ "date_range": "2026-11-20T10:00:00+05:30" })),
    ] {
        mcp.ok(tool, arguments).await?;
    }
    let refusal = mcp.refused("orders.search", json!({ "status": "somewhere" })).await?;
    check!(checks, refusal.message.contains("is none of: pending"), "{refusal}");
    checks.all_hold()
}

fn told(answer: &Value) -> String {
    answer["interpretation"]["arguments"].to_string()
}

async fn a_wrong_name_is_told_with_the_right_one(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let line = |name: &str, value: &str| json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1, name: value }] });
    for (tool, arguments, field, meant) in [
        ("orders.create_order", line("price", "5.00"), "lines[0].price", "did you mean unit_price?"),
        ("orders.create_order", line("unitPrice", "5.00"), "lines[0].unitPrice", "did you mean unit_price?"),
        ("orders.report_sales", json!({ "start_date": "2026-11-01" }), "start_date", "did you mean date_range?"),
        ("orders.report_sales", json!({ "end_date": "2026-11-15" }), "end_date", "did you mean date_range?"),
        ("orders.search", json!({ "query": "pen" }), "query", "did you mean text?"),
        ("orders.search", json!({ "colour": "red" }), "colour", "those there are: "),
    ] {
        let refusal = mcp.refused(tool, arguments).await?;
        check!(checks, refusal.code == "INVALID_ARGUMENT" && refusal.field.as_deref() == Some(field), "{refusal}");
        check!(checks, refusal.message.contains(meant), "{field}: {refusal}");
        check!(checks, !refusal.message.contains("leave"), "nobody shall leave {field} out: {refusal}");
    }
    checks.all_hold()
}
