//! Property tests of date phrases: what holds for every phrase, at every moment, in every shop.

use chrono::{Datelike, Month, NaiveTime, Weekday};
use proptest::{prelude::*, sample::select};

use super::*;
use crate::{calendar::DayMonthOrder, format::days_in_words};

/// Zones with clocks that change at midnight, by half an hour, over the date line, and not at all.
const ZONES: [Tz; 12] = [
    Tz::Asia__Kolkata,
    Tz::America__New_York,
    Tz::America__Havana,
    Tz::America__St_Johns,
    Tz::America__Sao_Paulo,
    Tz::Europe__London,
    Tz::Africa__Cairo,
    Tz::Asia__Beirut,
    Tz::Australia__Lord_Howe,
    Tz::Pacific__Apia,
    Tz::Pacific__Kiritimati,
    Tz::Pacific__Chatham,
];

/// Everything the grammar understands, by example.
#[rustfmt::skip]
const PHRASES: &[&str] = &[
    "same day last week", "a year ago today", "week of 9 Nov", "first week of November", "first half of November", "end of last month",
    "this morning", "yesterday evening", "the 20th", "1st to 15th", "last fortnight", "prior month", "fiscal Q2", "H1 2026", "H2", "last working day",
    "mid November", "early March", "late last month", "last couple of days", "fiscal Q2 FY2025-26", "Q3 last fiscal year",
    "today", "today so far", "yesterday", "day before yesterday", "tomorrow", "day after tomorrow",
    "this day", "this week", "last week", "next week", "past week", "this month", "last month", "next month", "past month",
    "this quarter", "last quarter", "next quarter", "past quarter", "this year", "last year", "next year", "past year",
    "this fiscal year", "last FY", "next financial year", "week before last", "month after next",
    "last 7 days", "past 2 weeks", "last 3 months", "last 5 quarters", "last two years", "previous 7 days",
    "previous 2 weeks", "previous 3 months", "previous 4 quarters", "previous 2 years", "previous 2 fiscal years",
    "next 7 days", "next 3 months", "2 weeks ago", "in 3 days", "a month ago", "3 days ago", "1 year ago", "30 days", "last 24 hours",
    "past hour", "wtd", "mtd", "month to date", "qtd", "ytd", "fytd", "so far this month", "this year so far",
    "this weekend", "weekend", "last weekend", "next weekend", "Monday", "sun", "this Wednesday", "last Friday", "next Friday",
    "Monday this week", "Friday last week", "tues next week", "since Monday", "since last month", "after 1 Jan",
    "until Friday", "November", "December", "Feb", "last December", "this March", "next November", "March last year",
    "May next year", "November 2026", "2025 June", "Nov-2026", "11/2026", "2026-11", "Q1", "Q4 2025", "2025-Q4", "Q2/2024",
    "Q3 last year", "2025", "2026-W46", "week 46", "W53", "W01 2026", "2026-11-20", "20 Nov", "Nov 25", "29 Feb", "31 Dec",
    "20 Nov 2026", "Nov 20, 2026", "20-Nov-2026", "20-Nov-26", "Nov '26", "Friday 20 Nov 2026", "25 Dec last year", "11/25/2026",
    "13.11.2026", "Nov 1-15", "1-15 Nov", "1st to 15th November 2025", "1 Nov to 15 Nov", "20 Dec to 5 Jan",
    "15 Nov to 1 Nov", "Q4 to Q1", "between 1 Nov and 15 Nov", "Monday to Friday", "last month to yesterday", "2026-11-01..2026-11-15",
    "2026-11-21T14:30:00+05:30..2026-11-22T14:30:00+05:30", "since 2026-11-21T09:00:00Z",
    "from 15 November", "from 2026-11-15", "from Nov 25 onwards", "1 Oct on",
];

fn shops() -> impl Strategy<Value = BusinessCalendar> {
    let day_starts =
        ["00:00", "02:30", "04:00", "12:00", "23:30"].map(|time| time.parse::<NaiveTime>().expect("a time"));
    let orders = [DayMonthOrder::DayFirst, DayMonthOrder::MonthFirst, DayMonthOrder::Unset];
    (select(ZONES.to_vec()), select(day_starts.to_vec()), 0_u8..7, 1_u8..=12, select(orders.to_vec())).prop_map(
        |(timezone, day_start, weekday, month, day_month_order)| BusinessCalendar {
            timezone,
            day_start,
            week_start: Weekday::try_from(weekday).expect("a weekday"),
            fiscal_year_start: Month::try_from(month).expect("a month"),
            day_month_order,
        },
    )
}

