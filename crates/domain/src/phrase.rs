//! Reads what people say of dates ("last week", "1 Nov to 15 Nov") in the shop's zone, and says how it was read.

mod festivals;
mod fiscal;
mod lengths;
mod meanings;
mod moment;
mod offers;
mod parts;
mod rules;
mod spans;
mod typos;
mod wording;
mod words;

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub use self::{
    lengths::{Length, read_length},
    moment::Direction,
    wording::Wording,
};
use self::{
    moment::{Miss, Moment, Reading},
    words::Words,
};
use crate::{
    calendar::{BusinessCalendar, FIRST_DAY, LAST_DAY},
    rejection::{Code, Rejection},
};

/// Longest phrase that is read, in characters.
pub const MAX_PHRASE_CHARS: usize = 100;

/// A phrase as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateRange {
    /// What was said, trimmed.
    pub phrase: String,
    /// First business date, inclusive; `None`: without beginning.
    pub from: Option<NaiveDate>,
    /// Last business date, inclusive; `None`: without end.
    pub to: Option<NaiveDate>,
    /// First instant of the range.
    pub starts_at: Option<DateTime<Utc>>,
    /// The instant at which the range is over, itself outside.
    pub ends_before: Option<DateTime<Utc>>,
    /// Whether the range is made of whole business days; false for "last 24 hours".
    pub whole_days: bool,
    /// Zone in which it was read.
    pub timezone: Tz,
    /// What the user should know of the reading.
    pub warnings: Vec<String>,
    /// How sentences say it; none where the days alone say it better.
    pub wording: Option<Wording>,
}

/// How a phrase was read, for `interpretation.date_range` of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Interpretation {
    /// What was said.
    pub phrase: String,
    /// First day, inclusive (`2026-11-09`), or an instant where days are too coarse; absent: without beginning.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day, inclusive, or the instant at which the range ends; absent: without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// IANA zone in which it was read.
    pub timezone: String,
    /// What the user should know of the reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// Reads a phrase that names a range with beginning and end.
///
/// # Errors
/// `INVALID_ARGUMENT` when it cannot be read or names no such range, `AMBIGUOUS` with candidates when it could mean
/// several. The field of the rejection is `date_range`.
pub fn read(
    phrase: &str,
    now: DateTime<Utc>,
    calendar: &BusinessCalendar,
    direction: Direction,
) -> Result<DateRange, Rejection> {
    let range = read_unbounded(phrase, now, calendar, direction)?;
    if range.from.is_none() || range.to.is_none() {
        return Err(Rejection::invalid("date_range", format!("`{}` has no beginning or no end.", range.phrase))
            .hint("Name both, for example \"last 30 days\" or \"2026-11-01..2026-11-15\"."));
    }
    Ok(range)
}

/// Reads a phrase as [`read`] does, and also "all", "before 1 Nov", and an empty phrase as all there is.
///
/// # Errors
/// As [`read`], save that ranges without beginning or end are welcome.
pub fn read_unbounded(
    phrase: &str,
    now: DateTime<Utc>,
    calendar: &BusinessCalendar,
    direction: Direction,
) -> Result<DateRange, Rejection> {
    let phrase = phrase.trim();
    if phrase.chars().count() > MAX_PHRASE_CHARS {
        return Err(unreadable(&phrase.chars().take(MAX_PHRASE_CHARS).collect::<String>()));
    }
    let today = calendar.business_date(now);
    let moment = Moment { calendar, now, today, anchor: today, direction };
    let words = Words::of(phrase);
    if words.as_slice().is_empty() && !phrase.is_empty() {
        return Err(unreadable(phrase));
    }
    let reading = match rules::read(&moment, &words) {
        Ok(reading) => reading,
        Err(Miss::NoRule) => {
            let festival = festivals::named(phrase).map(|name| festival(phrase, name, today));
            let asked = festival.or_else(|| misspelt(phrase, &moment, &words));
            return Err(asked.unwrap_or_else(|| unreadable(phrase)));
        }
        Err(Miss::Refused(rejection)) => return Err(*rejection),
        Err(Miss::Vague(offers)) => return Err(vague(phrase, &moment, offers)),
    };
    reading.into_range(phrase, calendar)
}

