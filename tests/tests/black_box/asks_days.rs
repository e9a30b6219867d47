//! Owners' questions about orders by other days than that of placement, and about single orders: within limits of calls
//! and bytes, equal to the log.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, ensure};
use chrono::NaiveDate;
use orderlog_tests::{AuditedEvent, Checks, Mcp, Shop, check, events, minor, on_both_engines};
use serde_json::{Value, json};

use crate::asks_find::{shelves, told};

on_both_engines!(
    orders_are_found_by_any_of_their_days,
    ship_everything_confirmed_yesterday,
    todays_shipments_with_addresses,
    update_an_order_to_shipped_and_show_todays_revenue,
    cancel_an_order_because_the_customer_changed_her_mind,
    an_order_is_found_by_tracking_number_and_note
);

/// The days on which events acted on each order, and its present status.
#[derive(Default)]
struct Folded {
    placed: BTreeMap<i64, NaiveDate>,
    /// By the act, and which of its kind; those that were taken back are gone.
    acts: BTreeMap<(&'static str, i64, i64), NaiveDate>,
    /// Units that have not left.
    owed: BTreeMap<i64, i64>,
    /// Units that are part of it.
    active: BTreeMap<i64, i64>,
}

impl Folded {
    fn of(log: &[AuditedEvent]) -> Result<Folded> {
        let mut folded = Folded::default();
        for event in log {
            let json = event.json();
            let data = &json["data"];
            let Some(order) = data["order_id"].as_i64() else { continue };
            let day: NaiveDate = json["provenance"]["business_date"].as_str().context("a day")?.parse()?;
            let lines = || data["lines"].as_array().into_iter().flatten();
            let units = |name: &str| lines().filter_map(|line| line[name].as_i64()).sum::<i64>();
            let shipment = data["shipment"].as_i64().unwrap_or_default();
            let mut moved = |map: fn(&mut Folded) -> &mut BTreeMap<i64, i64>, units: i64| {
                *map(&mut folded).entry(order).or_default() += units;
            };
            match event.event_type().as_str() {
                "OrderPlaced" => {
                    moved(|folded| &mut folded.owed, units("quantity"));
                    moved(|folded| &mut folded.active, units("quantity"));
                    folded.placed.insert(order, day);
                }
                "OrderConfirmed" => _ = folded.acts.insert(("confirmed", order, 0), day),
                "OrderUnconfirmed" => _ = folded.acts.remove(&("confirmed", order, 0)),
                "UnitsShipped" => {
                    moved(|folded| &mut folded.owed, -units("units"));
                    folded.acts.insert(("shipped", order, shipment), day);
                }
                "ShipmentVoided" => {
                    moved(|folded| &mut folded.owed, units("units"));
                    folded.acts.remove(&("shipped", order, shipment));
                }
                "UnitsDelivered" => _ = folded.acts.insert(("delivered", order, event.position), day),
                "UnitsCancelled" => {
                    moved(|folded| &mut folded.owed, -units("units"));
                    moved(|folded| &mut folded.active, -units("units"));
                    if folded.active[&order] == 0 {
                        folded.acts.insert(("cancelled", order, 0), day);
                    }
                }
                "PaymentCaptured" => {
                    folded.acts.insert(("paid", order, event.position), day);
                }
                "PaymentRefunded" => ensure!(data["undoes_payment"] != json!(true), "the simulation undoes no payment"),
                "LinesChanged" => anyhow::bail!("the simulation changes no lines"),
                _ => {}
            }
        }
        Ok(folded)
    }

