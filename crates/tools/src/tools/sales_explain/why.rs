//! Why days were low or high: the differences from the same weekdays before (rule R12).

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days as DaysLater, NaiveDate, TimeDelta, Timelike as _, Utc};
use orderlog_domain::{
    format::{MoneyOut, day_in_words, days_in_words},
    ids::ProductId,
    postings::Basis,
};
use orderlog_projections::{
    catalogue,
    daily_sales::{self, SalesRequest, Span, SplitSales},
};
use orderlog_read_models::{Days, Freshness, PageRequest};
use schemars::JsonSchema;
use serde::Serialize;
use uuid::Uuid;

use super::before;
use crate::{
    answer::Short,
    facts::amount,
    failure::Failure,
    query::customers_named,
    shares::average,
    shop::OpenShop,
    table::{Row, Table},
};

/// How many times the same weekdays before are looked at.
const BEFORE: u64 = 4;
/// Percent by which revenue may differ from the usual before it is called low or high.
const ORDINARY_PERCENT: i128 = 10;
/// How many differences of each kind are named.
const PRODUCTS: usize = 3;
const CUSTOMERS: usize = 2;
const HOURS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Less than usual by more than ten percent.
    Low,
    /// Within ten percent.
    Usual,
    /// More than usual by more than ten percent.
    High,
    /// The log has no such days before.
    Unknown,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Why {
    verdict: Verdict,
    revenue: MoneyOut,
    /// On average in the same weekdays before.
    #[serde(skip_serializing_if = "Option::is_none")]
    usually: Option<MoneyOut>,
    /// How many times those are in the log, at most four.
    times: usize,
    /// What differs most.
    stands_out: Vec<Difference>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Difference {
    what: String,
    /// Money, or a count of orders.
    now: Amount,
    usually: Amount,
    difference: Amount,
}

#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Amount {
    Money(MoneyOut),
    Count(i64),
}

impl Amount {
    fn plain(self) -> serde_json::Value {
        match self {
            Amount::Money(money) => amount(money),
            Amount::Count(count) => count.into(),
        }
    }
}

impl Why {
    pub(super) fn in_short(self, short: Short) -> Short {
        let row = |of: Difference| {
            let row = Row::default().cell("what", of.what).cell("now", of.now.plain());
            row.cell("usually", of.usually.plain()).cell("difference", of.difference.plain())
        };
        let rows: Table = self.stands_out.into_iter().map(row).collect();
        let short = short.lines(rows.in_words(None)).said("stands_out", rows.into_json());
        let short = match self.verdict {
            Verdict::Low => short.said("verdict", "low"),
            Verdict::Usual => short.said("verdict", "usual"),
            Verdict::High => short.said("verdict", "high"),
            Verdict::Unknown => short,
        };
        let short = short.said("revenue", amount(self.revenue)).said("times", self.times);
        match self.usually {
            Some(usually) => short.said("usually", amount(usually)),
            None => short,
        }
    }
}

/// The spans to compare: the days themselves, and the same weekdays before them, as far back as the log goes. For a day
/// that is not over, only the same part of the days before.
pub(super) fn spans(
    from: NaiveDate,
    to: NaiveDate,
    today: NaiveDate,
    now: DateTime<Utc>,
    begins: NaiveDate,
) -> Vec<Span> {
    let to = to.min(today.max(from));
    let step = u64::try_from(before::step(from, to)).unwrap_or(0);
    let span = |times: u64| {
        let back = DaysLater::new(step * times);
        let until = (to >= today).then(|| now - TimeDelta::days(i64::try_from(step * times).unwrap_or(0)));
        Span { days: Days::between(from - back, to - back), until: until.filter(|_| times > 0) }
    };
    let known = |span: &Span| span.days.from.is_some_and(|first| first >= begins);
    std::iter::once(span(0)).chain((1..=BEFORE).map(span).filter(known)).collect()
}

/// The question.
pub(super) struct Asked<'a> {
    pub(super) request: &'a SalesRequest,
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
    /// The words for the days: `yesterday`.
    pub(super) phrase: &'a str,
    pub(super) fresh: Freshness,
}