/// Any second from 1990 to 2100, with more than its share of month ends, leap days and clock changes.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    let edges = [
        "2024-02-29T12:00:00Z",
        "2028-02-29T00:00:00Z",
        "2026-01-31T23:59:59Z",
        "2026-03-31T09:00:00Z",
        "2020-12-31T18:30:00Z",
        "2021-01-03T12:00:00Z",
        "2026-12-28T12:00:00Z",
        "2027-01-01T00:00:00Z",
        "2026-03-08T07:00:00Z",
        "2026-11-01T05:30:00Z",
        "2026-11-02T15:00:00Z",
        "2011-12-30T10:00:00Z",
        "2026-04-01T00:00:00Z",
        "2026-03-31T18:30:00Z",
    ];
    let edges = edges.map(|edge| edge.parse::<DateTime<Utc>>().expect("an instant"));
    let any =
        (631_152_000_i64..4_102_444_800).prop_map(|seconds| DateTime::from_timestamp(seconds, 0).expect("an instant"));
    prop_oneof![3 => any, 1 => select(edges.to_vec())]
}

fn directions() -> impl Strategy<Value = Direction> {
    select(vec![Direction::Past, Direction::Future])
}

/// What holds for every range that was read.
fn check(
    range: &DateRange,
    now: DateTime<Utc>,
    calendar: &BusinessCalendar,
    direction: Direction,
) -> Result<(), TestCaseError> {
    if let (Some(from), Some(to)) = (range.from, range.to) {
        prop_assert!(FIRST_DAY <= from && from <= to && to <= LAST_DAY);
    }
    if let (Some(starts), Some(ends)) = (range.starts_at, range.ends_before) {
        prop_assert!(starts <= ends);
    }
    if range.whole_days {
        prop_assert_eq!(range.starts_at, range.from.map(|day| calendar.day_bounds(day).0));
        prop_assert_eq!(range.ends_before, range.to.map(|day| calendar.day_bounds(day).1));
    }
    // A sentence that says it means the same.
    if let Some(said) = &range.wording {
        let said = format!("{} {}", said.preposition.unwrap_or_default(), said.words);
        let again = read_unbounded(&said, now, calendar, direction)
            .map_err(|rejection| TestCaseError::fail(format!("{said}: {rejection:?}")))?;
        prop_assert_eq!((again.from, again.to), (range.from, range.to), "{}", said);
    }
    let printed = range.interpretation();
    let (Some(from), Some(to)) = (&printed.from, &printed.to) else { return Ok(()) };
    let again = read(&format!("{from}..{to}"), now, calendar, Direction::Past)
        .map_err(|rejection| TestCaseError::fail(format!("{from}..{to}: {rejection:?}")))?;
    prop_assert_eq!((again.from, again.to), (range.from, range.to));
    prop_assert_eq!((again.starts_at, again.ends_before), (range.starts_at, range.ends_before));
    prop_assert!(again.warnings.is_empty(), "{:?}", again.warnings);
    Ok(())
}

/// From and to of a phrase that always means something.
fn days(phrase: &str, now: DateTime<Utc>, calendar: &BusinessCalendar) -> (NaiveDate, NaiveDate) {
    let range = read(phrase, now, calendar, Direction::Past).unwrap_or_else(|no| panic!("{phrase}: {no:?}"));
    range.from.zip(range.to).expect("bounded")
}

