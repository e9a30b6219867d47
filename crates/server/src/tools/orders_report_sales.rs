//! orders.report_sales: revenue of a range of business days, whole and in groups.

use std::{collections::HashMap, sync::Arc};

use chrono::NaiveDate;
use orderlog_domain::{
    format::MoneyOut,
    ids::ProductId,
    phrase::{self, Direction},
    rejection::Rejection,
};
use orderlog_projections::{
    Freshness, catalogue,
    daily_sales::{self, GroupBy, GroupKey, Sales, SalesGroup, SalesRequest},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Failure, Tool,
    query::{Frame, Paging, Read},
    views::CustomerView,
};
use crate::{node::Node, sentences};

/// Sales of a day or a range of days: gross − discounts = net; + shipping = revenue (the headline, without tax); + tax =
/// total. Booked: orders count on the day they are placed, cancellations on the day they happen. Other currencies are
/// shown beside the shop's, not converted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// One day, such as "today", "yesterday" or "2026-11-20"; today when neither is given.
    #[serde(default)]
    #[schemars(with = "String", length(max = 100))]
    date: Option<String>,
    /// Several days, such as "last week" or "previous 3 months".
    #[serde(default)]
    #[schemars(with = "String", length(max = 100))]
    date_range: Option<String>,
    /// How sales are counted; booked when left out.
    #[serde(default)]
    #[schemars(with = "Basis")]
    #[expect(dead_code, reason = "there is one basis until shipped and cash are built")]
    basis: Option<Basis>,
    /// Split the figures.
    #[serde(default)]
    #[schemars(with = "GroupInput")]
    group_by: Option<GroupInput>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Basis {
    Booked,
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
    /// Revenue in the shop's currency: without tax, with shipping.
    revenue: MoneyOut,
    /// Every currency in which anything was posted.
    totals: Vec<Figures>,
    /// The groups asked for, one page.
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
struct Figures {
    /// ISO 4217.
    currency: String,
    /// Not in the shop's currency, and therefore not part of `revenue`.
    unconverted: bool,
    /// Orders placed.
    orders: i64,
    /// Units booked less units taken back.
    units: i64,
    gross: MoneyOut,
    discount: MoneyOut,
    net: MoneyOut,
    shipping: MoneyOut,
    revenue: MoneyOut,
    tax: MoneyOut,
    total: MoneyOut,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Group {
    /// What it is about, for people.
    label: String,
    /// First day of a day, week or month.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    from: Option<String>,
    /// SKU, when grouped by product.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    sku: Option<String>,
    /// Id, when grouped by customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Uuid")]
    customer_id: Option<Uuid>,
    #[serde(flatten)]
    figures: Figures,
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.report_sales", "Report sales", run)
}

async fn run(node: Arc<Node>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let (now, calendar) = (node.clock.now(), &node.config.shop.calendar);
    let mut read = Read::default();
    let (field, text) = match (&input.date, &input.date_range) {
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
    read.interpretation.reading =
        Some("booked: orders on the day they were placed, reversals on the day they happened".to_owned());

    let group_by = input.group_by.map(|group| match group {
        GroupInput::Day => GroupBy::Day,
        GroupInput::Week => GroupBy::Week(calendar.week_start),
        GroupInput::Month => GroupBy::Month,
        GroupInput::Product => GroupBy::Product,
        GroupInput::Customer => GroupBy::Customer,
    });
    let fresh = node.fresh().await?;
    let request = SalesRequest { days: read.days(), group_by };
    let answer = daily_sales::daily_sales(&node.projections, request, paging.request()?, fresh).await?;
    let groups = groups(&node, &answer.found.groups, group_by, fresh).await?;
    let totals: Vec<Figures> = answer.found.totals.iter().map(|sales| Figures::of(&node, sales)).collect();
    let home = node.config.shop.currency;
    let revenue = answer.found.totals.iter().find(|sales| sales.currency == home.code()).map_or(0, Sales::revenue);
    let mut text = match &read.range {
        Some(range) => sentences::revenue(&node.amount(revenue, home), range, today, complete),
        None => String::new(),
    };
    for other in answer.found.totals.iter().filter(|sales| sales.currency != home.code()) {
        let amount = other.currency.parse().map(|currency| node.amount(other.revenue(), currency)).unwrap_or_default();
        text.push_str(&format!(" Besides, {amount} was taken in {}.", other.currency));
    }
    let (next, total_count) = (answer.found.next, answer.found.total_groups);
    let frame = Frame::of(&answer, next, read.interpretation, text);
    Ok(Output { revenue: node.money(revenue, home), totals, groups, total_count, complete, frame })
}

impl Figures {
    fn of(node: &Node, sales: &Sales) -> Figures {
        let money = |minor| node.money_in(minor, &sales.currency);
        Figures {
            currency: sales.currency.clone(),
            unconverted: sales.currency != node.config.shop.currency.code(),
            orders: sales.orders,
            units: sales.units,
            gross: money(sales.gross),
            discount: money(sales.discount),
            net: money(sales.net()),
            shipping: money(sales.shipping),
            revenue: money(sales.revenue()),
            tax: money(sales.tax),
            total: money(sales.total()),
        }
    }
}

async fn groups(
    node: &Node,
    groups: &[SalesGroup],
    group_by: Option<GroupBy>,
    fresh: Freshness,
) -> Result<Vec<Group>, Failure> {
    let products = products(node, groups, fresh).await?;
    let people = groups.iter().filter_map(|group| match group.key {
        GroupKey::Customer(id) => Some(id.0),
        GroupKey::From(_) | GroupKey::Product(_) | GroupKey::Shipping => None,
    });
    let customers = node.customers_named(people, fresh).await?;
    Ok(groups.iter().map(|group| one(node, group, group_by, &products, &customers)).collect())
}

fn one(
    node: &Node,
    group: &SalesGroup,
    group_by: Option<GroupBy>,
    products: &HashMap<ProductId, (String, String)>,
    customers: &HashMap<Uuid, CustomerView>,
) -> Group {
    let figures = Figures::of(node, &group.sales);
    let blank = Group { label: String::new(), from: None, sku: None, customer_id: None, figures };
    match group.key {
        GroupKey::From(day) => Group { label: period(day, group_by), from: Some(day.to_string()), ..blank },
        GroupKey::Shipping => Group { label: "Shipping fees".to_owned(), ..blank },
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

fn period(day: NaiveDate, group_by: Option<GroupBy>) -> String {
    match group_by {
        Some(GroupBy::Week(_)) => sentences::days(day, day + chrono::Days::new(6)),
        Some(GroupBy::Month) => day.format("%B %Y").to_string(),
        _ => sentences::days(day, day),
    }
}

async fn products(
    node: &Node,
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
    let found = catalogue::products_by_id(&node.projections, &ids, fresh).await?.found;
    Ok(found.into_iter().map(|product| (ProductId(product.product_id), (product.name, product.sku))).collect())
}
