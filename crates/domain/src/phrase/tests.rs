//! Every phrase of the grammar with what it means, and that nothing unreadable does harm.

use chrono::{Month, TimeDelta, Weekday};

use super::*;
use crate::calendar::DayMonthOrder;

/// Sunday 2026-11-22, 14:30 in Kolkata.
const NOW: &str = "2026-11-22T09:00:00Z";

fn now() -> DateTime<Utc> {
    NOW.parse().expect("an instant")
}

fn shop() -> BusinessCalendar {
    BusinessCalendar::default()
}

/// `from..to` as printed in answers, or the code of the rejection.
fn said(phrase: &str, now: DateTime<Utc>, calendar: &BusinessCalendar, direction: Direction) -> String {
    match read(phrase, now, calendar, direction) {
        Ok(range) => {
            let read = range.interpretation();
            format!("{}..{}", read.from.unwrap_or_default(), read.to.unwrap_or_default())
        }
        Err(rejection) => format!("{:?}", rejection.code),
    }
}

fn check(calendar: &BusinessCalendar, direction: Direction, rows: &[(&str, &str)]) {
    for (phrase, expected) in rows {
        // One day is written as one day in the rows.
        let expected = if expected.contains("..") || !expected.starts_with(char::is_numeric) {
            (*expected).to_owned()
        } else {
            format!("{expected}..{expected}")
        };
        assert_eq!(said(phrase, now(), calendar, direction), expected, "{phrase}");
    }
}

#[test]
fn ranges_can_be_written_as_programs_and_sentences_do() {
    let november = "2026-11-01..2026-11-15";
    check(
        &shop(),
        Direction::Past,
        &[
            ("2026-11-01/2026-11-15", november),
            (" 2026-11-01 / 2026-11-15. ", november),
            ("2026-W45/2026-W46", "2026-11-02..2026-11-15"),
            ("2026-09/2026-10", "2026-09-01..2026-10-31"),
            ("2026-11-15/2026-11-01", "InvalidArgument"),
            ("2026-11-15..", "2026-11-15..2026-11-22"),
            ("15 Nov onwards", "2026-11-15..2026-11-22"),
            ("..2026-11-15", "InvalidArgument"),
            ("last_7_days", "2026-11-16..2026-11-22"),
            ("THIS_MONTH", "2026-11-01..2026-11-30"),
            ("last week.", "2026-11-09..2026-11-15"),
            ("yesterday!", "2026-11-21"),
            ("Nov. 20", "2026-11-20"),
            ("20. Nov 2026.", "2026-11-20"),
            ("20.11.2026", "2026-11-20"),
            ("2026-11-20T23:30:00Z", "2026-11-21"),
            ("2026-11-20T10:00:00Z/2026-11-21T10:00:00Z", "2026-11-20T15:30:00+05:30..2026-11-21T15:30:00+05:30"),
            ("11/12/2026", "2026-12-11"),
            ("20/11", "2026-11-20"),
        ],
    );
    let until = read_unbounded("..2026-11-15", now(), &shop(), Direction::Past).expect("all until then");
    assert_eq!((until.from, until.to), (None, NaiveDate::from_ymd_opt(2026, 11, 15)));
    let moment = read("2026-11-20T23:30:00Z", now(), &shop(), Direction::Past).expect("a day");
    assert_eq!(moment.warnings, ["The whole business day of that moment was taken."]);
}

