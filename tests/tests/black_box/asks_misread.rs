//! Answers that an assistant would hand on wrongly: a figure of nothing where nothing is known, an undo that is not there, a
//! change taken for a loss, days beside more days.

use anyhow::Result;
use orderlog_tests::{Checks, Shop, check, on_both_engines};
use serde_json::json;

use crate::asks_acts::Played;

on_both_engines!(
    a_bulk_that_cannot_be_undone_offers_no_undo,
    money_goes_by_no_product_and_has_no_tax_of_its_own,
    days_to_come_are_neither_low_nor_high,
    changed_lines_are_not_taken_back,
    fewer_days_beside_more_are_told_by_the_day,
    what_is_cancelled_is_told_with_what_it_was,
    who_owes_money_is_told_since_when,
    what_no_figure_will_hold_is_said_at_once,
    days_and_hours_without_rupees_are_not_listed_beside_dollars,
    a_day_with_more_cancelled_than_placed_says_how_many_of_each,
    taxes_are_told_by_rate_of_each_month,
    arguments_without_effect_are_told,
    a_hold_without_an_end_takes_the_end_away,
    what_came_back_and_what_went_back_is_found_by_its_day,
    days_of_other_weekdays_are_no_weekend_before
);

async fn a_bulk_that_cannot_be_undone_offers_no_undo(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(4).await?;
    let mcp = shop.mcp();
    let played = Played::by(&mcp);
    let pay = json!({ "order_id": 1001, "method": "upi" });
    mcp.ok("orders_record_payment", pay).await?;
    let cancel = json!({ "order_ids": [1001, 1002], "status": "cancelled" });
    let (text, done) = played.agreed("orders_bulk_update_status", cancel).await?;
    check!(
        checks,
        text.starts_with("2 orders are now cancelled. ₹118 is owed back.") && !text.contains("undo"),
        "{text}"
    );
    check!(checks, done["undoable"] == false && done["command_id"].is_string(), "{done}");
    let confirm = json!({ "order_ids": [1003], "status": "confirmed" });
    let (text, done) = played.agreed("orders_bulk_update_status", confirm).await?;
    check!(checks, text.contains("undo all: orders_undo with command_id") && done["undoable"] == true, "{text}");
    // One order is partially shipped: the answer says how many units are still to ship, beside the total.
    let more = json!({ "order_id": 1004, "changes": [{ "product": "TEA", "more": 2 }] });
    mcp.ok("orders_change_lines", more).await?;
    let one = json!({ "order_id": 1004, "lines": [{ "product": "TEA", "quantity": 1 }] });
    mcp.ok("orders_ship", one).await?;
    let ship = json!({ "order_ids": [1003, 1004], "status": "shipped" });
    let (_, asked) = played.call("orders_bulk_update_status", ship).await?;
    let told = asked["preview"]["text"].as_str().unwrap_or_default();
    // The reason of a refusal is after the order's number, which is not repeated.
    mcp.ok("orders_set_hold", json!({ "order_id": 1003, "on": true })).await?;
    let (_, refused) = played
        .call("orders_bulk_update_status", json!({ "order_ids": [1001, 1003, 1004], "status": "shipped" }))
        .await?;
    let text = refused["preview"]["text"].as_str().unwrap_or_default();
    let why = "2 orders are refused: #1001 (cancelled: no unit of it is left to ship), #1003 (on hold).";
    check!(checks, text.contains(why), "{refused}");
    check!(checks, told.contains("They have 9 units") && told.contains("8 of the units would be shipped."), "{asked}");
    checks.all_hold()
}

async fn money_goes_by_no_product_and_has_no_tax_of_its_own(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_record_payment", json!({ "order_id": 1001, "method": "upi" })).await?;
    for tool in ["orders_report_sales", "sales_explain"] {
        let asked = json!({ "date_range": "today", "basis": "cash", "product": "TEA" });
        let refused = mcp.refused(tool, asked).await?;
        check!(checks, refused.field.as_deref() == Some("product") && refused.hint.is_some(), "{tool}: {refused:?}");
    }
    let asked = json!({ "date": "today", "basis": "cash", "group_by": ["tax_rate"] });
    let told = mcp.ok("orders_report_sales", asked).await?;
    let told = told["text"].as_str().unwrap_or_default().to_owned();
    check!(
        checks,
        told.starts_with("Today's cash so far is ₹118. Tax is in that money") && !told.contains("₹0"),
        "{told}"
    );
    checks.all_hold()
}

