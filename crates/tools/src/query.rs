//! The common parts of all queries: paging, how names and dates were read, freshness, the frame of an answer.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use orderlog_domain::{
    format::day_in_words,
    ids::{CustomerId, ProductId},
    phrase::{self, DateRange, Direction},
    rejection::Rejection,
};
use orderlog_projections::customers;
use orderlog_read_models::{Answer, Cursor, Days, Freshness, Matched, PAGE_LIMIT, PageRequest};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{INTERPRETATION, Short},
    arguments::cursor::NEXT,
    by_day::ByDay,
    directory::Purpose,
    failure::Failure,
    permit::are_particulars_hidden,
    sentences::{self, plural},
    shop::OpenShop,
    views::CustomerView,
};

/// Items of a page, if the caller sets no limit.
const DEFAULT_LIMIT: u32 = 20;

/// Arguments that every list takes besides its own.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// 20 when left out.
    #[serde(default)]
    #[schemars(range(min = 1, max = PAGE_LIMIT))]
    limit: Option<u32>,
    /// next_cursor of the last page.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    cursor: Option<String>,
}

/// What every query answers besides its own.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Frame {
    /// How the arguments were read.
    interpretation: Interpretation,
    /// Where the next page starts, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
    /// The moment of the log that is shown.
    position: i64,
    /// Events that are not taken in yet; absent when the answer is fresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    behind: Option<i64>,
    /// Fit to be read aloud.
    text: String,
}

/// How dates, names and choices were read.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Interpretation {
    /// The range of dates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) date_range: Option<phrase::Interpretation>,
    /// Names that were not given exactly.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pub(crate) names: Vec<String>,
    /// The position of the log that was asked about, where it is not the present one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) as_of_position: Option<i64>,
    /// What was counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reading: Option<String>,
}

impl Interpretation {
    /// Whether nothing was read.
    pub(crate) fn is_empty(&self) -> bool {
        self.date_range.is_none() && self.names.is_empty() && self.as_of_position.is_none() && self.reading.is_none()
    }

    /// The readings other than those of the days.
    fn beside_days(&self) -> String {
        let warnings =
            self.date_range.iter().flat_map(|read| &read.warnings).map(|warning| warning.trim_end_matches('.'));
        let then = self.as_of_position.map(|position| format!("as of position {position}"));
        let words: Vec<String> = self.names.iter().cloned().chain(warnings.map(str::to_owned)).chain(then).collect();
        words.join("; ")
    }

    /// `last week: Mon 2026-11-09..Sun 2026-11-15 Asia/Kolkata`; the tool adds what was counted.
    pub(crate) fn in_words(&self) -> String {
        let dates = self.date_range.as_ref().map(|read| {
            let (from, to) = (read.from.as_deref().unwrap_or_default(), read.to.as_deref().unwrap_or_default());
            let days =
                if from == to { with_weekday(from) } else { format!("{}..{}", with_weekday(from), with_weekday(to)) };
            let warnings: String = read.warnings.iter().map(|warning| format!(" ({warning})")).collect();
            format!("{}: {days} {}{warnings}", read.phrase, read.timezone)
        });
        let then = self.as_of_position.map(|position| format!("as of position {position}"));
        let words: Vec<String> = self.names.iter().cloned().chain(dates).chain(then).collect();
        words.join("; ")
    }
}

/// `Mon 2026-11-09`: a slip of a week shows there.
fn with_weekday(day: &str) -> String {
    day.parse::<NaiveDate>().map_or_else(|_| day.to_owned(), |date| format!("{} {day}", date.format("%a")))
}

impl Paging {
    pub(crate) fn request(&self) -> Result<PageRequest, Rejection> {
        self.request_of(DEFAULT_LIMIT)
    }

    /// As [`request`](Self::request), for a list with this many items by default.
    pub(crate) fn request_of(&self, usual: u32) -> Result<PageRequest, Rejection> {
        let cursor: Option<Cursor> = self
            .cursor
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|error| Rejection::invalid("cursor", format!("{error}.")))?;
        Ok(PageRequest { limit: self.limit.unwrap_or(usual), cursor })
    }
}

impl Frame {
    /// Begins the short answer with its sentences.
    pub(crate) fn open(&mut self) -> Short {
        Short::of(std::mem::take(&mut self.text))
    }

