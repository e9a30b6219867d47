//! The sentences of answers contain everything that was done, and nothing else.

use anyhow::{Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(sentences_tell_what_is_true_of_part_and_whole, arguments_are_asked_for_in_words);

async fn says(mcp: &Mcp, tool: &str, arguments: Value, expected: &str) -> Result<()> {
    let answer = mcp.ok(tool, arguments.clone()).await?;
    ensure!(answer["text"] == expected, "{tool} {arguments} says {}, not {expected}", answer["text"]);
    Ok(())
}

async fn sentences_tell_what_is_true_of_part_and_whole(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-22T10:00:00+05:30").await?;
    let mcp = shop.mcp();
    shop.stock("MUG", "Blue Mug", "120.00", 10).await?;
    shop.customer("Ann", "ann@example.com").await?;
    let lines = json!([{ "product": "MUG", "quantity": 4 }]);
    mcp.ok("orders_create_order", json!({ "customer": "ann@example.com", "lines": lines })).await?;

    let hold = json!({ "order_id": 1001, "on": true, "until": "2026-11-23T10:00:00+05:30" });
    mcp.ok("orders_set_hold", hold).await?;
    let order = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, order["order"]["held_until"] == "2026-11-23T10:00:00+05:30", "{order}");
    let head = "Order #1001 of Ann, placed on 22 Nov 2026, is";
    let expected = format!("{head} pending and on hold until 23 Nov 2026, 10:00: 4 units for ₹566.40, unpaid.");
    check!(checks, order["text"] == json!(expected), "{order}");
    let released = mcp.full("orders_set_hold", json!({ "order_id": 1001, "on": false })).await?;
    check!(checks, released["after"]["held_until"].is_null(), "{released}");

    let some = |status: &str, quantity: i64| json!({ "order_id": 1001, "status": status, "lines": [{ "line": 1, "quantity": quantity }] });
    mcp.ok("orders_update_status", some("shipped", 3)).await?;
    let arrived = "1 unit of order #1001 is delivered; the order is partially shipped.";
    says(&mcp, "orders_update_status", some("delivered", 1), arrived).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    let arrived = "2 units of order #1001 are delivered; the order is shipped.";
    says(&mcp, "orders_update_status", some("delivered", 2), arrived).await?;
    says(&mcp, "orders_update_status", some("delivered", 1), "Order #1001 is now delivered.").await?;
    let back = |quantity: i64| json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": quantity }], "disposition": "scrap" });
    mcp.ok("orders_return_items", back(1)).await?;
    let kept =
        format!("{head} delivered: 3 units for ₹424.80, 1 more came back, unpaid. Units came back on 22 Nov 2026.");
    says(&mcp, "orders_get", json!({ "order_id": 1001 }), &kept).await?;
    mcp.ok("orders_return_items", back(3)).await?;
    let none = format!("{head} returned: 4 units came back, which leaves ₹0, unpaid. Units came back on 22 Nov 2026.");
    says(&mcp, "orders_get", json!({ "order_id": 1001 }), &none).await?;

    let archive = |archived: bool| json!({ "sku": "MUG", "archived": archived });
    let gone = "Blue Mug (MUG) can no longer be ordered; it stays in the catalogue.";
    says(&mcp, "products_upsert", archive(true), gone).await?;
    let there =
        "6 units of Blue Mug are available (6 on hand, 0 set aside). It is archived and can no longer be ordered.";
    says(&mcp, "inventory_check", json!({ "product": "MUG" }), there).await?;
    says(&mcp, "products_upsert", archive(false), "Blue Mug (MUG) can be ordered again; its price is ₹120.").await?;
    let line = json!([{ "product": "MUG", "quantity": 1 }]);
    mcp.ok("orders_create_order", json!({ "customer": "ann@example.com", "lines": line })).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1002, "method": "upi" })).await?;
    let cancelled = mcp.confirmed("orders_cancel", json!({ "order_id": 1002 })).await?;
    let owed = "Order #1002 is now cancelled. ₹141.60 is owed back.";
    check!(checks, cancelled["text"] == owed, "{cancelled}");
    for (sku, stock) in [("A", 1), ("B", 2), ("C", 3)] {
        shop.stock(sku, sku, "1.00", stock).await?;
    }
    let low = mcp.ok("inventory_reorder", json!({ "threshold": 9 })).await?;
    let said = low["text"].as_str().unwrap_or_default();
    check!(
        checks,
        said.starts_with("4 products should be reordered, soonest sold out first: A, B, C and 1 more. "),
        "{said}"
    );
    says(
        &mcp,
        "inventory_adjust",
        json!({ "product": "A", "counted": 0 }),
        "The stock of A is corrected: 1 fewer; now none is on hand.",
    )
    .await?;
    checks.all_hold()
}

async fn arguments_are_asked_for_in_words(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.stock("PEN", "Pen", "10.00", 9).await?;
    shop.customer("Ann", "ann@example.com").await?;
    let mcp = shop.mcp();
    let order = |changes: Value| {
        let mut order = json!({ "customer": "ann@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
        changes.as_object().into_iter().flatten().for_each(|(name, value)| order[name] = value.clone());
        order
    };
    mcp.ok("orders_create_order", order(json!({}))).await?;
    let time = "write one such as 2026-11-23T10:00:00+05:30";
    let hold = |until: &str| json!({ "order_id": 1001, "on": true, "until": until });
    for (tool, arguments, field, said) in [
        ("orders_set_hold", hold("someday"), "until", "say it such as \"Friday 18:00\""),
        ("orders_set_hold", hold("2026-11-31"), "until", time),
        ("orders_ship", json!({ "order_id": 1001, "occurred_at": "when it rained" }), "occurred_at", time),
        ("orders_undo", json!({ "command_id": "nope" }), "command_id", "is no id"),
        ("orders_get", json!({ "order_id": 1001.0 }), "order_id", "is no whole number"),
        ("orders_create_order", order(json!({ "shipping": "1,000.00" })), "shipping", "write \"1000\""),
        ("orders_create_order", order(json!({ "currency": "dollars" })), "currency", "such as \"USD\""),
        ("orders_create_order", order(json!({ "expected_version": 3 })), "expected_version", "has no version yet"),
    ] {
        let refusal = mcp.refused(tool, arguments.clone()).await?;
        check!(
            checks,
            refusal.code == "INVALID_ARGUMENT" && refusal.field.as_deref() == Some(field),
            "{arguments}: {refusal}"
        );
        check!(checks, refusal.message.contains(said) && refusal.hint.is_some(), "{arguments}: {refusal}");
    }
    let percent = mcp.refused("orders_create_order", order(json!({ "order_discount": "150%" }))).await?;
    check!(checks, percent.message.contains("from 0 to 100"), "{percent}");
    checks.all_hold()
}
