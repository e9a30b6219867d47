//! inventory.reorder: which products run out before a new order of goods could arrive, how many units to order, and
//! what stock is worth.

mod supply;
mod worth;

use std::{cmp::Reverse, collections::HashMap, sync::Arc};

use chrono::{Days as DaysLater, NaiveDate};
use orderlog_domain::{limits, postings::Basis};
use orderlog_projections::{
    daily_sales::{self, SalesRequest},
    stock::{self, StockLevel},
};
use orderlog_read_models::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use self::{
    supply::{LEAD_TIME_DAYS, SOLD_OVER_DAYS, Supply},
    worth::{Worth, WorthView},
};
use crate::{
    answer::{Short, Told},
    failure::Failure,
    query::{Frame, Interpretation, Paging},
    sentences,
    shop::OpenShop,
    table::{Row, Table},
    tool::Tool,
};

/// Default for how long ordered goods should last after their lead time.
const COVER_DAYS: i64 = 7;
/// Most days that can be asked for.
const MAX_COVER_DAYS: i64 = 365;

/// What to reorder, soonest sold out first: low stock, and what sells out before the next order would arrive. With what
/// all stock is worth at cost and at price.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// Days the goods should last beyond their lead time; 7 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = MAX_COVER_DAYS))]
    days: Option<i64>,
    /// Available units that count as low; each product's own when left out.
    #[serde(default)]
    #[schemars(range(min = 0, max = limits::UNITS))]
    threshold: Option<i64>,
    /// No list, only what stock is worth.
    #[serde(default)]
    value_only: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// Soonest sold out first, one page.
    products: Vec<Product>,
    /// Products over all pages.
    total_count: i64,
    /// Units suggested, over all pages.
    suggested_units: i64,
    /// Complete days from which `sold_a_day` is taken.
    sold_over_days: i64,
    /// What all stock is worth, archived products too.
    value: WorthView,
    #[serde(skip)]
    value_only: bool,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Product {
    sku: String,
    name: String,
    /// Units that can still be promised.
    available: i64,
    on_hand: i64,
    reserved: i64,
    backordered: i64,
    /// At or below this many it counts as low.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<i64>,
    /// Units ordered less those taken back, on a day on average.
    sold_a_day: String,
    /// Days until none is available; absent when nothing sells.
    #[serde(skip_serializing_if = "Option::is_none")]
    days_left: Option<i64>,
    lead_time_days: i64,
    /// Units to order.
    suggested: i64,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let row = |product: Product| {
            let row = Row::default().cell("sku", product.sku).cell("name", product.name);
            let row = row.cell("available", product.available).count("backordered", product.backordered);
            let row = row.cell("sold_a_day", product.sold_a_day).some("days_left", product.days_left);
            row.cell("suggested", product.suggested).json("lead_time_days", product.lead_time_days)
        };
        let rows: Table = self.products.into_iter().map(row).collect();
        let short = self.frame.open();
        let short = if self.value_only {
            short
        } else {
            let short = short.table("products", rows, self.total_count);
            short.said("suggested_units", self.suggested_units).said("sold_over_days", self.sold_over_days)
        };
        self.frame.close(self.value.in_short(short))
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing("inventory.reorder", "What to reorder", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let (fresh, page) = (shop.moments.fresh().await?, paging.request()?);
    let answer = stock::tracked(&shop.projections, fresh).await?;
    let worth = Worth::of(&answer.found);
    let cover = input.days.unwrap_or(COVER_DAYS);
    let mut wanted: Vec<(Supply, &StockLevel)> = vec![];
    let mut days = 0;
    if !input.value_only {
        let sold;
        (days, sold) = sold_lately(&shop).await?;
        let supply = |level: &StockLevel| {
            Supply::of(level, sold.get(&level.product_id).copied().unwrap_or(0), days, input.threshold)
        };
        let products = answer.found.iter().filter(|level| !level.archived);
        wanted = products.map(|level| (supply(level), level)).filter(|(supply, _)| supply.is_wanted(cover)).collect();
        let soonest = |(supply, level): &(Supply, &StockLevel)| {
            let left = supply.days_left().unwrap_or(i64::MAX);
            (left, level.available(), Reverse(supply.suggested(cover)), level.product_id)
        };
        wanted.sort_by_cached_key(soonest);
    }
    let suggested_units = wanted.iter().map(|(supply, _)| supply.suggested(cover)).sum();
    let total_count = i64::try_from(wanted.len()).unwrap_or(i64::MAX);
    let mut text = if input.value_only { String::new() } else { listed(&wanted, cover, days, suggested_units) };
    if !text.is_empty() {
        text.push(' ');
    }
    text.push_str(&worth.in_words(&shop));
    let products: Vec<Product> = page.of(&wanted).iter().map(|(supply, level)| view(supply, level, cover)).collect();
    let next = page.next_offset(products.len(), total_count, answer.position);
    let frame = Frame::of(&answer, next, Interpretation::default(), text);
    let (value_only, value) = (input.value_only, worth.view(&shop));
    Ok(Output { products, total_count, suggested_units, sold_over_days: days, value, value_only, frame })
}

/// The number of complete days that are counted, and the units sold of each product in them; forecasts learn from the
/// same days.
async fn sold_lately(shop: &OpenShop) -> Result<(i64, HashMap<Uuid, i64>), Failure> {
    let today = shop.settings.calendar.business_date(shop.clock.now());
    let (first, last) = (today - DaysLater::new(SOLD_OVER_DAYS as u64), today - DaysLater::new(1));
    let fresh = shop.moments.fresh().await?;
    let request = SalesRequest { basis: Basis::Booked, days: Days::between(first, last), ..SalesRequest::default() };
    let answer = daily_sales::units_by_product(&shop.projections, request, fresh).await?;
    let begins = shop.moments.log_begins().await?.into_iter().chain(answer.found.first_day).min();
    let since = begins.map_or(first, |begins: NaiveDate| begins.max(first));
    Ok(((today - since).num_days().max(1), answer.found.units))
}

/// `3 products should be reordered, soonest sold out first: Mug, Tea, Pen.`
fn listed(wanted: &[(Supply, &StockLevel)], cover: i64, days: i64, units: i64) -> String {
    let named: Vec<&str> = wanted.iter().take(3).map(|(_, level)| level.name.as_str()).collect();
    let assumed = match wanted.iter().any(|(_, level)| level.lead_time_days.is_none()) {
        true => format!(" ({LEAD_TIME_DAYS} days where none is set)"),
        false => String::new(),
    };
    let more = match wanted.len() - named.len() {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    let products = match wanted.len() {
        0 => return format!("Nothing needs to be reordered for the next {}.", sentences::plural(cover, "day")),
        1 => "1 product".to_owned(),
        n => format!("{n} products"),
    };
    format!(
        "{products} should be reordered, soonest sold out first: {}{more}. {} for {} beyond the lead time{assumed}, by the sales of {}.",
        named.join(", "),
        sentences::units(units),
        sentences::plural(cover, "day"),
        sentences::plural(days, "day"),
    )
}

fn view(supply: &Supply, level: &StockLevel, cover: i64) -> Product {
    Product {
        sku: level.sku.clone(),
        name: level.name.clone(),
        available: level.available(),
        on_hand: level.on_hand,
        reserved: level.reserved,
        backordered: level.backordered,
        threshold: supply.threshold,
        sold_a_day: supply.sold_a_day(),
        days_left: supply.days_left(),
        lead_time_days: supply.lead_time_days,
        suggested: supply.suggested(cover),
    }
}