async fn days_to_come_are_neither_low_nor_high(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    let (text, told) = Played::by(&mcp).call("sales_explain", json!({ "date_range": "next week" })).await?;
    check!(checks, text.starts_with("There is no revenue for next week") && text.contains("sales_forecast"), "{text}");
    check!(checks, told["verdict"].is_null() && !text.contains("low"), "{text}");
    checks.all_hold()
}

async fn changed_lines_are_not_taken_back(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-15T12:00:00+05:30").await?;
    shop.with_orders(2).await?;
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 3 }] });
    mcp.ok("orders_create_order", order).await?;
    let fewer = json!({ "order_id": 1003, "changes": [{ "product": "TEA", "quantity": 2 }] });
    mcp.ok("orders_change_lines", fewer).await?;
    let (text, _) = Played::by(&mcp).call("sales_explain", json!({ "date_range": "today" })).await?;
    check!(checks, !text.contains("taken back") && text.contains("lines changed | -₹100.00 | ₹0.00"), "{text}");
    mcp.confirmed("orders_cancel", json!({ "order_id": 1003 })).await?;
    let (text, _) = Played::by(&mcp).call("sales_explain", json!({ "date_range": "today" })).await?;
    check!(checks, text.contains("taken back | -₹200.00") && text.contains("lines changed | -₹100.00"), "{text}");
    checks.all_hold()
}

async fn fewer_days_beside_more_are_told_by_the_day(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-09-30T12:00:00+05:30").await?;
    shop.with_orders(1).await?;
    for (now, quantity) in [("2026-10-15T12:00:00+05:30", 3), ("2026-11-21T14:30:00+05:30", 1)] {
        shop.node.restart_at(now).await?;
        let order = json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": quantity }] });
        shop.mcp().ok("orders_create_order", order).await?;
    }
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    for (date_range, compare_to, expected) in [
        (
            "yesterday",
            "last month",
            Some("These are 1 day beside 31: a day brought ₹100 on average, and ₹9.68 before."),
        ),
        // There are no data about days before the log.
        ("yesterday", "2026-09-01..2026-09-30", Some("These are 1 day beside 30. The log begins on 30 Sep 2026.")),
        ("yesterday", "previous period", None),
        ("2026-10-01..2026-10-31", "previous period", None),
        ("last week", "the week before", None),
    ] {
        let asked = json!({ "date_range": date_range, "compare_to": compare_to });
        let told = mcp.ok("orders_report_sales", asked).await?;
        let text = told["text"].as_str().unwrap_or_default();
        let said = text.find("These are").map(|at| &text[at..]);
        check!(checks, said == expected, "{date_range} beside {compare_to}: {text}");
    }
    checks.all_hold()
}

async fn what_is_cancelled_is_told_with_what_it_was(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    let cancel = json!({ "order_id": 1002, "reason": "she changed her mind" });
    mcp.confirmed("orders_cancel", cancel).await?;
    mcp.confirmed("orders_cancel", json!({ "order_id": 1003 })).await?;
    let played = Played::by(&mcp);
    let today = json!({ "by": "cancelled", "date_range": "today" });
    let (text, found) = played.call("orders_search", today).await?;
    check!(checks, text.contains("all cancelled, which came to ₹590 before.") && !text.contains("worth ₹0"), "{text}");
    check!(checks, text.contains("3 Tea") && text.contains("₹0.00, ₹354.00 cancelled"), "{text}");
    check!(checks, found["orders"][0]["cancelled"] == "₹354.00", "{found}");
    // One of several pages: the others are not described.
    let page = json!({ "status": ["cancelled"], "limit": 1 });
    let (text, _) = played.call("orders_search", page).await?;
    check!(checks, text.starts_with("2 orders fit, all cancelled.") && text.contains("1 of 2"), "{text}");
    let (text, _) = played.call("orders_get", json!({ "order_id": 1002 })).await?;
    let told = "is cancelled: it had 2 units for ₹236. It was cancelled on ";
    check!(checks, text.contains(told) && text.contains(" (she changed her mind)."), "{text}");
    mcp.ok("orders_ship", json!({ "order_id": 1001 })).await?;
    let back = json!({ "order_id": 1001, "disposition": "scrap", "reason": "broken" });
    mcp.ok("orders_return_items", back).await?;
    let (text, _) = played.call("orders_get", json!({ "order_id": 1001 })).await?;
    check!(checks, text.contains("Units came back on ") && text.contains(" (broken)."), "{text}");
    checks.all_hold()
}

