//! Sales as the log has them, counted by the test itself from the events alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use chrono::{DateTime, NaiveDate, Utc};
use orderlog_tests::{AuditedEvent, Mcp};
use serde_json::{Value, json};

/// The booked amounts of an event, line by line; the fee and goodwill belong to no product.
pub(crate) struct Booked {
    pub(crate) day: NaiveDate,
    pub(crate) at: DateTime<Utc>,
    pub(crate) customer: String,
    pub(crate) product: Option<String>,
    pub(crate) rate: Option<String>,
    pub(crate) units: i64,
    pub(crate) revenue: i64,
    pub(crate) tax: i64,
}

/// Counted from the events alone.
#[derive(Default)]
pub(crate) struct Ledger {
    booked: Vec<Booked>,
    pub(crate) placed: BTreeMap<NaiveDate, i64>,
    pub(crate) skus: BTreeMap<String, String>,
    pub(crate) names: BTreeMap<String, String>,
}

impl Ledger {
    pub(crate) fn of(log: &[AuditedEvent]) -> Result<Ledger> {
        let (mut ledger, mut rates) = (Ledger::default(), BTreeMap::new());
        for event in log {
            let json = event.json();
            let data = &json["data"];
            let day: NaiveDate = json["provenance"]["business_date"].as_str().context("a day")?.parse()?;
            let at: DateTime<Utc> = json["provenance"]["occurred_at"].as_str().context("a time")?.parse()?;
            let (sign, lines, fee) = match event.event_type().as_str() {
                "ProductRegistered" => {
                    let of = |name: &str| data[name].as_str().map(str::to_owned).context("a text");
                    ledger.skus.insert(of("product_id")?, of("sku")?);
                    let name = data["entry"]["name"].as_str().context("a name")?.to_owned();
                    ledger.names.insert(of("product_id")?, name);
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
                    at,
                    customer: customer.clone(),
                    product: Some(line["product_id"].as_str().context("a product")?.to_owned()),
                    rate: rates.get(&(data["order_id"].to_string(), line["line"].to_string())).cloned(),
                    units: sign * int(units)?,
                    revenue: sign * (int(&amounts["gross"])? - int(&amounts["discount"])?),
                    tax: sign * int(&amounts["tax"])?,
                });
            }
            let (revenue, tax) = (sign * int(&fee["net"])?, sign * int(&fee["tax"])?);
            ledger.booked.push(Booked { day, at, customer, product: None, rate: None, units: 0, revenue, tax });
        }
        Ok(ledger)
    }

    pub(crate) fn within(&self, (from, to): (NaiveDate, NaiveDate)) -> impl Iterator<Item = &Booked> {
        self.booked.iter().filter(move |booked| (from..=to).contains(&booked.day))
    }

    pub(crate) fn revenue(&self, days: (NaiveDate, NaiveDate)) -> i64 {
        self.within(days).map(|booked| booked.revenue).sum()
    }

    /// Units and revenue by key, without what has none.
    pub(crate) fn by<K: Ord>(
        &self,
        days: (NaiveDate, NaiveDate),
        key: impl Fn(&Booked) -> Option<K>,
    ) -> BTreeMap<K, (i64, i64)> {
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
pub(crate) async fn asked(mcp: &Mcp, tool: &str, arguments: Value) -> Result<(usize, Value)> {
    let result = mcp.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
    let content = result["content"].as_array().context("content")?;
    let bytes = content.iter().filter_map(|block| block["text"].as_str()).map(str::len).sum();
    ensure!(result["structuredContent"].is_object(), "{tool} {arguments} refused: {content:?}");
    Ok((bytes, result["structuredContent"].clone()))
}
