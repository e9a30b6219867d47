//! An oracle: what the shop must answer, counted by the test itself from the events alone.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::{
    audit::AuditedEvent,
    mcp::{Mcp, minor},
};

/// Every day a test can fall on.
const EVER: &str = "2024-01-01..2030-12-31";

/// Units of one product.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Stock {
    on_hand: i64,
    reserved: i64,
}

/// The shop as its events say it is.
#[derive(Debug, Default)]
pub struct Oracle {
    stock: BTreeMap<String, Stock>,
    skus: BTreeMap<String, String>,
    /// Units not yet shipped or cancelled, by order.
    owed: BTreeMap<i64, i64>,
    revenue: i64,
}

impl Oracle {
    /// Counts every event that moves units or revenue.
    ///
    /// # Errors
    /// When an event lacks what its type promises.
    pub fn of(events: &[AuditedEvent]) -> Result<Oracle> {
        let mut oracle = Oracle::default();
        for event in events {
            let json = event.json();
            oracle.add(&event.event_type(), &json["data"]).with_context(|| format!("position {}", event.position))?;
        }
        Ok(oracle)
    }

    /// Compares with what the tools answer.
    ///
    /// # Errors
    /// Names the first difference.
    pub async fn agree_with(&self, mcp: &Mcp) -> Result<()> {
        for (product, stock) in &self.stock {
            let sku = &self.skus[product];
            let answer = mcp.ok("inventory.check", json!({ "product": sku })).await?;
            let seen = Stock { on_hand: integer(&answer, "on_hand")?, reserved: integer(&answer, "reserved")? };
            ensure!(seen == *stock, "{sku}: the events say {stock:?}, the shop says {seen:?}");
        }
        let pending = self.owed.values().filter(|&&units| units > 0).count();
        let answer = mcp.ok("orders.get_pending", json!({ "limit": 1 })).await?;
        ensure!(answer["total_count"] == json!(pending), "the events say {pending} pending orders: {answer}");
        let answer = mcp.ok("orders.report_sales", json!({ "date_range": EVER })).await?;
        ensure!(minor(&answer["revenue"])? == self.revenue, "the events say {} of revenue: {answer}", self.revenue);
        Ok(())
    }

    fn add(&mut self, event_type: &str, data: &Value) -> Result<()> {
        match event_type {
            "ProductRegistered" => {
                self.skus.insert(text(data, "product_id")?, text(data, "sku")?);
            }
            "StockReceived" => self.stock(data)?.on_hand += integer(data, "units")?,
            "StockAdjusted" => self.stock(data)?.on_hand += integer(data, "delta")?,
            "StockReserved" => self.stock(data)?.reserved += integer(data, "units")?,
            "StockReleased" => self.stock(data)?.reserved -= integer(data, "reserved")?,
            "StockConsumed" => {
                let units = integer(data, "units")?;
                let stock = self.stock(data)?;
                stock.on_hand -= units;
                stock.reserved -= units;
            }
            "OrderPlaced" => {
                self.revenue += integer(&data["totals"], "revenue")?;
                self.owed.insert(integer(data, "order_id")?, units(data, "quantity")?);
            }
            "UnitsShipped" => *self.owed(data)? -= units(data, "units")?,
            "UnitsCancelled" => {
                *self.owed(data)? -= units(data, "units")?;
                self.revenue -= integer(&data["shipping"], "net")?;
                for line in lines(data)? {
                    self.revenue -= integer(&line["amounts"], "gross")? - integer(&line["amounts"], "discount")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn stock(&mut self, data: &Value) -> Result<&mut Stock> {
        Ok(self.stock.entry(text(data, "product_id")?).or_default())
    }

    fn owed(&mut self, data: &Value) -> Result<&mut i64> {
        let order = integer(data, "order_id")?;
        self.owed.get_mut(&order).with_context(|| format!("order {order} was never placed"))
    }
}

fn lines(data: &Value) -> Result<&Vec<Value>> {
    data["lines"].as_array().context("lines")
}

fn units(data: &Value, field: &str) -> Result<i64> {
    lines(data)?.iter().map(|line| integer(line, field)).sum()
}

fn integer(data: &Value, field: &str) -> Result<i64> {
    data[field].as_i64().with_context(|| format!("{field} in {data}"))
}

fn text(data: &Value, field: &str) -> Result<String> {
    Ok(data[field].as_str().with_context(|| format!("{field} in {data}"))?.to_owned())
}
