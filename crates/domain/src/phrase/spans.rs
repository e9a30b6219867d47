//! Calendar arithmetic: units of time, the unit around a day, units before and after it.

use chrono::{Datelike, Days, Month, Months, NaiveDate, Weekday};

use crate::calendar::{BusinessCalendar, Period};

/// Days from the first to the last, both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) from: NaiveDate,
    pub(super) to: NaiveDate,
}

/// A unit of calendar time, the shorter before the longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Unit {
    Day,
    Week,
    Month,
    Quarter,
    Year,
    FiscalYear,
}

impl Unit {
    /// The unit named by a word in singular or plural.
    pub(super) fn named(word: &str) -> Option<Unit> {
        Some(match word {
            "day" | "days" => Unit::Day,
            "week" | "weeks" => Unit::Week,
            "month" | "months" => Unit::Month,
            "quarter" | "quarters" => Unit::Quarter,
            "year" | "years" => Unit::Year,
            "fiscalyear" | "fy" => Unit::FiscalYear,
            _ => return None,
        })
    }

    /// As sentences say it: one of it, or several.
    pub(super) fn in_words(self, several: bool) -> &'static str {
        let (one, many) = match self {
            Unit::Day => ("day", "days"),
            Unit::Week => ("week", "weeks"),
            Unit::Month => ("month", "months"),
            Unit::Quarter => ("quarter", "quarters"),
            Unit::Year => ("year", "years"),
            Unit::FiscalYear => ("fiscal year", "fiscal years"),
        };
        if several { many } else { one }
    }

    /// The calendar unit that contains `day`.
    pub(super) fn around(self, day: NaiveDate, calendar: &BusinessCalendar) -> Option<Span> {
        let from = match self {
            Unit::Day => day,
            Unit::Week => Period::Week(calendar.week_start).around(day).0,
            Unit::Month => Period::Month.around(day).0,
            Unit::Quarter => day.with_day(1)?.with_month0(day.month0() / 3 * 3)?,
            Unit::Year => NaiveDate::from_yo_opt(day.year(), 1)?,
            Unit::FiscalYear => {
                let first_month = calendar.fiscal_year_start.number_from_month();
                let year = if day.month() >= first_month { day.year() } else { day.year() - 1 };
                NaiveDate::from_ymd_opt(year, first_month, 1)?
            }
        };
        Some(Span { from, to: self.after(from, 1)?.pred_opt()? })
    }

    /// The calendar unit `steps` after the one that contains `day`; negative steps lie before it.
    pub(super) fn away(self, day: NaiveDate, steps: i64, calendar: &BusinessCalendar) -> Option<Span> {
        self.around(self.after(self.around(day, calendar)?.from, steps)?, calendar)
    }

    /// `day` moved by `steps` units; months clamp to the month's end.
    pub(super) fn after(self, day: NaiveDate, steps: i64) -> Option<NaiveDate> {
        let months = match self {
            Unit::Day => return move_days(day, steps),
            Unit::Week => return move_days(day, steps.checked_mul(7)?),
            Unit::Month => steps,
            Unit::Quarter => steps.checked_mul(3)?,
            Unit::Year | Unit::FiscalYear => steps.checked_mul(12)?,
        };
        let months_up = Months::new(u32::try_from(months.unsigned_abs()).ok()?);
        if months < 0 { day.checked_sub_months(months_up) } else { day.checked_add_months(months_up) }
    }
}

impl Span {
    /// One day.
    pub(super) fn day(day: NaiveDate) -> Span {
        Span { from: day, to: day }
    }

    /// A month of a year.
    pub(super) fn month(year: i32, month: Month) -> Option<Span> {
        let from = NaiveDate::from_ymd_opt(year, month.number_from_month(), 1)?;
        Some(Span { from, to: Unit::Month.after(from, 1)?.pred_opt()? })
    }

    /// A quarter of a calendar year, 1 to 4.
    pub(super) fn quarter(year: i32, quarter: u32) -> Option<Span> {
        let from = NaiveDate::from_ymd_opt(year, quarter.checked_sub(1)?.checked_mul(3)?.checked_add(1)?, 1)?;
        Some(Span { from, to: Unit::Quarter.after(from, 1)?.pred_opt()? })
    }

    /// A week of ISO 8601, which begins on a Monday whatever the shop's weeks do.
    pub(super) fn iso_week(year: i32, week: u32) -> Option<Span> {
        let from = NaiveDate::from_isoywd_opt(year, week, Weekday::Mon)?;
        Some(Span { from, to: move_days(from, 6)? })
    }

    /// Saturday and Sunday of the weekend that is on or comes next, moved by `weeks`.
    pub(super) fn weekend(today: NaiveDate, weeks: i64) -> Option<Span> {
        let to_saturday = match today.weekday() {
            Weekday::Sun => -1,
            other => i64::from(Weekday::Sat.days_since(other)),
        };
        let from = move_days(today, to_saturday + weeks.checked_mul(7)?)?;
        Some(Span { from, to: from.succ_opt()? })
    }
}

/// `day` moved by a number of days.
pub(super) fn move_days(day: NaiveDate, days: i64) -> Option<NaiveDate> {
    let amount = Days::new(days.unsigned_abs());
    if days < 0 { day.checked_sub_days(amount) } else { day.checked_add_days(amount) }
}

/// The weekday that a word names.
pub(super) fn weekday(word: &str) -> Option<Weekday> {
    match word {
        "tues" => Some(Weekday::Tue),
        "thur" | "thurs" => Some(Weekday::Thu),
        _ => word.parse().ok(),
    }
}

/// The month that a word names.
pub(super) fn month(word: &str) -> Option<Month> {
    if word == "sept" { Some(Month::September) } else { word.parse().ok() }
}