impl Asked<'_> {
    /// The reasons, and the sentence about them.
    pub(super) async fn why(&self, shop: &OpenShop) -> Result<(Why, String), Failure> {
        let (now, calendar, home) = (shop.clock.now(), &shop.settings.calendar, shop.settings.currency);
        let today = calendar.business_date(now);
        let everything = SalesRequest { days: Days::default(), group_by: None, ..self.request.clone() };
        let page = PageRequest::first(1);
        let first = daily_sales::daily_sales(&shop.projections, everything, page, self.fresh).await?.found.first_day;
        let begins = shop.moments.log_begins().await?.into_iter().chain(first).min().unwrap_or(today);
        let spans = spans(self.from, self.to, today, now, begins);
        let answer = daily_sales::split_sales(&shop.projections, self.request, home.code(), &spans, self.fresh).await?;
        let (asked, before) = answer.found.split_first().ok_or_else(|| anyhow::anyhow!("no span was read"))?;
        let money = |minor: i64| shop.wording.money(minor, home);
        let days = if self.from == self.to {
            self.from.format("%a %-d %b %Y").to_string()
        } else {
            days_in_words(self.from, self.to)
        };
        let named = format!("{} ({days})", capitalized(self.phrase));
        if before.is_empty() {
            let sold = shop.wording.amount(asked.revenue, home);
            let text = format!(
                "{named} brought {sold}. There is no such day before to compare with: the log begins on {}.",
                day_in_words(begins)
            );
            let why = Why {
                verdict: Verdict::Unknown,
                revenue: money(asked.revenue),
                usually: None,
                times: 0,
                stands_out: vec![],
            };
            return Ok((why, text));
        }
        let usual = Usual(before);
        let usually = usual.of(|split| split.revenue);
        let verdict = verdict(asked.revenue, usually);
        let text = self.sentence(shop, &named, today, asked, before);
        let stands_out = self.differences(shop, asked, &usual, asked.revenue < usually).await?;
        let why = Why {
            verdict,
            revenue: money(asked.revenue),
            usually: Some(money(usually)),
            times: before.len(),
            stands_out,
        };
        Ok((why, text))
    }

    /// `Yesterday (Sat 21 Nov 2026) was not low: ₹45,000 is 3.0 % more than the average of ₹43,700 of the 4 Saturdays before, which had ₹38,000 to ₹50,000.`
    fn sentence(
        &self,
        shop: &OpenShop,
        named: &str,
        today: NaiveDate,
        asked: &SplitSales,
        usual: &[SplitSales],
    ) -> String {
        let (running, until) = (self.from <= today && self.to >= today, self.to.min(today.max(self.from)));
        let usually = Usual(usual).of(|split| split.revenue);
        let verdict = verdict(asked.revenue, usually);
        let amount = |minor: i64| shop.wording.amount(minor, shop.settings.currency);
        let is = if running { "so far is" } else { "was" };
        let is = match verdict {
            Verdict::Low => format!("{is} low"),
            Verdict::High => format!("{is} not low but high"),
            Verdict::Usual | Verdict::Unknown => format!("{is} not low"),
        };
        let times = before::called(self.from, until, usual.len());
        // From the days before, only the part is counted that this day has had.
        let times = if running { format!("{times} by this time of day") } else { times };
        let differs = before::differs(asked.revenue, usually);
        let mean = if usual.len() > 1 { "average of " } else { "" };
        let (least, most) = usual
            .iter()
            .fold((i64::MAX, i64::MIN), |(least, most), one| (least.min(one.revenue), most.max(one.revenue)));
        let within = verdict != Verdict::Usual && (least..=most).contains(&asked.revenue);
        let within = if within { "; that is still within their range" } else { "" };
        let spread = match usual.len() {
            1 => String::new(),
            _ => format!(", which had {} to {}{within}", amount(least), amount(most)),
        };
        let (now, usually) = (amount(asked.revenue), amount(usually));
        format!("{named} {is}: {now} {differs} the {mean}{usually} of {times}{spread}.")
    }

    async fn differences(
        &self,
        shop: &OpenShop,
        asked: &SplitSales,
        usual: &Usual<'_>,
        less: bool,
    ) -> Result<Vec<Difference>, Failure> {
        let money = |minor: i64| Amount::Money(shop.wording.money(minor, shop.settings.currency));
        let row = |what: String, (now, usually): (i64, i64)| Difference {
            what,
            now: money(now),
            usually: money(usually),
            difference: money(now - usually),
        };
        // Payments belong to orders, not to products: on the cash basis there are neither products nor orders placed.
        let cash = self.request.basis == Basis::Cash;
        let mut rows = vec![];
        // One order may contain several products of a kind.
        if !cash && self.request.products.len() < 2 {
            let placed = (asked.placed, usual.of(|split| split.placed));
            rows.push(Difference {
                what: "orders placed".to_owned(),
                now: Amount::Count(placed.0),
                usually: Amount::Count(placed.1),
                difference: Amount::Count(placed.0 - placed.1),
            });
        }
        let taken = (asked.taken_back, usual.of(|split| split.taken_back));
        if taken != (0, 0) {
            rows.push(row(if cash { "paid back" } else { "taken back" }.to_owned(), taken));
        }
        let changed = (asked.changed, usual.of(|split| split.changed));
        if changed != (0, 0) {
            rows.push(row("lines changed".to_owned(), changed));
        }
        let products =
            if cash { vec![] } else { usual.largest(&asked.products, |split| &split.products, less, PRODUCTS) };
        let ids: Vec<ProductId> = products.iter().map(|(id, _)| ProductId(*id)).collect();
        let found = catalogue::names_by_id(&shop.projections, &ids, self.fresh).await?.found;
        let names: BTreeMap<Uuid, String> =
            found.into_iter().map(|product| (product.product_id.0, product.name)).collect();
        for (id, sums) in products {
            let name = names.get(&id).cloned().unwrap_or_else(|| "shipping fees and goodwill".to_owned());
            rows.push(row(name, sums));
        }
        let customers = usual.largest(&asked.customers, |split| &split.customers, less, CUSTOMERS);
        let ids: Vec<Uuid> = customers.iter().map(|(id, _)| *id).collect();
        let mut people = customers_named(shop, ids.into_iter(), self.fresh).await?;
        for (id, sums) in customers {
            let name = people.remove(&id).and_then(|customer| customer.name);
            rows.push(row(name.unwrap_or_else(|| "(forgotten)".to_owned()), sums));
        }
        let zone = shop.settings.calendar.timezone;
        let by_hour = |split: &SplitSales| {
            let mut hours: BTreeMap<u32, i64> = BTreeMap::new();
            for (quarter, sum) in &split.quarters {
                *hours.entry(quarter.with_timezone(&zone).hour()).or_default() += sum;
            }
            hours
        };
        let before: Vec<BTreeMap<u32, i64>> = usual.0.iter().map(by_hour).collect();
        for (hour, sums) in largest(&by_hour(asked), &before.iter().collect::<Vec<_>>(), less, HOURS) {
            rows.push(row(format!("{hour:02}:00–{:02}:00", (hour + 1) % 24), sums));
        }
        Ok(rows)
    }
}

