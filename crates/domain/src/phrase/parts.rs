//! Parts of weeks, months and years, days counted from others, and what lies longer ago than that.

use chrono::{Datelike, Month, NaiveDate, Weekday};

use super::{
    moment::{Miss, Moment, Read, Reading},
    spans::{Span, Unit, move_days},
};
use crate::format::days_in_words;

/// The last day of the first half of a month.
const HALF_MONTH: u32 = 15;
/// Months searched for one that has the 31st and has begun.
const MONTHS_SEARCHED: i64 = 3;

impl Moment<'_> {
    /// Everything before the day that lies so far back.
    pub(super) fn older(&self, unit: Unit, count: i64) -> Read {
        let to = unit.after(self.today, -count).and_then(|day| day.pred_opt());
        to.map(|to| Reading { to: Some(to), ..Reading::UNBOUNDED }).ok_or(Miss::NoRule)
    }

    /// The day that lies so many units back: of the same date, or at the month's end.
    pub(super) fn same_day(&self, unit: Unit, count: i64) -> Read {
        let day = unit.after(self.today, -count).ok_or(Miss::NoRule)?;
        let mut reading = Reading::of(Span::day(day));
        if day.weekday() != self.today.weekday() {
            reading.warnings.push(format!("That is a {}; today is a {}.", day.format("%A"), self.today.format("%A")));
        }
        Ok(reading)
    }

    /// A part of a day is the day.
    pub(super) fn part_of(&self, day: Read) -> Read {
        let mut reading = day?;
        reading.warnings.push("Figures are kept by day: the whole day was taken.".to_owned());
        Ok(reading)
    }

    /// The week that a day lies in.
    pub(super) fn week_of(&self, day: &Reading) -> Read {
        let day = day.from.filter(|_| day.from == day.to).ok_or(Miss::NoRule)?;
        Unit::Week.around(day, self.calendar).map(Reading::of).ok_or(Miss::NoRule)
    }

    /// The first seven days of a month, or its last.
    pub(super) fn week_within(&self, month: &Reading, first: bool) -> Read {
        let (from, to) = whole_month(month)?;
        let span = if first {
            move_days(from, 6).map(|to| Span { from, to })
        } else {
            move_days(to, -6).map(|from| Span { from, to })
        };
        span.map(Reading::of).ok_or(Miss::NoRule)
    }

    /// The days of a month up to the 15th, or after it.
    pub(super) fn half_within(&self, month: &Reading, first: bool) -> Read {
        let (from, to) = whole_month(month)?;
        let middle = from.with_day(HALF_MONTH).ok_or(Miss::NoRule)?;
        let span =
            if first { Some(Span { from, to: middle }) } else { middle.succ_opt().map(|from| Span { from, to }) };
        span.map(Reading::of).ok_or(Miss::NoRule)
    }

    /// January to June, or July to December.
    pub(super) fn half_year(&self, half: u32, year: i32) -> Read {
        let months = match half {
            1 => [Month::January, Month::June],
            2 => [Month::July, Month::December],
            _ => return Err(Miss::NoRule),
        };
        let [first, last] = months.map(|month| Span::month(year, month));
        let span = first.zip(last).map(|(first, last)| Span { from: first.from, to: last.to });
        span.map(Reading::of).ok_or(Miss::NoRule)
    }

    /// The latest such half that has begun.
    pub(super) fn latest_half(&self, half: u32) -> Read {
        let this = self.half_year(half, self.today.year())?;
        if this.from.is_some_and(|from| from <= self.today) {
            return Ok(this);
        }
        self.half_year(half, self.today.year() - 1)
    }

    /// The first ten days of a month, the next ten, or the rest.
    pub(super) fn third_within(&self, month: &Reading, third: Third) -> Read {
        let (from, to) = whole_month(month)?;
        let (first, last) = third.days();
        let day = |day: u32| from.with_day(day).ok_or(Miss::NoRule);
        let span = Span { from: day(first)?, to: last.map_or(Ok(to), day)? };
        let mut reading = Reading::of(span);
        reading.warnings.clone_from(&month.warnings);
        let days = days_in_words(span.from, span.to);
        reading.warnings.push(format!("\"{}\" was read as a third of the month: {days}.", third.word()));
        Ok(reading)
    }

    /// The last day before today that is neither Saturday nor Sunday.
    pub(super) fn last_working_day(&self) -> Read {
        let back = (1..=3).find_map(|days| {
            move_days(self.today, -days).filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
        });
        back.map(|day| Reading::of(Span::day(day))).ok_or(Miss::NoRule)
    }

    /// "The 20th", or "1st to 15th": the latest that has begun.
    pub(super) fn days_of_a_month(&self, first: u32, last: u32) -> Read {
        let of_month = |back: i64| {
            let month = Unit::Month.away(self.today, -back, self.calendar)?;
            let (from, to) = (month.from.with_day(first)?, month.from.with_day(last)?);
            Some(Span { from, to }).filter(|span| span.from <= self.today)
        };
        (0..=MONTHS_SEARCHED).find_map(of_month).map(Reading::of).ok_or(Miss::NoRule)
    }
}

/// The first day of a range, or its last; of a month, some days could be meant as well.
pub(super) fn edge(range: &Reading, first: bool) -> Read {
    let day = if first { range.from } else { range.to };
    let mut reading = day.map(|day| Reading::of(Span::day(day))).ok_or(Miss::NoRule)?;
    reading.warnings.clone_from(&range.warnings);
    if whole_month(range).is_ok() {
        let (edge, part, days) = if first { ("first", "early", "first ten") } else { ("last", "late", "last") };
        reading
            .warnings
            .push(format!("That is the {edge} day alone; say \"{part}\" and the month for its {days} days."));
    }
    Ok(reading)
}

/// What people call a third of a month.
#[derive(Debug, Clone, Copy)]
pub(super) enum Third {
    Early,
    Mid,
    Late,
}

impl Third {
    fn word(self) -> &'static str {
        match self {
            Third::Early => "early",
            Third::Mid => "mid",
            Third::Late => "late",
        }
    }

    /// The first day, and the last where it is not the month's.
    fn days(self) -> (u32, Option<u32>) {
        match self {
            Third::Early => (1, Some(10)),
            Third::Mid => (11, Some(20)),
            Third::Late => (21, None),
        }
    }
}

fn whole_month(month: &Reading) -> Result<(NaiveDate, NaiveDate), Miss> {
    let (from, to) = month.from.zip(month.to).ok_or(Miss::NoRule)?;
    let whole = from.day() == 1 && to.succ_opt().is_some_and(|next| next.day() == 1 && from.month() == to.month());
    if whole { Ok((from, to)) } else { Err(Miss::NoRule) }
}
