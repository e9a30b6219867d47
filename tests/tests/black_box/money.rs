//! Money and stock that were once reported wrongly: goodwill, refunds, products no longer counted, sums that are too
//! large.

use anyhow::{Result, ensure};
use orderlog_tests::{Checks, Mcp, Shop, check, minor, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    goodwill_takes_no_order_below_nothing,
    nothing_is_paid_back_twice,
    a_product_that_is_no_longer_counted_holds_nothing_up,
    a_cancelled_order_counts_for_no_product,
    no_sum_of_a_shops_life_overflows,
    a_hold_without_anything_left_to_hold_back_is_none_everywhere,
);

async fn furnish(shop: &mut Shop) -> Result<Mcp> {
    shop.node.restart_at("2026-11-20T10:00:00+05:30").await?;
    let mcp = shop.mcp();
    let product =
        json!({ "sku": "A", "name": "Product A", "price": "100.00", "tax_rate": "10", "policy": "untracked" });
    mcp.ok("products_upsert", product).await?;
    shop.customer("Asha", "asha@example.org").await?;
    Ok(mcp)
}

async fn order(mcp: &Mcp, product: &str, quantity: i64, more: Value) -> Result<()> {
    let lines = json!([{ "product": product, "quantity": quantity }]);
    let mut order = json!({ "customer": "asha@example.org", "lines": lines, "allow_duplicate": true });
    for (name, value) in more.as_object().into_iter().flatten() {
        order[name] = value.clone();
    }
    mcp.ok("orders_create_order", order).await?;
    Ok(())
}

/// Today's total on every basis, minor units.
async fn totals(mcp: &Mcp) -> Result<[i64; 3]> {
    let mut totals = [i64::MIN; 3];
    for (total, basis) in totals.iter_mut().zip(["booked", "shipped", "cash"]) {
        let report = mcp.full("orders_report_sales", json!({ "date": "today", "basis": basis })).await?;
        *total = report["figures"]["total"]["minor"].as_i64().unwrap_or(i64::MIN);
        let about = report["figures"]["reference"].clone();
        let explained = mcp.ok("sales_explain", json!({ "reference": about })).await?;
        ensure!(explained["agrees"] == true, "{basis}: {explained}");
    }
    Ok(totals)
}

async fn goodwill_takes_no_order_below_nothing(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    order(&mcp, "A", 1, json!({})).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "card" })).await?;
    mcp.confirmed("orders_refund", json!({ "order_id": 1001, "kind": "goodwill", "amount": "110.00" })).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1001 })).await?;
    check!(checks, totals(&mcp).await? == [0, 0, 0], "{:?}", totals(&mcp).await?);

    order(&mcp, "A", 2, json!({})).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1002, "method": "card" })).await?;
    mcp.ok("orders_ship", json!({ "order_id": 1002 })).await?;
    mcp.confirmed("orders_refund", json!({ "order_id": 1002, "kind": "goodwill", "amount": "30.00" })).await?;
    mcp.ok("orders_return_items", json!({ "order_id": 1002, "disposition": "scrap" })).await?;
    mcp.confirmed("orders_refund", json!({ "order_id": 1002, "kind": "units" })).await?;
    check!(checks, totals(&mcp).await? == [0, 0, 0], "{:?}", totals(&mcp).await?);
    let shown = mcp.ok("orders_get", json!({ "order_id": 1002 })).await?;
    check!(checks, shown["order"]["due"] == "₹0.00", "{shown}");
    checks.all_hold()
}

async fn nothing_is_paid_back_twice(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    order(&mcp, "A", 2, json!({ "shipping": "50.00" })).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "card" })).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1001 })).await?;
    let lines = || json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] });
    mcp.confirmed("orders_refund", lines()).await?;
    let refused = mcp.refused("orders_refund", lines()).await?;
    check!(checks, refused.code == "ILLEGAL_TRANSITION" && refused.field.as_deref() == Some("lines"), "{refused:?}");
    // The fee, with its tax; then nothing is owed, whatever for.
    mcp.confirmed("orders_refund", json!({ "order_id": 1001, "kind": "shipping" })).await?;
    for kind in ["shipping", "units", "owed"] {
        let refused = mcp.refused("orders_refund", json!({ "order_id": 1001, "kind": kind, "amount": "1.00" })).await?;
        check!(checks, refused.code == "LIMIT_EXCEEDED", "{kind}: {refused:?}");
    }
    let shown = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, shown["order"]["payment_status"] == "refunded", "{shown}");
    checks.all_hold()
}

