//! What owners ask of their customers, of money earned and of days waited: who ordered, who no longer does, what was earned.

use anyhow::{Context as _, Result};
use chrono::{Days, NaiveDate};
use orderlog_tests::{Checks, Mcp, Shop, check, on_both_engines};
use serde_json::{Value, json};

use crate::asks_find::told;

on_both_engines!(
    who_ordered_and_who_bought_it,
    profit_is_told_where_the_cost_is_known,
    it_is_told_how_long_orders_took,
    an_initial_finds_names_before_places,
    who_has_not_ordered_for_three_months
);

fn names(answer: &Value) -> Vec<&str> {
    let customers = answer["customers"].as_array().into_iter().flatten();
    customers.filter_map(|customer| customer["name"].as_str()).collect()
}

/// A red mug that costs 60.00, a blue one that costs 70.00, and a tea of which no cost is known.
async fn furnish(shop: &Shop) -> Result<Mcp> {
    let mcp = shop.mcp();
    for (sku, name, price, cost) in
        [("MUG-RED", "Red Mug", "100.00", "60.00"), ("MUG-BLU", "Blue Mug", "120.00", "70.00")]
    {
        shop.stock(sku, name, price, 20).await?;
        mcp.ok("products_upsert", json!({ "sku": sku, "cost": cost })).await?;
    }
    shop.stock("TEA", "Assam Tea", "50.00", 20).await?;
    for (name, email, address) in [
        ("Ravi Kumar", "rk@example.com", "1 Hill Street, Pune"),
        ("Ravi Bose", "rb@example.com", "2 Lake Road, Kochi"),
        ("Asha Rao", "asha@example.com", "3 Lake Road, Kochi"),
    ] {
        mcp.ok("customers_upsert", json!({ "name": name, "email": email, "address": address })).await?;
    }
    Ok(mcp)
}

async fn order(mcp: &Mcp, customer: &str, product: &str, quantity: i64) -> Result<i64> {
    let lines = [json!({ "product": product, "quantity": quantity })];
    let placed = mcp.ok("orders_create_order", json!({ "customer": customer, "lines": lines })).await?;
    placed["order_id"].as_i64().context("a number")
}

async fn who_ordered_and_who_bought_it(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    order(&mcp, "rk@example.com", "MUG-RED", 1).await?;
    order(&mcp, "rk@example.com", "MUG-BLU", 2).await?;
    order(&mcp, "asha@example.com", "MUG-BLU", 1).await?;
    let cancelled = order(&mcp, "rb@example.com", "MUG-BLU", 1).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": cancelled })).await?;

    let today = told(&mcp, "customers_search", json!({ "date_range": "today" })).await?;
    check!(checks, today.text.starts_with("2 customers ordered on ") && today.bytes() < 500, "{}", today.text);
    check!(
        checks,
        names(&today.structured) == ["Ravi Kumar", "Asha Rao"],
        "who ordered most first: {}",
        today.structured
    );
    let first = &today.structured["customers"][0];
    check!(checks, first["orders"] == 2 && first["last_order"] == 1002 && first["worth"] == "₹401.20", "{first}");
    let bought = mcp.ok("customers_search", json!({ "product": "blue mug" })).await?;
    check!(checks, bought["text"] == "2 customers ordered Blue Mug." && names(&bought)[0] == "Asha Rao", "{bought}");
    let both = json!({ "product": "blue mug", "text": "kochi", "date_range": "today" });
    let both = mcp.ok("customers_search", both).await?;
    check!(checks, names(&both) == ["Asha Rao"], "what was cancelled was not bought: {both}");
    let nobody = mcp.ok("customers_search", json!({ "date_range": "yesterday" })).await?;
    check!(checks, nobody["total_count"] == 0 && nobody["text"].to_string().contains("No customer"), "{nobody}");
    let lapsed = mcp.ok("customers_search", json!({ "no_order_for": "3 months" })).await?;
    check!(checks, lapsed["total_count"] == 0, "{lapsed}");
    let unread = mcp.refused("customers_search", json!({ "no_order_for": "ages" })).await?;
    check!(checks, unread.field.as_deref() == Some("no_order_for"), "{unread}");

    let new = mcp.ok("customers_search", json!({ "date_range": "today", "new": true })).await?;
    check!(checks, new["text"].to_string().contains("2 customers ordered for the first time on "), "{new}");
    let no_days = mcp.refused("customers_search", json!({ "new": true })).await?;
    check!(checks, no_days.field.as_deref() == Some("new"), "{no_days}");
    // What nobody ordered; the most of it on hand first.
    let unsold = mcp.ok("products_search", json!({ "no_order_for": "60 days" })).await?;
    let first = &unsold["products"][0];
    check!(checks, unsold["total_count"] == 1 && first["sku"] == "TEA" && first["on_hand"] == 20, "{unsold}");
    check!(checks, unsold["text"].to_string().contains("; 20 of their units are on hand."), "{unsold}");
    let worst = json!({ "date": "today", "group_by": "product", "sort": "least" });
    let worst = mcp.ok("orders_report_sales", worst).await?;
    check!(checks, worst["groups"][0]["label"] == "Red Mug", "{worst}");

    // A word that belongs to another argument is told with that argument.
    let held = mcp.refused("orders_search", json!({ "status": "on_hold" })).await?;
    check!(checks, held.message.contains("scope of orders_get_pending takes on_hold"), "{held}");
    let paid = mcp.refused("orders_search", json!({ "status": ["paid"] })).await?;
    check!(checks, paid.message.contains("payment_status takes paid"), "{paid}");
    checks.all_hold()
}