async fn who_owes_money_is_told_since_when(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-15T12:00:00+05:30").await?;
    shop.with_orders(1).await?;
    shop.mcp().ok("orders_update_status", json!({ "order_id": 1001, "status": "shipped" })).await?;
    shop.mcp().ok("orders_update_status", json!({ "order_id": 1001, "status": "delivered" })).await?;
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let (text, found) = Played::by(&shop.mcp()).call("orders_get_pending", json!({ "scope": "unpaid" })).await?;
    check!(checks, found["orders"][0]["days"] == 7 && text.contains("1001 | Ann | 7 | 1 Tea | unpaid"), "{text}");
    checks.all_hold()
}

async fn what_no_figure_will_hold_is_said_at_once(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    let lines = json!([{ "product": "TEA", "quantity": 1, "unit_price": "4.00" }]);
    let order = json!({ "customer": "ann@example.com", "currency": "USD", "lines": lines });
    let (text, _) = Played::by(&mcp).call("orders_create_order", order).await?;
    check!(checks, text.contains("No exchange rate of USD is stored: figures in INR leave this out"), "{text}");
    let report = mcp.ok("orders_report_sales", json!({})).await?;
    let told = "Not counted: $4 of 1 order, for which no exchange rate was stored at the time.";
    check!(checks, report["text"].as_str().is_some_and(|text| text.ends_with(told)), "{report}");
    checks.all_hold()
}

async fn days_and_hours_without_rupees_are_not_listed_beside_dollars(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-15T12:00:00+05:30").await?;
    shop.customer("Ann", "ann@example.com").await?;
    shop.stock("TEA", "Tea", "50.00", 9).await?;
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    let split = |by: &str| json!({ "date_range": "last 7 days", "group_by": by, "detail": "full" });
    let before = mcp.ok("orders_report_sales", split("day")).await?;
    check!(checks, before["groups"].as_array().is_some_and(|days| days.len() == 7), "days of nothing: {before}");
    let lines = json!([{ "product": "TEA", "quantity": 1, "unit_price": "4.00" }]);
    mcp.ok("orders_create_order", json!({ "customer": "ann@example.com", "currency": "USD", "lines": lines })).await?;
    for by in ["day", "hour"] {
        let report = mcp.ok("orders_report_sales", split(by)).await?;
        let groups = report["groups"].as_array().cloned().unwrap_or_default();
        check!(checks, groups.len() == 1 && groups[0]["currency"] == "USD", "{by}: {report}");
    }
    checks.all_hold()
}

async fn a_day_with_more_cancelled_than_placed_says_how_many_of_each(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-20T12:00:00+05:30").await?;
    shop.with_orders(2).await?;
    shop.node.restart_at("2026-11-21T12:00:00+05:30").await?;
    for order in [1001, 1002] {
        shop.mcp().confirmed("orders_cancel", json!({ "order_id": order })).await?;
    }
    shop.mcp()
        .ok(
            "orders_create_order",
            json!({ "customer": "ann@example.com", "lines": [{ "product": "TEA", "quantity": 1 }] }),
        )
        .await?;
    let split = json!({ "date_range": "last 2 days", "group_by": "day" });
    let (text, found) = Played::by(&shop.mcp()).call("orders_report_sales", split).await?;
    check!(checks, text.contains(" | 1, 2 cancelled | "), "{text}");
    check!(checks, found["groups"][1]["orders"] == -1, "programs get the number: {found}");
    checks.all_hold()
}

async fn taxes_are_told_by_rate_of_each_month(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    for (group_by, told) in [
        (json!(["month", "tax_rate"]), "18 %: ₹100.00 and ₹18.00 tax"),
        (json!(["tax_rate", "month"]), ": 1 unit"),
        (json!(["customer", "product"]), "1 Tea"),
    ] {
        let (text, _) = Played::by(&mcp).call("orders_report_sales", json!({ "group_by": group_by })).await?;
        check!(checks, text.contains(told), "{group_by}: {text}");
    }
    checks.all_hold()
}

async fn arguments_without_effect_are_told(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    let (text, _) = Played::by(&mcp).call("orders_report_sales", json!({ "sort": "units" })).await?;
    check!(checks, text.contains("Nothing was sorted: sort is about the groups of group_by."), "{text}");
    let refused = mcp.refused("orders_search", json!({ "min_total": "20.00", "max_total": "10.00" })).await?;
    check!(checks, refused.field.as_deref() == Some("min_total") && refused.hint.is_some(), "{refused:?}");
    // A question about all time can be repeated with the days that exist.
    let refused = mcp.refused("orders_report_sales", json!({ "date_range": "all time" })).await?;
    let hint = refused.hint.unwrap_or_default();
    let days = hint.split('"').nth(1).unwrap_or_default().to_owned();
    let all = mcp.ok("orders_report_sales", json!({ "date_range": days })).await?;
    check!(checks, hint.starts_with("The log begins on ") && all["text"].to_string().contains("₹100"), "{hint}: {all}");
    // Two of one unit: the answer says how many there are, not which statuses are possible.
    let two = json!({ "order_id": 1001, "lines": [{ "product": "TEA", "quantity": 2 }] });
    let refused = mcp.refused("orders_ship", two).await?;
    let hint = "Give at most 1 for line 1, or leave lines out for all that there is.";
    check!(checks, refused.hint.as_deref() == Some(hint) && refused.candidates.is_empty(), "{refused:?}");
    checks.all_hold()
}

