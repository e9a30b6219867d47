//! What the rows of the grammar mean, counted from the moment at which they are said.

use chrono::{DateTime, Datelike, Month, NaiveDate, SecondsFormat, TimeDelta, Utc, Weekday};
use serde_json::json;

use super::{
    moment::{Direction, Miss, Moment, Read, Reading},
    spans::{Span, Unit, move_days},
};
use crate::{
    calendar::{DayMonthOrder, FIRST_DAY, LAST_DAY},
    format::{day_in_words, days_in_words},
    rejection::{Code, Rejection},
};

/// Years searched for a date without a year: 29 February may be eight years away.
const YEARS_SEARCHED: i32 = 9;

// Units.
impl Moment<'_> {
    /// The calendar unit `steps` away from the present one.
    pub(super) fn calendar_unit(&self, unit: Unit, steps: i64) -> Read {
        within_calendar(unit.away(self.today, steps, self.calendar))
    }

    /// The last `count` units up to and with today, however they lie in the calendar.
    pub(super) fn rolling(&self, unit: Unit, count: i64) -> Read {
        let from = unit.after(self.today, -count).and_then(|day| day.succ_opt());
        within_calendar(from.map(|from| Span { from, to: self.today }))
    }

    /// The `count` units that begin tomorrow.
    pub(super) fn ahead(&self, unit: Unit, count: i64) -> Read {
        let (from, to) = (self.today.succ_opt(), unit.after(self.today, count));
        within_calendar(from.zip(to).map(|(from, to)| Span { from, to }))
    }

    /// The complete calendar units before the present one.
    pub(super) fn previous(&self, unit: Unit, count: i64) -> Read {
        let first = unit.away(self.today, -count, self.calendar);
        let last = unit.away(self.today, -1, self.calendar);
        within_calendar(first.zip(last).map(|(first, last)| Span { from: first.from, to: last.to }))
    }

    /// "7 days": back from today, or ahead of it in a forecast.
    pub(super) fn nearest_units(&self, unit: Unit, count: i64) -> Read {
        match self.direction {
            Direction::Past => self.rolling(unit, count),
            Direction::Future => self.ahead(unit, count),
        }
    }

    /// From the beginning of the present unit to today.
    pub(super) fn so_far(&self, unit: Unit) -> Read {
        let span = unit.around(self.today, self.calendar);
        within_calendar(span.map(|span| Span { to: self.today, ..span }))
    }

    /// The hours before now, to the second.
    pub(super) fn last_hours(&self, count: i64) -> Read {
        self.between(self.now.checked_sub_signed(TimeDelta::hours(count)), Some(self.now))
    }

    /// From one moment until another, and the days they fall on.
    pub(super) fn between(&self, start: Option<DateTime<Utc>>, end: Option<DateTime<Utc>>) -> Read {
        // A day less at either end: the zone's offset must not lead out of the calendar.
        let known = |at: &DateTime<Utc>| FIRST_DAY < at.date_naive() && at.date_naive() < LAST_DAY;
        let Some((start, end)) = start.filter(known).zip(end.filter(known)) else { return outside_calendar() };
        if start >= end {
            let told = |at: DateTime<Utc>| {
                at.with_timezone(&self.calendar.timezone).to_rfc3339_opts(SecondsFormat::Secs, false)
            };
            let message = format!("{} does not lie before {}.", told(start), told(end));
            let refused = Rejection::invalid("date_range", message).hint("Give the earlier moment first.");
            return Err(Miss::Refused(Box::new(refused)));
        }
        let span = Span { from: self.calendar.business_date(start), to: self.calendar.business_date(end) };
        Ok(Reading { instants: Some((start, end)), ..Reading::of(span) })
    }

    /// The business day on which a moment lies.
    pub(super) fn day_around(&self, at: Option<DateTime<Utc>>) -> Read {
        let known = |at: &DateTime<Utc>| FIRST_DAY < at.date_naive() && at.date_naive() < LAST_DAY;
        let Some(at) = at.filter(known) else { return outside_calendar() };
        let mut reading = Reading::of(Span::day(self.calendar.business_date(at)));
        reading.warnings.push("The whole business day of that moment was taken.".to_owned());
        Ok(reading)
    }
}