#[test]
fn the_phrases_of_the_reference() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("today", "2026-11-22"),
            ("yesterday", "2026-11-21"),
            ("day before yesterday", "2026-11-20"),
            ("tomorrow", "2026-11-23"),
            ("this week", "2026-11-16..2026-11-22"),
            ("last week", "2026-11-09..2026-11-15"),
            ("next week", "2026-11-23..2026-11-29"),
            ("last 7 days", "2026-11-16..2026-11-22"),
            ("past week", "2026-11-16..2026-11-22"),
            ("previous 7 days", "2026-11-15..2026-11-21"),
            ("last 2 weeks", "2026-11-09..2026-11-22"),
            ("previous 2 weeks", "2026-11-02..2026-11-15"),
            ("2 weeks ago", "2026-11-02..2026-11-08"),
            ("last 24 hours", "2026-11-21T14:30:00+05:30..2026-11-22T14:30:00+05:30"),
            ("this weekend", "2026-11-21..2026-11-22"),
            ("Monday", "2026-11-16"),
            ("last Friday", "2026-11-20"),
            ("next Friday", "2026-11-27"),
            ("since Monday", "2026-11-16..2026-11-22"),
            ("this month", "2026-11-01..2026-11-30"),
            ("mtd", "2026-11-01..2026-11-22"),
            ("month to date", "2026-11-01..2026-11-22"),
            ("last month", "2026-10-01..2026-10-31"),
            ("last 30 days", "2026-10-24..2026-11-22"),
            ("last 3 months", "2026-08-23..2026-11-22"),
            ("previous 3 months", "2026-08-01..2026-10-31"),
            ("this quarter", "2026-10-01..2026-12-31"),
            ("last quarter", "2026-07-01..2026-09-30"),
            ("Q1", "2026-01-01..2026-03-31"),
            ("this year", "2026-01-01..2026-12-31"),
            ("ytd", "2026-01-01..2026-11-22"),
            ("last year", "2025-01-01..2025-12-31"),
            ("this fiscal year", "2026-04-01..2027-03-31"),
            ("FY2025-26", "2025-04-01..2026-03-31"),
            ("November", "2026-11-01..2026-11-30"),
            ("December", "2025-12-01..2025-12-31"),
            ("2026-W46", "2026-11-09..2026-11-15"),
            ("2026-11-01..2026-11-15", "2026-11-01..2026-11-15"),
            ("1 Nov to 15 Nov", "2026-11-01..2026-11-15"),
            ("Nov 1-15", "2026-11-01..2026-11-15"),
            ("20 Nov", "2026-11-20"),
            ("25 Nov", "2025-11-25"),
            ("11/12/2026", "2026-12-11"),
            ("recently", "Ambiguous"),
            ("soon", "Ambiguous"),
            ("all", "InvalidArgument"),
            ("", "InvalidArgument"),
        ],
    );
}

