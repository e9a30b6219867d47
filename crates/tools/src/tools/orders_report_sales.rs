//! orders.report_sales: revenue of a range of business days, whole and in groups.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use orderlog_domain::{
    calendar::Period,
    format::{MoneyOut, days_in_words},
    ids::ProductId,
    phrase::{self, Direction},
    postings::{Basis, Figures as Amounts},
    rejection::Rejection,
};
use orderlog_projections::{
    catalogue,
    daily_sales::{self, GroupBy, GroupKey, Sales, SalesGroup, SalesRequest, Selection},
};
use orderlog_read_models::{Days, Freshness};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::{
    answer::{Short, Told},
    facts::{amount, as_object},
    failure::Failure,
    query::{Frame, Paging, Read, customers_named},
    sales_figures::{Figures, Reference},
    sentences,
    shop::OpenShop,
    table::{self, Table},
    tool::Tool,
    views::CustomerView,
};

/// Sales of a day or a range of days: gross − discounts = net; + shipping = revenue (the headline, without tax); + tax =
/// total. Reversals count on the day they happen. Other currencies are converted at the rate stored when they were placed.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// One day, such as "today", "yesterday" or "2026-11-20"; today when neither is given.
    #[serde(default)]
    #[schemars(length(max = 100))]
    date: Option<String>,
    /// Several days, such as "last week" or "previous 3 months".
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// How sales are counted; booked when left out.
    #[serde(default)]
    basis: Option<Basis>,
    /// Split the figures.
    #[serde(default)]
    group_by: Option<GroupInput>,
    /// A time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    as_of: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum GroupInput {
    Day,
    Week,
    Month,
    Product,
    Customer,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// booked, shipped or cash.
    basis: &'static str,
    /// Revenue in the shop's currency: without tax, with shipping. On the cash basis the money itself.
    revenue: MoneyOut,
    /// The waterfall in the shop's currency, with what was converted to it.
    figures: Figures,
    /// Every currency in which anything was posted, in itself.
    totals: Vec<Figures>,
    /// The groups asked for, one page, in the shop's currency where converted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Group>")]
    groups: Vec<Group>,
    /// Groups over all pages.
    total_count: i64,
    /// Whether the last day of the range is over.
    complete: bool,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Group {
    /// What it is about, for people.
    label: String,
    /// First day counted of a day, week or month.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// SKU, when grouped by product.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    /// Id, when grouped by customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<Uuid>,
    #[serde(flatten)]
    figures: Figures,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let cash = self.basis == Basis::Cash.name();
        let rows: Table = self.groups.into_iter().map(|group| group.in_short(cash)).collect();
        let short = self.frame.open();
        let short = match self.total_count {
            0 => short,
            total => short.table("groups", rows, total),
        };
        let short = short.said("revenue", amount(self.revenue)).fact("basis", self.basis);
        // What was sold in one currency, the shop's, is told already.
        let home = self.figures.currency();
        let elsewhere = self.totals.iter().any(|one| one.currency() != home);
        let totals: Value = self.totals.into_iter().map(|one| Value::Object(as_object(one.in_short(cash)))).collect();
        let short = short.members("figures", self.figures.in_short(cash));
        let short = if elsewhere { short.fact("totals", totals) } else { short };
        let short = if self.complete { short } else { short.fact("complete", false) };
        self.frame.close(short)
    }
}

