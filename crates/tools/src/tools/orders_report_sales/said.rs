//! The sentences of a report: the headline, what it was before, and what is not in it.

use chrono::{Datelike as _, NaiveDate};
use orderlog_domain::{
    format::{day_in_words, days_in_words},
    postings::Basis,
};
use orderlog_projections::daily_sales::{MoneyBack, Sales};

use super::{
    change::{Compared, headline},
    compared,
};
use crate::{
    failure::Failure,
    moments::AsOf,
    query::{Read, customers_named},
    sentences,
    shares::average,
    shop::OpenShop,
};

/// Tax was asked for of money, which holds tax and does not say how much.
const TAX_IN_MONEY: &str =
    " Tax is in that money and is not split off: the basis booked or shipped says how much tax there is.";

/// What is told of a report.
pub(super) struct Said<'a> {
    pub(super) basis: Basis,
    pub(super) read: &'a Read,
    pub(super) today: NaiveDate,
    /// Whether the last day is over.
    pub(super) complete: bool,
    /// The headline.
    pub(super) revenue: i64,
    /// All tax, where taxes were asked for.
    pub(super) taxes: Option<i64>,
    pub(super) compared: Option<&'a Compared>,
    /// The days of the report.
    pub(super) days: (NaiveDate, NaiveDate),
    /// The first day of the log, where days before it were asked for.
    pub(super) begins: Option<NaiveDate>,
    pub(super) as_of: Option<AsOf>,
    /// What of the money was taken off in these days.
    pub(super) back: MoneyBack,
}

pub(super) fn reading(basis: Basis) -> &'static str {
    match basis {
        Basis::Booked => "booked: orders on the day they were placed, reversals on the day they happened",
        Basis::Shipped => "shipped: units on the day they left, reversals on the day they happened",
        Basis::Cash => "cash: money with tax on the day it moved",
    }
}

