//! Which of an order's days a list or a change of many is about.

use chrono::NaiveDate;
use orderlog_domain::{format::day_in_words, phrase::DateRange};
use orderlog_projections::order_summary::Act;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::sentences::ranges;

/// The days that `date_range` and `older_than` are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ByDay {
    #[default]
    Placed,
    Confirmed,
    Shipped,
    Delivered,
    Cancelled,
    Paid,
    Returned,
    Refunded,
}

impl ByDay {
    /// The act of these days; `None` if the days are those of the order's placement.
    pub(crate) fn act(self) -> Option<Act> {
        match self {
            ByDay::Placed => None,
            ByDay::Confirmed => Some(Act::Confirmed),
            ByDay::Shipped => Some(Act::Shipped),
            ByDay::Delivered => Some(Act::Delivered),
            ByDay::Cancelled => Some(Act::Cancelled),
            ByDay::Paid => Some(Act::Paid),
            ByDay::Returned => Some(Act::Returned),
            ByDay::Refunded => Some(Act::Refunded),
        }
    }

    /// `shipped`
    pub(crate) fn word(self) -> &'static str {
        match self {
            ByDay::Placed => "placed",
            ByDay::Confirmed => "confirmed",
            ByDay::Shipped => "shipped",
            ByDay::Delivered => "delivered",
            ByDay::Cancelled => "cancelled",
            ByDay::Paid => "paid",
            ByDay::Returned => "returned",
            ByDay::Refunded => "refunded",
        }
    }

    /// The column with the day on which that was done.
    pub(crate) fn column(self) -> &'static str {
        match self {
            ByDay::Placed => "placed_on",
            ByDay::Confirmed => "confirmed_on",
            ByDay::Shipped => "shipped_on",
            ByDay::Delivered => "delivered_on",
            ByDay::Cancelled => "cancelled_on",
            ByDay::Paid => "paid_on",
            ByDay::Returned => "returned_on",
            ByDay::Refunded => "refunded_on",
        }
    }

    /// ` from last week (…)`, ` placed before 12 Nov 2026`, ` shipped on 22 Nov 2026 (today)`, for a sentence about orders.
    pub(crate) fn in_words(self, range: Option<&DateRange>, before: Option<NaiveDate>) -> String {
        let range = range.filter(|range| range.from.is_some() || range.to.is_some());
        let said = match (self, range) {
            (ByDay::Placed, None) => String::new(),
            (ByDay::Placed, Some(range)) => format!(" {}", ranges::within("from", range)),
            (other, None) => format!(" {}", other.word()),
            (other, Some(range)) => format!(" {} {}", other.word(), ranges::on(range)),
        };
        let before = before.map(|day| match self {
            ByDay::Placed => format!(" placed before {}", day_in_words(day)),
            _ => format!(" before {}", day_in_words(day)),
        });
        said + &before.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use orderlog_domain::{
        calendar::BusinessCalendar,
        phrase::{self, Direction},
    };

    use super::*;

    fn read(text: &str) -> DateRange {
        let now = "2026-11-22T14:30:00+05:30".parse().unwrap();
        phrase::read(text, now, &BusinessCalendar::default(), Direction::Past).unwrap()
    }

    #[test]
    fn orders_are_told_by_the_day_that_was_asked_for() {
        for (by, phrase, expected) in [
            (ByDay::Placed, "last week", " from last week (9–15 Nov 2026)"),
            (ByDay::Shipped, "today", " shipped on 22 Nov 2026 (today)"),
            (ByDay::Cancelled, "last week", " cancelled within 9–15 Nov 2026 (last week)"),
            (ByDay::Confirmed, "since Monday", " confirmed since Monday (16–22 Nov 2026)"),
            (ByDay::Paid, "20 Nov", " paid on 20 Nov 2026"),
        ] {
            assert_eq!(by.in_words(Some(&read(phrase)), None), expected, "{phrase}");
        }
        let day = NaiveDate::from_ymd_opt(2026, 11, 12);
        assert_eq!(ByDay::Placed.in_words(None, day), " placed before 12 Nov 2026");
        assert_eq!(ByDay::Shipped.in_words(None, day), " shipped before 12 Nov 2026");
        assert_eq!(ByDay::Shipped.in_words(None, None), " shipped");
    }
}
