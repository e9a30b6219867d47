//! A long forecast by week: the weeks of the shop, as far as the days asked for reach.

use chrono::{Days, NaiveDate, Weekday};
use orderlog_domain::{calendar::Period, format::days_in_words};
use orderlog_forecast::Ahead;

/// Up to so many days, each day has its own row in a short answer.
const LONG_DAYS: usize = 31;

/// A week, or the part of one that is among the days.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Week {
    pub(super) ahead: Ahead,
    /// The days of the week in words.
    pub(super) label: String,
}

/// The weeks of the days ahead, of which `today` is the first; none if there are few enough days for single rows.
pub(super) fn weeks(ahead: Ahead, today: NaiveDate, start: Weekday) -> Vec<Week> {
    let mut weeks = vec![];
    if ahead.last - ahead.first < LONG_DAYS {
        return weeks;
    }
    let day = |step: usize| today + Days::new(step as u64 - 1);
    let mut first = ahead.first;
    while first <= ahead.last {
        let (_, end) = Period::Week(start).around(day(first));
        let last = (first + usize::try_from((end - day(first)).num_days()).unwrap_or(0)).min(ahead.last);
        weeks.push(Week { ahead: Ahead { first, last }, label: days_in_words(day(first), day(last)) });
        first = last + 1;
    }
    weeks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_a_month_is_told_by_the_weeks_of_the_shop() {
        // A Sunday.
        let today = NaiveDate::from_ymd_opt(2026, 11, 22).unwrap();
        assert_eq!(weeks(Ahead { first: 2, last: 32 }, today, Weekday::Mon), []);
        let told = weeks(Ahead { first: 1, last: 32 }, today, Weekday::Mon);
        let labels: Vec<&str> = told.iter().map(|week| week.label.as_str()).collect();
        let expected = [
            "22 Nov 2026",
            "23–29 Nov 2026",
            "30 Nov – 6 Dec 2026",
            "7–13 Dec 2026",
            "14–20 Dec 2026",
            "21–23 Dec 2026",
        ];
        assert_eq!(labels, expected);
        let steps: Vec<(usize, usize)> = told.iter().map(|week| (week.ahead.first, week.ahead.last)).collect();
        assert_eq!(steps, [(1, 1), (2, 8), (9, 15), (16, 22), (23, 29), (30, 32)]);
        let longest = weeks(Ahead { first: 2, last: 91 }, today, Weekday::Sun);
        assert_eq!((longest.len(), longest[0].label.as_str()), (13, "23–28 Nov 2026"));
    }
}