// Weeks.
impl Moment<'_> {
    pub(super) fn weekend(&self, weeks: i64) -> Read {
        within_calendar(Span::weekend(self.today, weeks))
    }

    /// The nearest such weekday in the direction of the question; the anchor itself counts.
    pub(super) fn weekday(&self, weekday: Weekday) -> Read {
        let days = match self.direction {
            Direction::Past => -i64::from(self.anchor.weekday().days_since(weekday)),
            Direction::Future => i64::from(weekday.days_since(self.anchor.weekday())),
        };
        let reading = within_calendar(move_days(self.anchor, days).map(Span::day))?;
        Ok(Reading { open: Some(Unit::Week), ..reading })
    }

    /// Such a weekday of the present week, or of one `weeks` away.
    pub(super) fn weekday_of_week(&self, weekday: Weekday, weeks: i64) -> Read {
        let week = Unit::Week.away(self.today, weeks, self.calendar);
        let into_week = i64::from(weekday.days_since(self.calendar.week_start));
        within_calendar(week.and_then(|week| move_days(week.from, into_week)).map(Span::day))
    }

    /// The last such weekday before today.
    pub(super) fn weekday_before(&self, weekday: Weekday) -> Read {
        let back = match self.today.weekday().days_since(weekday) {
            0 => 7,
            days => i64::from(days),
        };
        within_calendar(move_days(self.today, -back).map(Span::day))
    }

    /// The first such weekday after today.
    pub(super) fn weekday_after(&self, weekday: Weekday) -> Read {
        let ahead = match weekday.days_since(self.today.weekday()) {
            0 => 7,
            days => i64::from(days),
        };
        within_calendar(move_days(self.today, ahead).map(Span::day))
    }

    pub(super) fn iso_week(&self, week: u32) -> Read {
        self.nearest(|year| Span::iso_week(year, week)).ok_or_else(|| no_such(&format!("week {week}")))
    }

    pub(super) fn iso_week_of(&self, week: u32, year: i32) -> Read {
        Span::iso_week(year, week).map(Reading::of).ok_or_else(|| no_such(&format!("week {week} in {year}")))
    }
}

// Months, quarters, years.
impl Moment<'_> {
    pub(super) fn month(&self, month: Month) -> Read {
        self.nearest(|year| Span::month(year, month)).map_or_else(outside_calendar, Ok)
    }

    pub(super) fn month_of(&self, month: Month, year: i32) -> Read {
        within_calendar(Span::month(year, month))
    }

    /// The last such month that was over before the present one.
    pub(super) fn month_before(&self, month: Month) -> Read {
        let back = (self.today.month0() + 12 - month.number_from_month() + 1) % 12;
        self.calendar_unit(Unit::Month, -i64::from(if back == 0 { 12 } else { back }))
    }

    /// The first such month after the present one.
    pub(super) fn month_after(&self, month: Month) -> Read {
        let ahead = (12 + month.number_from_month() - 1 - self.today.month0()) % 12;
        self.calendar_unit(Unit::Month, i64::from(if ahead == 0 { 12 } else { ahead }))
    }

    /// Such a month of the present year, or of one `years` away.
    pub(super) fn month_away(&self, month: Month, years: i32) -> Read {
        self.month_of(month, self.today.year() + years)
    }

    pub(super) fn iso_month(&self, year: i32, number: u32) -> Read {
        let month = u8::try_from(number).ok().and_then(|number| Month::try_from(number).ok());
        month.map_or_else(|| Err(no_such(&format!("month {number}"))), |month| self.month_of(month, year))
    }

    pub(super) fn quarter(&self, quarter: u32) -> Read {
        self.nearest(|year| Span::quarter(year, quarter)).ok_or_else(|| no_such(&format!("quarter {quarter}")))
    }

    pub(super) fn quarter_of(&self, quarter: u32, year: i32) -> Read {
        Span::quarter(year, quarter).map(Reading::of).ok_or_else(|| no_such(&format!("quarter {quarter}")))
    }

    /// A quarter of the present year, or of one `years` away.
    pub(super) fn quarter_away(&self, quarter: u32, years: i32) -> Read {
        self.quarter_of(quarter, self.today.year() + years)
    }

    pub(super) fn year(&self, year: i32) -> Read {
        within_calendar(Span::month(year, Month::January).and_then(|span| Unit::Year.around(span.from, self.calendar)))
    }
}

