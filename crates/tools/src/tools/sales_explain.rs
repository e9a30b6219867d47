//! sales.explain: why days were low or high, and every posting behind a figure, with the proof that they add up to it.

mod before;
mod why;

use std::sync::Arc;

use orderlog_domain::{
    format::{MoneyOut, days_in_words},
    postings::Basis,
    rejection::Rejection,
};
use orderlog_projections::daily_sales::{self, ExplainedPosting, Sales, SalesRequest, Selection};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::why::Why;
use crate::{
    answer::{Short, Told},
    facts::{Members, amount, as_object},
    failure::Failure,
    query::{Frame, Paging, read_filters},
    sales_figures::{Figures, Reference, not_a_reference},
    schema::Object,
    sentences,
    shop::OpenShop,
    table::{self, Table},
    tool::Tool,
};

/// The sentence for future days.
const FORESEEN: &str = " What it may bring is told by sales_forecast.";
/// Most characters of a reference: each product of a kind (at most [`crate::candidates::LOOKED_AT`]) takes 45 of them.
const MAX_REFERENCE: u32 = 9_999;

/// Why days were low or high: what stands out (products, customers, hours) beside the same weekdays before. And what a
/// figure is made of: every posting with its event; with the reference of a figure (orders_report_sales, detail full), or
/// show postings.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// reference of a figure. Give this, or date_range.
    #[serde(default)]
    #[schemars(length(min = 1, max = MAX_REFERENCE))]
    reference: Option<String>,
    /// Days such as "yesterday" or "last week".
    #[serde(default)]
    #[schemars(length(max = 100))]
    date_range: Option<String>,
    /// why for days, postings for a reference, when left out.
    #[serde(default)]
    show: Option<Show>,
    /// How sales are counted; booked when left out.
    #[serde(default)]
    basis: Option<Basis>,
    /// Only this product: SKU or name.
    #[serde(default)]
    #[schemars(length(max = 254))]
    product: Option<String>,
    /// Only this customer: e-mail address, name or id.
    #[serde(default)]
    #[schemars(length(max = 254))]
    customer: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Show {
    Why,
    Postings,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// Beside the same weekdays before.
    #[serde(flatten)]
    why: Option<Why>,
    /// The figure, per currency.
    figures: Vec<Figures>,
    /// The postings, in order of the log, one page.
    #[schemars(with = "Vec<Object>")]
    postings: Vec<PostingView>,
    /// Postings over all pages.
    total_count: i64,
    /// Whether the postings add up to the figure as reports keep it.
    agrees: bool,
    #[serde(skip)]
    of_products: bool,
    #[serde(flatten)]
    frame: Frame,
}

impl Told for Output {
    fn short(mut self) -> Short {
        if let Some(why) = self.why {
            let made_of = format!("made of {}", sentences::plural(self.total_count, "posting"));
            let short = why.in_short(self.frame.open()).worded("total_count", self.total_count, made_of);
            return self.frame.close_dated(short.said("agrees", self.agrees));
        }
        let rows: Table = self.postings.into_iter().map(PostingView::in_short).collect();
        let figures: Vec<Members> = self.figures.into_iter().map(|figures| figures.in_short(false)).collect();
        let words = figures.iter().map(|one| Figures::said(one, self.of_products)).collect::<Vec<_>>().join("; ");
        let figures: Value = figures.into_iter().map(|members| Value::Object(as_object(members))).collect();
        let short = self.frame.open().table("postings", rows, self.total_count);
        self.frame.close(short.worded("figures", figures, words).fact("agrees", self.agrees))
    }
}

