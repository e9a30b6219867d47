//! What owners ask of sales, as their assistant calls it: within calls and bytes, and every figure as the log has it.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{Datelike as _, Days, NaiveDate};
use orderlog_tests::{AuditedEvent, Checks, Mcp, Shop, check, events, minor, on_both_engines};
use serde_json::{Value, json};

on_both_engines!(reports_answer_what_owners_ask);

/// What an event books, line by line; the fee and goodwill stand under no product.
struct Booked {
    day: NaiveDate,
    customer: String,
    product: Option<String>,
    rate: Option<String>,
    units: i64,
    revenue: i64,
    tax: i64,
}

/// Counted from the events alone.
#[derive(Default)]
struct Ledger {
    booked: Vec<Booked>,
    placed: BTreeMap<NaiveDate, i64>,
    skus: BTreeMap<String, String>,
}

impl Ledger {
    fn of(log: &[AuditedEvent]) -> Result<Ledger> {
        let (mut ledger, mut rates) = (Ledger::default(), BTreeMap::new());
        for event in log {
            let json = event.json();
            let data = &json["data"];
            let day: NaiveDate = json["provenance"]["business_date"].as_str().context("a day")?.parse()?;
            let (sign, lines, fee) = match event.event_type().as_str() {
                "ProductRegistered" => {
                    let of = |name: &str| data[name].as_str().map(str::to_owned).context("a text");
                    ledger.skus.insert(of("product_id")?, of("sku")?);
                    continue;
                }
                "OrderPlaced" => {
                    *ledger.placed.entry(day).or_default() += 1;
                    for line in data["lines"].as_array().context("lines")? {
                        let rate = line["tax_rate"].as_str().context("a rate")?.to_owned();
                        rates.insert((data["order_id"].to_string(), line["line"].to_string()), rate);
                    }
                    (1, "lines", &data["shipping"])
                }
                "UnitsCancelled" | "UnitsReturned" => (-1, "lines", &data["shipping"]),
                "LinesChanged" => anyhow::bail!("the simulation changes no lines"),
                _ => continue,
            };
            let customer = data["customer_id"].as_str().context("a customer")?.to_owned();
            let int = |value: &Value| value.as_i64().with_context(|| format!("a number in {data}"));
            for line in data[lines].as_array().context("lines")? {
                let amounts = &line["amounts"];
                let units = line.get("quantity").or(line.get("units")).context("units")?;
                ledger.booked.push(Booked {
                    day,
                    customer: customer.clone(),
                    product: Some(line["product_id"].as_str().context("a product")?.to_owned()),
                    rate: rates.get(&(data["order_id"].to_string(), line["line"].to_string())).cloned(),
                    units: sign * int(units)?,
                    revenue: sign * (int(&amounts["gross"])? - int(&amounts["discount"])?),
                    tax: sign * int(&amounts["tax"])?,
                });
            }
            let (revenue, tax) = (sign * int(&fee["net"])?, sign * int(&fee["tax"])?);
            ledger.booked.push(Booked { day, customer, product: None, rate: None, units: 0, revenue, tax });
        }
        Ok(ledger)
    }

    fn within(&self, (from, to): (NaiveDate, NaiveDate)) -> impl Iterator<Item = &Booked> {
        self.booked.iter().filter(move |booked| (from..=to).contains(&booked.day))
    }

    fn revenue(&self, days: (NaiveDate, NaiveDate)) -> i64 {
        self.within(days).map(|booked| booked.revenue).sum()
    }

    /// Units and revenue by key, without what has none.
    fn by<K: Ord>(&self, days: (NaiveDate, NaiveDate), key: impl Fn(&Booked) -> Option<K>) -> BTreeMap<K, (i64, i64)> {
        let mut sums: BTreeMap<K, (i64, i64)> = BTreeMap::new();
        for booked in self.within(days) {
            if let Some(key) = key(booked) {
                let sum = sums.entry(key).or_default();
                *sum = (sum.0 + booked.units, sum.1 + booked.revenue);
            }
        }
        sums
    }
}

/// One call: the bytes of what a host passes on, and what programs get.
async fn asked(mcp: &Mcp, tool: &str, arguments: Value) -> Result<(usize, Value)> {
    let result = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
    let content = result["content"].as_array().context("content")?;
    let bytes = content.iter().filter_map(|block| block["text"].as_str()).map(str::len).sum();
    ensure!(result["structuredContent"].is_object(), "{tool} {arguments} refused: {content:?}");
    Ok((bytes, result["structuredContent"].clone()))
}

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

/// The postings behind a figure add up to it.
async fn explained(checks: &mut Checks, mcp: &Mcp, figure: &Value) -> Result<()> {
    let reference = figure["reference"].as_str().with_context(|| format!("a reference in {figure}"))?;
    let page = mcp.full("sales_explain", json!({ "reference": reference, "limit": 1 })).await?;
    let revenue = page["figures"][0]["revenue"]["minor"].as_i64().unwrap_or_default();
    check!(*checks, page["agrees"] == json!(true), "{page}");
    check!(*checks, figure["revenue"]["minor"] == json!(revenue), "{figure} is not {page}");
    Ok(())
}
