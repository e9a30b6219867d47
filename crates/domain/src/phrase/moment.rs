//! What a phrase is read against, and what reading it gives.

use chrono::{DateTime, NaiveDate, Utc};

use super::{
    spans::{Span, Unit},
    wording::Wording,
};
use crate::{calendar::BusinessCalendar, rejection::Rejection};

/// Where a weekday, month or date without a year is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The most recent one that is not in the future: reports and searches.
    Past,
    /// The first one that is not in the past: forecasts.
    Future,
}

/// Against what a phrase is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) calendar: &'a BusinessCalendar,
    pub(super) now: DateTime<Utc>,
    pub(super) today: NaiveDate,
    /// The day from which weekdays and dates without a year are looked for: today, or the other end of a range.
    pub(super) anchor: NaiveDate,
    pub(super) direction: Direction,
}

/// What a phrase means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) from: Option<NaiveDate>,
    pub(super) to: Option<NaiveDate>,
    /// Bounds finer than days.
    pub(super) instants: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// What the phrase left open: the week of a weekday, or the year.
    pub(super) open: Option<Unit>,
    pub(super) warnings: Vec<String>,
    /// How sentences say it.
    pub(super) wording: Option<Wording>,
}

/// Why a phrase has no meaning.
#[derive(Debug)]
pub(super) enum Miss {
    /// No row fits.
    NoRule,
    /// A row fits, but says no.
    Refused(Box<Rejection>),
    /// It could mean any of these phrases.
    Vague(&'static [&'static str]),
}

pub(super) type Read = Result<Reading, Miss>;

impl Reading {
    /// All there is.
    pub(super) const UNBOUNDED: Reading =
        Reading { from: None, to: None, instants: None, open: None, warnings: vec![], wording: None };

    pub(super) fn of(span: Span) -> Reading {
        Reading { from: Some(span.from), to: Some(span.to), ..Reading::UNBOUNDED }
    }

    pub(super) fn like(other: &Reading) -> Reading {
        Reading { warnings: other.warnings.clone(), ..Reading::UNBOUNDED }
    }
}
