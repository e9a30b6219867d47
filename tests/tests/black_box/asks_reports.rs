//! Owners' questions about sales, as their assistant calls the tools: within limits of calls and bytes, and every
//! figure equal to the log.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{Datelike as _, Days, NaiveDate};
use orderlog_tests::{AuditedEvent, Checks, Mcp, Shop, check, events, minor, on_both_engines};
use serde_json::{Value, json};

use crate::ledger::{Ledger, asked};

on_both_engines!(reports_answer_what_owners_ask);

fn days_of(answer: &Value) -> Result<(NaiveDate, NaiveDate)> {
    let range = &answer["interpretation"]["date_range"];
    let day = |name: &str| anyhow::Ok(range[name].as_str().context("a day")?.parse::<NaiveDate>()?);
    Ok((day("from")?, day("to")?))
}

async fn reports_answer_what_owners_ask(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.stop().await?;
    shop.cli(&["simulate", "--days", "75", "--orders-per-day", "12", "--seed", "8"]).await?.expect_success()?;
    shop.node.start_again().await?;
    let mcp = shop.mcp();
    let log = events(&shop.node, 0).await?;
    let ledger = Ledger::of(&log)?;
    let sku = |row: &Value| row["sku"].as_str().unwrap_or_default().to_owned();
    let skus: BTreeMap<&String, &String> = ledger.skus.iter().map(|(id, sku)| (sku, id)).collect();

    // how much did we sell yesterday
    let (bytes, answer) = asked(&mcp, "orders_report_sales", json!({ "date": "yesterday" })).await?;
    let yesterday = days_of(&answer)?;
    check!(checks, bytes <= 300, "{bytes}: {answer}");
    check!(checks, minor(&answer["revenue"])? == ledger.revenue(yesterday), "{answer}");
    let full = mcp.full("orders_report_sales", json!({ "date": "yesterday" })).await?;
    check!(
        checks,
        full["figures"]["orders_placed"] == json!(ledger.placed.get(&yesterday.0).copied().unwrap_or(0)),
        "{full}"
    );
    let (revenue, orders) = (ledger.revenue(yesterday), full["figures"]["orders"].as_i64().context("orders")?);
    let average = full["figures"]["average_order"]["minor"].as_i64().context("an average")?;
    check!(checks, (average * orders - revenue).abs() * 2 <= orders, "{average} of {orders} is not {revenue}");

    // Who are my best customers this quarter and what did they buy?
    let best = json!({ "date_range": "this quarter", "group_by": ["customer", "product"] });
    let (bytes, answer) = asked(&mcp, "orders_report_sales", best.clone()).await?;
    check!(checks, bytes <= 2_000, "{bytes}: {answer}");
    let quarter = days_of(&answer)?;
    let mut expected: Vec<(i64, String)> = ledger
        .by(quarter, |booked| Some(booked.customer.clone()))
        .into_iter()
        .map(|(customer, (_, revenue))| (-revenue, customer))
        .collect();
    expected.sort_unstable();
    let groups = answer["groups"].as_array().context("groups")?;
    check!(
        checks,
        groups.len() == 20.min(expected.len()) && answer["total_count"] == json!(expected.len()),
        "{answer}"
    );
    for (group, (revenue, _)) in groups.iter().zip(&expected) {
        check!(checks, minor(&group["revenue"])? == -revenue, "{group}, not {revenue}");
    }
    let full = mcp.full("orders_report_sales", best).await?;
    let bought = ledger.by(quarter, |booked| Some((booked.customer.clone(), booked.product.clone()?)));
    for group in full["groups"].as_array().context("groups")? {
        let customer = group["customer_id"].as_str().context("a customer")?;
        let all = bought.keys().filter(|(who, _)| who == customer).count();
        let shown = group["parts"].as_array().context("parts")?;
        check!(checks, group["parts_count"].as_i64() >= Some(all as i64) && !shown.is_empty(), "{group}");
        for part in shown.iter().filter(|part| part["sku"].is_string()) {
            let key = (customer.to_owned(), skus[&sku(part)].clone());
            let told = (part["units"].as_i64().unwrap_or(-1), part["revenue"]["minor"].as_i64().unwrap_or(-1));
            check!(checks, bought.get(&key) == Some(&told), "{part} is not {:?}", bought.get(&key));
        }
    }
    explained(&mut checks, &mcp, &full["groups"][0]["parts"][0]).await?;

    // Compare last week with the week before, by product
    let weeks = json!({ "date_range": "last week", "compare_to": "previous period", "group_by": ["product"] });
    let (bytes, answer) = asked(&mcp, "orders_report_sales", weeks.clone()).await?;
    check!(checks, bytes <= 3_000, "{bytes}: {answer}");
    let week = days_of(&answer)?;
    let before = (week.0 - Days::new(7), week.1 - Days::new(7));
    check!(checks, minor(&answer["compared"]["revenue"])? == ledger.revenue(before), "{answer}");
    check!(checks, minor(&answer["compared"]["change"])? == ledger.revenue(week) - ledger.revenue(before), "{answer}");
    let by_product = |days| ledger.by(days, |booked| booked.product.clone());
    let (now, then) = (by_product(week), by_product(before));
    let mut seen = (0, 0);
    let mut cursor = None;
    loop {
        let mut page = weeks.clone();
        page["limit"] = json!(7);
        page["cursor"] = json!(cursor);
        let page = mcp.full("orders_report_sales", page).await?;
        for row in page["groups"].as_array().context("groups")? {
            let (revenue, past) = (&row["revenue"]["minor"], &row["before"]["revenue"]["minor"]);
            seen = (seen.0 + revenue.as_i64().context("minor")?, seen.1 + past.as_i64().context("minor")?);
            let Some(id) = skus.get(&sku(row)) else { continue };
            let of = |sums: &BTreeMap<String, (i64, i64)>| sums.get(*id).copied().unwrap_or_default().1;
            check!(checks, *revenue == json!(of(&now)) && *past == json!(of(&then)), "{row}");
        }
        explained(&mut checks, &mcp, &page["groups"][0]["before"]).await?;
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    check!(checks, seen == (ledger.revenue(week), ledger.revenue(before)), "groups add up to the totals: {seen:?}");
    let fell = json!({ "date_range": "last week", "group_by": "product", "sort": "change", "limit": 1 });
    let most = mcp.full("orders_report_sales", fell).await?;
    let of = |id: &String| now.get(id).map_or(0, |sum| sum.1) - then.get(id).map_or(0, |sum| sum.1);
    let largest = now.keys().chain(then.keys()).map(|id| of(id).abs()).max().context("a product")?;
    let told = most["groups"][0]["before"]["change"]["minor"].as_i64().context("a change")?;
    let fees = |days| ledger.within(days).filter(|one| one.product.is_none()).map(|one| one.revenue).sum::<i64>();
    check!(checks, told.abs() == largest.max((fees(week) - fees(before)).abs()), "{most}");

    // How much tax did we collect last month?
    let taxes = json!({ "date_range": "last month", "group_by": ["tax_rate"] });
    let (bytes, answer) = asked(&mcp, "orders_report_sales", taxes.clone()).await?;
    check!(checks, bytes <= 600, "{bytes}: {answer}");
    let month = days_of(&answer)?;
    let mut rates: BTreeMap<String, i64> = BTreeMap::new();
    for booked in ledger.within(month) {
        *rates.entry(booked.rate.clone().unwrap_or_default()).or_default() += booked.tax;
    }
    ensure!(rates.len() > 2, "too few rates to tell them apart: {rates:?}");
    let full = mcp.full("orders_report_sales", taxes).await?;
    for row in full["groups"].as_array().context("groups")? {
        let rate = row["tax_rate"].as_str().unwrap_or_default();
        check!(checks, rates.get(rate).copied() == row["tax"]["minor"].as_i64(), "{row} is not {rates:?}");
        explained(&mut checks, &mcp, row).await?;
    }
    let all: i64 = rates.values().sum();
    check!(checks, full["figures"]["tax"]["minor"] == json!(all), "{full}");
    check!(checks, answer["text"].as_str().is_some_and(|text| text.contains("Tax comes to ")), "{answer}");

    // Give me yesterday's numbers like last year same day
    let last_year = json!({ "date": "yesterday", "compare_to": "same day last year" });
    let (bytes, answer) = asked(&mcp, "orders_report_sales", last_year).await?;
    check!(checks, bytes <= 500, "{bytes}: {answer}");
    let begins: NaiveDate = log[0].json()["provenance"]["business_date"].as_str().context("a day")?.parse()?;
    check!(checks, answer["log_begins"] == json!(begins), "{answer}");
    let text = answer["text"].as_str().unwrap_or_default();
    check!(checks, text.contains("nothing to compare") && text.contains("The log begins on "), "{answer}");

    // Top 5 products by units last 30 days
    let top = json!({ "date_range": "last 30 days", "group_by": ["product"], "sort": "units", "limit": 5 });
    let (bytes, answer) = asked(&mcp, "orders_report_sales", top).await?;
    check!(checks, bytes <= 500, "{bytes}: {answer}");
    let mut units: Vec<i64> = by_product(days_of(&answer)?).into_values().map(|(units, _)| units).collect();
    units.sort_unstable_by(|a, b| b.cmp(a));
    let told: Vec<i64> =
        answer["groups"].as_array().context("groups")?.iter().filter_map(|row| row["units"].as_i64()).collect();
    check!(checks, told.len() == 5 && told == units[..5], "{told:?} is not {:?}", &units[..5]);
    let month = ledger.revenue(days_of(&answer)?);
    check!(checks, minor(&answer["revenue"])? == month, "the sum stands for the whole, not for {month}: {answer}");

    // Days without sales are days, too; what the range cuts says so.
    let rare =
        by_product((begins, yesterday.1)).into_iter().min_by_key(|(_, (units, _))| *units).context("a product")?.0;
    let daily = json!({ "date_range": "last 14 days", "group_by": "day", "product": ledger.skus[&rare] });
    let answer = mcp.full("orders_report_sales", daily).await?;
    let two_weeks = days_of(&answer)?;
    let sold = ledger.by(two_weeks, |booked| (booked.product.as_ref() == Some(&rare)).then_some(booked.day));
    let rows = answer["groups"].as_array().context("groups")?;
    check!(checks, rows.len() == 14 && answer["total_count"] == json!(14), "{answer}");
    for (day, row) in two_weeks.0.iter_days().zip(rows) {
        let units = sold.get(&day).map_or(0, |sum| sum.0);
        check!(checks, row["from"] == json!(day) && row["units"] == json!(units), "{day}: {row}");
    }
    check!(checks, sold.len() < 14, "every day had sales, so nothing was shown: {sold:?}");
    check!(checks, rows[13]["complete"] == json!(false) && rows[12]["complete"].is_null(), "{answer}");
    let cut = json!({ "date_range": format!("{}..{}", yesterday.0 - Days::new(8), yesterday.0), "group_by": "week" });
    let answer = mcp.ok("orders_report_sales", cut).await?;
    let first = yesterday.0 - Days::new(8);
    let is_cut = first.weekday() != chrono::Weekday::Mon;
    check!(checks, (answer["groups"][0]["complete"] == json!(false)) == is_cut, "{answer}");

    reasons(&mut checks, &mcp, &ledger, yesterday.0, begins).await?;
    goods(&mut checks, &mcp, &ledger, &log, yesterday.0).await?;

    // An order that is cancelled was placed all the same.
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 5).await?;
    let before = mcp.full("orders_report_sales", json!({ "date": "today" })).await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    let placed = mcp.ok("orders.create_order", order).await?;
    let cancel = json!({ "order_id": placed["order_id"], "status": "cancelled" });
    mcp.confirmed("orders.update_status", cancel).await?;
    let after = mcp.full("orders_report_sales", json!({ "date": "today" })).await?;
    let of = |answer: &Value, name: &str| answer["figures"][name].as_i64().unwrap_or_default();
    check!(checks, of(&after, "orders_placed") == of(&before, "orders_placed") + 1, "{after}");
    check!(checks, of(&after, "orders") == of(&before, "orders"), "{after}");
    let hers = json!({ "date": "today", "customer": "asha@example.com", "product": "PEN" });
    let hers = mcp.full("orders_report_sales", hers).await?;
    check!(checks, (of(&hers, "orders_placed"), of(&hers, "orders"), of(&hers, "units")) == (1, 0, 0), "{hers}");
    check!(checks, hers["text"].as_str().is_some_and(|text| text.contains("of Fountain pen from Asha Rao")), "{hers}");
    checks.all_hold()
}