impl Group {
    fn in_short(self, cash: bool) -> table::Row {
        let row = table::Row::default().cell("label", self.label);
        let row = match (self.sku, self.from, self.customer_id) {
            (Some(sku), ..) => row.cell("sku", sku),
            (_, Some(from), _) => row.json("from", from),
            (_, _, Some(id)) => row.json("customer_id", id.to_string()),
            (None, None, None) => row.some("sku", None::<String>),
        };
        self.figures.in_row(row, cash)
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.report_sales", "Report sales", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let (now, calendar) = (shop.clock.now(), &shop.settings.calendar);
    let mut read = Read::default();
    let said = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let (date, date_range) = (said(&input.date), said(&input.date_range));
    let (field, text) = match (&date, &date_range) {
        (Some(_), Some(_)) => {
            return Err(Rejection::invalid("date", "Give date or date_range, not both.").into());
        }
        (Some(date), None) => ("date", date.as_str()),
        (None, Some(range)) => ("date_range", range.as_str()),
        (None, None) => ("date", "today"),
    };
    let range = phrase::read(text, now, calendar, Direction::Past).map_err(|rejection| rejection.field(field))?;
    let today = calendar.business_date(now);
    let complete = range.to.is_some_and(|to| calendar.is_complete(to, now));
    read.take_range(range);
    let basis = input.basis.unwrap_or_default();
    read.interpretation.reading = Some(reading(basis).to_owned());
    let as_of = match &input.as_of {
        Some(text) => Some(shop.moments.as_of(text).await?),
        None => None,
    };
    read.interpretation.as_of_position = as_of.map(|as_of| as_of.position.0);

    let group_by = input.group_by.map(|group| match group {
        GroupInput::Day => GroupBy::Day,
        GroupInput::Week => GroupBy::Week(calendar.week_start),
        GroupInput::Month => GroupBy::Month,
        GroupInput::Product => GroupBy::Product,
        GroupInput::Customer => GroupBy::Customer,
    });
    let fresh = shop.moments.fresh().await?;
    let request = SalesRequest { basis, days: read.days(), group_by, as_of: as_of.map(|as_of| as_of.position) };
    let answer = daily_sales::daily_sales(&shop.projections, request, paging.request()?, fresh).await?;
    let known_at = as_of.map_or(answer.position, |as_of| as_of.position);
    let about = Reference { selection: Selection { request, ..Selection::default() }, known_at };
    let groups = groups(&shop, &answer.found.groups, group_by, fresh, &about).await?;
    let home = shop.settings.currency;
    let mut totals: Vec<Figures> = Vec::new();
    let mut sum = Sales::nothing(home.code());
    for sales in &answer.found.totals {
        totals.push(Figures::of(&shop, &sales.currency, sales, sales.own, &about.part(sales)));
        if sales.home == home.code() {
            sum.orders += sales.orders;
            sum.units += sales.units;
            sum.converted.add(sales.converted);
        }
    }
    let figures = Figures::of(&shop, home.code(), &sum, sum.converted, &about.home(home.code()));
    let revenue = headline(basis, &sum.converted);
    let mut text = match &read.range {
        Some(range) if range.from.is_some_and(|from| from > today) && answer.found.totals.is_empty() => {
            sentences::lies_ahead(basis, range)
        }
        Some(range) => sentences::revenue(&shop.wording.amount(revenue, home), basis, range, today, complete),
        None => String::new(),
    };
    let unconverted = answer.found.totals.iter().filter(|sales| sales.home != home.code());
    let amounts: Vec<String> = unconverted
        .filter_map(|sales| Some(shop.wording.amount(headline(basis, &sales.own), sales.currency.parse().ok()?)))
        .collect();
    if !amounts.is_empty() {
        let amounts = sentences::all_of(&amounts);
        text.push_str(&format!(" Not counted: {amounts}, for which no exchange rate was stored at the time."));
    }
    if let Some(as_of) = as_of {
        text.push_str(&format!(" This is how it was known {}.", as_of.in_words(shop.settings.calendar.timezone)));
    }
    let (next, total_count) = (answer.found.next, answer.found.total_groups);
    let frame = Frame::of(&answer, next, read.interpretation, text);
    let revenue = shop.wording.money(revenue, home);
    Ok(Output { basis: basis.name(), revenue, figures, totals, groups, total_count, complete, frame })
}

fn reading(basis: Basis) -> &'static str {
    match basis {
        Basis::Booked => "booked: orders on the day they were placed, reversals on the day they happened",
        Basis::Shipped => "shipped: units on the day they left, reversals on the day they happened",
        Basis::Cash => "cash: money with tax on the day it moved",
    }
}

/// The one figure a sentence names.
fn headline(basis: Basis, figures: &Amounts) -> i64 {
    match basis {
        Basis::Booked | Basis::Shipped => figures.revenue(),
        Basis::Cash => figures.cash,
    }
}

async fn groups(
    shop: &OpenShop,
    groups: &[SalesGroup],
    group_by: Option<GroupBy>,
    fresh: Freshness,
    about: &Reference,
) -> Result<Vec<Group>, Failure> {
    let products = products(shop, groups, fresh).await?;
    let people = groups.iter().filter_map(|group| match group.key {
        GroupKey::Customer(id) => Some(id.0),
        GroupKey::From(_) | GroupKey::Product(_) | GroupKey::Shipping => None,
    });
    let customers = customers_named(shop, people, fresh).await?;
    Ok(groups.iter().map(|group| one(shop, group, group_by, &products, &customers, about)).collect())
}