#[test]
fn other_ways_to_say_it() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("  The LAST   Week ", "2026-11-09..2026-11-15"),
            ("in the last week", "2026-11-09..2026-11-15"),
            ("from last week", "2026-11-09..2026-11-15"),
            ("on Monday", "2026-11-16"),
            ("Sunday", "2026-11-22"),
            ("last Sunday", "2026-11-15"),
            ("next Sunday", "2026-11-29"),
            ("this Wednesday", "2026-11-18"),
            ("tues", "2026-11-17"),
            ("last weekend", "2026-11-14..2026-11-15"),
            ("next weekend", "2026-11-28..2026-11-29"),
            ("day after tomorrow", "2026-11-24"),
            ("two weeks ago", "2026-11-02..2026-11-08"),
            ("a month ago", "2026-10-01..2026-10-31"),
            ("3 days ago", "2026-11-19"),
            ("1 year ago", "2025-01-01..2025-12-31"),
            ("past month", "2026-10-23..2026-11-22"),
            ("past 12 months", "2025-11-23..2026-11-22"),
            ("next 7 days", "2026-11-23..2026-11-29"),
            ("next month", "2026-12-01..2026-12-31"),
            ("30 days", "2026-10-24..2026-11-22"),
            ("this month so far", "2026-11-01..2026-11-22"),
            ("today so far", "2026-11-22"),
            ("week to date", "2026-11-16..2026-11-22"),
            ("fiscal year to date", "2026-04-01..2026-11-22"),
            ("last financial year", "2025-04-01..2026-03-31"),
            ("FY 2025/26", "2025-04-01..2026-03-31"),
            ("FY25-26", "2025-04-01..2026-03-31"),
            ("FY2025", "Ambiguous"),
            ("FY2025-27", "InvalidArgument"),
            ("Q4", "2026-10-01..2026-12-31"),
            ("Q4 2025", "2025-10-01..2025-12-31"),
            ("2025-Q4", "2025-10-01..2025-12-31"),
            ("Q5", "InvalidArgument"),
            ("week 46", "2026-11-09..2026-11-15"),
            ("W53", "2020-12-28..2021-01-03"),
            ("2026-W54", "InvalidArgument"),
            ("2025", "2025-01-01..2025-12-31"),
            ("2026-11", "2026-11-01..2026-11-30"),
            ("2026-13", "InvalidArgument"),
            ("November 2025", "2025-11-01..2025-11-30"),
            ("Sept 2026", "2026-09-01..2026-09-30"),
            ("2026-11-20", "2026-11-20"),
            ("2026/11/20", "2026-11-20"),
            ("20-Nov-2026", "2026-11-20"),
            ("20th of November, 2026", "2026-11-20"),
            ("November 20, 2026", "2026-11-20"),
            ("2026-02-29", "InvalidArgument"),
            ("31 February", "InvalidArgument"),
            ("29 Feb", "2024-02-29"),
            ("20.11.2026", "2026-11-20"),
            ("20/11", "2026-11-20"),
            ("20/11/26", "2026-11-20"),
            ("11/25/2026", "2026-11-25"),
            ("32/13/2026", "InvalidArgument"),
            ("between 1 Nov and 15 Nov", "2026-11-01..2026-11-15"),
            ("1-15 November 2025", "2025-11-01..2025-11-15"),
            ("1 Nov to 15 Nov 2025", "2025-11-01..2025-11-15"),
            ("20 Dec to 5 Jan", "2025-12-20..2026-01-05"),
            ("1 Nov to 30 Nov", "2026-11-01..2026-11-30"),
            ("Monday to Friday", "2026-11-16..2026-11-20"),
            ("Monday to today", "2026-11-16..2026-11-22"),
            ("last month to yesterday", "2026-10-01..2026-11-21"),
            ("Nov 2025 - Jan 2026", "2025-11-01..2026-01-31"),
            ("2026-11-15..2026-11-01", "InvalidArgument"),
            ("since 1 Oct", "2026-10-01..2026-11-22"),
            ("after 1 Oct", "2026-10-02..2026-11-22"),
            ("before 1 Oct", "InvalidArgument"),
            ("1850-01-01", "InvalidArgument"),
            ("last 99999 years", "InvalidArgument"),
            ("last 99999 hours", "2015-06-26T23:30:00+05:30..2026-11-22T14:30:00+05:30"),
            ("0 days ago", "InvalidArgument"),
            ("last 0 days", "InvalidArgument"),
            ("blue moon", "InvalidArgument"),
            ("last", "InvalidArgument"),
            ("-", "InvalidArgument"),
            ("'; drop table events; --", "InvalidArgument"),
        ],
    );
}

