//! orders.report_sales: revenue of a range of business days, whole and in groups, beside other days if asked.

mod again;
mod apart;
mod change;
mod cities;
mod compared;
mod days;
mod group;
mod profit;
mod said;
mod sorted;
mod split;

use std::sync::Arc;

use chrono::{Datelike as _, NaiveDate};
use orderlog_domain::{format::MoneyOut, postings::Basis, rejection::Rejection};
use orderlog_projections::daily_sales::{self, GroupBy, Sales, SalesRequest, Selection};
use orderlog_read_models::Days;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use self::{
    again::Weekdays,
    change::{Before, Compared, headline},
    group::{Group, Showing},
    profit::{ProfitView, Profits},
    sorted::SortInput,
    split::{GroupInput, Split},
};
use crate::{
    answer::{Short, Told},
    facts::{amount, as_object},
    failure::Failure,
    query::{Frame, Paging, read_filters},
    sales_figures::{Figures, Reference},
    sentences,
    shop::OpenShop,
    table::Table,
    tool::Tool,
};

/// Hours of a day: their groups fit one page.
const HOURS: u32 = 24;

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
    /// Other days beside these: "previous period", "last year" (the same days) or a phrase.
    #[serde(default)]
    #[schemars(length(max = 100))]
    compare_to: Option<String>,
    /// How sales are counted; booked when left out.
    #[serde(default)]
    basis: Option<Basis>,
    /// Split the figures; by two, each group once more: ["customer", "product"] is who bought what.
    #[serde(default)]
    #[schemars(length(max = 2))]
    group_by: Vec<GroupInput>,
    /// First among groups; least: of revenue; change, up or down, needs compare_to.
    #[serde(default)]
    sort: Option<SortInput>,
    /// Profit and margin too, by product if asked: net sales less cost.
    #[serde(default)]
    profit: Option<bool>,
    /// SKU or name.
    #[serde(default)]
    #[schemars(length(max = 254))]
    product: Option<String>,
    /// E-mail address, name or id.
    #[serde(default)]
    #[schemars(length(max = 254))]
    customer: Option<String>,
    /// A time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    as_of: Option<String>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    /// booked, shipped or cash.
    basis: &'static str,
    #[serde(skip)]
    counted: Basis,
    #[serde(skip)]
    group_by: Option<GroupBy>,
    #[serde(skip)]
    of_products: bool,
    /// Revenue in the shop's currency: without tax, with shipping. On the cash basis the money itself.
    revenue: MoneyOut,
    /// The waterfall in the shop's currency, with what was converted to it.
    figures: Figures,
    /// The same in other days, and the change since.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<Compared>,
    /// What the goods earned, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "crate::schema::Object")]
    profit: Option<ProfitView>,
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
    /// The first day of the log, where days before it were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    log_begins: Option<NaiveDate>,
    #[serde(flatten)]
    frame: Frame,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let cash = self.counted == Basis::Cash;
        let cut = self.groups.iter().any(|group| group.left_out > 0);
        let rows: Table = self.groups.into_iter().map(|group| group.in_short(self.counted, self.group_by)).collect();
        let short = self.frame.open();
        let short = match self.total_count {
            0 => short,
            total => short.table("groups", rows, total),
        };
        let short = if cut { short.lines(self.group_by.and_then(group::all_of_one)) } else { short };
        let short = short.said("revenue", amount(self.revenue));
        let short = if self.counted == Basis::Booked { short } else { short.fact("basis", self.basis) };
        // What was sold in one currency, the shop's, is told already.
        let home = self.figures.currency();
        let elsewhere = self.totals.iter().any(|one| one.currency() != home);
        let totals: Value = self.totals.into_iter().map(|one| Value::Object(as_object(one.in_short(cash)))).collect();
        let figures = if self.total_count > 0 { self.figures.in_brief(cash) } else { self.figures.in_short(cash) };
        let words = Figures::said(&figures, self.of_products);
        let short = short.worded("figures", Value::Object(as_object(figures)), words);
        let short = match self.compared {
            Some(compared) => {
                let words = compared.counts();
                short.worded("compared", Value::Object(as_object(compared.in_short())), words)
            }
            None => short,
        };
        let short = if elsewhere { short.fact("totals", totals) } else { short };
        let short = match self.profit {
            Some(profit) => profit.in_short(short),
            None => short,
        };
        // The sentence says "so far".
        let short = if self.complete { short } else { short.said("complete", false) };
        let short = match self.log_begins {
            Some(day) => short.said("log_begins", day.to_string()),
            None => short,
        };
        // The sentence says the days, too.
        self.frame.close_dated(short)
    }
}