// Dates.
impl Moment<'_> {
    pub(super) fn date(&self, year: i32, month: u32, day: u32) -> Read {
        let date = NaiveDate::from_ymd_opt(year, month, day);
        date.map(|date| Reading::of(Span::day(date))).ok_or_else(|| no_such(&format!("{year:04}-{month:02}-{day:02}")))
    }

    /// A date of the present year, or of one `years` away.
    pub(super) fn date_away(&self, month: Month, day: u32, years: i32) -> Read {
        self.date(self.today.year() + years, month.number_from_month(), day)
    }

    /// A date said with its weekday, which must be right.
    pub(super) fn on(&self, weekday: Weekday, date: Read) -> Read {
        let date = date?;
        match date.from {
            Some(day) if day.weekday() != weekday => {
                let message = format!("{} is a {}.", day_in_words(day), day.format("%A"));
                let rejection = Rejection::invalid("date_range", message).hint("Ask which of the two is meant.");
                Err(Miss::Refused(Box::new(rejection)))
            }
            _ => Ok(date),
        }
    }

    /// A date without a year.
    pub(super) fn day_of(&self, month: Month, day: u32) -> Read {
        self.days_of(month, day, day)
    }

    /// Days of a month without a year.
    pub(super) fn days_of(&self, month: Month, first: u32, last: u32) -> Read {
        let span = |year| days_in(year, month, first, last);
        let reading = self.nearest(span).ok_or_else(|| no_such(&days_text(month, first, last)))?;
        Ok(self.with_year_warning(reading, &days_text(month, first, last)))
    }

    pub(super) fn days_in(&self, year: i32, month: Month, first: u32, last: u32) -> Read {
        let span = days_in(year, month, first, last);
        span.map(Reading::of).ok_or_else(|| no_such(&format!("{} {year}", days_text(month, first, last))))
    }

    /// `11/12/2026`, by the shop's order of day and month.
    pub(super) fn slashed(&self, one: u32, two: u32, year: Option<i32>) -> Read {
        let read = |day: u32, month: u32| -> Option<Reading> {
            let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
            match year {
                Some(year) => days_in(year, month, day, day).map(Reading::of),
                None => self.day_of(month, day).ok(),
            }
        };
        let (day_first, month_first) = (read(one, two), read(two, one));
        match (self.calendar.day_month_order, day_first, month_first) {
            (DayMonthOrder::Unset, Some(a), Some(b)) if a.from != b.from => {
                let offers =
                    [a, b].map(|reading| json!({ "phrase": reading.from, "from": reading.from, "to": reading.to }));
                Err(ambiguous(format!("{one}/{two} could be day/month or month/day."), offers.to_vec()))
            }
            (DayMonthOrder::DayFirst | DayMonthOrder::Unset, Some(reading), _)
            | (DayMonthOrder::MonthFirst, _, Some(reading))
            | (DayMonthOrder::Unset, None, Some(reading)) => Ok(reading),
            (_, Some(mut reading), None) | (_, None, Some(mut reading)) => {
                let day = reading.from.map(|day| day.to_string()).unwrap_or_default();
                reading
                    .warnings
                    .push(format!("{one}/{two} only makes sense as {day}, against the shop's day/month order."));
                Ok(reading)
            }
            (_, None, None) => Err(no_such(&format!("date {one}/{two}"))),
        }
    }
}