/// Days of a week.
const WEEK: i64 = 7;
/// Parts of phrases that name days of the week.
const DAYS_NAMED: [&str; 8] = ["weekend", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

fn count(from: NaiveDate, to: NaiveDate) -> i64 {
    (to - from).num_days() + 1
}

impl Said<'_> {
    pub(super) async fn in_words(&self, shop: &OpenShop, totals: &[Sales]) -> Result<String, Failure> {
        let home = shop.settings.currency;
        let amount = |minor: i64| shop.wording.amount(minor, home);
        let whose = self.whose(shop).await?;
        let mut text = match &self.read.range {
            Some(range) if range.from.is_some_and(|from| from > self.today) && totals.is_empty() => {
                sentences::lies_ahead(self.basis, &whose, range)
            }
            Some(range) => {
                sentences::revenue(&amount(self.revenue), self.basis, &whose, range, self.today, self.complete)
            }
            None => String::new(),
        };
        if let Some(taxes) = self.taxes {
            match self.basis {
                Basis::Booked | Basis::Shipped => text.push_str(&format!(" Tax comes to {}.", amount(taxes))),
                Basis::Cash => text.push_str(TAX_IN_MONEY),
            }
        }
        if let Some(compared) = self.compared {
            text.push_str(&self.before(shop, compared));
        }
        if self.back.refunded > 0 {
            let came = amount(self.revenue.saturating_add(self.back.refunded));
            text.push_str(&format!(" {came} came in and {} was paid back.", amount(self.back.refunded)));
        }
        if self.back.undone > 0 {
            let undone = amount(self.back.undone);
            text.push_str(&format!(
                " Payments of {undone} recorded by mistake were undone in these days; that is no refund."
            ));
        }
        if let Some(begins) = self.begins {
            text.push_str(&format!(" The log begins on {}.", day_in_words(begins)));
        }
        let unconverted = || totals.iter().filter(|sales| sales.home != home.code());
        let amounts: Vec<String> = unconverted()
            .filter_map(|sales| {
                Some(shop.wording.amount(headline(self.basis, &sales.own), sales.currency.parse().ok()?))
            })
            .collect();
        if !amounts.is_empty() {
            let amounts = sentences::all_of(&amounts);
            let orders = match unconverted().map(|sales| sales.placed).sum() {
                0 => String::new(),
                placed => format!(" of {}", sentences::plural(placed, "order")),
            };
            text.push_str(&format!(
                " Not counted: {amounts}{orders}, for which no exchange rate was stored at the time."
            ));
        }
        if let Some(as_of) = self.as_of {
            text.push_str(&format!(" This is how it was known {}.", as_of.in_words(shop.settings.calendar.timezone)));
        }
        Ok(text)
    }

    /// ` It was ₹40,000 for 2–8 Nov 2026: up by ₹5,000 (12.5 %).`
    fn before(&self, shop: &OpenShop, Compared { from, to, before }: &Compared) -> String {
        let days = if from == to { from.format("%a %-d %b %Y").to_string() } else { days_in_words(*from, *to) };
        if self.begins.is_some_and(|begins| *to < begins) {
            return format!(" There is nothing to compare it with for {days}.");
        }
        let amount = |minor: i64| shop.wording.amount(minor, shop.settings.currency);
        let percent = before.change_percent.as_ref().map(|percent| format!(" ({} %)", percent.trim_start_matches('-')));
        let percent = percent.unwrap_or_default();
        let change = match before.change.minor {
            0 => "no change".to_owned(),
            up @ 1.. => format!("up by {}{percent}", amount(up)),
            down => format!("down by {}{percent}", amount(down.saturating_neg())),
        };
        let days_differ = self
            .part(*from, *to)
            .or_else(|| self.longer(shop, before.revenue.minor, (*from, *to)))
            .or_else(|| self.other_weekdays(*from, *to));
        format!(" It was {} for {days}: {change}.{}", amount(before.revenue.minor), days_differ.unwrap_or_default())
    }

    /// ` Today is not over; the days before are whole.`: a part that stands beside a whole is no fall of sales.
    fn part(&self, from: NaiveDate, to: NaiveDate) -> Option<String> {
        let (first, last) = self.days;
        if self.complete || self.today < first || self.today > last || to >= self.today {
            return None;
        }
        Some(match (count(first, self.today), count(from, to)) {
            (begun, whole) if begun == whole => " Today is not over; the days before are whole.".to_owned(),
            (begun, whole) => {
                let (begun, whole) = (sentences::plural(begun, "day"), sentences::plural(whole, "whole day"));
                format!(" These are {begun} so far beside {whole}.")
            }
        })
    }

    /// ` These are 7 days beside 30: a day brought ₹1,000 on average, and ₹900 before.`: fewer days sell less without any fall
    /// of sales. Months stand beside months, whatever days they have.
    fn longer(&self, shop: &OpenShop, before: i64, (from, to): (NaiveDate, NaiveDate)) -> Option<String> {
        let (first, last) = self.days;
        let (now, then) = (count(first, last), count(from, to));
        let months = |first, last| compared::whole_months(first, last).filter(|months| *months > 0);
        let alike = now == then || months(first, last).is_some_and(|one| months(from, to) == Some(one));
        if alike || !self.complete {
            return None;
        }
        let a_day = |sum: i64, days: i64| shop.wording.amount(average(sum, days), shop.settings.currency);
        if self.begins.is_some() {
            return Some(format!(" These are {} beside {then}.", sentences::plural(now, "day")));
        }
        let (days, sold, sold_before) = (sentences::plural(now, "day"), a_day(self.revenue, now), a_day(before, then));
        Some(format!(" These are {days} beside {then}: a day brought {sold} on average, and {sold_before} before."))
    }

    /// A weekend beside the Thursday and Friday before it: whoever asked may have meant the weekend before.
    fn other_weekdays(&self, from: NaiveDate, to: NaiveDate) -> Option<String> {
        let (first, last) = self.days;
        let few = (count(first, last), count(from, to));
        let phrase = self.read.range.as_ref().map(|range| range.phrase.to_lowercase()).unwrap_or_default();
        let named = DAYS_NAMED.iter().any(|day| phrase.contains(day));
        let differ = named && few.0 == few.1 && few.0 < WEEK && first.weekday() != from.weekday();
        differ.then(|| " These are other days of the week; compare_to \"the week before\" takes the same.".to_owned())
    }

    /// ` of Blue mug from Asha Rao`
    async fn whose(&self, shop: &OpenShop) -> Result<String, Failure> {
        let fresh = shop.moments.fresh().await?;
        let mut whose = String::new();
        if let Some(called) = &self.read.called {
            whose.push_str(&format!(" of {called}"));
        }
        if self.read.is_of_a_kind() {
            whose.push_str(&format!(" ({} products)", self.read.products.len()));
        }
        if let Some(id) = self.read.customer {
            let mut found = customers_named(shop, std::iter::once(id.0), fresh).await?;
            let name = found.remove(&id.0).and_then(|customer| customer.name);
            whose.push_str(&format!(" from {}", name.unwrap_or_else(|| id.to_string())));
        }
        Ok(whose)
    }
}