async fn profit_is_told_where_the_cost_is_known(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    order(&mcp, "rk@example.com", "MUG-RED", 2).await?;
    order(&mcp, "asha@example.com", "MUG-BLU", 3).await?;
    order(&mcp, "asha@example.com", "TEA", 4).await?;
    let gone = order(&mcp, "rb@example.com", "MUG-BLU", 5).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": gone })).await?;

    // 2 × 100 + 3 × 120 − (2 × 60 + 3 × 70) = 230, of 560.
    let whole = told(&mcp, "orders_report_sales", json!({ "date": "today", "profit": true })).await?;
    check!(checks, whole.has("Profit on goods: ₹230 (41.1 %), which is net sales of ₹560 less ₹330"), "{}", whole.text);
    check!(
        checks,
        whole.has("are not in it, nor ₹200 of net sales of 1 product whose cost is not known."),
        "{}",
        whole.text
    );
    let profit = &whole.structured["profit"];
    check!(checks, profit["profit"] == "₹230.00" && profit["net_sales_without_cost"] == "₹200.00", "{profit}");
    let by_product = json!({ "date": "today", "group_by": "product", "sort": "profit" });
    let by_product = mcp.ok("orders_report_sales", by_product).await?;
    let rows = by_product["groups"].as_array().context("groups")?;
    let told: Vec<_> = rows.iter().take(3).map(|row| (row["label"].as_str(), row["profit"].as_str())).collect();
    let expected = [(Some("Blue Mug"), Some("₹150.00")), (Some("Red Mug"), Some("₹80.00")), (Some("Assam Tea"), None)];
    check!(checks, told == expected, "{by_product}");
    let one = mcp.ok("orders_report_sales", json!({ "date": "today", "product": "red mug", "profit": true })).await?;
    check!(checks, one["profit"]["profit"] == "₹80.00" && one["profit"]["margin_percent"] == "40.0", "{one}");
    let none = mcp.ok("orders_report_sales", json!({ "date": "yesterday", "profit": true })).await?;
    check!(checks, none["text"].to_string().contains("No goods were sold"), "{none}");
    for wrong in [
        json!({ "profit": true, "basis": "cash" }),
        json!({ "sort": "profit", "group_by": "customer" }),
        json!({ "sort": "profit" }),
    ] {
        let refused = mcp.refused("orders_report_sales", wrong.clone()).await?;
        check!(checks, refused.code == "INVALID_ARGUMENT", "{wrong}: {refused}");
    }
    checks.all_hold()
}

async fn it_is_told_how_long_orders_took(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    for quantity in 1..=3 {
        let id = order(&mcp, "rk@example.com", "MUG-RED", quantity).await?;
        mcp.ok("orders_ship", json!({ "order_id": id })).await?;
    }
    let shipped = mcp.ok("orders_search", json!({ "by": "shipped" })).await?;
    let text = shipped["text"].as_str().context("text")?;
    check!(checks, text.ends_with("From placing to shipping it took 0 days."), "{text}");
    let some = mcp.ok("orders_search", json!({ "by": "shipped", "customer": "rk@example.com" })).await?;
    check!(checks, !some["text"].to_string().contains("From placing"), "of some it is not told: {some}");
    let delivered = mcp.ok("orders_search", json!({ "by": "delivered" })).await?;
    check!(checks, !delivered["text"].to_string().contains("From placing"), "nothing was delivered: {delivered}");
    checks.all_hold()
}

async fn an_initial_finds_names_before_places(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    // Ravi Bose lives in Kochi; Ravi Kumar is called so.
    let found = mcp.ok("customers_search", json!({ "text": "Ravi K" })).await?;
    check!(checks, names(&found) == ["Ravi Kumar", "Ravi Bose"], "{found}");
    order(&mcp, "rk@example.com", "TEA", 1).await?;
    let orders = mcp.ok("orders_search", json!({ "customer": "Ravi K" })).await?;
    check!(checks, orders["total_count"] == 1, "one is called so: {orders}");
    checks.all_hold()
}

/// A hundred days later, by the clock of another node.
async fn who_has_not_ordered_for_three_months(shop: Shop) -> Result<()> {
    const LATER_DAYS: u64 = 100;
    let mut checks = Checks::default();
    let mcp = furnish(&shop).await?;
    order(&mcp, "rk@example.com", "MUG-RED", 1).await?;
    order(&mcp, "asha@example.com", "TEA", 1).await?;
    // Answers say the day, in the shop's zone.
    let today = mcp.ok("orders_report_sales", json!({ "date": "today" })).await?;
    let today: NaiveDate = today["interpretation"]["date_range"]["from"].as_str().context("a day")?.parse()?;
    let then = (today + Days::new(LATER_DAYS)).and_hms_opt(12, 0, 0).context("a time")?.and_utc();
    let key = shop.key(&["later", "--role", "owner", "--days", "0"]).await?;
    let node = shop.open_node(&["--clock", &then.to_rfc3339()]).await?;
    let later = node.mcp().with_key(&key);
    let lapsed = later.ok("customers_search", json!({ "no_order_for": "3 months" })).await?;
    check!(checks, names(&lapsed) == ["Asha Rao", "Ravi Kumar"], "who ordered last first: {lapsed}");
    let text = lapsed["text"].as_str().context("text")?;
    check!(checks, text.starts_with("2 customers ordered before, but nothing since "), "{text}");
    let of_mugs = json!({ "no_order_for": "90 days", "product": "red mug" });
    let of_mugs = later.ok("customers_search", of_mugs).await?;
    check!(checks, names(&of_mugs) == ["Ravi Kumar"], "{of_mugs}");
    let recent = later.ok("customers_search", json!({ "no_order_for": "4 months" })).await?;
    check!(checks, recent["total_count"] == 0, "{recent}");
    checks.all_hold()
}