/// The figures of the same weekdays before.
struct Usual<'a>(&'a [SplitSales]);

impl Usual<'_> {
    /// On average, rounded half away from zero.
    fn of(&self, value: impl Fn(&SplitSales) -> i64) -> i64 {
        mean(self.0.iter().map(value), self.0.len())
    }

    fn largest(
        &self,
        now: &BTreeMap<Uuid, i64>,
        parts: impl Fn(&SplitSales) -> &BTreeMap<Uuid, i64>,
        less: bool,
        most: usize,
    ) -> Vec<(Uuid, (i64, i64))> {
        largest(now, &self.0.iter().map(parts).collect::<Vec<_>>(), less, most)
    }
}

/// Of the parts that differ from the usual in this direction, those that differ most, with their present and usual
/// amounts.
fn largest<K: Ord + Copy>(
    now: &BTreeMap<K, i64>,
    before: &[&BTreeMap<K, i64>],
    less: bool,
    most: usize,
) -> Vec<(K, (i64, i64))> {
    let keys: BTreeSet<K> = now.keys().chain(before.iter().flat_map(|parts| parts.keys())).copied().collect();
    let of = |parts: &BTreeMap<K, i64>, key: K| parts.get(&key).copied().unwrap_or(0);
    let sums = keys.into_iter().map(|key| {
        let usually = mean(before.iter().map(|parts| of(parts, key)), before.len());
        (key, (of(now, key), usually))
    });
    let difference = |(_, (now, usually)): &(K, (i64, i64))| if less { now - usually } else { usually - now };
    let mut sums: Vec<_> = sums.filter(|one| difference(one) < 0).collect();
    sums.sort_by_key(difference);
    sums.truncate(most);
    sums
}

