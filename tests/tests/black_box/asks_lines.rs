//! "She wants the blue one instead of the red one", "refund the shipping": the order afterwards, and the words of the
//! answer.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    she_wants_the_blue_one_instead,
    a_product_names_the_line_that_has_it,
    how_many_units_is_asked_not_guessed,
    every_change_says_what_it_comes_to,
    refund_the_shipping_on_an_order,
    a_return_after_goodwill_adds_up
);

/// Two red mugs at ₹100 and a tea at ₹50, 10 % off, 18 % tax, ₹99 shipping: ₹382.32 with tax.
async fn furnish(shop: &Shop) -> Result<Mcp> {
    for (sku, name, price) in
        [("MUG-RED", "Red Mug", "100.00"), ("MUG-BLU", "Blue Mug", "120.00"), ("TEA", "Tea", "50.00")]
    {
        shop.stock(sku, name, price, 9).await?;
    }
    shop.customer("Asha Rao", "asha@example.com").await?;
    let mcp = shop.mcp();
    let lines = json!([{ "product": "MUG-RED", "quantity": 2 }, { "product": "TEA", "quantity": 1 }]);
    let order = json!({ "customer": "asha@example.com", "order_discount": "10%", "shipping": "99.00", "lines": lines });
    mcp.ok("orders_create_order", order).await?;
    Ok(mcp)
}

/// The text of an answer, all of it.
async fn text(mcp: &Mcp, tool: &str, arguments: Value) -> Result<String> {
    let result = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
    ensure!(result["isError"] != json!(true), "{tool}: {result}");
    let blocks = result["content"].as_array().context("content")?;
    Ok(blocks.iter().filter_map(|block| block["text"].as_str()).collect::<Vec<_>>().join("\n"))
}

fn change(changes: Value) -> Value {
    json!({ "order_id": 1001, "changes": changes })
}

async fn order(mcp: &Mcp) -> Result<Value> {
    Ok(mcp.full("orders_get", json!({ "order_id": 1001 })).await?["order"].clone())
}

async fn how_many_units_is_asked_not_guessed(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let before = order(&mcp).await?;
    let two = json!({ "customer": "asha@example.com", "lines": [{ "product": "TEA", "quantity": 1 }, { "product": "blue mug" }] });
    for (tool, arguments, field) in [
        ("orders_create_order", two, "lines[1].quantity"),
        ("orders_change_lines", change(json!([{ "product": "blue mug" }])), "changes[0].quantity"),
    ] {
        let refused = mcp.refused(tool, arguments).await?;
        check!(checks, refused.code == "INVALID_ARGUMENT", "{refused}");
        let told = refused.to_string();
        check!(checks, told.contains(field) && told.contains("where they did not say how many, ask"), "{told}");
    }
    check!(checks, order(&mcp).await? == before, "a guess was made");
    check!(checks, mcp.ok("orders_search", json!({})).await?["total_count"] == 1, "an order was placed");
    checks.all_hold()
}

async fn she_wants_the_blue_one_instead(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let found = text(&mcp, "orders_search", json!({ "customer": "asha", "status": ["pending"] })).await?;
    check!(checks, found.contains("2 Red Mug"), "{found}");
    let swap = change(json!([{ "product": "red mug", "replace": "blue mug" }]));
    let mut trial = swap.clone();
    trial["dry_run"] = json!(true);
    let foreseen = text(&mcp, "orders_change_lines", trial).await?;
    let would = "would come to ₹382.32. ₹382.32 would be due. The discount of ₹25 would stay.";
    check!(checks, foreseen.contains(would), "{foreseen}");
    let done = text(&mcp, "orders_change_lines", swap).await?;
    let now = "Order #1001 now comes to ₹382.32. ₹382.32 is due. The discount of ₹25 stays.";
    check!(checks, done.starts_with(now), "{done}");
    check!(checks, done.contains("Blue Mug keeps the price of ₹100; the catalogue has ₹120."), "{done}");
    check!(checks, found.len() + done.len() <= 900, "{} bytes", found.len() + done.len());
    let stock = async |sku: &str| Ok::<_, anyhow::Error>(mcp.full("inventory_check", json!({ "product": sku })).await?);
    check!(checks, stock("MUG-RED").await?["available"] == 9 && stock("MUG-BLU").await?["available"] == 7);
    // Figures of the day are those of the order; undone, all is as before.
    let report = mcp.full("orders_report_sales", json!({ "date": "today" })).await?;
    check!(checks, report["figures"]["revenue"]["formatted"] == "₹324.00", "{report}");
    mcp.confirmed("orders_undo", json!({})).await?;
    let lines = order(&mcp).await?["lines"].clone();
    check!(checks, lines[0]["sku"] == "MUG-RED" && lines[0]["line"] == 1, "{lines}");
    check!(checks, stock("MUG-RED").await?["available"] == 7 && stock("MUG-BLU").await?["available"] == 9);
    // A new price is accepted if it is given; otherwise the answer asks.
    let told = change(json!([{ "line": 1, "replace": "MUG-BLU", "quantity": "1", "unit_price": 120 }]));
    let done = text(&mcp, "orders_change_lines", told).await?;
    check!(
        checks,
        done.starts_with("Order #1001 now comes to ₹297.36. ₹297.36 is due. The discount is now ₹17; it was ₹25."),
        "{done}"
    );
    let turned =
        mcp.refused("orders_change_lines", change(json!([{ "product": "MUG-RED", "replace": "MUG-BLU" }]))).await?;
    check!(checks, turned.code == "NOT_FOUND" && turned.candidates.len() == 2, "{turned}");
    checks.all_hold()
}

