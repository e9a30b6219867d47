//! The worked example of the business rules over MCP: three bases, day by day, in a process whose zone is not the shop's.

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(
    the_worked_example_comes_out_to_the_last_paisa,
    sales_in_other_currencies_are_explained_where_they_count,
);

/// Business day in November 2026, then revenue, tax and total in minor units.
type Row = (u32, i64, i64, i64);

const BOOKED: [Row; 6] = [
    (20, 324_810, 58_466, 383_276),
    (21, 430_625, 1_800, 432_425),
    (22, -3_334, -600, -3_934),
    (23, -420_625, 0, -420_625),
    (24, -94_237, -16_963, -111_200),
    (25, 0, 0, 0),
];
const SHIPPED: [Row; 6] = [
    (20, 0, 0, 0),
    (21, 189_900, 34_182, 224_082),
    (22, 141_576, 25_484, 167_060),
    (23, 0, 0, 0),
    (24, -94_237, -16_963, -111_200),
    (25, 0, 0, 0),
];
const CASH: [Row; 6] =
    [(20, 0, 0, 383_276), (21, 0, 0, 0), (22, 0, 0, 0), (23, 0, 0, 7_866), (24, 0, 0, -5_000), (25, 0, 0, -106_200)];

async fn the_worked_example_comes_out_to_the_last_paisa(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    live(&mut shop).await?;
    let mcp = shop.mcp();
    for (basis, rows, sum) in [
        ("booked", BOOKED, (237_239, 42_703, 279_942)),
        ("shipped", SHIPPED, (237_239, 42_703, 279_942)),
        ("cash", CASH, (0, 0, 279_942)),
    ] {
        for (day, revenue, tax, total) in rows {
            let date = format!("2026-11-{day}");
            let report = mcp.full("orders_report_sales", json!({ "date": date, "basis": basis })).await?;
            let figures = figures(&report["figures"]);
            check!(checks, figures == (revenue, tax, total), "{basis} on the {day}th: {figures:?}");
            explained(&shop, &report["figures"]).await?;
        }
        let asked = json!({ "date_range": "2026-11-20..2026-11-25", "basis": basis, "group_by": "day" });
        let report = mcp.full("orders_report_sales", asked).await?;
        check!(checks, figures(&report["figures"]) == sum, "{basis}: {}", report["figures"]);
        let groups = report["groups"].as_array().context("groups")?;
        let in_rupees = groups.iter().filter(|group| group["currency"] == "INR").map(|group| figures(group).2);
        check!(checks, in_rupees.sum::<i64>() == sum.2, "{basis}: the days do not add up: {report}");
        for group in groups {
            explained(&shop, group).await?;
        }
    }
    // The accountant's question: the 20th as it was known on the 21st, and what the 24th looked like before it came.
    let known = |date: &str, as_of: &str| json!({ "date": date, "as_of": as_of });
    let then = mcp.full("orders_report_sales", known("2026-11-20", "2026-11-21")).await?;
    check!(checks, figures(&then["figures"]).2 == 383_276, "{then}");
    let known_then = "This is how it was known at the end of 21 Nov 2026.";
    check!(checks, then["text"].as_str().is_some_and(|text| text.contains(known_then)), "{then}");
    let range = json!({ "date_range": "2026-11-20..2026-11-25", "as_of": "2026-11-22" });
    let then = mcp.full("orders_report_sales", range).await?;
    check!(checks, figures(&then["figures"]).2 == 383_276 + 432_425 - 3_934, "{then}");
    let future = mcp.refused("orders_report_sales", known("2026-11-20", "2027-01-01T00:00:00Z")).await?;
    check!(checks, future.field.as_deref() == Some("as_of"), "{future:?}");
    let dollars = mcp.full("orders_report_sales", json!({ "date": "2026-11-21" })).await?;
    let own = dollars["totals"].as_array().into_iter().flatten().find(|totals| totals["currency"] == "USD");
    check!(checks, own.is_some_and(|totals| totals["revenue"]["minor"] == 5_000), "{dollars}");
    let nonsense = mcp.refused("sales_explain", json!({ "reference": "booked/..@1;sql=1" })).await?;
    check!(checks, nonsense.field.as_deref() == Some("reference"), "{nonsense:?}");
    checks.all_hold()
}