proptest! {
    #[test]
    fn every_phrase_means_a_sound_range(
        phrase in select(PHRASES.to_vec()), now in moments(), calendar in shops(), direction in directions(),
    ) {
        match read_unbounded(phrase, now, &calendar, direction) {
            Ok(range) => check(&range, now, &calendar, direction)?,
            // No such day or week in reach, a weekday that is not that day's, a beginning after now: said, not guessed.
            Err(rejection) => prop_assert!(matches!(rejection.code, Code::InvalidArgument | Code::Ambiguous), "{phrase}"),
        }
    }

    #[test]
    fn what_is_printed_is_read_back(
        start in 0_i64..109_000, length in prop_oneof![Just(0_i64), 0_i64..40, 0_i64..800], now in moments(),
        calendar in shops(), direction in directions(),
    ) {
        let from = FIRST_DAY + chrono::TimeDelta::days(start);
        let to = (from + chrono::TimeDelta::days(length)).min(LAST_DAY);
        for printed in [format!("{from}..{to}"), format!("{from} to {to}"), days_in_words(from, to)] {
            let range = read(&printed, now, &calendar, direction)
                .map_err(|rejection| TestCaseError::fail(format!("{printed}: {rejection:?}")))?;
            prop_assert_eq!((range.from, range.to), (Some(from), Some(to)), "{}", printed);
            prop_assert!(range.warnings.is_empty(), "{}: {:?}", printed, range.warnings);
        }
    }

    #[test]
    fn units_of_time_stand_side_by_side(
        unit in select(vec!["day", "week", "month", "quarter", "year", "fiscal year"]), count in 1_i64..40,
        now in moments(), calendar in shops(),
    ) {
        let today = calendar.business_date(now);
        let said = |phrase: &str| days(&phrase.replace('_', unit), now, &calendar);
        let [last, this, next] = ["last _", "this _", "next _"].map(said);
        prop_assert_eq!((last.1.succ_opt(), this.1.succ_opt()), (Some(this.0), Some(next.0)));
        prop_assert!(this.0 <= today && today <= this.1);
        prop_assert_eq!(said("1 _ ago"), last);
        prop_assert_eq!(said("previous _"), last);
        prop_assert_eq!(said("_ before last").1.succ_opt(), Some(last.0));
        prop_assert_eq!(said("_ after next").0, next.1.succ_opt().expect("a day"));
        prop_assert_eq!(said("this _ so far"), (this.0, today));
        prop_assert_eq!(said("past _"), said("last 1 _"));

        let (rolling, previous, ahead, ago) = (
            said(&format!("last {count} _")),
            said(&format!("previous {count} _")),
            said(&format!("next {count} _")),
            said(&format!("{count} _ ago")),
        );
        prop_assert_eq!(rolling.1, today, "last N includes today");
        prop_assert_eq!(previous.1.succ_opt(), Some(this.0), "previous N never overlaps the present one");
        prop_assert_eq!(previous.0, ago.0, "and begins where the one N ago does");
        prop_assert_eq!(ahead.0.pred_opt(), Some(today));
        if unit == "day" || unit == "week" {
            let length = count * if unit == "day" { 1 } else { 7 };
            for (from, to) in [rolling, previous, ahead] {
                prop_assert_eq!((to - from).num_days() + 1, length);
            }
        }
        prop_assert!(said(&format!("last {} _", count + 1)).0 < rolling.0, "one more reaches further back");
    }

    #[test]
    fn what_has_no_year_is_the_nearest_on_its_side(
        phrase in select(vec!["Monday", "sun", "November", "Feb", "Q1", "Q4", "W53", "week 1", "20 Nov", "29 Feb", "31 Dec", "Jan 1"]),
        now in moments(), calendar in shops(),
    ) {
        let today = calendar.business_date(now);
        let bounds = |direction| read(phrase, now, &calendar, direction).map(|range| range.from.zip(range.to));
        if let Ok(Some((from, _))) = bounds(Direction::Past) {
            prop_assert!(from <= today, "not in the future");
        }
        if let Ok(Some((_, to))) = bounds(Direction::Future) {
            prop_assert!(to >= today, "not in the past");
        }
    }

    #[test]
    fn reports_do_not_run_into_a_year_to_come(
        from in select(vec!["1 Jan", "29 Feb", "15 Nov", "20 Dec", "Feb", "November", "Q1", "Q4"]),
        to in select(vec!["1 Jan", "29 Feb", "1 Nov", "10 Dec", "31 Dec"]),
        now in moments(), calendar in shops(),
    ) {
        let today = calendar.business_date(now);
        let (from, to) = days(&format!("{from} to {to}"), now, &calendar);
        prop_assert!(from <= today);
        prop_assert!(to <= today || (from.year(), to.year()) == (today.year(), today.year()));
    }

    #[test]
    fn no_words_do_harm(
        words in prop::collection::vec(
            prop_oneof![
                select(vec![
                    "last", "next", "previous", "past", "this", "since", "until", "before", "after", "to", "-", "..", "/", ".",
                    ":", "and", "q", "fy", "w", "week", "weeks", "year", "years", "month", "quarter", "fiscal year", "hours",
                    "weekend", "day", "days", "ago", "to date", "so far", "monday", "fri", "feb", "sept", "a", "two", "twelve",
                    "0", "1", "12", "29", "31", "53", "99999", "99999999999", "1900", "2026", "2199", "9999", "0000", "2026-02-29",
                    "2026-11-21T14:30:00+05:30", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00-23:59", "T", "recently", "all",
                    "\u{202e}", "\u{200f}", "İ", "ﬀ", "١٢", "Nov\u{301}", "🗓", "−", "½",
                ]).prop_map(str::to_owned),
                "\\PC{0,6}",
            ],
            0..8,
        ),
        now in moments(), calendar in shops(), direction in directions(), tight: bool,
    ) {
        if let Ok(range) = read_unbounded(&words.join(if tight { "" } else { " " }), now, &calendar, direction) {
            check(&range, now, &calendar, direction)?;
        }
    }
}

#[test]
fn every_row_of_the_grammar_is_tried() {
    let now = "2026-11-22T09:00:00Z".parse().expect("an instant");
    let calendar = BusinessCalendar::default();
    for phrase in PHRASES {
        let range =
            read_unbounded(phrase, now, &calendar, Direction::Past).unwrap_or_else(|no| panic!("{phrase}: {no:?}"));
        assert!(range.to.is_some(), "{phrase}");
        assert!(range.from.is_none_or(|day| day.year() > 2000), "{phrase}");
    }
}