async fn a_product_names_the_line_that_has_it(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let units = async || {
        let order = order(&mcp).await?;
        let lines = order["lines"].as_array().context("lines")?;
        Ok::<_, anyhow::Error>(Value::from_iter(lines.iter().map(|line| json!([line["sku"], line["ordered"]]))))
    };
    // The order contains only one of all red products.
    shop.stock("PEN-RED", "Red Pen", "20.00", 5).await?;
    let changed = mcp.ok("orders_change_lines", change(json!([{ "product": "the red", "quantity": 3 }]))).await?;
    let read = "`the red` was read as Red Mug (MUG-RED), which order #1001 has.";
    check!(checks, changed["warnings"] == json!([read]), "{changed}");
    let asked = mcp.refused("orders_change_lines", change(json!([{ "line": 1, "replace": "red" }]))).await?;
    check!(checks, asked.code == "AMBIGUOUS", "{asked}");
    check!(checks, units().await? == json!([["MUG-RED", 3], ["TEA", 1]]), "{}", units().await?);
    mcp.ok(
        "orders_change_lines",
        change(json!([{ "product": "tea", "more": 2 }, { "product": "blue mug", "more": 1 }])),
    )
    .await?;
    check!(checks, units().await? == json!([["MUG-RED", 3], ["TEA", 3], ["MUG-BLU", 1]]), "{}", units().await?);
    // Two lines have it: the user chooses.
    let lines =
        json!([{ "product": "TEA", "quantity": 1 }, { "product": "TEA", "quantity": 2, "unit_price": "45.00" }]);
    mcp.ok("orders_create_order", json!({ "customer": "asha@example.com", "lines": lines })).await?;
    let mut of_two = json!({ "order_id": 1002, "changes": [{ "product": "Tea", "quantity": 5 }] });
    let asked = mcp.refused("orders_change_lines", of_two.clone()).await?;
    check!(checks, asked.code == "AMBIGUOUS" && asked.field.as_deref() == Some("changes[0].product"), "{asked}");
    check!(
        checks,
        asked.candidates[1] == json!({ "line": 2, "product": "Tea", "quantity": 2 }),
        "{:?}",
        asked.candidates
    );
    of_two["changes"][0] = json!({ "line": asked.candidates[1]["line"], "quantity": 5 });
    let done = mcp.ok("orders_change_lines", of_two).await?;
    check!(checks, done["changed"]["lines"] == json!(["5 × Tea (TEA)"]), "{done}");
    checks.all_hold()
}

async fn every_change_says_what_it_comes_to(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let whole =
        |discount: Value, changes: Value| json!({ "order_id": 1001, "order_discount": discount, "changes": changes });
    let set = text(&mcp, "orders_change_lines", json!({ "order_id": 1001, "order_discount": "50.00" })).await?;
    check!(
        checks,
        set.starts_with("Order #1001 now comes to ₹352.82. ₹352.82 is due. The discount is now ₹50; it was ₹25."),
        "{set}"
    );
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "card" })).await?;
    // The preview says what would be removed, and how to keep it.
    let removed = change(json!([{ "product": "TEA", "quantity": 0 }]));
    let refusal = mcp.refused("orders_change_lines", removed.clone()).await?;
    let preview = refusal.preview.to_string();
    check!(checks, refusal.code == "CONFIRMATION_REQUIRED", "{refusal}");
    check!(checks, preview.contains("would come to ₹305.62. ₹47.20 would be owed back."), "{preview}");
    check!(checks, preview.contains("₹10 of the order's discount went with its lines"), "{preview}");
    let moved = mcp.confirmed("orders_change_lines", whole(json!("same"), removed["changes"].clone())).await?;
    let told = "Order #1001 now comes to ₹293.82. ₹59 is owed back. The discount of ₹50 stays.";
    check!(checks, moved["text"] == told, "{moved}");
    let none = mcp.confirmed("orders_change_lines", whole(json!(0), json!([]))).await?;
    let told = "Order #1001 now comes to ₹352.82. Nothing is due. The discount of ₹50 is gone.";
    check!(checks, none["text"] == told, "{none}");
    let percent = mcp.confirmed("orders_change_lines", whole(json!("100%"), Value::Null)).await?;
    check!(checks, percent["text"].as_str().is_some_and(|text| text.contains("comes to ₹116.82.")), "{percent}");
    for (wrong, field) in [("110%", "order_discount"), ("same price", "order_discount"), ("500.00", "order_discount")] {
        let refused = mcp.refused("orders_change_lines", whole(json!(wrong), json!([]))).await?;
        check!(
            checks,
            refused.code == "INVALID_ARGUMENT" && refused.field.as_deref() == Some(field),
            "{wrong}: {refused}"
        );
    }
    let nothing = mcp.refused("orders_change_lines", json!({ "order_id": 1001 })).await?;
    check!(checks, nothing.code == "INVALID_ARGUMENT", "{nothing}");
    checks.all_hold()
}

