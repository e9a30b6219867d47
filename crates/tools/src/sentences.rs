//! One or two sentences for each answer, good for reading aloud.

pub(crate) mod commands;
pub(crate) mod notifications;
pub(crate) mod ranges;
pub mod told;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
pub(crate) use orderlog_domain::format::plural;
use orderlog_domain::{
    format::{self, day_in_words},
    order::Order,
    phrase::DateRange,
    postings::Basis,
    rejection::Rejection,
};

use crate::shop::OpenShop;

/// `A`, `A and B`, `A, B and C`; `A, x; B, y and C` if a part contains commas.
pub(crate) fn all_of(parts: &[impl AsRef<str>]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
    match parts.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, first)) => format!("{} and {last}", first.join(format::between(&parts))),
        None => String::new(),
    }
}

/// ` until 27 Nov 2026, 18:00` in the shop's zone, or an empty text.
pub(crate) fn until(shop: &OpenShop, order: &Order) -> String {
    let zone = shop.settings.calendar.timezone;
    order.times.held_until.map(|at| format!(" until {}", moment(at, zone))).unwrap_or_default()
}

/// `27 Nov 2026, 18:00`
pub(crate) fn moment(at: DateTime<Utc>, zone: Tz) -> String {
    let local = at.with_timezone(&zone);
    format!("{}, {}", day_in_words(local.date_naive()), local.format("%H:%M"))
}

/// `10 are on hand and 8 available`; if more was promised than is on hand, says how many units are missing.
pub(crate) fn levels(on_hand: i64, available: i64) -> String {
    let there = match on_hand {
        0 => "none is on hand".to_owned(),
        1 => "1 is on hand".to_owned(),
        n => format!("{n} are on hand"),
    };
    match available {
        0 if on_hand == 0 => there,
        0 => format!("{there} and none available"),
        1.. => format!("{there} and {available} available"),
        _ => format!("{there}, {} fewer than promised", -available),
    }
}

/// The sentence with a capital letter.
pub(crate) fn capitalised(text: String) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// `1 unit`, `2 units`.
pub(crate) fn units(n: i64) -> String {
    plural(n, "unit")
}

/// `Today's revenue so far is ₹45,000.`, `Revenue for last week (9–15 Nov 2026) was ₹…`.
///
/// `whose` follows the word: ` of Blue mug`.
pub(crate) fn revenue(
    amount: &str,
    basis: Basis,
    whose: &str,
    range: &DateRange,
    today: NaiveDate,
    complete: bool,
) -> String {
    let (what, of) = named(basis, whose);
    let within = ranges::within("for", range);
    let sentence = match (range.from, range.to) {
        (Some(from), Some(to)) if from == today && to == today => format!("Today's {of} so far is {amount}."),
        (Some(from), Some(to))
            if to == from && from.succ_opt() == Some(today) && range.phrase.eq_ignore_ascii_case("yesterday") =>
        {
            format!("Yesterday's {of} ({}) was {amount}.", day_in_words(from))
        }
        _ if complete => format!("{what} {within} was {amount}."),
        _ => format!("{what} {within} so far is {amount}."),
    };
    sentence + ranges::whole_days(range)
}

/// The sentence for future days, if nothing has a date in them: a clock that was ahead may have dated something.
pub(crate) fn lies_ahead(basis: Basis, whose: &str, range: &DateRange) -> String {
    let (_, of) = named(basis, whose);
    let within = ranges::within("for", range);
    format!("There is no {of} {within} yet: it is in the future.{}", ranges::whole_days(range))
}

/// Money is paid for an order, not for a product: what was paid for one product is not zero, but unknown.
pub(crate) fn money_of_no_product(basis: Option<Basis>, of_products: bool) -> Result<(), Rejection> {
    if basis != Some(Basis::Cash) || !of_products {
        return Ok(());
    }
    let message = "Money is paid for whole orders: what came in for one product is not known.";
    Err(Rejection::invalid("product", message)
        .hint("Leave product out, or use the basis booked or shipped, which count what was sold of it."))
}

fn named(basis: Basis, whose: &str) -> (String, String) {
    let (what, of) = match basis {
        Basis::Booked => ("Revenue", "revenue"),
        Basis::Shipped => ("Shipped revenue", "shipped revenue"),
        Basis::Cash => ("Cash", "cash"),
    };
    (format!("{what}{whose}"), format!("{of}{whose}"))
}