    /// What was counted.
    pub(crate) fn reading(&self) -> Option<String> {
        self.interpretation.reading.clone()
    }

    /// Ends the short answer with how the question was read and the cursor of the next page.
    pub(crate) fn close(self, short: Short) -> Short {
        let words = self.interpretation.in_words();
        self.close_with(short, words)
    }

    /// As [`close`](Self::close), if the sentences contain the days.
    pub(crate) fn close_dated(self, short: Short) -> Short {
        let words = self.interpretation.beside_days();
        self.close_with(short, words)
    }

    fn close_with(self, short: Short, words: String) -> Short {
        let read = serde_json::to_value(&self.interpretation).unwrap_or_default();
        let short = short.worded(INTERPRETATION, read, words);
        short.some(NEXT, self.next_cursor).some("behind", self.behind).fact("position", self.position)
    }

    /// The frame of a read model's answer.
    pub(crate) fn of<T>(
        answer: &Answer<T>,
        next: Option<Cursor>,
        interpretation: Interpretation,
        text: String,
    ) -> Frame {
        let behind = (answer.behind > 0).then_some(answer.behind);
        let stale = behind.map(|n| format!(" This is {} behind the log.", plural(n, "event"))).unwrap_or_default();
        Frame {
            interpretation,
            next_cursor: next.map(|cursor| cursor.to_string()),
            position: answer.position.0,
            behind,
            text: text + &stale,
        }
    }

    /// The frame of an answer that was read from the log itself.
    pub(crate) fn of_log(position: i64, next: Option<String>, interpretation: Interpretation, text: String) -> Frame {
        Frame { interpretation, next_cursor: next, position, behind: None, text }
    }
}

/// The ids and days that a query's names and dates mean.
#[derive(Debug, Default)]
pub(crate) struct Read {
    pub(crate) range: Option<DateRange>,
    /// Only orders before this day.
    pub(crate) before: Option<NaiveDate>,
    /// Only orders placed before this moment, if hours were said.
    pub(crate) placed_before: Option<DateTime<Utc>>,
    /// The same in words, for a sentence about orders: ` placed before 21 Nov 2026, 02:30`.
    early: Option<String>,
    /// Which of an order's days are meant.
    pub(crate) by: ByDay,
    pub(crate) customer: Option<CustomerId>,
    /// Any of these products; an empty list means any product.
    pub(crate) products: Vec<ProductId>,
    /// The words for the products: the name of the only one, or the word that fits several.
    pub(crate) called: Option<String>,
    pub(crate) interpretation: Interpretation,
}

impl Read {
    /// Whether a word means several products, which are added up.
    pub(crate) fn is_of_a_kind(&self) -> bool {
        self.products.len() > 1
    }

    /// The days to which a query is restricted; all days if none were said.
    pub(crate) fn days(&self) -> Days {
        let Days { from, to } =
            self.range.as_ref().map(|range| Days { from: range.from, to: range.to }).unwrap_or_default();
        let before = self.before.and_then(|day| day.pred_opt());
        Days { from, to: to.into_iter().chain(before).min() }
    }

    /// Keeps only what is older than `10 days`, than `36 hours`, or than the beginning of any phrase of dates. Counted
    /// back from `now`.
    pub(crate) fn keep_older(&mut self, shop: &OpenShop, text: &str, now: DateTime<Utc>) -> Result<(), Failure> {
        const HINT: &str = "Say \"10 days\", \"36 hours\" or a day.";
        let calendar = &shop.settings.calendar;
        let read = |phrase: &str| phrase::read_unbounded(phrase, now, calendar, Direction::Past);
        let text = text.trim();
        let said = text.trim_start_matches("older than ");
        let hours = phrase::read_length(said).filter(|length| !length.in_days);
        if let Some(at) = hours.and_then(|length| now.checked_sub_signed(length.lasts)) {
            let (day, word) = (calendar.business_date(at), self.by.word());
            let limit = if self.by == ByDay::Placed {
                // The day itself counts as far as the moment.
                (self.placed_before, self.before) = (Some(at), day.succ_opt());
                let moment = sentences::moment(at, calendar.timezone);
                self.early = Some(format!(" placed before {moment}"));
                moment
            } else {
                self.before = Some(day);
                format!("{} (of the rest days are kept, not hours)", day_in_words(day))
            };
            self.interpretation.names.push(format!("older than {said}: {word} before {limit}"));
            return Ok(());
        }
        let range = read(&format!("older than {said}")).or_else(|_| read(text));
        let range = range.map_err(|rejection| rejection.field("older_than").hint(HINT))?;
        // A range without a beginning means the days before its end; any other range means the days before it begins.
        let before = range.from.or_else(|| range.to.and_then(|to| to.succ_opt()));
        let Some(before) = before else {
            return Err(Rejection::invalid("older_than", "names no day.").hint(HINT).into());
        };
        self.before = Some(before);
        self.interpretation.names.push(format!(
            "older than {said}: {} before {}",
            self.by.word(),
            day_in_words(before)
        ));
        Ok(())
    }