/// why is yesterday low?
async fn reasons(
    checks: &mut Checks,
    mcp: &Mcp,
    ledger: &Ledger,
    yesterday: NaiveDate,
    begins: NaiveDate,
) -> Result<()> {
    let usual = |day: NaiveDate| {
        let before: Vec<NaiveDate> =
            (1..=4).map(|weeks| day - Days::new(7 * weeks)).filter(|day| *day >= begins).collect();
        let sum: i64 = before.iter().map(|day| ledger.revenue((*day, *day))).sum();
        let times = before.len() as i64;
        (before, (2 * sum + times) / (2 * times))
    };
    let verdict = |day: NaiveDate| {
        let (now, usually) = (ledger.revenue((day, day)) * 100, usual(day).1);
        if now < usually * 90 {
            "low"
        } else if now > usually * 110 {
            "high"
        } else {
            "usual"
        }
    };
    let days: Vec<NaiveDate> = (0..30).map(|back| yesterday - Days::new(back)).collect();
    let low = *days.iter().find(|day| verdict(**day) == "low").context("a day that was low")?;
    for (phrase, day) in [("yesterday".to_owned(), yesterday), (low.to_string(), low)] {
        let (bytes, answer) = asked(mcp, "sales_explain", json!({ "date_range": phrase })).await?;
        check!(*checks, bytes <= 1_000, "{bytes}: {answer}");
        let (before, usually) = usual(day);
        check!(*checks, answer["verdict"] == verdict(day) && answer["times"] == json!(before.len()), "{answer}");
        check!(*checks, minor(&answer["revenue"])? == ledger.revenue((day, day)), "{answer}");
        check!(*checks, minor(&answer["usually"])? == usually && answer["agrees"] == json!(true), "{answer}");
        let says_not = answer["text"].as_str().is_some_and(|text| text.contains(" was not low"));
        check!(*checks, says_not == (verdict(day) != "low"), "{answer}");
        let rows = answer["stands_out"].as_array().context("rows")?;
        check!(*checks, rows[0]["now"] == json!(ledger.placed.get(&day).copied().unwrap_or(0)), "{answer}");
        // The product that differs most in the direction of the whole.
        let now = ledger.by((day, day), |booked| booked.product.clone());
        let mut differences: BTreeMap<&String, i64> = BTreeMap::new();
        for id in ledger.names.keys() {
            let of = |day: NaiveDate| {
                let sold = ledger.within((day, day)).filter(|booked| booked.product.as_ref() == Some(id));
                sold.map(|booked| booked.revenue).sum::<i64>()
            };
            let (sum, times) = (before.iter().map(|day| of(*day)).sum::<i64>(), before.len() as i64);
            differences.insert(id, now.get(id).map_or(0, |sum| sum.1) - (2 * sum + times) / (2 * times));
        }
        let less = ledger.revenue((day, day)) < usually;
        let most = differences.iter().min_by_key(|(_, difference)| if less { **difference } else { -**difference });
        let (id, difference) = most.context("a product")?;
        let row = rows.iter().find(|row| row["what"] == json!(ledger.names[*id]));
        let told = row.map(|row| minor(&row["difference"])).transpose()?;
        check!(*checks, told == Some(*difference), "{} differs by {difference}: {answer}", ledger.names[*id]);
        check!(
            *checks,
            rows.iter().any(|row| row["what"].as_str().is_some_and(|what| what.contains(":00–"))),
            "{answer}"
        );
    }
    Ok(())
}