    /// Orders with which that was done on these days.
    fn on(&self, by: &str, (from, to): (NaiveDate, NaiveDate)) -> BTreeSet<i64> {
        let within = |day: &NaiveDate| (from..=to).contains(day);
        if by == "placed" {
            return self.placed.iter().filter(|(_, day)| within(day)).map(|(order, _)| *order).collect();
        }
        let acts = self.acts.iter().filter(|((act, ..), day)| *act == by && within(day));
        acts.map(|((_, order, _), _)| *order).collect()
    }
}

fn days_of(answer: &Value) -> Result<(NaiveDate, NaiveDate)> {
    let range = &answer["interpretation"]["date_range"];
    let day = |name: &str| anyhow::Ok(range[name].as_str().context("a day")?.parse::<NaiveDate>()?);
    Ok((day("from")?, day("to")?))
}

fn numbers(answer: &Value) -> impl Iterator<Item = i64> {
    answer["orders"].as_array().into_iter().flatten().filter_map(|order| order["order_id"].as_i64())
}

/// Three months of a shop, and what its events say.
async fn simulated(shop: &mut Shop) -> Result<Folded> {
    shop.node.stop().await?;
    shop.cli(&["simulate", "--days", "60", "--orders-per-day", "8", "--seed", "12"]).await?.expect_success()?;
    shop.node.start_again().await?;
    Folded::of(&events(&shop.node, 0).await?)
}

async fn orders_are_found_by_any_of_their_days(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let folded = simulated(&mut shop).await?;
    let mcp = shop.mcp();
    for by in ["placed", "confirmed", "shipped", "delivered", "cancelled", "paid"] {
        for range in ["yesterday", "last week", "previous 30 days"] {
            let (mut found, mut cursor) = (vec![], Value::Null);
            loop {
                let page = json!({ "by": by, "date_range": range, "limit": 50, "cursor": cursor });
                let answer = mcp.ok("orders_search", page).await?;
                let expected = folded.on(by, days_of(&answer)?);
                check!(checks, answer["total_count"] == json!(expected.len()), "{by} {range}: {}", answer["text"]);
                found.extend(numbers(&answer));
                cursor = answer["next_cursor"].clone();
                if cursor.is_null() {
                    let told: BTreeSet<i64> = found.iter().copied().collect();
                    check!(checks, told == expected && found.len() == told.len(), "{by} {range}");
                    let said = answer["text"].as_str().unwrap_or_default();
                    let word = if by == "placed" { " from " } else { by };
                    check!(checks, said.contains(word), "{said}");
                    if range == "last week" {
                        ensure!(!expected.is_empty(), "nothing to tell apart: {by}");
                    }
                    break;
                }
            }
        }
    }
    // Each row says on which of the days it was.
    let answer = told(&mcp, "orders_search", json!({ "by": "cancelled", "date_range": "last week" })).await?;
    check!(checks, answer.bytes() <= 3_000, "{} bytes: {}", answer.bytes(), answer.text);
    for order in answer.structured["orders"].as_array().context("orders")? {
        let number = order["order_id"].as_i64().context("a number")?;
        let day = folded.acts[&("cancelled", number, 0)].to_string();
        check!(checks, order["cancelled_on"] == json!(day), "{order}, not {day}");
    }
    late_orders(&mut checks, &mcp, &folded).await?;
    checks.all_hold()
}

/// which orders are late?
async fn late_orders(checks: &mut Checks, mcp: &Mcp, folded: &Folded) -> Result<()> {
    let answer = told(mcp, "orders_get_pending", json!({ "scope": "late" })).await?;
    check!(checks, answer.bytes() <= 2_000, "{} bytes: {}", answer.bytes(), answer.text);
    let today = mcp.ok("orders_search", json!({ "date_range": "today" })).await?;
    let (today, _) = days_of(&today)?;
    let since = today - chrono::Duration::days(89);
    let mut waited: BTreeMap<i64, i64> = BTreeMap::new();
    for ((act, order, _), day) in &folded.acts {
        if *act == "shipped" && (since..=today).contains(day) {
            let days = (*day - folded.placed[order]).num_days();
            let longest = waited.entry(*order).or_default();
            *longest = days.max(*longest);
        }
    }
    let mut times: Vec<i64> = waited.values().copied().collect();
    times.sort_unstable();
    let usual = times[(times.len() * 9).div_ceil(10) - 1];
    let late: BTreeSet<i64> = folded
        .owed
        .iter()
        .filter(|(order, owed)| **owed > 0 && (today - folded.placed[order]).num_days() > usual)
        .map(|(order, _)| *order)
        .collect();
    ensure!(!late.is_empty(), "no order is late");
    check!(checks, answer.structured["total_count"] == json!(late.len()), "{late:?}: {}", answer.text);
    check!(checks, numbers(&answer.structured).all(|number| late.contains(&number)), "{late:?}: {}", answer.text);
    let reading = format!("longer than {usual} day");
    check!(checks, answer.has(&reading) && answer.has("9 of 10"), "{reading}: {}", answer.text);
    Ok(())
}

/// A shop where orders are confirmed on the days before today.
async fn confirmed_lately(shop: &Shop) -> Result<NaiveDate> {
    let mcp = shop.mcp();
    shelves(shop).await?;
    for (name, email, address) in [
        ("Asha Rao", "asha@example.com", "4 Residency Road, Bengaluru 560025"),
        ("Ravi Iyer", "ravi@example.com", "9 Lake View Street, Chennai 600004"),
    ] {
        mcp.ok("customers_upsert", json!({ "name": name, "email": email, "address": address })).await?;
    }
    let (today, _) = days_of(&mcp.ok("orders_search", json!({ "date_range": "today" })).await?)?;
    let mut rows = "order_ref,customer,product,quantity,placed_at\n".to_owned();
    for (nth, days) in [9, 5, 3, 1, 1].into_iter().enumerate() {
        let placed = today - chrono::Duration::days(days);
        let who = if nth % 2 == 0 { "asha@example.com" } else { "ravi@example.com" };
        rows.push_str(&format!("R{nth},{who},MUG-BLU,{},{placed}T00:30:00+05:30\n", nth + 1));
    }
    let file = shop.folder().join("orders.csv");
    std::fs::write(&file, rows)?;
    shop.cli(&["import", "orders", &file.display().to_string(), "--write"]).await?.expect_success()?;
    mcp.ok("orders_update_status", json!({ "order_id": 1005, "status": "confirmed" })).await?;
    for (order_id, days) in [(1001, 4), (1002, 1), (1003, 1), (1004, 1)] {
        let at = format!("{}T00:45:00+05:30", today - chrono::Duration::days(days));
        let confirm = json!({ "order_id": order_id, "status": "confirmed", "occurred_at": at });
        mcp.ok("orders_update_status", confirm).await?;
    }
    Ok(today)
}

async fn ship_everything_confirmed_yesterday(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    confirmed_lately(&shop).await?;
    let mcp = shop.mcp();
    let all = json!({ "status": "shipped", "by": "confirmed", "date_range": "yesterday" });
    let preview = told(&mcp, "orders_bulk_update_status", all.clone()).await?;
    let refusal: Value = serde_json::from_str(&preview.text)?;
    check!(checks, refusal["code"] == "CONFIRMATION_REQUIRED", "{}", preview.text);
    // 2 + 3 + 4 mugs at ₹10 and 18 % tax.
    for words in ["3 orders would become shipped.", "They have 9 units, worth ₹106.20 in all.", "#1002 Ravi Iyer"] {
        check!(checks, preview.has(words), "{words}: {}", preview.text);
    }
    // The other reading is offered.
    check!(checks, preview.has("whenever placed") && preview.has("present_status"), "{}", preview.text);
    let mut agreed = all;
    agreed["confirm_token"] = refusal["confirm_token"].clone();
    let done = told(&mcp, "orders_bulk_update_status", agreed).await?;
    check!(checks, done.has("3 orders are now shipped."), "{}", done.text);
    check!(checks, preview.bytes() + done.bytes() <= 2_500, "{} {}", preview.text, done.text);
    let shipped = mcp.ok("orders_search", json!({ "by": "shipped", "date_range": "today", "sort": "oldest" })).await?;
    check!(checks, numbers(&shipped).collect::<Vec<_>>() == [1002, 1003, 1004], "{shipped}");
    // Said of what was placed yesterday and is confirmed now, it is that.
    let placed = json!({ "status": "shipped", "present_status": "confirmed", "date_range": "yesterday" });
    let preview = mcp.refused("orders_bulk_update_status", placed).await?;
    let told = preview.preview.to_string();
    check!(checks, told.contains("1 order would become shipped.") && told.contains("#1005"), "{told}");
    check!(checks, told.contains("takes those confirmed then"), "{told}");
    let without = mcp.refused("orders_bulk_update_status", json!({ "status": "shipped", "by": "confirmed" })).await?;
    check!(checks, without.field.as_deref() == Some("date_range"), "{without}");
    checks.all_hold()
}

async fn todays_shipments_with_addresses(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    confirmed_lately(&shop).await?;
    let mcp = shop.mcp();
    let lines = json!([
        { "product": "MUG-RED", "quantity": 2 }, { "product": "TEA-250", "quantity": 1 }, { "product": "TOWEL", "quantity": 3 }
    ]);
    mcp.ok("orders_create_order", json!({ "customer": "ravi@example.com", "lines": lines })).await?;
    for order_id in [1002, 1006] {
        mcp.ok("orders_ship", json!({ "order_id": order_id, "carrier": "DTDC", "tracking": "Z1" })).await?;
    }
    let gone = mcp.ok("orders_ship", json!({ "order_id": 1003 })).await?;
    let list = json!({ "by": "shipped", "date_range": "today", "with": ["lines", "address"] });
    let before = told(&mcp, "orders_search", list.clone()).await?;
    check!(checks, before.structured["total_count"] == 3, "{}", before.text);
    // A voided shipment did not leave.
    mcp.confirmed("orders_undo", json!({ "command_id": gone["command_id"] })).await?;
    let answer = told(&mcp, "orders_search", list).await?;
    check!(checks, answer.bytes() <= 6_000, "{} bytes: {}", answer.bytes(), answer.text);
    check!(checks, numbers(&answer.structured).collect::<Vec<_>>() == [1006, 1002], "{}", answer.text);
    check!(checks, answer.has("2 orders shipped on "), "{}", answer.text);
    for order in answer.structured["orders"].as_array().context("orders")? {
        check!(checks, order["address"] == "9 Lake View Street, Chennai 600004", "{order}");
    }
    for words in ["9 Lake View Street, Chennai 600004", "2 Mug, red; 1 Assam tea, 250 g; 3 Blue towel", "2 Mug, blue"] {
        check!(checks, answer.has(words), "{words}: {}", answer.text);
    }
    let plain = mcp.ok("orders_search", json!({ "by": "shipped", "date_range": "today" })).await?;
    check!(checks, plain["orders"][0]["address"].is_null(), "only on request: {plain}");
    // Who may not see particulars does not see where people live.
    let key = shop.key(&["packer", "--right", "orders:read"]).await?;
    let node = shop.open_node(&[]).await?;
    let hidden = node.mcp().with_key(&key).ok("orders_search", json!({ "with": ["address"] })).await?;
    check!(checks, hidden["orders"][0]["address"] == "(hidden)", "{hidden}");
    check!(checks, !hidden.to_string().contains("Lake View"), "{hidden}");
    checks.all_hold()
}

async fn update_an_order_to_shipped_and_show_todays_revenue(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(4).await?;
    let mcp = shop.mcp();
    let shipped = told(&mcp, "orders_update_status", json!({ "order_id": 1004, "status": "shipped" })).await?;
    check!(checks, shipped.text.starts_with("Order #1004 is now shipped."), "{}", shipped.text);
    let sales = told(&mcp, "orders_report_sales", json!({ "date": "today" })).await?;
    // 1 + 2 + 3 + 4 of ₹100, without tax.
    check!(checks, sales.text.starts_with("Today's revenue so far is ₹1,000."), "{}", sales.text);
    check!(checks, minor(&sales.structured["revenue"])? == 100_000, "{}", sales.structured);
    check!(checks, shipped.bytes() + sales.bytes() <= 700, "{} {}", shipped.text, sales.text);
    // Once delivered, it says since when.
    mcp.ok("orders_update_status", json!({ "order_id": 1004, "status": "delivered" })).await?;
    let again = told(&mcp, "orders_update_status", json!({ "order_id": 1004, "status": "delivered" })).await?;
    check!(checks, again.has("since"), "{}", again.text);
    let back = told(&mcp, "orders_update_status", json!({ "order_id": 1004, "status": "shipped" })).await?;
    check!(checks, back.has("delivered") && back.has("since"), "{}", back.text);
    checks.all_hold()
}

async fn cancel_an_order_because_the_customer_changed_her_mind(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(5).await?;
    let mcp = shop.mcp();
    mcp.ok("orders_record_payment", json!({ "order_id": 1005, "method": "upi" })).await?;
    let cancel = json!({ "order_id": 1005, "reason": "the customer changed her mind" });
    let asked = told(&mcp, "orders_cancel", cancel.clone()).await?;
    let refusal: Value = serde_json::from_str(&asked.text)?;
    check!(checks, refusal["code"] == "CONFIRMATION_REQUIRED", "{}", asked.text);
    check!(checks, asked.has("₹590") && asked.has("would"), "what it would pay back: {}", asked.text);
    let mut agreed = cancel;
    agreed["confirm_token"] = refusal["confirm_token"].clone();
    let done = told(&mcp, "orders_cancel", agreed).await?;
    check!(checks, done.text.starts_with("Order #1005 is now cancelled"), "{}", done.text);
    check!(
        checks,
        asked.bytes() <= 700 && done.bytes() <= 400,
        "{} {}: {} {}",
        asked.bytes(),
        done.bytes(),
        asked.text,
        done.text
    );
    let today = mcp.ok("orders_search", json!({ "by": "cancelled", "date_range": "today" })).await?;
    check!(checks, numbers(&today).collect::<Vec<_>>() == [1005], "{today}");
    let sales = mcp.ok("orders_report_sales", json!({ "date": "today" })).await?;
    check!(checks, minor(&sales["revenue"])? == 100_000, "{sales}");
    checks.all_hold()
}

async fn an_order_is_found_by_tracking_number_and_note(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.with_orders(3).await?;
    let mcp = shop.mcp();
    shop.customer("Meera Joshi", "meera@example.com").await?;
    let order = json!({ "customer": "meera@example.com", "lines": [{ "product": "TEA", "quantity": 1 }],
        "note": "Please leave it with the porter" });
    mcp.ok("orders_create_order", order).await?;
    let shipped =
        mcp.ok("orders_ship", json!({ "order_id": 1002, "carrier": "DTDC", "tracking": "AWB-1234-5678" })).await?;
    mcp.ok("orders_ship", json!({ "order_id": 1004, "carrier": "DTDC", "tracking": "AWB-9999-0000" })).await?;
    mcp.ok("orders_change_lines", json!({ "order_id": 1004, "note": "The neighbour took it" })).await?;
    for (text, number) in [
        ("neighbour", 1004),
        ("AWB-1234-5678", 1002),
        ("awb12345678", 1002),
        ("12345678", 1002),
        ("AWB 9999 0000", 1004),
        ("porter", 1004),
        ("leave with porter", 1004),
        ("order 1003", 1003),
    ] {
        let found = mcp.ok("orders_search", json!({ "text": text })).await?;
        check!(checks, numbers(&found).collect::<Vec<_>>() == [number], "{text}: {found}");
    }
    for text in ["dtdc", "DTDC"] {
        let found = mcp.ok("orders_search", json!({ "text": text })).await?;
        check!(checks, numbers(&found).collect::<Vec<_>>() == [1004, 1002], "{text}: {found}");
    }
    let found = told(&mcp, "orders_search", json!({ "text": "AWB-1234-5678" })).await?;
    check!(checks, found.has("stands in a tracking number, a carrier or a note"), "{}", found.text);
    let other = mcp.ok("orders_search", json!({ "text": "porter", "status": "pending" })).await?;
    check!(checks, other["total_count"] == 0, "the other filters hold too: {other}");
    // A caller who may not see personal data finds nothing by it.
    let key = shop.key(&["packer", "--right", "orders:read"]).await?;
    let node = shop.open_node(&[]).await?;
    for text in ["AWB-1234-5678", "porter", "DTDC"] {
        let found = node.mcp().with_key(&key).ok("orders_search", json!({ "text": text })).await?;
        check!(checks, found["total_count"] == 0, "{text}: {found}");
    }
    // A voided shipment does not count, and an erased customer's texts are gone here too.
    mcp.confirmed("orders_undo", json!({ "command_id": shipped["command_id"] })).await?;
    mcp.confirmed("customers_erase", json!({ "customer": "meera@example.com" })).await?;
    for text in ["AWB-1234-5678", "porter", "neighbour", "AWB-9999-0000", "DTDC"] {
        let found = mcp.ok("orders_search", json!({ "text": text })).await?;
        check!(checks, found["total_count"] == 0, "{text}: {found}");
    }
    checks.all_hold()
}
