//! The earlier days with which days are compared, and their names in sentences.

use chrono::NaiveDate;

use crate::{sentences::all_of, shares::percent};

/// Days of a week.
const WEEK: i64 = 7;

/// Days from one span to the next: complete weeks, so that weekdays agree and no day is in two spans.
pub(super) fn step(from: NaiveDate, to: NaiveDate) -> i64 {
    WEEK * ((to - from).num_days() / WEEK + 1)
}

/// `the 4 Mondays before`, `the 4 weeks before`, `the same days of the week 5, 10 and 15 weeks before`.
pub(super) fn called(from: NaiveDate, to: NaiveDate, times: usize) -> String {
    let weekday = from.format("%A");
    match ((to - from).num_days() + 1, times) {
        (1, 1) => format!("the {weekday} before"),
        (1, n) => format!("the {n} {weekday}s before"),
        (WEEK, 1) => "the week before".to_owned(),
        (WEEK, n) => format!("the {n} weeks before"),
        (_, n) => {
            let weeks = (1_i64..).take(n).map(|times| (times * step(from, to) / WEEK).to_string());
            let weeks: Vec<String> = weeks.collect();
            let unit = if weeks == ["1"] { "week" } else { "weeks" };
            format!("the same days of the week {} {unit} before", all_of(&weeks))
        }
    }
}

/// `is 3.0 % more than`. There is no percentage of an amount that is not above zero.
pub(super) fn differs(now: i64, usually: i64) -> String {
    match percent(now, usually).filter(|_| now >= 0) {
        Some(percent) if percent.starts_with('-') => format!("is {} % less than", percent.trim_start_matches('-')),
        Some(percent) => format!("is {percent} % more than"),
        None => "stands beside".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_before_are_called_by_what_they_are() {
        let on = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (from, to, times, expected) in [
            ("2026-11-30", "2026-11-30", 4, "the 4 Mondays before"),
            ("2026-11-30", "2026-11-30", 1, "the Monday before"),
            ("2026-11-23", "2026-11-29", 4, "the 4 weeks before"),
            ("2026-11-23", "2026-11-29", 1, "the week before"),
            ("2026-11-28", "2026-11-29", 3, "the same days of the week 1, 2 and 3 weeks before"),
            ("2026-11-01", "2026-11-30", 1, "the same days of the week 5 weeks before"),
        ] {
            assert_eq!(called(on(from), on(to), times), expected, "{from} to {to}");
        }
    }

    #[test]
    fn what_is_below_zero_differs_by_no_percent() {
        for (now, usually, expected) in [
            (103, 100, "is 3.0 % more than"),
            (0, 100, "is 100.0 % less than"),
            (-684, 299, "stands beside"),
            (5, 0, "stands beside"),
        ] {
            assert_eq!(differs(now, usually), expected);
        }
    }
}