/// `5 pending, 7 confirmed`.
pub fn listed(counts: impl IntoIterator<Item = (String, i64)>) -> String {
    let parts: Vec<String> = counts.into_iter().map(|(what, n)| format!("{n} {what}")).collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use orderlog_domain::{
        calendar::BusinessCalendar,
        phrase::{self, Direction},
    };

    use super::*;

    pub(super) fn read(text: &str) -> DateRange {
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        phrase::read_unbounded(text, now, &BusinessCalendar::default(), Direction::Past).unwrap()
    }

    #[test]
    fn revenue_reads_like_a_shopkeeper_speaks() {
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        for (phrase, complete, expected) in [
            ("today", false, "Today's revenue so far is ₹45,000."),
            ("yesterday", true, "Yesterday's revenue (21 Nov 2026) was ₹45,000."),
            ("last week", true, "Revenue for last week (9–15 Nov 2026) was ₹45,000."),
            ("this month", false, "Revenue for this month (1–30 Nov 2026) so far is ₹45,000."),
            ("2026-11-20", true, "Revenue for 20 Nov 2026 was ₹45,000."),
            ("previous 3 months", true, "Revenue for the previous 3 months (1 Aug – 31 Oct 2026) was ₹45,000."),
            ("last 7 days", false, "Revenue for the last 7 days (16–22 Nov 2026) so far is ₹45,000."),
            ("past month", false, "Revenue for the past month (23 Oct – 22 Nov 2026) so far is ₹45,000."),
            ("last Friday", true, "Revenue for last Friday (20 Nov 2026) was ₹45,000."),
            ("day before yesterday", true, "Revenue for the day before yesterday (20 Nov 2026) was ₹45,000."),
            ("20 Nov", true, "Revenue for 20 Nov 2026 was ₹45,000."),
            ("1 Nov to 15 Nov", true, "Revenue for 1–15 Nov 2026 was ₹45,000."),
            ("Q1", true, "Revenue for Q1 (1 Jan – 31 Mar 2026) was ₹45,000."),
            ("2026-W46", true, "Revenue for 2026-W46 (9–15 Nov 2026) was ₹45,000."),
            ("for last week", true, "Revenue for last week (9–15 Nov 2026) was ₹45,000."),
            ("since Monday", false, "Revenue since Monday (16–22 Nov 2026) so far is ₹45,000."),
            ("on Friday", true, "Revenue for Friday (20 Nov 2026) was ₹45,000."),
            ("YESTERDAY", true, "Yesterday's revenue (21 Nov 2026) was ₹45,000."),
            (
                "last hour",
                false,
                "Today's revenue so far is ₹45,000. The whole day was taken, not only the hours asked for.",
            ),
            (
                "last 24 hours",
                false,
                "Revenue for 21–22 Nov 2026 so far is ₹45,000. Whole days were taken, not only the hours asked for.",
            ),
            ("tomorrow", false, "Revenue for tomorrow (23 Nov 2026) so far is ₹45,000."),
        ] {
            assert_eq!(revenue("₹45,000", Basis::Booked, "", &read(phrase), today, complete), expected);
        }
        for (phrase, expected) in [
            ("in 3 days", "There is no revenue for 25 Nov 2026 yet: it is in the future."),
            ("tomorrow", "There is no revenue for tomorrow (23 Nov 2026) yet: it is in the future."),
        ] {
            assert_eq!(lies_ahead(Basis::Booked, "", &read(phrase)), expected);
        }
    }

    #[test]
    fn stock_that_was_promised_twice_is_told() {
        assert_eq!(levels(0, 0), "none is on hand");
        assert_eq!(levels(1, 0), "1 is on hand and none available");
        assert_eq!(levels(10, 8), "10 are on hand and 8 available");
        assert_eq!(levels(3, -2), "3 are on hand, 2 fewer than promised");
    }

    #[test]
    fn items_with_commas_are_told_apart() {
        assert_eq!(all_of(&["Pen", "Mug", "Tea"]), "Pen, Mug and Tea");
        assert_eq!(all_of(&["Mug, Blue", "Mug, Red", "Tea"]), "Mug, Blue; Mug, Red and Tea");
    }

    #[test]
    fn counts_are_listed() {
        assert_eq!(listed([("pending".to_owned(), 5), ("confirmed".to_owned(), 7)]), "5 pending, 7 confirmed");
        assert_eq!(units(1), "1 unit");
    }
}