#[test]
fn longer_ways_to_say_it() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("week before last", "2026-11-02..2026-11-08"),
            ("month after next", "2027-01-01..2027-01-31"),
            ("so far this month", "2026-11-01..2026-11-22"),
            ("Monday this week", "2026-11-16"),
            ("Friday last week", "2026-11-13"),
            ("Friday of next week", "2026-11-27"),
            ("last November", "2025-11-01..2025-11-30"),
            ("last October", "2026-10-01..2026-10-31"),
            ("last December", "2025-12-01..2025-12-31"),
            ("this November", "2026-11-01..2026-11-30"),
            ("this December", "2026-12-01..2026-12-31"),
            ("next November", "2027-11-01..2027-11-30"),
            ("next December", "2026-12-01..2026-12-31"),
            ("November last year", "2025-11-01..2025-11-30"),
            ("March of next year", "2027-03-01..2027-03-31"),
            ("Nov-2026", "2026-11-01..2026-11-30"),
            ("Nov/2025", "2025-11-01..2025-11-30"),
            ("11/2026", "2026-11-01..2026-11-30"),
            ("Q1-2026", "2026-01-01..2026-03-31"),
            ("Q1/2025", "2025-01-01..2025-03-31"),
            ("Q1 last year", "2025-01-01..2025-03-31"),
            ("Q4 of this year", "2026-10-01..2026-12-31"),
            ("W46-2026", "2026-11-09..2026-11-15"),
            ("last FY", "2025-04-01..2026-03-31"),
            ("20-Nov", "2026-11-20"),
            ("Nov-20", "2026-11-20"),
            ("20-Nov-26", "2026-11-20"),
            ("20 Nov '26", "2026-11-20"),
            ("25 Dec last year", "2025-12-25"),
            ("Friday, 20 Nov 2026", "2026-11-20"),
            ("Friday, November 20", "2026-11-20"),
            ("Friday, 21 Nov 2026", "InvalidArgument"),
            ("9–15 Nov 2026", "2026-11-09..2026-11-15"),
            ("28 Oct – 3 Nov 2026", "2026-10-28..2026-11-03"),
            ("up to yesterday", "InvalidArgument"),
            (
                "2026-11-21T14:30:00+05:30..2026-11-22T14:30:00+05:30",
                "2026-11-21T14:30:00+05:30..2026-11-22T14:30:00+05:30",
            ),
            (
                "2026-11-21T09:00:00z to 2026-11-22T09:00:00.5Z",
                "2026-11-21T14:30:00+05:30..2026-11-22T14:30:00.500+05:30",
            ),
            ("since 2026-11-22T12:00:00+05:30", "2026-11-22T12:00:00+05:30..2026-11-22T14:30:00+05:30"),
            ("2026-11-22T14:30:00+05:30..2026-11-21T14:30:00+05:30", "InvalidArgument"),
            ("9999-12-31T00:00:00Z..9999-12-31T00:00:01Z", "InvalidArgument"),
            ("last 99999999999 days", "InvalidArgument"),
            ("\u{200f}last\u{a0}week\u{200e}", "2026-11-09..2026-11-15"),
            ("1\u{2011}15 Nov", "2026-11-01..2026-11-15"),
        ],
    );
}

#[test]
fn ranges_over_the_turn_of_what_is_left_open() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("15 Nov to 1 Nov", "2025-11-15..2026-11-01"),
            ("Nov 20 - Nov 10", "2025-11-20..2026-11-10"),
            ("November to October", "2025-11-01..2026-10-31"),
            ("Q4 to Q1", "2025-10-01..2026-03-31"),
            ("Q3 to Q1", "2025-07-01..2026-03-31"),
            ("W50 to W2", "2025-12-08..2026-01-11"),
            ("Dec 20 to Jan 5", "2025-12-20..2026-01-05"),
            ("20 Dec to 10 Dec", "2024-12-20..2025-12-10"),
            ("Friday to Monday", "2026-11-13..2026-11-16"),
            ("Saturday to 10 Nov", "2026-11-07..2026-11-10"),
            // Within the present year, as "Nov 1-30", "November" and "Q4" are.
            ("1 Nov to 30 Nov", "2026-11-01..2026-11-30"),
            ("20 Nov to 25 Nov", "2026-11-20..2026-11-25"),
            ("October to December", "2026-10-01..2026-12-31"),
            ("15 Nov to Friday", "2026-11-15..2026-11-20"),
            // A beginning that says its year holds.
            ("15 Nov 2026 to 1 Nov", "2026-11-15..2027-11-01"),
            ("20 Dec 2025 to 5 Jan", "2025-12-20..2026-01-05"),
        ],
    );
    check(
        &shop(),
        Direction::Future,
        &[
            ("15 Nov to 1 Nov", "2027-11-15..2028-11-01"),
            ("November to October", "2026-11-01..2027-10-31"),
            ("Q4 to Q1", "2026-10-01..2027-03-31"),
            ("Dec 20 to Jan 5", "2026-12-20..2027-01-05"),
            ("Friday to Monday", "2026-11-27..2026-11-30"),
            ("1 Dec to 15 Dec", "2026-12-01..2026-12-15"),
        ],
    );
    let january: DateTime<Utc> = "2027-01-10T09:00:00Z".parse().expect("an instant");
    for (phrase, expected) in
        [("15 Nov to 1 Nov", "2025-11-15..2026-11-01"), ("Dec 20 to Jan 5", "2026-12-20..2027-01-05")]
    {
        assert_eq!(said(phrase, january, &shop(), Direction::Past), expected, "{phrase}");
    }
}