pub(super) fn tool() -> Tool {
    Tool::listing("orders.report_sales", "Report sales", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, paging: Paging) -> Result<Output, Failure> {
    let (now, calendar) = (shop.clock.now(), &shop.settings.calendar);
    let mut read = read_filters(&shop, None, input.customer.as_deref(), input.product.as_deref()).await?;
    sentences::money_of_no_product(input.basis, !read.products.is_empty())?;
    days::read_days(&shop, &input.date, &input.date_range, &mut read).await?;
    if input.sort.is_some() && input.group_by.is_empty() && !read.is_of_a_kind() {
        read.interpretation.names.push("Nothing was sorted: sort is about the groups of group_by.".to_owned());
    }
    let Some((from, to)) = read.range.as_ref().and_then(|range| range.from.zip(range.to)) else {
        return Err(anyhow::anyhow!("a range without an end was read").into());
    };
    let today = calendar.business_date(now);
    let basis = input.basis.unwrap_or_default();
    if input.profit == Some(true) || input.sort == Some(SortInput::Profit) {
        profit::check(basis, &input.group_by, input.sort)?;
    }
    read.interpretation.reading = Some(said::reading(basis).to_owned());
    let as_of = match &input.as_of {
        Some(text) => Some(shop.moments.as_of(text).await?),
        None => None,
    };
    read.interpretation.as_of_position = as_of.map(|as_of| as_of.position.0);
    // A day that was under way then was not known whole.
    let complete = calendar.is_complete(to, as_of.and_then(|as_of| as_of.over_by()).unwrap_or(now));

    let by_change = input.sort == Some(SortInput::Change);
    let compare_to = input.compare_to.as_deref().or(by_change.then_some(compared::PREVIOUS));
    let compared = compare_to.map(|text| compared::days(text, (from, to), now, calendar)).transpose()?;
    let split = match Split::read(&input.group_by, calendar)? {
        // What was added up is listed.
        Split::Things(None, None) if read.is_of_a_kind() => Split::Things(Some(GroupBy::Product), None),
        split => split,
    };
    let (group_by, then_by) = match split {
        Split::Things(group_by, then_by) => (group_by, then_by),
        Split::Rhythm(_) | Split::City => (None, None),
    };
    if compared.is_some()
        && then_by.is_some()
        && [group_by, then_by].into_iter().flatten().any(|one| one.period().is_some())
    {
        let message = "Days, weeks and months can be compared when they are the only groups.";
        return Err(Rejection::invalid("group_by", message)
            .hint("Group by one of them, or leave compare_to out.")
            .into());
    }
    // What lies before the log cannot be told from days without sales.
    let of_rhythm = matches!(split, Split::Rhythm(_));
    let of_periods = of_rhythm || group_by.is_some_and(|one| one.period().is_some());
    let mut begins = if of_periods { shop.moments.log_begins().await? } else { None };
    let until = as_of.map_or(today, |as_of| calendar.business_date(as_of.at)).min(to);
    let listed =
        begins.filter(|_| of_periods).map(|begins| (Days::between(begins.max(from), until), shop.settings.currency));
    let fresh = shop.moments.fresh().await?;
    let request = SalesRequest {
        basis,
        days: read.days(),
        products: read.products.clone(),
        customer: read.customer,
        tax_rate: None,
        group_by,
        then_by,
        compared: compared.map(|(from, to)| Days::between(from, to)),
        sort: input.sort.and_then(SortInput::sort),
        listed,
        as_of: as_of.map(|as_of| as_of.position),
    };
    let by_profit = input.sort == Some(SortInput::Profit);
    let profits = match by_profit || input.profit.unwrap_or_default() {
        true => Some(Profits::of(&shop, &request, fresh).await?),
        false => None,
    };
    let page = if of_rhythm { paging.request_of(HOURS)? } else { paging.request()? };
    let mut answer = match split {
        Split::Things(..) => daily_sales::daily_sales(&shop.projections, request.clone(), page, fresh).await?,
        Split::Rhythm(rhythm) => {
            daily_sales::sales_by_rhythm(&shop.projections, request.clone(), rhythm, fresh).await?
        }
        Split::City => daily_sales::sales_of_every_customer(&shop.projections, request.clone(), fresh).await?,
    };
    let mut all = std::mem::take(&mut answer.found.groups);
    if let Some(profits) = profits.as_ref().filter(|_| by_profit) {
        all = page.of(&profits.groups).to_vec();
    }
    let found = &answer.found;
    let known_at = as_of.map_or(answer.position, |as_of| as_of.position);
    let about = Reference { selection: Selection { request, ..Selection::default() }, known_at };
    let begun = Days::between(from, to.min(today.max(from)));
    let showing = Showing { shop: &shop, fresh, about: &about, begun };
    let (groups, total_count, next, stands_out) = match split {
        Split::Things(..) => {
            let mut groups = showing.groups(&all).await?;
            if let Some(profits) = &profits {
                profits.of_groups(&shop, &all, &mut groups);
            }
            (groups, found.total_groups, found.next, String::new())
        }
        Split::Rhythm(_) => {
            let days = |days: Option<Days>| days.map(daily_sales::count_weekdays).unwrap_or_default();
            let over = calendar.is_complete(until, as_of.and_then(|as_of| as_of.over_by()).unwrap_or(now));
            let weekdays = Weekdays {
                now: days(listed.map(|(days, _)| days)),
                then: days(about.selection.request.compared),
                under_way: (!over).then(|| until.weekday()),
            };
            let stands_out = again::best(&shop, basis, &all, &weekdays);
            let (groups, total) = (showing.again(page.of(&all), &weekdays), found.total_groups);
            let next = page.next_offset(groups.len(), total, answer.position);
            (groups, total, next, stands_out)
        }
        Split::City => {
            let cities = showing.cities(all).await?;
            let (stands_out, total) = (showing.most(&cities), i64::try_from(cities.len()).unwrap_or(i64::MAX));
            let groups: Vec<Group> = page.of(&cities).iter().map(|city| showing.of_city(city)).collect();
            let next = page.next_offset(groups.len(), total, answer.position);
            (groups, total, next, stands_out)
        }
    };

    let earned = profits.as_ref().map(|profits| profits.in_words(&shop)).unwrap_or_default();
    let home = shop.settings.currency;
    let part = |sales: &Sales| Figures::of(&shop, &sales.currency, sales, sales.own, &about.part(sales));
    let totals: Vec<Figures> = found.totals.iter().map(part).collect();
    let sum = in_home(home.code(), &found.totals);
    let mut figures = Figures::of(&shop, home.code(), &sum, sum.converted, &about.home(home.code()));
    if !read.products.is_empty() {
        figures.average_order = None;
        // One order may hold several of a kind.
        if basis != Basis::Booked || read.is_of_a_kind() {
            figures.count_no_orders();
        }
    }
    let revenue = headline(basis, &sum.converted);
    let before = found.then.as_ref().zip(compared).map(|(then, (from, to))| {
        let then = in_home(home.code(), then);
        let about = about.of_then(None, None).home(home.code());
        let both = (revenue, headline(basis, &then.converted));
        let mut before = Before::of(&shop, home.code(), both, &then, &about);
        if read.is_of_a_kind() {
            before.orders = None;
        }
        Compared { from, to, before }
    });
    let earliest = compared.map_or(from, |(first, _)| first.min(from));
    if found.first_day.is_none_or(|first| earliest < first) {
        if begins.is_none() {
            begins = shop.moments.log_begins().await?;
        }
        begins = begins.into_iter().chain(found.first_day).min().filter(|begins| earliest < *begins);
    } else {
        begins = None;
    }
    let back = match basis {
        Basis::Cash => daily_sales::money_back(&shop.projections, &about.selection.request, home.code(), fresh).await?,
        Basis::Booked | Basis::Shipped => daily_sales::MoneyBack::default(),
    };
    let said = said::Said {
        back,
        basis,
        read: &read,
        today,
        complete,
        revenue,
        taxes: [group_by, then_by].contains(&Some(GroupBy::TaxRate)).then_some(sum.converted.tax),
        compared: before.as_ref().zip(found.then.as_ref()).map(|(before, _)| before),
        days: (from, to),
        begins,
        as_of,
    };
    let text = said.in_words(&shop, &found.totals).await? + &earned + &stands_out;
    let frame = Frame::of(&answer, next, read.interpretation, text);
    let revenue = shop.wording.money(revenue, home);
    Ok(Output {
        basis: basis.name(),
        counted: basis,
        group_by,
        of_products: !read.products.is_empty(),
        revenue,
        figures,
        compared: before,
        profit: profits.map(|profits| profits.view(&shop)),
        totals,
        groups,
        total_count,
        complete,
        log_begins: begins,
        frame,
    })
}

/// What is in the shop's currency or was converted to it.
fn in_home(home: &str, totals: &[Sales]) -> Sales {
    let mut sum = Sales::nothing(home);
    for sales in totals.iter().filter(|sales| sales.home == home) {
        sum.add(&sales.clone().in_home());
    }
    sum
}
