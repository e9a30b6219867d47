//! sales.forecast over MCP, beside the crate that forecasts: what the tool feeds it is counted here from the events alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveTime, TimeDelta, Timelike as _};
use orderlog_forecast::{Ahead, Forecast, forecast};
use orderlog_tests::{AuditedEvent, Checks, Shop, check, events, on_both_engines};
use serde_json::{Value, json};

use crate::asks_find::told;

on_both_engines!(forecasts_are_made_from_complete_days_only);

/// The sales of each day: of the shop, and units of each product.
#[derive(Default)]
struct Sold {
    revenue: BTreeMap<NaiveDate, i64>,
    orders: BTreeMap<NaiveDate, i64>,
    units: BTreeMap<NaiveDate, i64>,
    products: BTreeMap<String, BTreeMap<NaiveDate, i64>>,
}

impl Sold {
    fn of(log: &[AuditedEvent]) -> Result<Sold> {
        let mut sold = Sold::default();
        for event in log {
            let json = event.json();
            let sign = match event.event_type().as_str() {
                "OrderPlaced" => 1,
                "UnitsCancelled" => -1,
                _ => continue,
            };
            let (data, placed) = (&json["data"], sign == 1);
            let day: NaiveDate = json["provenance"]["business_date"].as_str().context("a day")?.parse()?;
            let shipping = if placed { &data["totals"]["shipping"] } else { &data["shipping"]["net"] };
            let mut revenue = shipping.as_i64().context("shipping")?;
            for line in data["lines"].as_array().context("lines")? {
                let units = line[if placed { "quantity" } else { "units" }].as_i64().context("units")?;
                let amount = |name: &str| line["amounts"][name].as_i64().context("an amount");
                revenue += amount("gross")? - amount("discount")?;
                *sold.units.entry(day).or_default() += sign * units;
                let product = line["product_id"].as_str().context("product_id")?.to_owned();
                *sold.products.entry(product).or_default().entry(day).or_default() += sign * units;
            }
            *sold.revenue.entry(day).or_default() += sign * revenue;
            let whole = placed || data["completes"] == json!(true);
            *sold.orders.entry(day).or_default() += if whole { sign } else { 0 };
        }
        Ok(sold)
    }
}

/// The days from the first one with an entry to `last`.
fn series(sold: &BTreeMap<NaiveDate, i64>, last: NaiveDate) -> Vec<i64> {
    let first = sold.keys().next().copied().unwrap_or(last);
    first.iter_days().take_while(|day| *day <= last).map(|day| sold.get(&day).copied().unwrap_or(0)).collect()
}

/// The crate's forecast of the days ahead.
fn said(values: &[i64], first: usize, last: usize) -> Result<Forecast> {
    forecast(values, Ahead { first, last }).context("a forecast")
}

/// Whether the answer is that forecast, in minor units where it is money.
fn same(answer: &Value, said: &Forecast, first_day: NaiveDate) -> bool {
    let amount = |value: &Value| value["minor"].as_i64().or(value.as_i64());
    let estimate = |seen: &Value, said: &orderlog_forecast::Estimate| {
        let band = |name: &str| [amount(&seen[name][0]), amount(&seen[name][1])];
        amount(&seen["value"]) == Some(said.value)
            && band("band_80") == [Some(said.band_80.from), Some(said.band_80.to)]
            && band("band_95") == [Some(said.band_95.from), Some(said.band_95.to)]
    };
    let days = answer["days"].as_array().map(Vec::as_slice).unwrap_or_default();
    let dated = first_day.iter_days().zip(days).all(|(day, seen)| seen["date"] == json!(day));
    let mase = said.accuracy.and_then(|accuracy| accuracy.mase).map(|mase| (mase * 1e3).round() / 1e3);
    days.len() == said.days.len()
        && dated
        && days.iter().zip(&said.days).all(|(seen, said)| estimate(seen, said))
        && estimate(&answer["total"], &said.total)
        && answer["model"] == json!(said.method.to_string())
        && answer["accuracy"]["mase"].as_f64() == mase
        && answer["learned_from"]["days"] == json!(said.learned)
}