#[test]
fn what_lies_ahead_is_said_with_in() {
    for direction in [Direction::Past, Direction::Future] {
        check(
            &shop(),
            direction,
            &[
                ("in 3 days", "2026-11-25"),
                ("In a day", "2026-11-23"),
                ("in 2 weeks", "2026-11-30..2026-12-06"),
                ("in two months", "2027-01-01..2027-01-31"),
                ("in a financial year", "2027-04-01..2028-03-31"),
                ("tomorrow to in 3 days", "2026-11-23..2026-11-25"),
                ("in 0 days", "InvalidArgument"),
                ("in the last 3 days", "2026-11-20..2026-11-22"),
                ("in 2025", "2025-01-01..2025-12-31"),
            ],
        );
    }
}

#[test]
fn an_apostrophe_before_two_digits_makes_a_year() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("Nov '26", "2026-11-01..2026-11-30"),
            ("November ’25", "2025-11-01..2025-11-30"),
            ("Nov ‘25", "2025-11-01..2025-11-30"),
            ("Nov'26", "2026-11-01..2026-11-30"),
            ("20 Nov '26", "2026-11-20"),
            ("20 Nov ’25", "2025-11-20"),
            ("Nov 20 '25", "2025-11-20"),
            ("1-15 Nov '25", "2025-11-01..2025-11-15"),
            ("Dec '25 to Feb '26", "2025-12-01..2026-02-28"),
            ("Q1 '25", "2025-01-01..2025-03-31"),
            ("FY'25-26", "2025-04-01..2026-03-31"),
            ("'25", "2025-01-01..2025-12-31"),
            // No apostrophes: quotes around all of it.
            ("'20 Nov'", "2026-11-20"),
            ("‘last week’", "2026-11-09..2026-11-15"),
            ("'", "InvalidArgument"),
        ],
    );
}

#[test]
fn case_and_small_words_are_ignored() {
    for phrase in ["last week", "last 7 days", "Monday", "this fiscal year", "20 Nov", "1 Nov to 15 Nov", "2026-W46"] {
        let plain = said(phrase, now(), &shop(), Direction::Past);
        for other in
            [phrase.to_uppercase(), format!("the {phrase}"), format!("in {phrase}"), format!(" on  {phrase}\t")]
        {
            assert_eq!(said(&other, now(), &shop(), Direction::Past), plain, "{other}");
        }
    }
}

#[test]
fn from_before_a_date_is_since() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("from 15 November", "2026-11-15..2026-11-22"),
            ("From the 1st of November", "2026-11-01..2026-11-22"),
            ("from Nov 1", "2026-11-01..2026-11-22"),
            ("from 2026-11-15", "2026-11-15..2026-11-22"),
            ("from 15/11/2026", "2026-11-15..2026-11-22"),
            ("from Friday, 20 Nov", "2026-11-20..2026-11-22"),
            ("from 20 Nov last year", "2025-11-20..2026-11-22"),
            ("from 2026-11-22T12:00:00+05:30", "2026-11-22T12:00:00+05:30..2026-11-22T14:30:00+05:30"),
            ("15 November onwards", "2026-11-15..2026-11-22"),
            ("from 15 November onwards", "2026-11-15..2026-11-22"),
            ("15 November on", "2026-11-15..2026-11-22"),
            ("from Monday on", "2026-11-16..2026-11-22"),
            ("since 15 November", "2026-11-15..2026-11-22"),
            ("from 15 December 2026", "InvalidArgument"),
            // With an end, or without a day's number, "from" says nothing.
            ("from 1 Nov to 15 Nov", "2026-11-01..2026-11-15"),
            ("from Nov 1-15", "2026-11-01..2026-11-15"),
            ("from 15 Nov..", "2026-11-15..2026-11-22"),
            ("from the last week", "2026-11-09..2026-11-15"),
            ("from the last 7 days", "2026-11-16..2026-11-22"),
            ("from this fiscal year", "2026-04-01..2027-03-31"),
            ("from yesterday", "2026-11-21"),
            ("from Monday", "2026-11-16"),
            ("from 3 days ago", "2026-11-19"),
            ("from October", "2026-10-01..2026-10-31"),
            ("from 2026-W46", "2026-11-09..2026-11-15"),
            ("from 2026-10", "2026-10-01..2026-10-31"),
        ],
    );
}