fn mean(values: impl Iterator<Item = i64>, count: usize) -> i64 {
    average(values.sum(), i64::try_from(count).unwrap_or(1).max(1))
}

fn verdict(now: i64, usually: i64) -> Verdict {
    let (now, usually) = (i128::from(now) * 100, i128::from(usually));
    if now < usually * (100 - ORDINARY_PERCENT) {
        Verdict::Low
    } else if now > usually * (100 + ORDINARY_PERCENT) {
        Verdict::High
    } else {
        Verdict::Usual
    }
}

fn capitalized(phrase: &str) -> String {
    let mut letters = phrase.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_compared_with_the_same_weekdays_as_far_as_the_log_goes() {
        let (today, now) = (on("2026-11-22"), "2026-11-22T09:00:00Z".parse::<DateTime<Utc>>().unwrap());
        let of = |from: &str, to: &str, begins: &str| -> Vec<(String, bool)> {
            let spans = spans(on(from), on(to), today, now, on(begins));
            spans.iter().map(|span| (span.days.from.unwrap().to_string(), span.until.is_some())).collect()
        };
        let days = |days: &[&str], cut: bool| -> Vec<(String, bool)> {
            days.iter().enumerate().map(|(nth, day)| ((*day).to_owned(), cut && nth > 0)).collect()
        };
        let saturdays = ["2026-11-21", "2026-11-14", "2026-11-07", "2026-10-31", "2026-10-24"];
        assert_eq!(of("2026-11-21", "2026-11-21", "2026-01-01"), days(&saturdays, false));
        assert_eq!(of("2026-11-21", "2026-11-21", "2026-11-01"), days(&saturdays[..3], false));
        assert_eq!(of("2026-11-21", "2026-11-21", "2026-11-20"), days(&saturdays[..1], false));
        // The day is not over: from the days before, only what happened by this time counts.
        assert_eq!(of("2026-11-22", "2026-11-22", "2026-11-10"), days(&["2026-11-22", "2026-11-15"], true));
        // Ten days go back by two weeks, so that weekdays meet.
        assert_eq!(of("2026-11-11", "2026-11-20", "2026-10-25"), days(&["2026-11-11", "2026-10-28"], false));
    }

    #[test]
    fn what_differs_most_in_the_direction_of_the_whole_stands_out() {
        let parts = |of: &[(u32, i64)]| of.iter().copied().collect::<BTreeMap<u32, i64>>();
        let (now, one, two) = (parts(&[(1, 5), (2, 50)]), parts(&[(1, 20), (3, 9)]), parts(&[(1, 21), (2, 10)]));
        assert_eq!(largest(&now, &[&one, &two], true, 5), [(1, (5, 21)), (3, (0, 5))]);
        assert_eq!(largest(&now, &[&one, &two], false, 5), [(2, (50, 5))]);
        assert_eq!(verdict(89, 100), Verdict::Low);
        assert_eq!(verdict(90, 100), Verdict::Usual);
        assert_eq!(verdict(111, 100), Verdict::High);
        assert_eq!(verdict(0, 0), Verdict::Usual);
    }
}