fn one(
    shop: &OpenShop,
    group: &SalesGroup,
    group_by: Option<GroupBy>,
    products: &HashMap<ProductId, (String, String)>,
    customers: &HashMap<Uuid, CustomerView>,
    about: &Reference,
) -> Group {
    let sales = &group.sales;
    let about = about.group(group.key, group_by).home(&sales.home);
    let mut figures = Figures::of(shop, &sales.home, sales, sales.own, &about);
    let (by_product, basis) = (group_by == Some(GroupBy::Product), about.selection.request.basis);
    // Only a placed order is known to hold a product; which shipment brings its first unit is not told.
    figures.orders = figures.orders.filter(|_| !by_product || basis == Basis::Booked);
    let blank = Group { label: String::new(), from: None, sku: None, customer_id: None, figures };
    match group.key {
        GroupKey::From(day) => {
            let (from, label) = period(day, group_by, about.selection.request.days);
            Group { label, from: Some(from.to_string()), ..blank }
        }
        GroupKey::Shipping if basis == Basis::Cash => {
            Group { label: "Money, which goes by no product".to_owned(), ..blank }
        }
        GroupKey::Shipping => Group { label: "Shipping fees and goodwill".to_owned(), ..blank },
        GroupKey::Product(id) => match products.get(&id) {
            Some((name, sku)) => Group { label: name.clone(), sku: Some(sku.clone()), ..blank },
            None => Group { label: id.to_string(), ..blank },
        },
        GroupKey::Customer(id) => {
            let name = customers.get(&id.0).and_then(|customer| customer.name.clone());
            Group { label: name.unwrap_or_else(|| "(forgotten)".to_owned()), customer_id: Some(id.0), ..blank }
        }
    }
}

/// The first day that a group holds, and the days it holds in words: what the range cuts off is not named.
fn period(first: NaiveDate, group_by: Option<GroupBy>, range: Days) -> (NaiveDate, String) {
    let (first, last) = group_by.and_then(GroupBy::period).unwrap_or(Period::Day).around(first);
    let from = range.from.map_or(first, |from| from.max(first));
    let to = range.to.map_or(last, |to| to.min(last));
    let whole_month = group_by == Some(GroupBy::Month) && (from, to) == (first, last);
    (from, if whole_month { first.format("%B %Y").to_string() } else { days_in_words(from, to) })
}

async fn products(
    shop: &OpenShop,
    groups: &[SalesGroup],
    fresh: Freshness,
) -> Result<HashMap<ProductId, (String, String)>, Failure> {
    let ids: Vec<ProductId> = groups
        .iter()
        .filter_map(|group| match group.key {
            GroupKey::Product(id) => Some(id),
            GroupKey::From(_) | GroupKey::Shipping | GroupKey::Customer(_) => None,
        })
        .collect();
    let found = catalogue::products_by_id(&shop.projections, &ids, fresh).await?.found;
    Ok(found.into_iter().map(|product| (ProductId(product.product_id), (product.name, product.sku))).collect())
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;

    use super::*;

    #[test]
    fn a_group_is_called_by_the_days_it_holds() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let days = |from, to| Days { from: Some(day(from)), to: Some(day(to)) };
        let week = Some(GroupBy::Week(Weekday::Mon));
        for (first, group_by, range, from, label) in [
            ("2026-10-26", week, days("2026-10-29", "2026-11-04"), "2026-10-29", "29 Oct – 1 Nov 2026"),
            ("2026-11-02", week, days("2026-10-29", "2026-11-04"), "2026-11-02", "2–4 Nov 2026"),
            ("2026-10-26", week, days("2026-10-26", "2026-11-01"), "2026-10-26", "26 Oct – 1 Nov 2026"),
            ("2026-10-26", week, Days::default(), "2026-10-26", "26 Oct – 1 Nov 2026"),
            ("2026-10-01", Some(GroupBy::Month), days("2026-10-29", "2026-11-30"), "2026-10-29", "29–31 Oct 2026"),
            ("2026-11-01", Some(GroupBy::Month), days("2026-10-29", "2026-11-30"), "2026-11-01", "November 2026"),
            ("2026-11-04", Some(GroupBy::Day), days("2026-10-29", "2026-11-04"), "2026-11-04", "4 Nov 2026"),
        ] {
            assert_eq!(period(day(first), group_by, range), (day(from), label.to_owned()));
        }
    }
}
