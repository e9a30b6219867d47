//! sales.explain: every posting behind a figure, each with its event, and the proof that they add up to it.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::NaiveDate;
use orderlog_domain::{
    calendar::Period,
    format::MoneyOut,
    ids::{CustomerId, Position, ProductId},
    postings::Basis,
    rejection::Rejection,
};
use orderlog_projections::{
    Days,
    daily_sales::{self, ExplainedPosting, GroupBy, GroupKey, Sales, SalesRequest, Selection},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    Failure, Tool,
    orders_report_sales::{BasisInput, Figures},
    query::{Frame, Paging},
};
use crate::{mcp::schema::Object, node::Node, sentences};

/// A figure of a report, as reports name it: `booked/2026-11-01..2026-11-30@1234;home=INR;product=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) selection: Selection,
    /// The position at which the figure was reported.
    pub(super) known_at: Position,
}

impl Reference {
    /// The part of it in one currency, converted or not.
    pub(super) fn part(&self, sales: &Sales) -> Reference {
        let (currency, home) = (Some(sales.currency.clone()), Some(sales.home.clone()));
        Reference { selection: Selection { currency, home, ..self.selection.clone() }, ..*self }
    }

    /// The part of it that counts in one currency, whichever it was sold in.
    pub(super) fn home(&self, code: &str) -> Reference {
        Reference { selection: Selection { home: Some(code.to_owned()), ..self.selection.clone() }, ..*self }
    }

    /// The part of it that a group shows.
    pub(super) fn group(&self, key: GroupKey, group_by: Option<GroupBy>) -> Reference {
        let mut selection = self.selection.clone();
        match key {
            GroupKey::From(from) => selection.request.days = period(self.selection.request.days, from, group_by),
            GroupKey::Product(id) => selection.product = Some(id),
            GroupKey::Shipping => selection.product = Some(ProductId(Uuid::nil())),
            GroupKey::Customer(id) => selection.customer = Some(id),
        }
        Reference { selection, ..*self }
    }
}

/// The days of a period as far as they lie in the range asked for.
fn period(asked: Days, from: NaiveDate, group_by: Option<GroupBy>) -> Days {
    let (first, last) = group_by.and_then(GroupBy::period).unwrap_or(Period::Day).around(from);
    let from = asked.from.map_or(first, |from| from.max(first));
    let to = asked.to.map_or(last, |to| to.min(last));
    Days::between(from, to)
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { request, currency, home, product, customer } = &self.selection;
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let (basis, from, to) = (request.basis.name(), day(request.days.from), day(request.days.to));
        write!(f, "{basis}/{from}..{to}@{}", self.known_at)?;
        if let Some(currency) = currency {
            write!(f, ";currency={currency}")?;
        }
        if let Some(home) = home {
            write!(f, ";home={home}")?;
        }
        if let Some(product) = product {
            write!(f, ";product={product}")?;
        }
        if let Some(customer) = customer {
            write!(f, ";customer={customer}")?;
        }
        Ok(())
    }
}

impl FromStr for Reference {
    type Err = Rejection;

    fn from_str(text: &str) -> Result<Reference, Rejection> {
        parse(text).ok_or_else(not_a_reference)
    }
}

fn not_a_reference() -> Rejection {
    Rejection::invalid("reference", "This is no reference of a figure.")
        .hint("Take the reference of a figure from orders_report_sales, or give date_range and basis instead.")
}

fn parse(text: &str) -> Option<Reference> {
    let mut parts = text.trim().split(';');
    let (basis, rest) = parts.next()?.split_once('/')?;
    let (days, position) = rest.split_once('@')?;
    let (from, to) = days.split_once("..")?;
    let day = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
    let request = SalesRequest {
        basis: Basis::ALL.into_iter().find(|one| one.name() == basis)?,
        days: Days { from: day(from)?, to: day(to)? },
        ..SalesRequest::default()
    };
    let mut selection = Selection { request, ..Selection::default() };
    for part in parts {
        match part.split_once('=')? {
            ("currency", code) => selection.currency = Some(code.to_owned()),
            ("home", code) => selection.home = Some(code.to_owned()),
            ("product", id) => selection.product = Some(ProductId(id.parse().ok()?)),
            ("customer", id) => selection.customer = Some(CustomerId(id.parse().ok()?)),
            _ => return None,
        }
    }
    Some(Reference { selection, known_at: Position(position.parse().ok()?) })
}

