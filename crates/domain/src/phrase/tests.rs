//! Every phrase of the grammar with what it means: here, what the shop and the direction of the question decide.

mod ranges;
mod wordings;

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
fn a_misspelt_phrase_is_offered_as_it_was_meant() {
    for (phrase, meant) in [
        ("last wek", "last week"),
        ("yesteday", "yesterday"),
        ("Yesturday", "yesterday"),
        ("tommorow", "tomorrow"),
        ("last mnoth", "last month"),
        ("lst 7 days", "last 7 days"),
        ("previous 3 moths", "previous 3 months"),
        ("Novmber", "november"),
        ("since Wendesday", "since wednesday"),
        ("fisrt week of Novembr", "first week november"),
        ("1 Nov to 15 Novemer", "1 nov to 15 november"),
        ("this quater", "this quarter"),
    ] {
        let rejection = read(phrase, now(), &shop(), Direction::Past).expect_err(phrase);
        assert!(rejection.message.ends_with(&format!("did you mean \"{meant}\"?")), "{}", rejection.message);
        let offered = &rejection.candidates[0];
        assert_eq!(offered["phrase"], meant, "{phrase}");
        let read = read(meant, now(), &shop(), Direction::Past).expect(meant);
        assert_eq!(offered["from"], json!(read.from), "{phrase}");
    }
    for nonsense in ["blue mugs", "next purchase", "whenever", "asap", "1001", "the day we met", "x"] {
        let rejection = read(nonsense, now(), &shop(), Direction::Past).expect_err(nonsense);
        assert!(!rejection.message.contains("did you mean"), "{}", rejection.message);
    }
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
fn of_a_festival_the_days_are_asked_for() {
    for phrase in
        ["diwali week", "last Diwali", "the week before Christmas", "Black Friday", "mother's day 2026", "good friday"]
    {
        let rejection = read(phrase, now(), &shop(), Direction::Past).expect_err("no days");
        assert!(rejection.message.contains("no calendar of festivals"), "{phrase}: {}", rejection.message);
        let hint = rejection.hint.expect("a hint");
        let days = hint.split('"').nth(1).expect("days");
        let read = read(days, now(), &shop(), Direction::Past).expect("days that can be passed");
        assert_eq!(read.interpretation().from.as_deref(), Some("2026-11-16"), "{hint}");
    }
    // Words that only look alike.
    let rejection = read("holiday", now(), &shop(), Direction::Past).expect_err("no days");
    assert!(!rejection.message.contains("festival"), "{}", rejection.message);
}

#[test]
fn the_interpretation_has_the_shape_of_the_reference() {
    let range = read(" last week", now(), &shop(), Direction::Past).expect("readable");
    assert_eq!(
        serde_json::to_value(range.interpretation()).expect("json"),
        json!({ "phrase": "last week", "from": "2026-11-09", "to": "2026-11-15", "timezone": "Asia/Kolkata" })
    );
}