async fn a_hold_without_an_end_takes_the_end_away(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(1).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_set_hold", json!({ "order_id": 1001, "on": true, "until": "in 3 days" })).await?;
    let (text, _) = Played::by(&mcp).call("orders_set_hold", json!({ "order_id": 1001, "on": true })).await?;
    check!(checks, text.contains("held until: ") && text.contains(" → released"), "{text}");
    checks.all_hold()
}

async fn what_came_back_and_what_went_back_is_found_by_its_day(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-20T12:00:00+05:30").await?;
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    for order in [1001, 1002, 1003] {
        mcp.ok("orders_record_payment", json!({ "order_id": order, "method": "upi" })).await?;
        mcp.ok("orders_ship", json!({ "order_id": order })).await?;
    }
    shop.node.restart_at("2026-11-22T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    // Part of one and all of another: the status says nothing of the part.
    let some = json!([{ "product": "TEA", "quantity": 1 }]);
    let part = json!({ "order_id": 1003, "lines": some, "disposition": "restock" });
    mcp.ok("orders_return_items", part).await?;
    mcp.ok("orders_return_items", json!({ "order_id": 1001, "disposition": "scrap" })).await?;
    mcp.confirmed("orders_refund", json!({ "order_id": 1003 })).await?;
    for (by, orders) in [("returned", json!([1003, 1001])), ("refunded", json!([1003]))] {
        let asked = json!({ "by": by, "date_range": "today" });
        let (text, found) = Played::by(&mcp).call("orders_search", asked).await?;
        let rows = found["orders"].as_array().cloned().unwrap_or_default();
        let ids: Vec<_> = rows.iter().map(|row| row["order_id"].clone()).collect();
        check!(checks, json!(ids) == orders && text.contains("2026-11-22"), "{by}: {text}");
        let placed = if ids.len() == 1 { "It was placed before." } else { "All of them were placed before." };
        check!(checks, text.contains(&format!("{by} on 22 Nov 2026 (today)")) && text.contains(placed), "{by}: {text}");
        let yesterday = mcp.ok("orders_search", json!({ "by": by, "date_range": "yesterday" })).await?;
        check!(checks, yesterday["total_count"] == 0, "{by}: {yesterday}");
    }
    // The payment was undone, which is no refund.
    let undone = json!({ "order_id": 1002, "method": "cash", "amount": "10.00" });
    mcp.confirmed("orders_record_payment", undone).await?;
    mcp.confirmed("orders_undo", json!({})).await?;
    let refunded = mcp.ok("orders_search", json!({ "by": "refunded" })).await?;
    check!(checks, refunded["total_count"] == 1, "{refunded}");
    let cash =
        mcp.ok("orders_report_sales", json!({ "basis": "cash", "date_range": "2026-11-20..2026-11-22" })).await?;
    let told = " ₹708 came in and ₹118 was paid back. Payments of ₹10 recorded by mistake were undone";
    check!(checks, cash["text"].as_str().is_some_and(|text| text.contains(told)), "{cash}");
    checks.all_hold()
}

async fn days_of_other_weekdays_are_no_weekend_before(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.restart_at("2026-11-02T12:00:00+05:30").await?;
    shop.with_orders(1).await?;
    shop.node.restart_at("2026-11-25T14:30:00+05:30").await?;
    let mcp = shop.mcp();
    for (date_range, compare_to, told) in [
        ("last weekend", "previous period", true),
        ("last weekend", "the week before", false),
        ("last week", "previous period", false),
        ("last Saturday", "previous period", true),
        ("last Saturday", "the Saturday before", false),
    ] {
        let asked = json!({ "date_range": date_range, "compare_to": compare_to });
        let report = mcp.ok("orders_report_sales", asked).await?;
        let text = report["text"].as_str().unwrap_or_default();
        check!(checks, text.contains("other days of the week") == told, "{date_range} beside {compare_to}: {text}");
    }
    checks.all_hold()
}