/// What a sales figure is made of: every posting, each with its event, adding up exactly to the figure. Take the
/// reference of a figure from orders_report_sales, or say which days and basis.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// reference of a figure. Give this, or date_range.
    #[serde(default)]
    #[schemars(with = "String", length(min = 1, max = 300))]
    reference: Option<String>,
    /// Days such as "yesterday" or "last week".
    #[serde(default)]
    #[schemars(with = "String", length(max = 100))]
    date_range: Option<String>,
    /// How sales are counted; booked when left out.
    #[serde(default)]
    #[schemars(with = "BasisInput")]
    basis: Option<BasisInput>,
    /// Only this product: SKU or name.
    #[serde(default)]
    #[schemars(with = "String", length(max = 254))]
    product: Option<String>,
    /// Only this customer: e-mail address, name or id.
    #[serde(default)]
    #[schemars(with = "String", length(max = 254))]
    customer: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// The figure, per currency.
    figures: Vec<Figures>,
    /// The postings, in order of the log, one page.
    #[schemars(with = "Vec<Object>")]
    postings: Vec<PostingView>,
    /// Postings over all pages.
    total_count: i64,
    /// Whether the postings add up to the figure as reports keep it.
    agrees: bool,
    #[serde(flatten)]
    frame: Frame,
}

#[derive(Debug, Serialize)]
struct PostingView {
    position: i64,
    event: String,
    order_id: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<i64>,
    business_date: String,
    units: i64,
    revenue: MoneyOut,
    tax: MoneyOut,
    total: MoneyOut,
    /// The same as it counts in another currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    converted: Option<ConvertedView>,
}

#[derive(Debug, Serialize)]
struct ConvertedView {
    revenue: MoneyOut,
    tax: MoneyOut,
    total: MoneyOut,
}

pub(super) fn tool() -> Tool {
    Tool::listing("sales.explain", "Explain a sales figure", run)
}

async fn run(node: Arc<Node>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let read = node.read(input.date_range.as_deref(), input.customer.as_deref(), input.product.as_deref()).await?;
    let head = node.projections.head(&node.log).await?.position;
    let reference = match (&input.reference, &input.date_range) {
        (Some(_), Some(_)) => {
            return Err(Rejection::invalid("reference", "Give reference or date_range, not both.").into());
        }
        (Some(reference), None) => reference.parse::<Reference>()?,
        (None, _) => {
            let basis = input.basis.unwrap_or_default().basis();
            let request = SalesRequest { basis, days: read.days(), ..SalesRequest::default() };
            let (product, customer) = (read.product, read.customer);
            let selection = Selection { request, product, customer, ..Selection::default() };
            Reference { selection, known_at: head }
        }
    };
    if reference.known_at > head {
        return Err(not_a_reference().into());
    }
    let fresh = node.fresh().await?;
    let mut selection = reference.selection.clone();
    selection.request.as_of = Some(reference.known_at);
    let answer = daily_sales::explain(&node.projections, &selection, paging.request()?, fresh).await?;
    let found = &answer.found;
    let agrees = found.sums == found.reported;
    let wholes = wholes(&found.sums);
    let whole = |sales: &Sales| Figures::of(&node, &sales.home, sales, sales.own, &reference.home(&sales.home));
    let part = |sales: &Sales| Figures::of(&node, &sales.currency, sales, sales.own, &reference.part(sales));
    let parts = found.sums.iter().filter(|sales| sales.currency != sales.home);
    let figures: Vec<Figures> = wholes.iter().map(whole).chain(parts.map(part)).collect();
    let whole_days = read.range.as_ref().map_or("", sentences::ranges::whole_days);
    let text = text(&node, found.total_count, &wholes, &found.sums) + whole_days;
    let postings = found.postings.iter().map(|posting| view(&node, posting)).collect();
    let total_count = found.total_count;
    let frame = Frame::of(&answer, answer.found.next, read.interpretation, text);
    Ok(Output { figures, postings, total_count, agrees, frame })
}