/// Which part of the sales of the 28 days before came later in the day than now, as the log has it: at the least and at the most, since
/// the answer was made within minutes of the log's last event.
fn rest_of_day(log: &[AuditedEvent], today: NaiveDate, day: &str) -> Result<[f64; 2]> {
    ensure!(day == today.to_string(), "{day} is not {today}");
    let india = FixedOffset::east_opt(19_800).context("an offset")?;
    let time = |event: &AuditedEvent| -> Result<NaiveTime> {
        let at =
            event.json()["provenance"]["occurred_at"].as_str().context("a time")?.parse::<DateTime<FixedOffset>>()?;
        Ok(at.with_timezone(&india).time())
    };
    // The last thing that happened was a moment before.
    let (first, last) =
        (time(log.last().context("an event")?)?, time(log.last().context("an event")?)? + TimeDelta::minutes(5));
    let (mut early, mut sure, mut whole) = (0, 0, 0);
    for event in log {
        let one = Sold::of(std::slice::from_ref(event))?;
        let Some((day, revenue)) = one.revenue.iter().next() else { continue };
        if !(1..=28).contains(&(today - *day).num_days()) {
            continue;
        }
        let at = time(event)?;
        whole += revenue;
        early += if at <= last { *revenue } else { 0 };
        sure += if at < first { *revenue } else { 0 };
    }
    ensure!(whole > 0, "nothing was sold lately");
    // Where more was taken back by then than was sold, as happens at night, time itself does.
    let passed = |by_then: i64, at: NaiveTime| match (0..=whole).contains(&by_then) {
        true => by_then as f64 / whole as f64,
        false => f64::from(at.num_seconds_from_midnight()) / 86_400.0,
    };
    let mut rest = [(early, last), (sure, first)].map(|(by_then, at)| 1.0 - passed(by_then, at));
    rest.sort_by(f64::total_cmp);
    Ok(rest)
}

