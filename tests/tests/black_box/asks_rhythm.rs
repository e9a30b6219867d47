//! Which weekday sells best, at what hours people order, and from which cities: sums of the log, whatever else is asked for.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use chrono::{Datelike as _, NaiveDate, TimeDelta, Timelike as _};
use orderlog_tests::{Checks, Mcp, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

use crate::ledger::{Ledger, asked};

on_both_engines!(
    hours_weekdays_and_cities_add_up,
    cities_are_those_of_addresses_and_of_the_forgotten_none,
    hours_weekdays_and_cities_stand_alone,
);

const ALONE: [&str; 3] = ["weekday", "hour", "city"];
/// The offset of the shop's zone, Asia/Kolkata, from UTC.
const AHEAD: TimeDelta = TimeDelta::minutes(330);

fn number(value: &Value) -> Result<i64> {
    value["minor"].as_i64().with_context(|| format!("an amount, not {value}"))
}

/// Nothing is listed where there is nothing.
fn groups(answer: &Value) -> Result<&[Value]> {
    match answer["groups"].as_array() {
        None if answer["total_count"] == 0 => Ok(&[]),
        groups => groups.map(Vec::as_slice).with_context(|| format!("groups: {answer}")),
    }
}

/// All groups of a report, from all of its pages, and the first of these.
async fn all(mcp: &Mcp, mut report: Value) -> Result<(Value, Vec<Value>)> {
    let first = mcp.full("orders_report_sales", report.clone()).await?;
    let mut found = groups(&first)?.to_vec();
    let mut next = first["next_cursor"].clone();
    while next.is_string() {
        report["cursor"] = next;
        let page = mcp.full("orders_report_sales", report.clone()).await?;
        found.extend(groups(&page)?.iter().cloned());
        next = page["next_cursor"].clone();
    }
    Ok((first, found))
}

async fn hours_weekdays_and_cities_add_up(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.stop().await?;
    shop.cli(&["simulate", "--days", "60", "--orders-per-day", "8", "--seed", "12"]).await?.expect_success()?;
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    let log = events(&shop.node, 0).await?;
    let ledger = Ledger::of(&log)?;
    let (sku, middle) = (ledger.skus.values().next().context("a product")?, log.len() / 2);

    // Whatever is asked for, the groups come to the whole.
    for group in ALONE {
        for basis in ["booked", "shipped", "cash"] {
            for beside in [
                json!({}),
                json!({ "product": sku }),
                json!({ "compare_to": "previous period" }),
                json!({ "as_of": format!("@{middle}") }),
                json!({ "as_of": format!("@{middle}"), "product": sku, "compare_to": "previous period" }),
            ] {
                // Money goes by no product.
                if basis == "cash" && beside["product"].is_string() {
                    continue;
                }
                let mut report = json!({ "date_range": "last 40 days", "group_by": group, "basis": basis, "limit": 7 });
                report.as_object_mut().context("a call")?.extend(beside.as_object().cloned().unwrap_or_default());
                let (whole, parts) = all(&mcp, report.clone()).await?;
                let figure = if basis == "cash" { "total" } else { "revenue" };
                let sum = parts.iter().map(|part| number(&part[figure])).sum::<Result<i64>>()?;
                check!(checks, sum == number(&whole["revenue"])?, "{report}: groups come to {sum}: {whole}");
                check!(checks, whole["total_count"] == json!(parts.len()), "{report}: {} groups", parts.len());
                if whole["compared"].is_object() {
                    let sum = parts.iter().map(|part| number(&part["before"]["revenue"])).sum::<Result<i64>>()?;
                    check!(checks, sum == number(&whole["compared"]["revenue"])?, "{report}: before, {sum}: {whole}");
                }
            }
        }
    }

    by_weekday(&mut checks, &mcp, &ledger).await?;
    by_hour(&mut checks, &mcp, &ledger).await?;
    checks.all_hold()
}

async fn by_weekday(checks: &mut Checks, mcp: &Mcp, ledger: &Ledger) -> Result<()> {
    // A range that contains some weekdays more often than others.
    let report = json!({ "date_range": "previous 38 days", "group_by": "weekday" });
    let (bytes, short) = asked(mcp, "orders_report_sales", report.clone()).await?;
    check!(*checks, bytes <= 900, "{bytes}: {short}");
    let answer = mcp.full("orders_report_sales", report).await?;
    let range = &answer["interpretation"]["date_range"];
    let day = |name: &str| anyhow::Ok(range[name].as_str().context("a day")?.parse::<NaiveDate>()?);
    let days = (day("from")?, day("to")?);
    let sums = ledger.by(days, |booked| Some(booked.day.weekday().num_days_from_monday()));
    let mut best = (i64::MIN, String::new());
    check!(*checks, groups(&answer)?.len() == 7, "{answer}");
    for (nth, row) in (0..7).zip(groups(&answer)?) {
        let of = |day: &NaiveDate| day.weekday().num_days_from_monday() == nth;
        let all: Vec<NaiveDate> = days.0.iter_days().take_while(|day| *day <= days.1).filter(of).collect();
        let (count, (units, revenue)) = (all.len() as i64, sums.get(&nth).copied().unwrap_or_default());
        let average = (2 * revenue + count) / (2 * count);
        check!(*checks, row["label"] == all[0].format("%A").to_string().as_str(), "{row}");
        check!(*checks, (number(&row["revenue"])?, row["units"].as_i64()) == (revenue, Some(units)), "{row}");
        check!(*checks, row["days"] == json!(count) && number(&row["average_day"])? == average, "{row}: {average}");
        check!(*checks, row["reference"].is_null() && row["complete"].is_null(), "{row}");
        best = best.max((average, all[0].format("%A").to_string()));
    }
    let (text, best) = (answer["text"].as_str().unwrap_or_default(), format!(" {} sells best: ", best.1));
    check!(*checks, text.contains(&best), "{text} does not say{best}");

    // The answer says that the present day is not over.
    let answer = mcp.full("orders_report_sales", json!({ "date_range": "last 7 days", "group_by": "weekday" })).await?;
    let parts: Vec<bool> = groups(&answer)?.iter().map(|row| row["complete"] == json!(false)).collect();
    let today = answer["interpretation"]["date_range"]["to"].as_str().context("today")?.parse::<NaiveDate>()?;
    let nth = today.weekday().num_days_from_monday() as usize;
    check!(*checks, (0..7).all(|day| parts[day] == (day == nth)), "{today}: {answer}");
    Ok(())
}

async fn by_hour(checks: &mut Checks, mcp: &Mcp, ledger: &Ledger) -> Result<()> {
    let report = json!({ "date_range": "previous 30 days", "group_by": "hour" });
    let (bytes, short) = asked(mcp, "orders_report_sales", report.clone()).await?;
    check!(*checks, bytes <= 1_600, "{bytes}: {short}");
    check!(*checks, groups(&short)?.len() == 24, "all hours stand on one page: {short}");
    let answer = mcp.full("orders_report_sales", report).await?;
    let range = &answer["interpretation"]["date_range"];
    let day = |name: &str| anyhow::Ok(range[name].as_str().context("a day")?.parse::<NaiveDate>()?);
    let sums = ledger.by((day("from")?, day("to")?), |booked| Some((booked.at + AHEAD).hour()));
    check!(*checks, sums.len() > 5, "too few hours to tell them apart: {sums:?}");
    for (hour, row) in (0..24).zip(groups(&answer)?) {
        let (units, revenue) = sums.get(&hour).copied().unwrap_or_default();
        check!(*checks, row["hour"] == json!(hour), "{hour}: {row}");
        check!(*checks, (number(&row["revenue"])?, row["units"].as_i64()) == (revenue, Some(units)), "{hour}: {row}");
    }
    let most = groups(&answer)?.iter().map(|row| row["orders_placed"].as_i64().unwrap_or_default()).max();
    let (text, most) = (answer["text"].as_str().unwrap_or_default(), most.context("hours")?);
    let all = answer["figures"]["orders_placed"].as_i64().context("orders")?;
    check!(
        *checks,
        text.contains("Most orders were placed from ") && text.contains(&format!(": {most} of {all}.")),
        "{text}"
    );
    Ok(())
}

async fn cities_are_those_of_addresses_and_of_the_forgotten_none(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    shop.stock("TEA", "Tea", "10.00", 100).await?;
    for (name, address, quantity) in [
        ("Ann", Some("1 Lake Road, Pune 411001, India"), 1),
        ("Bea", Some("Flat 2\n7 Hill Street\nPUNE - 411 038"), 2),
        ("Cid", Some("Lindenstr. 4, 10969 Berlin, Germany"), 4),
        ("Dot", None, 8),
        ("Eve", Some("3 Sea Road, Goa"), 16),
    ] {
        let email = format!("{name}@example.com");
        shop.customer(name, &email).await?;
        if let Some(address) = address {
            mcp.ok("customers.upsert", json!({ "customer": email, "address": address })).await?;
        }
        let lines = json!([{ "product": "TEA", "quantity": quantity }]);
        mcp.ok("orders.create_order", json!({ "customer": email, "lines": lines })).await?;
    }
    mcp.confirmed("customers.erase", json!({ "customer": "Eve@example.com", "reason": "asked" })).await?;
    let report = json!({ "date": "today", "group_by": ["city"], "sort": "units" });
    let answer = mcp.full("orders_report_sales", report).await?;
    let told: BTreeMap<&str, (i64, i64)> = groups(&answer)?
        .iter()
        .map(|row| {
            let of = |name: &str| row[name].as_i64().unwrap_or(-1);
            (row["label"].as_str().unwrap_or_default(), (of("orders"), of("units")))
        })
        .collect();
    // The label is as the customer with the most sales has it.
    let expected = [("PUNE", (2, 3)), ("Berlin", (1, 4)), ("(no city known)", (1, 8)), ("(forgotten)", (1, 16))];
    check!(checks, told == BTreeMap::from(expected), "{told:?}");
    let first = &groups(&answer)?[0];
    check!(checks, first["label"] == "(forgotten)" && first["reference"].is_null(), "{answer}");
    let text = answer["text"].as_str().unwrap_or_default();
    check!(checks, text.contains("Most came from Berlin: ₹40.") && text.contains("as they are known now"), "{text}");

    // Who may not see people's particulars sees no city.
    let key = shop.key(&["wall", "--right", "orders:read"]).await?;
    let node = shop.open_node(&["--require-keys"]).await?;
    let wall = node.mcp().with_key(&key);
    let answer = wall.full("orders_report_sales", json!({ "date": "today", "group_by": "city" })).await?;
    let labels: Vec<&Value> = groups(&answer)?.iter().map(|row| &row["label"]).collect();
    check!(checks, labels == ["(hidden)"] && groups(&answer)?[0]["units"] == 31, "{answer}");
    let told = answer.to_string().to_lowercase();
    check!(checks, !told.contains("pune") && !told.contains("berlin"), "{answer}");
    checks.all_hold()
}

async fn hours_weekdays_and_cities_stand_alone(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let mcp = shop.mcp();
    for two in [["weekday", "hour"], ["city", "product"], ["customer", "weekday"]] {
        let refused = mcp.refused("orders_report_sales", json!({ "date": "today", "group_by": two })).await?;
        check!(checks, refused.code == "INVALID_ARGUMENT" && refused.to_string().contains("group_by"), "{refused}");
        check!(checks, refused.to_string().contains("alone"), "{refused}");
    }
    for word in ["by_hour", "day_of_week", "cities"] {
        let answer = mcp.ok("orders_report_sales", json!({ "date": "today", "group_by": word })).await?;
        check!(checks, answer["interpretation"].to_string().contains(word), "{answer}");
    }
    checks.all_hold()
}