async fn refund_the_shipping_on_an_order(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    let shipping = json!({ "order_id": 1001, "kind": "shipping" });
    let nothing = mcp.ok("orders_refund", shipping.clone()).await?;
    check!(checks, nothing["no_change"] == true, "{nothing}");
    check!(checks, nothing["warnings"] == json!(["Nothing that was paid for order #1001 is still here."]), "{nothing}");
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "UPI" })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    // One call, and the user's word.
    let token = mcp.asked("orders_refund", shipping.clone()).await?;
    let mut agreed = shipping.clone();
    agreed["confirm_token"] = token.into();
    let done = text(&mcp, "orders_refund", agreed).await?;
    let told = "₹116.82 was paid back by upi for order #1001 (shipping: ₹99 and ₹17.82 tax), which is now partially refunded. \
                ₹265.50 of what was paid is still here; nothing more is owed back.";
    check!(checks, done.starts_with(told), "{done}");
    check!(checks, done.len() <= 700, "{} bytes", done.len());
    // Once, even if the order changes.
    let again = mcp.ok("orders_refund", shipping.clone()).await?;
    let before = "The shipping fee of order #1001 went back before.";
    check!(checks, again["no_change"] == true && again["warnings"] == json!([before]), "{again}");
    let back = json!({ "order_id": 1001, "disposition": "restock", "shipping": true, "lines": [{ "product": "TEA", "quantity": 1 }] });
    let returned = mcp.ok("orders_return_items", back).await?;
    check!(checks, returned["text"].as_str().is_some_and(|text| text.contains("₹53.10 is owed back")), "{returned}");
    let rest = mcp.confirmed("orders_refund", json!({ "order_id": 1001 })).await?;
    let told = "₹53.10 was paid back by upi for order #1001, which is now partially refunded. ₹212.40 of what was paid is still \
                here; nothing more is owed back.";
    check!(checks, rest["text"] == told, "{rest}");
    for basis in ["booked", "shipped", "cash"] {
        let report = mcp.full("orders_report_sales", json!({ "date": "today", "basis": basis })).await?;
        check!(checks, report["figures"]["total"]["formatted"] == "₹212.40", "{basis}: {report}");
    }
    let owed = mcp.ok("orders_refund", json!({ "order_id": 1001 })).await?;
    let way = "₹212.40 of what was paid for order #1001 is still here, and no more than that is asked for.";
    check!(checks, owed["warnings"][0].as_str().is_some_and(|told| told.starts_with(way)), "{owed}");
    // Goodwill says its tax.
    let kindness = json!({ "order_id": 1001, "kind": "goodwill", "amount": "11.80" });
    let done = mcp.confirmed("orders_refund", kindness).await?;
    check!(checks, done["text"].as_str().is_some_and(|text| text.contains("(goodwill: ₹10 and ₹1.80 tax)")), "{done}");
    checks.all_hold()
}

async fn a_return_after_goodwill_adds_up(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "UPI" })).await?;
    mcp.ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    let kindness = json!({ "order_id": 1001, "kind": "goodwill", "amount": "11.80" });
    mcp.confirmed("orders_refund", kindness).await?;
    let back = json!({ "order_id": 1001, "disposition": "restock", "lines": [{ "product": "TEA", "quantity": 1 }] });
    let returned = text(&mcp, "orders_return_items", back).await?;
    // 382.32 − 11.80 − 317.42 = 53.10
    let sum = "₹53.10 is owed back: ₹382.32 was paid, ₹11.80 of it went back (goodwill), and ₹317.42 is asked for the order \
               (₹329.22 less ₹11.80 goodwill).";
    check!(checks, returned.contains(sum) && returned.len() <= 700, "{} bytes: {returned}", returned.len());
    let order = text(&mcp, "orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, order.contains(sum), "{order}");
    // All of it came back: no goodwill is left to take off (rule R5a).
    let rest = json!({ "order_id": 1001, "disposition": "restock", "shipping": true });
    let rest = text(&mcp, "orders_return_items", rest).await?;
    let sum = "₹370.52 is owed back: ₹382.32 was paid, ₹11.80 of it went back (goodwill), and nothing is asked for the order.";
    check!(checks, rest.contains(sum), "{rest}");
    checks.all_hold()
}