async fn forecasts_are_made_from_complete_days_only(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    shop.node.stop().await?;
    shop.cli(&["simulate", "--days", "60", "--orders-per-day", "6", "--seed", "5"]).await?.expect_success()?;
    shop.node.start_again().await?;
    // Something is sold today, which must not be learned from.
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 5).await?;
    let mcp = shop.mcp();
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    mcp.ok("orders.create_order", order).await?;
    let sold = Sold::of(&events(&shop.node, 0).await?)?;

    let answer = mcp.full("sales.forecast", json!({})).await?;
    let yesterday: NaiveDate = answer["learned_from"]["to"].as_str().context("a day")?.parse()?;
    let (today, tomorrow) = (yesterday + Days::new(1), yesterday + Days::new(2));
    let last = sold.revenue.keys().next_back();
    ensure!(last == Some(&today), "the order was placed on {last:?}, so the days before it are complete: {answer}");
    let revenue = series(&sold.revenue, yesterday);
    check!(checks, same(&answer, &said(&revenue, 2, 8)?, tomorrow), "revenue: {answer}");
    check!(checks, answer["learned_from"]["days"] == json!(59) && answer["too_short"] == json!(false), "{answer}");
    let text = answer["text"].as_str().context("text")?;
    check!(
        checks,
        text.starts_with("Revenue for the next 7 days (")
            && text.contains("It is most likely ₹")
            && !text.contains("Holt"),
        "{text}"
    );
    check!(checks, answer["accuracy"]["folds"].as_u64() >= Some(8), "{answer}");

    let short = mcp.ok("sales.forecast", json!({})).await?;
    check!(checks, short["total"]["expected"] == answer["total"]["value"]["formatted"], "{short}");
    check!(checks, short["days"].as_array().map(Vec::len) == Some(7) && short["model"] == answer["model"], "{short}");
    check!(checks, short["accuracy"] == answer["accuracy"] && short["text"] == answer["text"], "{short}");
    check!(checks, short["days"][0]["from"] == answer["days"][0]["band_80"][0]["formatted"], "{short}");

    let page = shop.node.get("/").await?.text().await?;
    for day in answer["days"].as_array().context("days")? {
        for amount in [&day["value"], &day["band_80"][0], &day["band_80"][1]] {
            let amount = amount["formatted"].as_str().context("an amount")?;
            check!(checks, page.contains(amount), "the page of today does not show {amount}: {page}");
        }
    }

    let orders = mcp.full("sales.forecast", json!({ "days": 30, "measure": "orders" })).await?;
    check!(checks, same(&orders, &said(&series(&sold.orders, yesterday), 2, 31)?, tomorrow), "orders: {orders}");
    let units = mcp.full("sales.forecast", json!({ "days": "3", "measure": "units" })).await?;
    check!(checks, same(&units, &said(&series(&sold.units, yesterday), 2, 4)?, tomorrow), "units: {units}");

    // Three months are shown by week: the sums are exactly those of the days, which the full answer has.
    let asked = json!({ "days": 90, "measure": "orders" });
    let (long, whole) = (told(&mcp, "sales_forecast", asked.clone()).await?, mcp.full("sales.forecast", asked).await?);
    let weeks = long.structured["weeks"].as_array().context("weeks")?;
    check!(checks, (13..=14).contains(&weeks.len()) && long.structured["days"].is_null(), "{}", long.structured);
    let sum: i64 = weeks.iter().filter_map(|week| week["expected"].as_i64()).sum();
    check!(
        checks,
        json!(sum) == whole["total"]["value"] && json!(sum) == long.structured["total"]["expected"],
        "{whole}"
    );
    check!(checks, whole["days"].as_array().map(Vec::len) == Some(90), "{whole}");
    check!(
        checks,
        long.has("Rows are weeks; detail: \"full\" has the days.") && long.bytes() <= 2_000,
        "{}",
        long.text
    );

    // The product that sells best, by its SKU; others have other units.
    let best = sold.products.iter().max_by_key(|(_, days)| days.values().sum::<i64>()).context("a product")?;
    let log = events(&shop.node, 0).await?;
    let registered = log
        .iter()
        .map(AuditedEvent::json)
        .find(|event| event["type"] == json!("ProductRegistered") && event["data"]["product_id"] == json!(best.0));
    let sku = registered.context("it was registered")?["data"]["sku"].clone();
    let of_product = mcp.full("sales.forecast", json!({ "product": sku, "days": 14 })).await?;
    check!(checks, of_product["measure"] == json!("units"), "{of_product}");
    check!(checks, same(&of_product, &said(&series(best.1, yesterday), 2, 15)?, tomorrow), "{sku}: {of_product}");

    // A range that has begun: its past sales are shown beside the expected ones.
    let range = format!("{}..{}", yesterday - Days::new(2), yesterday + Days::new(4));
    let begun = mcp.full("sales.forecast", json!({ "date_range": range })).await?;
    // For today, the sales so far count, plus the part of the full day's forecast that usually comes later than now.
    let so_far = sold.revenue[&today];
    check!(checks, begun["today_so_far"]["minor"] == json!(so_far), "{begun}");
    let rest = rest_of_day(&log, today, begun["days"][0]["date"].as_str().context("a date")?)?;
    let whole = said(&revenue, 1, 4)?;
    let likely = rest.map(|rest| whole.clone().under_way(so_far, rest));
    let told = begun["days"][0]["value"]["minor"].as_i64().context("today")?;
    let [least, most] = likely.map(|likely| likely.days[0].value);
    check!(checks, (least..=most).contains(&told), "{told} is not {least} to {most}: {begun}");
    check!(checks, begun["days"][1]["value"]["minor"] == json!(whole.days[1].value), "{begun}");
    let days: i64 = (0..4).filter_map(|nth| begun["days"][nth]["value"]["minor"].as_i64()).sum();
    check!(checks, begun["total"]["value"]["minor"] == json!(days), "{begun}");
    let already: i64 = revenue.iter().rev().take(3).sum();
    check!(checks, begun["already"]["value"]["minor"] == json!(already), "{begun}");

    // As it was: of the same days less than two weeks were over, and nothing later was known.
    for (days_known, short) in [(10, true), (20, false), (40, false)] {
        let last = sold.revenue.keys().next().context("a first day")?.checked_add_days(Days::new(days_known - 1));
        let last = last.context("a day")?;
        let asked = json!({ "as_of": last.to_string(), "date_range": format!("{}..{}", last + Days::new(1), last + Days::new(5)) });
        let then = mcp.full("sales.forecast", asked).await?;
        check!(
            checks,
            same(&then, &said(&series(&sold.revenue, last), 1, 5)?, last + Days::new(1)),
            "{days_known}: {then}"
        );
        check!(checks, then["too_short"] == json!(short), "{days_known}: {then}");
    }

    for (asked, code, field) in [
        (json!({ "date_range": "last week" }), "USE_OTHER_TOOL", "date_range"),
        (json!({ "date_range": "next year" }), "INVALID_ARGUMENT", "date_range"),
        (json!({ "days": 91 }), "INVALID_ARGUMENT", "days"),
        (json!({ "days": 3, "date_range": "next week" }), "INVALID_ARGUMENT", "days"),
    ] {
        let refused = mcp.refused("sales.forecast", asked.clone()).await?;
        check!(checks, refused.code == code && refused.field.as_deref() == Some(field), "{asked}: {refused:?}");
    }
    shop.stock("NEW", "Never sold", "10.00", 5).await?;
    let refused = mcp.refused("sales.forecast", json!({ "product": "NEW" })).await?;
    check!(checks, refused.code == "NOT_FOUND", "{refused:?}");
    checks.all_hold()
}