#[test]
fn forecasts_look_forward() {
    check(
        &shop(),
        Direction::Future,
        &[
            ("Monday", "2026-11-23"),
            ("Sunday", "2026-11-22"),
            ("20 Nov", "2027-11-20"),
            ("25 Nov", "2026-11-25"),
            ("November", "2026-11-01..2026-11-30"),
            ("Q1", "2027-01-01..2027-03-31"),
            ("14 days", "2026-11-23..2026-12-06"),
            ("next 3 months", "2026-11-23..2027-02-22"),
            ("until Friday", "2026-11-22..2026-11-27"),
            ("last week", "2026-11-09..2026-11-15"),
        ],
    );
}

#[test]
fn the_shops_settings_decide() {
    let sundays = BusinessCalendar { week_start: Weekday::Sun, ..shop() };
    check(
        &sundays,
        Direction::Past,
        &[
            ("last week", "2026-11-15..2026-11-21"),
            ("this week", "2026-11-22..2026-11-28"),
            ("2 weeks ago", "2026-11-08..2026-11-14"),
            ("2026-W46", "2026-11-09..2026-11-15"),
            ("this weekend", "2026-11-21..2026-11-22"),
        ],
    );
    let january = BusinessCalendar { fiscal_year_start: Month::January, ..shop() };
    check(&january, Direction::Past, &[("FY2025", "2025-01-01..2025-12-31"), ("FY2025-26", "InvalidArgument")]);
    let american = BusinessCalendar { day_month_order: DayMonthOrder::MonthFirst, ..shop() };
    check(&american, Direction::Past, &[("11/12/2026", "2026-11-12"), ("20/11/2026", "2026-11-20")]);
    let unset = BusinessCalendar { day_month_order: DayMonthOrder::Unset, ..shop() };
    check(
        &unset,
        Direction::Past,
        &[
            ("11/12/2026", "Ambiguous"),
            ("11/11/2026", "2026-11-11"),
            ("11/25/2026", "2026-11-25"),
            ("25/11/2026", "2026-11-25"),
        ],
    );
    // At 14:30 a shop whose day begins at 15:00 still lives in the 21st.
    let late = BusinessCalendar { day_start: "15:00".parse().expect("a time"), ..shop() };
    check(&late, Direction::Past, &[("today", "2026-11-21"), ("Sunday", "2026-11-15")]);
}

#[test]
fn months_clamp_to_their_end() {
    let march: DateTime<Utc> = "2026-03-31T09:00:00Z".parse().expect("an instant");
    for (phrase, expected) in [
        ("past month", "2026-03-01..2026-03-31"),
        ("last 13 months", "2025-03-01..2026-03-31"),
        ("1 month ago", "2026-02-01..2026-02-28"),
        ("previous 1 months", "2026-02-01..2026-02-28"),
        ("next 1 month", "2026-04-01..2026-04-30"),
    ] {
        assert_eq!(said(phrase, march, &shop(), Direction::Past), expected, "{phrase}");
    }
}

#[test]
fn a_day_in_new_york_may_have_25_hours() {
    let calendar = BusinessCalendar { timezone: Tz::America__New_York, ..shop() };
    let now: DateTime<Utc> = "2026-11-02T15:00:00Z".parse().expect("an instant");
    let range = read("yesterday", now, &calendar, Direction::Past).expect("readable");
    let (starts, ends) = range.starts_at.zip(range.ends_before).expect("bounded");
    assert_eq!(range.from, NaiveDate::from_ymd_opt(2026, 11, 1));
    assert_eq!(ends - starts, TimeDelta::hours(25));
}