impl DateRange {
    /// How it was read, for answers.
    #[must_use]
    pub fn interpretation(&self) -> Interpretation {
        let instant =
            |at: DateTime<Utc>| at.with_timezone(&self.timezone).to_rfc3339_opts(SecondsFormat::AutoSi, false);
        let (from, to) = if self.whole_days {
            (self.from.map(|day| day.to_string()), self.to.map(|day| day.to_string()))
        } else {
            (self.starts_at.map(instant), self.ends_before.map(instant))
        };
        Interpretation {
            phrase: self.phrase.clone(),
            from,
            to,
            timezone: self.timezone.name().to_owned(),
            warnings: self.warnings.clone(),
        }
    }

    /// Whether a business date lies within.
    #[must_use]
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }
}

impl Reading {
    fn into_range(self, phrase: &str, calendar: &BusinessCalendar) -> Result<DateRange, Rejection> {
        let known = FIRST_DAY..=LAST_DAY;
        if [self.from, self.to].into_iter().flatten().any(|day| !known.contains(&day)) {
            let message = format!("`{phrase}` lies outside the days from {FIRST_DAY} to {LAST_DAY}.");
            return Err(Rejection::invalid("date_range", message));
        }
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            let message = format!("`{phrase}` would begin on {from}, after its end on {to}.");
            return Err(Rejection::invalid("date_range", message).hint("Name the earlier day first, with years."));
        }
        let (starts_at, ends_before) = match self.instants {
            Some((from, to)) => (Some(from), Some(to)),
            None => (self.from.map(|day| calendar.day_bounds(day).0), self.to.map(|day| calendar.day_bounds(day).1)),
        };
        Ok(DateRange {
            phrase: phrase.to_owned(),
            from: self.from,
            to: self.to,
            starts_at,
            ends_before,
            whole_days: self.instants.is_none(),
            timezone: calendar.timezone,
            warnings: self.warnings,
            wording: self.wording.filter(|wording| self.instants.is_none() && !wording.dates_alone),
        })
    }
}

fn unreadable(phrase: &str) -> Rejection {
    let message = if phrase.is_empty() {
        "A date or range of dates is needed.".to_owned()
    } else {
        format!("`{phrase}` cannot be read as a date or a range of dates.")
    };
    Rejection::invalid("date_range", message).hint(
        "Say for example: today, yesterday, last week, this month, last 7 days, previous 3 months, 2 weeks ago, \
         since Monday, November, Q1, FY2025-26, 2026-W46, 20 Nov, 1 Nov to 15 Nov, 2026-11-20, 2026-11-01..2026-11-15.",
    )
}

/// The question for a phrase such as "diwali week": whose days nobody can look up here.
fn festival(phrase: &str, name: &str, today: NaiveDate) -> Rejection {
    let week = today - chrono::Days::new(6);
    let days = format!("{} to {}", week.format("%-d %b %Y"), today.format("%-d %b %Y"));
    let message = format!(
        "`{phrase}` cannot be read as dates: no calendar of festivals is kept here, so it is not known which days \"{name}\" has."
    );
    Rejection::invalid("date_range", message)
        .hint(format!("Ask the user which days are meant, with the year, and pass them in the form \"{days}\"."))
}

/// The question for a phrase such as "last wek".
fn misspelt(phrase: &str, moment: &Moment<'_>, words: &Words) -> Option<Rejection> {
    let meant = typos::corrected(words)?;
    let reading = rules::read(moment, &Words::of(&meant)).ok()?;
    let days = json!({ "phrase": meant, "from": reading.from, "to": reading.to });
    let message = format!("`{phrase}` cannot be read as a date or a range of dates; did you mean \"{meant}\"?");
    let rejection = Rejection::invalid("date_range", message).candidates(vec![days]);
    Some(rejection.hint(format!("If so, pass \"{meant}\"; ask the user where it may be something else.")))
}

/// The question for a phrase such as "recently": each offer with the days it would mean.
fn vague(phrase: &str, moment: &Moment<'_>, offers: &[&str]) -> Rejection {
    let candidates = offers.iter().filter_map(|offer| {
        let reading = rules::read(moment, &Words::of(offer)).ok()?;
        Some(json!({ "phrase": offer, "from": reading.from, "to": reading.to }))
    });
    Rejection::new(Code::Ambiguous, format!("`{phrase}` could mean several ranges of dates."))
        .field("date_range")
        .hint("Ask which is meant, then pass its phrase.")
        .candidates(candidates.collect())
}