impl PostingView {
    fn in_short(self) -> table::Row {
        table::Row::default()
            .cell("business_date", self.business_date)
            .cell("event", self.event)
            .cell("order_id", self.order_id)
            .some("line", self.line)
            .cell("units", self.units)
            .cell("revenue", amount(self.revenue))
            .cell("tax", amount(self.tax))
            .cell("total", amount(self.total))
            .cell("position", self.position)
    }
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
    /// The same amounts, converted into another currency.
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

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let read =
        read_filters(&shop, input.date_range.as_deref(), input.customer.as_deref(), input.product.as_deref()).await?;
    sentences::money_of_no_product(input.basis, !read.products.is_empty())?;
    let head = shop.projections.head(&shop.log).await?.position;
    let reference = match (&input.reference, &input.date_range) {
        (Some(_), Some(_)) => {
            return Err(Rejection::invalid("reference", "Give reference or date_range, not both.").into());
        }
        (Some(reference), None) => reference.parse::<Reference>()?,
        (None, _) => {
            let basis = input.basis.unwrap_or_default();
            let (days, products, customer) = (read.days(), read.products.clone(), read.customer);
            let request = SalesRequest { basis, days, products, customer, ..SalesRequest::default() };
            let selection = Selection { request, ..Selection::default() };
            Reference { selection, known_at: head }
        }
    };
    if reference.known_at > head {
        return Err(not_a_reference().into());
    }
    let fresh = shop.moments.fresh().await?;
    let days = reference.selection.request.days;
    let of_days = days.from.zip(days.to);
    let show =
        input.show.unwrap_or(if input.reference.is_none() && of_days.is_some() { Show::Why } else { Show::Postings });
    let today = shop.settings.calendar.business_date(shop.clock.now());
    let ahead = read.range.as_ref().filter(|range| range.from.is_some_and(|from| from > today));
    let why = match (show, of_days) {
        // Future days are neither low nor high.
        _ if ahead.is_some() => None,
        (Show::Postings, _) => None,
        (Show::Why, None) => {
            return Err(Rejection::invalid("show", "Only days can be compared with the same weekdays before.")
                .hint("Name them in date_range, such as \"yesterday\".")
                .into());
        }
        (Show::Why, Some((from, to))) => {
            let days = days_in_words(from, to);
            let phrase = read.range.as_ref().map_or(days.as_str(), |range| range.phrase.as_str());
            let asked = why::Asked { request: &reference.selection.request, from, to, phrase, fresh };
            Some(asked.why(&shop).await?)
        }
    };
    let mut selection = reference.selection.clone();
    selection.request.as_of = Some(reference.known_at);
    let answer = daily_sales::explain(&shop.projections, &selection, paging.request()?, fresh).await?;
    let found = &answer.found;
    let agrees = found.sums == found.reported;
    let wholes = wholes(&found.sums);
    let whole = |sales: &Sales| Figures::of(&shop, &sales.home, sales, sales.own, &reference.home(&sales.home));
    let part = |sales: &Sales| Figures::of(&shop, &sales.currency, sales, sales.own, &reference.part(sales));
    let parts = found.sums.iter().filter(|sales| sales.currency != sales.home);
    let figures: Vec<Figures> = wholes.iter().map(whole).chain(parts.map(part)).collect();
    let whole_days = read.range.as_ref().map_or("", sentences::ranges::whole_days);
    let (why, text) = match why {
        Some((why, text)) => (Some(why), text),
        None => match ahead.filter(|_| found.total_count == 0) {
            Some(range) => (None, sentences::lies_ahead(reference.selection.request.basis, "", range) + FORESEEN),
            None => (None, text(&shop, found.total_count, &wholes, &found.sums)),
        },
    };
    let text = text + whole_days;
    let postings = found.postings.iter().map(|posting| view(&shop, posting)).collect();
    let total_count = found.total_count;
    let next = answer.found.next.filter(|_| why.is_none());
    let frame = Frame::of(&answer, next, read.interpretation, text);
    let of_products = selection.request.is_of_products();
    Ok(Output { why, figures, postings, total_count, agrees, of_products, frame })
}

/// The sums of the currencies, converted where a rate exists.
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
fn text(shop: &OpenShop, postings: i64, wholes: &[Sales], sums: &[Sales]) -> String {
    let amount = |minor: i64, code: &str| code.parse().map(|code| shop.wording.amount(minor, code)).unwrap_or_default();
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

fn view(shop: &OpenShop, posting: &ExplainedPosting) -> PostingView {
    let Sales { currency, home, units, own, converted, .. } = &posting.sales;
    let money = |minor| shop.wording.money_in(minor, currency);
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
            revenue: shop.wording.money_in(converted.revenue(), home),
            tax: shop.wording.money_in(converted.tax, home),
            total: shop.wording.money_in(converted.total(), home),
        }),
    }
}
