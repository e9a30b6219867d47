//! Single days, units and dates, in all the ways in which people say them.

use super::*;

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

/// How a sentence says the phrase behind "from"; `-` where it tells the days alone.
#[test]
fn a_phrase_is_worded_to_fit_a_sentence() {
    for (phrase, expected) in [
        ("last week", "from last week"),
        ("from last week", "from last week"),
        ("last 7 days", "from the last 7 days"),
        ("last two weeks", "from the last two weeks"),
        ("last 7 day", "from the last 7 days"),
        ("last 1 days", "from the last 1 day"),
        ("last a week", "from the last 1 week"),
        ("a week ago", "from a week ago"),
        ("previous 2 FY", "from the previous 2 fiscal years"),
        ("previous quarter", "from the previous quarter"),
        ("current month", "from this month"),
        ("so far this month", "from this month to date"),
        ("ytd", "from the year to date"),
        ("weekend", "from the weekend"),
        ("on  SUNDAY", "from Sunday"),
        ("tues last week", "from Tues last week"),
        ("in November", "from November"),
        ("2025-q4", "from Q4 2025"),
        ("fiscal year 2025-26", "from FY2025-26"),
        ("2026-w46", "from 2026-W46"),
        ("25 dec last year", "from 25 Dec last year"),
        ("between Monday and Friday", "from Monday to Friday"),
        ("1 nov to yesterday", "from 1 Nov to yesterday"),
        ("since the last 2 weeks", "since the last 2 weeks"),
        ("15 Nov onwards", "since 15 Nov"),
        ("after 16 nov", "after 16 Nov"),
        // The days say it as well or better.
        ("7 days", "-"),
        ("in 3 days", "-"),
        ("2025", "-"),
        ("Nov '25", "-"),
        ("Friday 20 Nov", "-"),
        ("1-15 Nov", "-"),
        ("1 Nov to 15 Nov", "-"),
        ("from 15 November", "-"),
        ("2026-11-15..", "-"),
        ("last 24 hours", "-"),
        ("before 1 Oct", "-"),
    ] {
        let range = read_unbounded(phrase, now(), &shop(), Direction::Past).expect("it is read");
        let said = range.wording.map(|said| format!("{} {}", said.preposition.unwrap_or("from"), said.words));
        assert_eq!(said.as_deref().unwrap_or("-"), expected, "{phrase}");
    }
}

#[test]
fn parts_of_units_and_days_counted_from_others() {
    check(
        &shop(),
        Direction::Past,
        &[
            ("same day last week", "2026-11-15"),
            ("same day last year", "2025-11-22"),
            ("a year ago today", "2025-11-22"),
            ("week of 9 Nov", "2026-11-09..2026-11-15"),
            ("first week of November", "2026-11-01..2026-11-07"),
            ("first half of November", "2026-11-01..2026-11-15"),
            ("second half of October", "2026-10-16..2026-10-31"),
            ("end of last month", "2026-10-31"),
            ("start of this month", "2026-11-01"),
            ("this morning", "2026-11-22"),
            ("yesterday evening", "2026-11-21"),
            ("the 20th", "2026-11-20"),
            ("the 25th", "2026-10-25"),
            ("the 31st", "2026-10-31"),
            ("1st to 15th", "2026-11-01..2026-11-15"),
            ("last fortnight", "2026-11-09..2026-11-22"),
            ("prior month", "2026-10-01..2026-10-31"),
            ("fiscal Q2", "2026-07-01..2026-09-30"),
            ("fiscal Q4", "2026-01-01..2026-03-31"),
            ("Q2 FY27", "2026-07-01..2026-09-30"),
            ("q2 fy 2027", "2026-07-01..2026-09-30"),
            ("FY27 Q3", "2026-10-01..2026-12-31"),
            ("FY27", "2026-04-01..2027-03-31"),
            ("Q2 FY26", "Ambiguous"),
            ("Q2 FY2025-26", "2025-07-01..2025-09-30"),
            ("Q4 of last fiscal year", "2026-01-01..2026-03-31"),
            ("Q5 FY27", "InvalidArgument"),
            ("mid November", "2026-11-11..2026-11-20"),
            ("mid-November", "2026-11-11..2026-11-20"),
            ("in the middle of October 2025", "2025-10-11..2025-10-20"),
            ("early March", "2026-03-01..2026-03-10"),
            ("late February", "2026-02-21..2026-02-28"),
            ("early last month", "2026-10-01..2026-10-10"),
            ("early October to mid November", "2026-10-01..2026-11-20"),
            ("early last week", "InvalidArgument"),
            ("last couple of days", "2026-11-21..2026-11-22"),
            ("a couple of weeks ago", "2026-11-02..2026-11-08"),
            ("past couple months", "2026-09-23..2026-11-22"),
            ("end of October", "2026-10-31"),
            ("H1 2026", "2026-01-01..2026-06-30"),
            ("H2", "2026-07-01..2026-12-31"),
            ("last working day", "2026-11-20"),
            ("15 Nov onwards", "2026-11-15..2026-11-22"),
            ("from 15 November", "2026-11-15..2026-11-22"),
            ("week 46 to week 47", "2026-11-09..2026-11-22"),
            ("40th", "InvalidArgument"),
            ("H3", "InvalidArgument"),
            ("fiscal Q5", "InvalidArgument"),
            ("first week of last week", "InvalidArgument"),
        ],
    );
    for (phrase, to) in [("older than 10 days", "2026-11-11"), ("more than 2 weeks", "2026-11-07")] {
        let older = read_unbounded(phrase, now(), &shop(), Direction::Past).expect("all before");
        assert_eq!((older.from, older.to.map(|day| day.to_string()).as_deref()), (None, Some(to)), "{phrase}");
    }
    let year = read("same day last year", now(), &shop(), Direction::Past).expect("a day");
    assert_eq!(year.warnings, ["That is a Saturday; today is a Sunday."]);
}

#[test]
fn what_could_be_meant_otherwise_is_told() {
    for (phrase, told) in [
        ("mid November", "\"mid\" was read as a third of the month: 11–20 Nov 2026."),
        ("end of October", "That is the last day alone; say \"late\" and the month for its last days."),
        ("beginning of October", "That is the first day alone; say \"early\" and the month for its first ten days."),
        ("Q2 FY27", "Q2 FY2027 was read as Q2 FY2026-27; Q2 FY2027-28 has not begun."),
    ] {
        let range = read(phrase, now(), &shop(), Direction::Past).expect(phrase);
        assert_eq!(range.warnings, [told], "{phrase}");
    }
    let asked = read("Q2 FY26", now(), &shop(), Direction::Past).expect_err("both have begun");
    let offered: Vec<&str> = asked.candidates.iter().filter_map(|offer| offer["phrase"].as_str()).collect();
    assert_eq!(offered, ["Q2 FY2026-27", "Q2 FY2025-26"]);
    assert!(asked.message.contains("Q2 FY2026"), "{}", asked.message);
    for offer in offered {
        read(offer, now(), &shop(), Direction::Past).expect(offer);
    }
}