#[test]
fn unbounded_ranges_only_where_they_are_welcome() {
    for (phrase, from, to) in [
        ("all", None, None),
        ("", None, None),
        ("  ", None, None),
        ("all time", None, None),
        ("before 1 Oct", None, Some("2026-09-30")),
        ("until yesterday", None, Some("2026-11-21")),
    ] {
        let range = read_unbounded(phrase, now(), &shop(), Direction::Past).expect("readable");
        let printed = (range.from.map(|day| day.to_string()), range.to.map(|day| day.to_string()));
        assert_eq!(printed, (from.map(str::to_owned), to.map(str::to_owned)), "{phrase}");
        assert_eq!((range.starts_at.is_none(), range.ends_before.is_none()), (from.is_none(), to.is_none()));
    }
    assert!(read_unbounded("the", now(), &shop(), Direction::Past).is_err());
}

#[test]
fn a_date_in_another_year_carries_a_warning() {
    let warnings = |phrase| read(phrase, now(), &shop(), Direction::Past).expect("readable").warnings;
    assert_eq!(
        warnings("25 Nov"),
        ["\"25 Nov\" was read as 25 Nov 2025, the most recent one; name the year to mean another."]
    );
    assert!(warnings("20 Nov").is_empty());
    // The other end says the year; the first end of two without one is warned of once.
    assert!(warnings("28 Oct – 3 Nov 2025").is_empty());
    assert!(warnings("1 Nov 2025 to 15 Nov").is_empty());
    assert_eq!(warnings("25 Nov to 30 Nov").len(), 1);
    assert_eq!(warnings("11/25/2026").len(), 1);
}

#[test]
fn a_range_that_had_to_be_turned_carries_a_warning() {
    let warnings = |phrase| read(phrase, now(), &shop(), Direction::Past).expect("readable").warnings;
    for (phrase, days) in [
        ("15 Nov to 1 Nov", "15 Nov 2025 – 1 Nov 2026"),
        ("Q4 to Q1", "1 Oct 2025 – 31 Mar 2026"),
        ("Friday to Monday", "13–16 Nov 2026"),
        ("15 Nov 2026 to 1 Nov", "15 Nov 2026 – 1 Nov 2027"),
    ] {
        let expected = format!("The range was read as {days}; give both dates with their years to mean another.");
        assert_eq!(warnings(phrase), [expected], "{phrase}");
    }
    assert!(warnings("1 Nov to 30 Nov").is_empty());
}

#[test]
fn vague_phrases_are_answered_with_three_offers() {
    for phrase in [
        "recently",
        "soon",
        "the other day",
        "a while ago",
        "some time back",
        "last few weeks",
        "in the past few days",
        "the last several months",
        "a few years ago",
        "few fiscal years",
        "next few quarters",
    ] {
        let rejection = read(phrase, now(), &shop(), Direction::Past).expect_err("vague");
        assert_eq!((rejection.code, rejection.candidates.len()), (Code::Ambiguous, 3), "{phrase}");
        assert!(rejection.candidates.iter().all(|offer| !offer["from"].is_null()), "{phrase}");
    }
    let first = &read("recently", now(), &shop(), Direction::Past).expect_err("vague").candidates[0];
    assert_eq!(first, &json!({ "phrase": "last 7 days", "from": "2026-11-16", "to": "2026-11-22" }));
    let rejection = read("blue moon", now(), &shop(), Direction::Past).expect_err("unreadable");
    assert!(rejection.hint.expect("a hint").contains("last 7 days"));
}

#[test]
fn the_interpretation_has_the_shape_of_the_reference() {
    let range = read(" last week", now(), &shop(), Direction::Past).expect("readable");
    assert_eq!(
        serde_json::to_value(range.interpretation()).expect("json"),
        json!({ "phrase": "last week", "from": "2026-11-09", "to": "2026-11-15", "timezone": "Asia/Kolkata" })
    );
}
