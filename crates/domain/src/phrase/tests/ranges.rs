//! Ranges of two ends, of one end and of none.

use super::*;

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
