//! The sentences of a search: how many orders fit, how they stand, what they come to or came to.

use orderlog_domain::order::Status;
use orderlog_projections::{
    customers::Customer,
    order_summary::{Act, OrderSummary},
};

use crate::{
    counts::{Count, in_words},
    late::within,
    query::Read,
    sentences::{self, ranges},
    shop::OpenShop,
    views::{MoneySum, sums},
};

/// Of ten orders: half of them, and nearly all.
const HALF: i64 = 5;
const MOST: i64 = 9;
/// Customers named where a text was read as something like it.
const NAMED_CUSTOMERS: usize = 5;

/// ` 3 of them were placed then, the others before.`, of orders with which something was done on the days asked for; nothing
/// where all of them were placed then.
pub(super) fn placed_then(then: i64, total_count: i64) -> String {
    match then {
        then if then >= total_count => String::new(),
        0 if total_count == 1 => " It was placed before.".to_owned(),
        0 => " All of them were placed before.".to_owned(),
        1 => " 1 of them was placed then, the others before.".to_owned(),
        then => format!(" {then} of them were placed then, the others before."),
    }
}

/// ` From placing to shipping: half of them took at most 2 days, 9 of 10 at most 5 days, the longest 9 days.`
pub(super) fn took(act: Act, times: &[(i64, i64)]) -> String {
    let to = match act {
        Act::Shipped => "shipping",
        Act::Delivered => "delivery",
        _ => return String::new(),
    };
    let days = |days: i64| sentences::plural(days, "day");
    match (times, within(times, HALF), within(times, MOST)) {
        ([], ..) => String::new(),
        ([(only, _)], ..) => format!(" From placing to {to} it took {}.", days(*only)),
        ([.., (longest, _)], Some(half), Some(most)) => format!(
            " From placing to {to}, half of them took at most {}, 9 of 10 at most {}, the longest {}.",
            days(half),
            days(most),
            days(*longest)
        ),
        _ => String::new(),
    }
}

/// What the orders came to before they were cancelled, where all of them are at hand.
pub(super) fn lost(shop: &OpenShop, rows: &[OrderSummary], total_count: i64) -> Option<String> {
    let all = i64::try_from(rows.len()) == Ok(total_count);
    let was = sums(shop, rows.iter().map(|row| (row.currency.as_str(), row.the_order.0.totals.total)));
    let was: Vec<&str> = was.iter().map(|sum| sum.in_words.as_str()).collect();
    all.then(|| sentences::all_of(&was))
}

/// `3 orders from last week (…) fit: 1 pending, 2 shipped, worth ₹… in all.`
pub(super) fn text(total_count: i64, read: &Read, counts: &[Count], totals: &[MoneySum], lost: Option<&str>) -> String {
    let from = read.days_in_words();
    let days = read.range.as_ref().map_or("", ranges::whole_days);
    if total_count == 0 {
        return format!("No order{from} fits.{days}");
    }
    let orders = sentences::plural(total_count, "order");
    let fit = if total_count == 1 { "fits" } else { "fit" };
    let worth: Vec<&str> = totals.iter().map(|sum| sum.in_words.as_str()).collect();
    let all = if total_count == 1 { "" } else { " in all" };
    let by_status = in_words(counts, "");
    // What is cancelled is worth nothing now; that is no answer to what it was worth.
    if counts.iter().all(|count| count.status == Status::Cancelled.name()) {
        let lost = lost.map(|lost| format!(", which came to {lost} before")).unwrap_or_default();
        return format!("{orders}{from} {fit}{by_status}{lost}.{days}");
    }
    format!("{orders}{from} {fit}{by_status}, worth {}{all}.{days}", sentences::all_of(&worth))
}

/// `Nothing has `Ahsa`; read as Asha Rao.`
pub(super) fn reading(text: &str, alike: &[Customer]) -> String {
    let names: Vec<&str> = alike.iter().filter_map(|customer| customer.name.as_deref()).take(NAMED_CUSTOMERS).collect();
    let more = if alike.len() > names.len() { " and others like them" } else { "" };
    format!("Nothing has `{text}`; it was read as {}{more}.", names.join(", "))
}

#[cfg(test)]
mod tests {
    use orderlog_domain::{
        calendar::BusinessCalendar,
        phrase::{self, Direction},
    };

    use super::*;
    use crate::counts::counted;

    #[test]
    fn it_is_said_how_long_orders_took() {
        let times = [(0, 2), (1, 3), (2, 3), (4, 1), (9, 1)];
        assert_eq!(
            took(Act::Shipped, &times),
            " From placing to shipping, half of them took at most 1 day, 9 of 10 at most 4 days, the longest 9 days."
        );
        assert_eq!(took(Act::Delivered, &[(3, 7)]), " From placing to delivery it took 3 days.");
        assert_eq!(took(Act::Delivered, &[]), "");
        assert_eq!(took(Act::Paid, &times), "", "paying says nothing of a parcel");
    }

    #[test]
    fn the_sentence_says_which_days_hours_came_to() {
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        let read = |text: &str| {
            let mut read = Read::default();
            read.take_range(phrase::read(text, now, &BusinessCalendar::default(), Direction::Past).unwrap());
            read
        };
        let totals = [MoneySum::example("₹2,000")];
        for (phrase, count, expected) in [
            ("last week", 3, "3 orders from last week (9–15 Nov 2026) fit, all pending, worth ₹2,000 in all."),
            ("last week", 0, "No order from last week (9–15 Nov 2026) fits."),
            (
                "last 2 hours",
                1,
                "1 order from 22 Nov 2026 fits: it is pending, worth ₹2,000. The whole day was taken, not only the hours asked for.",
            ),
            (
                "last 24 hours",
                0,
                "No order from 21–22 Nov 2026 fits. Whole days were taken, not only the hours asked for.",
            ),
        ] {
            let counts = counted([("pending", count)].into_iter());
            assert_eq!(text(count, &read(phrase), &counts, &totals, None), expected, "{phrase}");
        }
    }
}