    /// The days, for a sentence about orders; empty if none were said.
    pub(crate) fn days_in_words(&self) -> String {
        match &self.early {
            Some(early) => self.by.in_words(self.range.as_ref(), None) + early,
            None => self.by.in_words(self.range.as_ref(), self.before),
        }
    }
}

/// Reads the arguments that most queries have: a range of dates, a customer, a product.
pub(crate) async fn read_filters(
    shop: &OpenShop,
    range: Option<&str>,
    customer: Option<&str>,
    product: Option<&str>,
) -> Result<Read, Failure> {
    let mut read = Read::default();
    if let Some(text) = range {
        read.take_range(phrase::read_unbounded(text, shop.clock.now(), &shop.settings.calendar, Direction::Past)?);
    }
    if let Some(text) = customer {
        let (id, reading) = shop.directory.customer(text, "customer", Purpose::Read).await?;
        read.customer = Some(id);
        read.interpretation.names.extend(reading);
    }
    if let Some(text) = product {
        let (found, reading) = shop.directory.products(text, "product").await?;
        read.called = Some(match found.as_slice() {
            [one] => one.name.clone(),
            _ => text.trim().to_owned(),
        });
        read.products = found.iter().map(|product| ProductId(product.product_id)).collect();
        read.interpretation.names.extend(reading);
    }
    Ok(read)
}

/// How a search continued that found nothing with all words.
pub(crate) fn nearest(how: Matched, text: Option<&str>) -> Option<String> {
    let near = matches!(how, Matched::Most | Matched::Alike | Matched::Few);
    near.then(|| format!("Nothing has all of `{}`; these come nearest.", text.unwrap_or_default()))
}

/// Names of customers, for lists of their orders.
pub(crate) async fn customers_named(
    shop: &OpenShop,
    ids: impl Iterator<Item = uuid::Uuid>,
    freshness: Freshness,
) -> Result<HashMap<uuid::Uuid, CustomerView>, Failure> {
    let mut ids: Vec<CustomerId> = ids.map(CustomerId).collect();
    ids.sort_unstable();
    ids.dedup();
    let found = customers::customers_by_id(&shop.projections, &ids, freshness).await?.found;
    Ok(found.into_iter().map(|customer| (customer.customer_id, customer_view(customer))).collect())
}

impl Read {
    pub(crate) fn take_range(&mut self, range: DateRange) {
        let mut interpretation = range.interpretation();
        if !range.whole_days {
            interpretation.warnings.push("Figures are kept by business day, so whole days were taken.".to_owned());
        }
        self.interpretation.date_range = Some(interpretation);
        self.range = Some(range);
    }
}

/// The customer in a row of a list, even if only the id is known.
pub(crate) fn known(customers: &HashMap<uuid::Uuid, CustomerView>, id: uuid::Uuid) -> CustomerView {
    customers.get(&id).cloned().unwrap_or(CustomerView {
        customer_id: id,
        name: None,
        email: None,
        phone: None,
        address: None,
    })
}

pub(crate) fn customer_view(customer: customers::Customer) -> CustomerView {
    if are_particulars_hidden() {
        return CustomerView::hidden(customer.customer_id);
    }
    CustomerView {
        customer_id: customer.customer_id,
        name: customer.name,
        email: customer.email,
        phone: customer.phone,
        address: customer.address,
    }
}