async fn a_product_that_is_no_longer_counted_holds_nothing_up(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    let kept = json!({ "sku": "SW", "name": "SW", "price": "10.00", "policy": "backorder", "backorder_limit": 5 });
    mcp.ok("products_upsert", kept).await?;
    mcp.ok("inventory_receive", json!({ "product": "SW", "quantity": 2 })).await?;
    order(&mcp, "SW", 4, json!({})).await?;
    let position = mcp.ok("products_upsert", json!({ "sku": "SW", "policy": "untracked" })).await?["position"].clone();
    let waiting = mcp.ok("orders_get_pending", json!({ "scope": "backordered" })).await?;
    check!(checks, waiting["total_count"] == 0, "nobody waits for what there is always enough of: {waiting}");
    let shipped = mcp.ok("orders_ship", json!({ "order_id": 1001 })).await?;
    check!(checks, shipped["changed"]["status"] == "shipped", "{shipped}");

    mcp.ok("products_upsert", json!({ "sku": "SW", "policy": "deny" })).await?;
    let check = async |as_of: Value| {
        let asked = json!({ "product": "SW", "quantity": 100, "as_of": as_of });
        let answer = mcp.full("inventory_check", asked).await?;
        anyhow::Ok((answer["tracked"].clone(), answer["enough"].clone()))
    };
    check!(checks, check(Value::Null).await? == (json!(true), json!(false)), "stock is kept of it now");
    let then = check(format!("@{position}").into()).await?;
    check!(checks, then == (json!(false), json!(true)), "no stock was kept of it then: {then:?}");
    checks.all_hold()
}

async fn a_cancelled_order_counts_for_no_product(mut shop: Shop) -> Result<()> {
    let mcp = furnish(&mut shop).await?;
    let other = json!({ "sku": "B", "name": "Product B", "price": "5.00", "policy": "untracked" });
    mcp.ok("products_upsert", other).await?;
    order(&mcp, "A", 1, json!({})).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1001 })).await?;
    order(&mcp, "A", 2, json!({})).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1002, "lines": [{ "line": 1, "quantity": 1 }] })).await?;
    let changes = json!([{ "product": "B", "quantity": 1 }]);
    mcp.ok("orders_change_lines", json!({ "order_id": 1002, "changes": changes })).await?;
    let count = async || {
        let asked = json!({ "date": "today", "group_by": "product" });
        let report = mcp.ok("orders_report_sales", asked).await?;
        let of = |label: &str| {
            let mut groups = report["groups"].as_array().into_iter().flatten();
            groups.find(|group| group["label"] == label).map_or(Value::Null, |group| group["orders"].clone())
        };
        anyhow::Ok([report["figures"]["orders"].clone(), of("Product A"), of("Product B")])
    };
    ensure!(count().await? == [1, 1, 1], "{:?}", count().await?);
    // Two lines have it then.
    let gone = json!([{ "line": 1, "replace": "B" }]);
    mcp.ok("orders_change_lines", json!({ "order_id": 1002, "changes": gone })).await?;
    ensure!(count().await? == [1, 0, 1], "{:?}", count().await?);
    Ok(())
}

async fn no_sum_of_a_shops_life_overflows(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&mut shop).await?;
    mcp.ok("currencies_set_rate", json!({ "currency": "USD", "rate": "1000000" })).await?;
    let of = |price: &str| {
        let lines = json!([{ "product": "A", "quantity": 1, "unit_price": price }]);
        json!({ "customer": "asha@example.org", "currency": "USD", "lines": lines, "allow_duplicate": true })
    };
    for price in ["999999999999.99", "9999999.99"] {
        let refused = mcp.refused("orders_create_order", of(price)).await?;
        check!(checks, refused.code == "INVALID_ARGUMENT" && refused.field.is_some(), "{price}: {refused:?}");
    }
    // As large as they come: 9,000 dollars are 9,000 million rupees.
    for _ in 0..3 {
        mcp.ok("orders_create_order", of("9000.00")).await?;
    }
    for group in ["day", "product", "customer"] {
        let report = mcp.ok("orders_report_sales", json!({ "date": "today", "group_by": group })).await?;
        check!(checks, minor(&report["revenue"])? == 2_700_000_000_000, "{report}");
        let groups = report["groups"].as_array().into_iter().flatten();
        let sum: Result<i64> = groups.map(|group| minor(&group["revenue"])).sum();
        check!(checks, sum? == 2_700_000_000_000, "by {group}: {report}");
    }
    check!(checks, totals(&mcp).await?[0] == 2_970_000_000_000, "{:?}", totals(&mcp).await?);
    checks.all_hold()
}

async fn a_hold_without_anything_left_to_hold_back_is_none_everywhere(mut shop: Shop) -> Result<()> {
    let mcp = furnish(&mut shop).await?;
    order(&mcp, "A", 2, json!({})).await?;
    mcp.ok("orders_ship", json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })).await?;
    mcp.ok("orders_set_hold", json!({ "order_id": 1001, "on": true })).await?;
    let told = async || {
        let pending = mcp.ok("orders_get_pending", json!({ "scope": "unpaid" })).await?;
        let shown = mcp.ok("orders_get", json!({ "order_id": 1001 })).await?;
        let found = mcp.ok("orders_search", json!({ "text": "1001" })).await?;
        let flag = |order: &Value| order["on_hold"] == true;
        anyhow::Ok([flag(&pending["orders"][0]), flag(&shown["order"]), flag(&found["orders"][0])])
    };
    ensure!(told().await? == [true; 3], "{:?}", told().await?);
    mcp.confirmed("orders_cancel", json!({ "order_id": 1001 })).await?;
    ensure!(told().await? == [false; 3], "all that is left of it is on its way: {:?}", told().await?);
    Ok(())
}