/// What the sums of currencies come to where they count.
fn wholes(sums: &[Sales]) -> Vec<Sales> {
    let mut wholes: Vec<Sales> = vec![];
    for sales in sums.iter().cloned().map(Sales::in_home) {
        match wholes.iter_mut().find(|whole| whole.home == sales.home) {
            Some(whole) => whole.add(&sales),
            None => wholes.push(sales),
        }
    }
    wholes
}

/// `7 postings add up to ₹26,491.34 with tax, of which ₹4,206.25 stands for $50.`
fn text(node: &Node, postings: i64, wholes: &[Sales], sums: &[Sales]) -> String {
    let amount = |minor: i64, code: &str| code.parse().map(|code| node.amount(minor, code)).unwrap_or_default();
    let shown: Vec<String> = wholes.iter().map(|whole| amount(whole.own.total(), &whole.home)).collect();
    if shown.is_empty() {
        return "Nothing was posted there.".to_owned();
    }
    let come_to = if postings == 1 { "comes to" } else { "add up to" };
    let sold = sums.iter().filter(|sales| sales.currency != sales.home).map(|sales| {
        let (home, own) = (amount(sales.converted.total(), &sales.home), amount(sales.own.total(), &sales.currency));
        format!(", of which {home} stands for {own}")
    });
    let sold: String = sold.collect();
    format!("{} {come_to} {} with tax{sold}.", sentences::plural(postings, "posting"), sentences::all_of(&shown))
}

fn view(node: &Node, posting: &ExplainedPosting) -> PostingView {
    let Sales { currency, home, units, own, converted, .. } = &posting.sales;
    let money = |minor| node.money_in(minor, currency);
    PostingView {
        position: posting.position,
        event: posting.event.clone(),
        order_id: posting.order_id,
        line: (posting.line > 0).then_some(posting.line),
        business_date: posting.day.clone(),
        units: *units,
        revenue: money(own.revenue()),
        tax: money(own.tax),
        total: money(own.total()),
        converted: (home != currency).then(|| ConvertedView {
            revenue: node.money_in(converted.revenue(), home),
            tax: node.money_in(converted.tax, home),
            total: node.money_in(converted.total(), home),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_reads_back_what_it_writes() {
        for text in [
            "booked/2026-11-20..2026-11-21@1234",
            "cash/..@1",
            "shipped/2026-11-20..@7;currency=USD;home=INR;product=ff1f3b23-51fb-55b2-a624-5ac424b58c36",
            "booked/2026-11-01..2026-11-30@9;home=INR;customer=de88815d-a731-5695-825d-7db3f3b4bd60",
        ] {
            assert_eq!(text.parse::<Reference>().unwrap().to_string(), text);
        }
        for nonsense in ["", "booked", "loans/..@1", "booked/..", "booked/..@x", "booked/..@1;sql=1", "booked/a..b@1"] {
            assert!(nonsense.parse::<Reference>().is_err(), "{nonsense}");
        }
    }

    #[test]
    fn a_period_stays_within_what_was_asked() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let asked = Days::between(day("2026-11-05"), day("2026-12-20"));
        assert_eq!(
            period(asked, day("2026-11-01"), Some(GroupBy::Month)),
            Days::between(day("2026-11-05"), day("2026-11-30"))
        );
        assert_eq!(
            period(asked, day("2026-12-01"), Some(GroupBy::Month)),
            Days::between(day("2026-12-01"), day("2026-12-20"))
        );
        let week = Some(GroupBy::Week(chrono::Weekday::Mon));
        assert_eq!(period(asked, day("2026-11-09"), week), Days::between(day("2026-11-09"), day("2026-11-15")));
    }
}