/// Three orders and their changes from the 20th to the 25th.
async fn live(shop: &mut Shop) -> Result<()> {
    let time = |day: u32, clock: &str| format!("2026-11-{day}T{clock}:00+05:30");
    shop.node.restart_at(&time(20, "23:50")).await?;
    let mcp = shop.mcp();
    for (sku, price, rate) in [("A", "1000.00", "18"), ("B", "499.00", "18"), ("D", "40.00", "18"), ("X", "1.00", "0")]
    {
        mcp.ok("products_upsert", json!({ "sku": sku, "name": sku, "price": price, "tax_rate": rate })).await?;
        mcp.ok("inventory_receive", json!({ "product": sku, "quantity": 10 })).await?;
    }
    mcp.ok("customers_upsert", json!({ "name": "Ann", "email": "ann@example.com" })).await?;
    let lines = json!([{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }]);
    let order = json!({ "customer": "ann@example.com", "order_discount": "10%", "shipping": "99.00", "lines": lines });
    mcp.ok("orders_create_order", order).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;

    shop.node.restart_at(&time(21, "00:05")).await?;
    let lines = json!([{ "product": "D", "quantity": 3, "line_total": "100.00" }]);
    mcp.ok("orders_create_order", json!({ "customer": "ann@example.com", "lines": lines })).await?;
    shop.node.restart_at(&time(21, "10:00")).await?;
    mcp.ok("currencies_set_rate", json!({ "currency": "USD", "rate": "84.125" })).await?;
    let lines = json!([{ "product": "X", "quantity": 1, "unit_price": "50.00" }]);
    let order = json!({ "customer": "ann@example.com", "currency": "USD", "lines": lines });
    mcp.ok("orders_create_order", order).await?;
    shop.node.restart_at(&time(21, "16:00")).await?;
    let some = |order_id: i64, product: &str, quantity: i64| -> Value {
        json!({ "order_id": order_id, "lines": [{ "product": product, "quantity": quantity }] })
    };
    mcp.ok("orders_ship", some(1001, "A", 2)).await?;

    shop.node.restart_at(&time(22, "09:00")).await?;
    mcp.confirmed("orders_cancel", some(1002, "D", 1)).await?;
    mcp.ok("orders_ship", some(1002, "D", 2)).await?;
    mcp.ok("orders_ship", json!({ "order_id": 1001 })).await?;
    shop.node.restart_at(&time(23, "10:00")).await?;
    mcp.ok("currencies_set_rate", json!({ "currency": "USD", "rate": "85.0" })).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1003 })).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1002, "method": "cash" })).await?;

    shop.node.restart_at(&time(24, "10:00")).await?;
    let mut back = some(1001, "A", 1);
    back["disposition"] = "restock".into();
    mcp.ok("orders_return_items", back).await?;
    let goodwill = json!({ "order_id": 1001, "kind": "goodwill", "amount": "50.00" });
    mcp.confirmed("orders_refund", goodwill).await?;
    shop.node.restart_at(&time(25, "10:00")).await?;
    mcp.confirmed("orders_refund", json!({ "order_id": 1001, "kind": "units" })).await?;
    Ok(())
}

fn figures(figures: &Value) -> (i64, i64, i64) {
    let minor = |name: &str| figures[name]["minor"].as_i64().unwrap_or(i64::MIN);
    (minor("revenue"), minor("tax"), minor("total"))
}

