//! sales.explain: every posting behind a figure, each with its event, and the proof that they add up to it.

use std::{fmt, str::FromStr, sync::Arc};

use chrono::{Datelike as _, NaiveDate};
use orderlog_domain::{
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

/// A figure of a report, as reports name it: `booked/2026-11-01..2026-11-30@1234;currency=INR;product=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) selection: Selection,
    /// The position at which the figure was reported.
    pub(super) known_at: Position,
}

impl Reference {
    /// The part of it in one currency.
    pub(super) fn currency(&self, code: &str) -> Reference {
        let selection = Selection { currency: Some(code.to_owned()), ..self.selection.clone() };
        Reference { selection, ..*self }
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
    let last = match group_by {
        Some(GroupBy::Week(_)) => from.checked_add_days(chrono::Days::new(6)),
        Some(GroupBy::Month) => {
            let next = if from.month() == 12 {
                from.with_month(1).and_then(|d| d.with_year(d.year() + 1))
            } else {
                from.with_month(from.month() + 1)
            };
            next.and_then(|next| next.pred_opt())
        }
        _ => Some(from),
    };
    let from = asked.from.map_or(from, |first| first.max(from));
    let to = match (asked.to, last) {
        (Some(asked), Some(last)) => Some(asked.min(last)),
        (asked, last) => asked.or(last),
    };
    Days { from: Some(from), to }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Selection { request, currency, product, customer } = &self.selection;
        let day = |day: Option<NaiveDate>| day.map(|day| day.to_string()).unwrap_or_default();
        let (basis, from, to) = (request.basis.name(), day(request.days.from), day(request.days.to));
        write!(f, "{basis}/{from}..{to}@{}", self.known_at)?;
        if let Some(currency) = currency {
            write!(f, ";currency={currency}")?;
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
        parse(text).ok_or_else(|| {
            Rejection::invalid("reference", "This is no reference of a figure.")
                .hint("Take the reference of a figure from orders_report_sales, or give date_range and basis instead.")
        })
    }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    converted: Option<MoneyOut>,
}

pub(super) fn tool() -> Tool {
    Tool::listing("sales.explain", "Explain a sales figure", run)
}

async fn run(node: Arc<Node>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let read = node.read(input.date_range.as_deref(), input.customer.as_deref(), input.product.as_deref()).await?;
    let reference = match (&input.reference, &input.date_range) {
        (Some(_), Some(_)) => {
            return Err(Rejection::invalid("reference", "Give reference or date_range, not both.").into());
        }
        (Some(reference), None) => reference.parse::<Reference>()?,
        (None, _) => {
            let basis = input.basis.unwrap_or_default().basis();
            let request = SalesRequest { basis, days: read.days(), ..SalesRequest::default() };
            let selection = Selection { request, currency: None, product: read.product, customer: read.customer };
            let known_at = node.log.head().await.map_err(anyhow::Error::new)?.position;
            Reference { selection, known_at }
        }
    };
    let fresh = node.fresh().await?;
    let mut selection = reference.selection.clone();
    selection.request.as_of = Some(reference.known_at);
    let answer = daily_sales::explain(&node.projections, &selection, paging.request()?, fresh).await?;
    let found = &answer.found;
    let agrees = found.sums == found.reported;
    let about = |sales: &Sales| reference.currency(&sales.currency);
    let figures: Vec<Figures> =
        found.sums.iter().map(|sales| Figures::of(&node, &sales.currency, sales, sales.own, &about(sales))).collect();
    let shown: Vec<String> = found
        .sums
        .iter()
        .filter_map(|sales| Some(node.amount(sales.own.total(), sales.currency.parse().ok()?)))
        .collect();
    let of = sentences::plural(found.total_count, "posting");
    let text = match shown.as_slice() {
        [] => "Nothing was posted there.".to_owned(),
        [only] if found.total_count == 1 => format!("{of} comes to {only} with tax."),
        shown => format!("{of} add up to {} with tax.", shown.join(" and ")),
    };
    let postings = found.postings.iter().map(|posting| view(&node, posting)).collect();
    let total_count = found.total_count;
    let frame = Frame::of(&answer, answer.found.next, read.interpretation, text);
    Ok(Output { figures, postings, total_count, agrees, frame })
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
        converted: (home != currency).then(|| node.money_in(converted.total(), home)),
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
            "shipped/2026-11-20..@7;currency=USD;product=ff1f3b23-51fb-55b2-a624-5ac424b58c36",
            "booked/2026-11-01..2026-11-30@9;currency=INR;customer=de88815d-a731-5695-825d-7db3f3b4bd60",
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
