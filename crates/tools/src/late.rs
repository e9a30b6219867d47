//! Which orders are late: those that wait longer than 9 of 10 orders took to leave.

use chrono::{Duration, NaiveDate};
use orderlog_projections::order_summary::{self, Act};
use orderlog_read_models::{Days, Freshness};

use crate::{failure::Failure, sentences::plural, shop::OpenShop};

/// Days of shipping from which the usual waiting time is learned.
const LEARNED_DAYS: i64 = 90;
/// Orders that must have been shipped in these days; with fewer, nothing is usual.
const LEARNED_ORDERS: i64 = 10;
/// So many orders in ten set the usual waiting time; a longer wait is late.
const IN_TEN: i64 = 9;

/// Of how many orders waited how many days, shortest first: the days within which so many of ten were done.
pub(crate) fn within(times: &[(i64, i64)], in_ten: i64) -> Option<i64> {
    let all: i64 = times.iter().map(|(_, orders)| orders).sum();
    let mut done = 0;
    times.iter().find_map(|(days, orders)| {
        done += orders;
        (done * 10 >= all * in_ten).then_some(*days)
    })
}

/// What is late on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Late {
    day: NaiveDate,
    /// Orders shipped in the days before.
    shipped: i64,
    /// Days in which 9 of 10 of these orders had left; `None` if there are too few orders.
    usual: Option<i64>,
}

impl Late {
    pub(crate) async fn of(shop: &OpenShop, day: NaiveDate, fresh: Freshness) -> Result<Late, Failure> {
        let days = Days::between(day - Duration::days(LEARNED_DAYS - 1), day);
        Ok(Late::learned(day, &order_summary::times_until(&shop.projections, Act::Shipped, days, fresh).await?))
    }

    /// Learns from how many orders waited how many days, shortest first.
    fn learned(day: NaiveDate, times: &[(i64, i64)]) -> Late {
        let shipped: i64 = times.iter().map(|(_, orders)| orders).sum();
        let usual = within(times, IN_TEN);
        Late { day, shipped, usual: usual.filter(|_| shipped >= LEARNED_ORDERS) }
    }

    /// Orders placed before this day are late; `None` if there are too few orders to know.
    pub(crate) fn before(&self) -> Option<NaiveDate> {
        self.usual.map(|days| self.day - Duration::days(days))
    }

    /// `late: orders that still owe goods and wait longer than 3 days, …`
    pub(crate) fn in_words(&self) -> String {
        let shipped = plural(self.shipped, "order");
        match self.usual {
            Some(days) => format!(
                "late: orders that owe goods and have waited longer than {}, within which 9 of 10 of the {shipped} shipped \
                 in the last {LEARNED_DAYS} days left",
                plural(days, "day")
            ),
            None => format!(
                "late: only {shipped} shipped in the last {LEARNED_DAYS} days, too few to say what is late, so these are all \
                 that owe goods, the longest waiting first"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn late_is_longer_than_9_of_10_orders_took() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let late = Late::learned(day, &[(0, 40), (1, 30), (2, 20), (3, 5), (9, 5)]);
        assert_eq!((late.usual, late.shipped), (Some(2), 100));
        assert_eq!(late.before(), NaiveDate::from_ymd_opt(2026, 11, 20), "placed on the 20th it waits 2 days");
        assert!(late.in_words().contains("longer than 2 days, within which 9 of 10 of the 100 orders"));
        let one = Late::learned(day, &[(0, 8), (1, 1), (5, 1)]);
        assert_eq!(one.usual, Some(1));
        assert!(one.in_words().contains("longer than 1 day,"));
    }

    #[test]
    fn from_few_orders_nothing_is_called_late() {
        let day = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        let late = Late::learned(day, &[(0, 9)]);
        assert_eq!(late.before(), None);
        assert!(late.in_words().contains("only 9 orders shipped"));
        assert!(Late::learned(day, &[]).in_words().contains("only 0 orders"), "{}", Late::learned(day, &[]).in_words());
    }
}