/// What should I reorder this week? What is our stock worth?
async fn goods(
    checks: &mut Checks,
    mcp: &Mcp,
    ledger: &Ledger,
    log: &[AuditedEvent],
    yesterday: NaiveDate,
) -> Result<()> {
    let mut stock: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let mut entries: BTreeMap<String, Value> = BTreeMap::new();
    for event in log {
        let (kind, data) = (event.event_type(), event.json()["data"].clone());
        let Some(id) = data["product_id"].as_str().map(str::to_owned) else { continue };
        let of = |name: &str| data[name].as_i64().unwrap_or(0);
        let moved = match kind.as_str() {
            "ProductRegistered" | "ProductChanged" => {
                entries.insert(id, data["entry"].clone());
                continue;
            }
            "StockReceived" => (of("units"), 0),
            "StockAdjusted" => (of("delta"), 0),
            "StockReserved" => (0, of("units")),
            "StockReleased" => (0, -of("reserved")),
            "StockConsumed" => (-of("units"), -of("units")),
            "StockReturned" => (of("units"), of("reserved")),
            _ => continue,
        };
        let (on_hand, reserved) = stock.entry(id).or_default();
        (*on_hand, *reserved) = (*on_hand + moved.0, *reserved + moved.1);
    }
    let (bytes, answer) = asked(mcp, "inventory_reorder", json!({})).await?;
    check!(*checks, bytes <= 1_500, "{bytes}: {answer}");
    // The simulated shop orders in time; for two months much is wanted.
    let (bytes, answer) = asked(mcp, "inventory_reorder", json!({ "days": 60 })).await?;
    check!(*checks, bytes <= 1_600 && answer["products"].as_array().map(Vec::len) == Some(20), "{bytes}: {answer}");
    let lately = ledger.by((yesterday - Days::new(27), yesterday), |booked| booked.product.clone());
    let mut expected: BTreeMap<String, (Option<i64>, i64)> = BTreeMap::new();
    for (id, entry) in &entries {
        let (on_hand, reserved) = stock.get(id).copied().unwrap_or_default();
        let (available, sold) = (on_hand - reserved, lately.get(id).map_or(0, |sum| sum.0.max(0)));
        let threshold = entry["low_stock_threshold"].as_i64().context("a threshold")?;
        let until = sold * (entry["lead_time_days"].as_i64().context("a lead time")? + 60);
        if available <= threshold || available * 28 < until {
            let suggested = ((until + 27) / 28 + threshold - available).max(0);
            let left = (sold > 0).then(|| available.max(0) * 28 / sold.max(1));
            expected.insert(ledger.skus[id].clone(), (left, suggested));
        }
    }
    ensure!(expected.len() > 3, "too few products are wanted to tell them apart: {expected:?}");
    let mut told = BTreeMap::new();
    let mut cursor = None;
    loop {
        let page = mcp.full("inventory_reorder", json!({ "days": 60, "limit": 100, "cursor": cursor })).await?;
        for row in page["products"].as_array().context("products")? {
            let sku = row["sku"].as_str().unwrap_or_default().to_owned();
            told.insert(sku, (row["days_left"].as_i64(), row["suggested"].as_i64().unwrap_or(-1)));
        }
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    check!(*checks, told == expected, "{told:?} is not {expected:?}");
    let units: i64 = expected.values().map(|(_, suggested)| suggested).sum();
    check!(*checks, answer["suggested_units"] == json!(units), "{units}: {answer}");

    let (bytes, answer) = asked(mcp, "inventory_reorder", json!({ "value_only": true })).await?;
    check!(*checks, bytes <= 500, "{bytes}: {answer}");
    let worth = |name: &str| -> i64 {
        let one = |(id, (on_hand, _)): (&String, &(i64, i64))| on_hand * entries[id][name].as_i64().unwrap_or(0);
        stock.iter().map(one).sum()
    };
    check!(*checks, minor(&answer["value"]["at_cost"])? == worth("cost"), "{answer}");
    check!(*checks, minor(&answer["value"]["at_price"])? == worth("price") && worth("cost") > 0, "{answer}");
    let gone = mcp.request("tools/call", json!({ "name": "inventory_low_stock", "arguments": {} })).await;
    check!(
        *checks,
        gone.is_err_and(|error| error.to_string().contains("inventory_reorder")),
        "it names what took its place"
    );
    Ok(())
}

/// The postings behind a figure add up to it.
async fn explained(checks: &mut Checks, mcp: &Mcp, figure: &Value) -> Result<()> {
    let reference = figure["reference"].as_str().with_context(|| format!("a reference in {figure}"))?;
    let page = mcp.full("sales_explain", json!({ "reference": reference, "limit": 1 })).await?;
    let revenue = page["figures"][0]["revenue"]["minor"].as_i64().unwrap_or_default();
    check!(*checks, page["agrees"] == json!(true), "{page}");
    check!(*checks, figure["revenue"]["minor"] == json!(revenue), "{figure} is not {page}");
    Ok(())
}