// Half open ranges.
impl Moment<'_> {
    /// From its beginning to today.
    pub(super) fn since(&self, start: &Reading) -> Read {
        let wording = start.wording.as_ref().map(|start| start.behind("since"));
        Ok(Reading { from: start.from, to: Some(self.today), wording, ..Reading::like(start) })
    }

    /// From the day after it: to today, or on and on in a forecast.
    pub(super) fn after(&self, start: &Reading) -> Read {
        let to = if self.direction == Direction::Past { Some(self.today) } else { None };
        let wording = start.wording.as_ref().map(|start| start.behind("after"));
        Ok(Reading { from: start.to.and_then(|day| day.succ_opt()), to, wording, ..Reading::like(start) })
    }

    /// To the day before it: from the beginning of all, or from today in a forecast.
    pub(super) fn before(&self, end: &Reading) -> Read {
        Ok(Reading { from: self.open_start(), to: end.from.and_then(|day| day.pred_opt()), ..Reading::like(end) })
    }

    /// To its end: from the beginning of all, or from today in a forecast.
    pub(super) fn until(&self, end: &Reading) -> Read {
        Ok(Reading { from: self.open_start(), to: end.to, ..Reading::like(end) })
    }

    fn open_start(&self) -> Option<NaiveDate> {
        if self.direction == Direction::Past { None } else { Some(self.today) }
    }
}

// Years that are not said.
impl Moment<'_> {
    /// The most recent of these that has begun, or the first that is not over, seen from the anchor.
    fn nearest(&self, in_year: impl Fn(i32) -> Option<Span>) -> Option<Reading> {
        let around = self.anchor.year();
        let span = match self.direction {
            Direction::Past => {
                let mut years = (around - YEARS_SEARCHED..=around + 1).rev();
                years.find_map(|year| in_year(year).filter(|span| span.from <= self.anchor))
            }
            Direction::Future => {
                let mut years = around - 1..=around + YEARS_SEARCHED;
                years.find_map(|year| in_year(year).filter(|span| span.to >= self.anchor))
            }
        };
        span.map(|span| Reading { open: Some(Unit::Year), ..Reading::of(span) })
    }

    /// Whether a report would reach beyond today with a range that does not lie within what was left open: the present
    /// year, or the present week between weekdays. "1 Nov to 30 Nov" may end ahead of today, as "November" does.
    pub(super) fn runs_ahead(&self, from: &Reading, to: &Reading) -> bool {
        let open = from.open.max(to.open);
        let present = open.and_then(|unit| unit.around(self.today, self.calendar));
        let within = present.is_some_and(|span| from.from >= Some(span.from) && to.from <= Some(span.to));
        self.direction == Direction::Past && to.to > Some(self.today) && !within
    }

    /// Warns when a date without a year turned out to lie in another year than today. The other end of a range says
    /// the year as well as a year would.
    fn with_year_warning(&self, mut reading: Reading, said: &str) -> Reading {
        if self.anchor == self.today
            && let Some(day) = reading.from
            && day.year() != self.today.year()
        {
            let year = day.year();
            let kind = if day < self.today { "most recent" } else { "next" };
            reading
                .warnings
                .push(format!("\"{said}\" was read as {said} {year}, the {kind} one; name the year to mean another."));
        }
        reading
    }
}

fn days_in(year: i32, month: Month, first: u32, last: u32) -> Option<Span> {
    let day = |day| NaiveDate::from_ymd_opt(year, month.number_from_month(), day);
    Some(Span { from: day(first)?, to: day(last)? })
}

fn days_text(month: Month, first: u32, last: u32) -> String {
    let month = &month.name()[..3];
    if first == last { format!("{first} {month}") } else { format!("{first}-{last} {month}") }
}

/// Says the days of a range whose ends could have meant others.
pub(super) fn range_warning(from: &Reading, to: &Reading) -> Option<String> {
    let days = days_in_words(from.from?, to.to?);
    Some(format!("The range was read as {days}; give both dates with their years to mean another."))
}

pub(super) fn within_calendar(span: Option<Span>) -> Read {
    span.map_or_else(outside_calendar, |span| Ok(Reading::of(span)))
}

fn outside_calendar() -> Read {
    let message = format!("Dates are read from {FIRST_DAY} to {LAST_DAY}.");
    Err(Miss::Refused(Box::new(Rejection::invalid("date_range", message))))
}

pub(super) fn no_such(what: &str) -> Miss {
    Miss::Refused(Box::new(Rejection::invalid("date_range", format!("There is no {what}."))))
}

pub(super) fn ambiguous(message: String, candidates: Vec<serde_json::Value>) -> Miss {
    let rejection = Rejection::new(Code::Ambiguous, message).field("date_range").hint("Ask which is meant.");
    Miss::Refused(Box::new(rejection.candidates(candidates)))
}