/// The postings behind a figure, over all pages, sum exactly to it: revenue, tax and total.
async fn explained(shop: &Shop, figure: &Value) -> Result<()> {
    let (mcp, currency) = (shop.mcp(), &figure["currency"]);
    let mut sums = (0, 0, 0);
    let mut cursor = Value::Null;
    loop {
        let asked = json!({ "reference": figure["reference"], "limit": 2, "cursor": cursor });
        let page = mcp.full("sales_explain", asked).await?;
        ensure!(page["agrees"] == true, "{page}");
        for posting in page["postings"].as_array().into_iter().flatten() {
            let own = posting["total"]["currency"] == *currency;
            let amounts = if own { posting } else { &posting["converted"] };
            ensure!(amounts["total"]["currency"] == *currency, "{posting} is not in {currency}");
            let (revenue, tax, total) = figures(amounts);
            sums = (sums.0 + revenue, sums.1 + tax, sums.2 + total);
            ensure!(posting["position"].as_i64().is_some_and(|position| position > 0), "{posting}");
        }
        let told = page["figures"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|told| told["currency"] == *currency && figures(told) == figures(figure));
        ensure!(told || page["total_count"] == 0, "{figure} is not among {}", page["figures"]);
        cursor = page["next_cursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    ensure!(sums == figures(figure), "{} is explained by {sums:?}", figure["reference"]);
    Ok(())
}

/// Two orders in dollars, one before there was a rate; the day, the product and the customer have one row each in rupees
/// and one in dollars, and every row is explained by its own postings.
async fn sales_in_other_currencies_are_explained_where_they_count(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shop.stock("PEN", "Pen", "100.00", 50).await?;
    shop.customer("Ann", "ann@example.com").await?;
    let order = |currency: &str, price: &str| {
        let lines = json!([{ "product": "PEN", "quantity": 1, "unit_price": price }]);
        json!({ "customer": "ann@example.com", "currency": currency, "lines": lines, "shipping": "2.00" })
    };
    mcp.ok("orders_create_order", order("USD", "30.00")).await?;
    mcp.ok("currencies_set_rate", json!({ "currency": "USD", "rate": "84.125" })).await?;
    mcp.ok("orders_create_order", order("USD", "50.00")).await?;
    mcp.ok("orders_create_order", order("INR", "100.00")).await?;
    mcp.ok("orders_record_payment", json!({ "order_id": 1002, "method": "card" })).await?;

    for basis in ["booked", "cash"] {
        for group_by in ["day", "week", "month", "product", "customer"] {
            let asked = json!({ "date": "today", "basis": basis, "group_by": group_by });
            let report = mcp.full("orders_report_sales", asked).await?;
            explained(&shop, &report["figures"]).await?;
            let groups: Vec<&Value> = report["groups"].as_array().into_iter().flatten().collect();
            for figure in report["totals"].as_array().into_iter().flatten().chain(groups.iter().copied()) {
                explained(&shop, figure).await?;
            }
            let mut rows: Vec<String> =
                groups.iter().map(|group| format!("{} {}", group["label"], group["currency"])).collect();
            rows.sort();
            rows.dedup();
            check!(checks, rows.len() == groups.len(), "no two rows about the same: {rows:?}");
            let in_rupees = groups.iter().filter(|group| group["currency"] == "INR").map(|group| figures(group).2);
            check!(checks, in_rupees.sum::<i64>() == figures(&report["figures"]).2, "{report}");
        }
    }
    let report = mcp.full("orders_report_sales", json!({ "date": "today" })).await?;
    let text = report["text"].as_str().unwrap_or_default();
    check!(
        checks,
        text.ends_with("Not counted: $32 of 1 order, for which no exchange rate was stored at the time."),
        "{text}"
    );
    let explained = mcp.ok("sales_explain", json!({ "reference": report["figures"]["reference"] })).await?;
    let text = explained["text"].as_str().unwrap_or_default();
    check!(checks, text == "4 postings add up to ₹5,282.28 with tax, of which ₹5,161.92 stands for $61.36.", "{text}");
    let beyond = json!({ "reference": "booked/2026-11-20..2026-11-20@999999" });
    check!(checks, mcp.refused("sales_explain", beyond).await?.field.as_deref() == Some("reference"));
    checks.all_hold()
}
