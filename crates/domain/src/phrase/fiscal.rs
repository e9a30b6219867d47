//! Fiscal years and their quarters, however short they are written.

use chrono::{Month, NaiveDate};
use serde_json::json;

use super::{
    meanings::{ambiguous, no_such, within_calendar},
    moment::{Direction, Miss, Moment, Read, Reading},
    spans::{Span, Unit},
};

/// Months of a quarter.
const QUARTER: u32 = 3;

impl Moment<'_> {
    /// FY2025-26: the fiscal year that begins in 2025.
    pub(super) fn fiscal_year(&self, begins: i32, ends: u32) -> Read {
        let ends = i32::try_from(ends).unwrap_or_default();
        let follows = ends == begins + 1 || (ends < 100 && ends == (begins + 1) % 100);
        if !follows || self.calendar.fiscal_year_start == Month::January {
            let first = self.calendar.fiscal_year_start.name();
            return Err(no_such(&format!(
                "such fiscal year: they begin in {first}; the years must follow one another"
            )));
        }
        within_calendar(self.fiscal_year_from(begins))
    }

    /// FY2025: shops name a fiscal year by its first or by its last year, so this is a question unless it is one year, or
    /// only one of the two has begun.
    pub(super) fn fiscal_year_by_one(&self, year: i32) -> Read {
        if self.calendar.fiscal_year_start == Month::January {
            return self.year(year);
        }
        self.by_one("", year, |begins| self.fiscal_year_from(begins))
    }

    /// Q2 FY2027, likewise.
    pub(super) fn fiscal_quarter_by_one(&self, quarter: u32, year: i32) -> Read {
        known_quarter(quarter)?;
        if self.calendar.fiscal_year_start == Month::January {
            return self.quarter_of(quarter, year);
        }
        self.by_one(&format!("Q{quarter} "), year, |begins| quarter_of(self.fiscal_year_from(begins)?, quarter))
    }

    fn by_one(&self, quarter: &str, year: i32, span: impl Fn(i32) -> Option<Span>) -> Read {
        let name = |begins: i32| format!("{quarter}FY{begins}-{:02}", (begins + 1) % 100);
        // A report cannot be about what has not begun.
        let begun = |begins: i32| span(begins).is_some_and(|span| span.from <= self.today);
        if self.direction == Direction::Past && begun(year - 1) && !begun(year) {
            let mut reading = within_calendar(span(year - 1))?;
            let (read, other) = (name(year - 1), name(year));
            reading.warnings.push(format!("{quarter}FY{year} was read as {read}; {other} has not begun."));
            return Ok(reading);
        }
        let offer = |begins: i32| json!({ "phrase": name(begins) });
        let of_which = if quarter.is_empty() { "" } else { "of " };
        let message =
            format!("{quarter}FY{year} could be {of_which}the fiscal year that begins or the one that ends in {year}.");
        Err(ambiguous(message, vec![offer(year), offer(year - 1)]))
    }

    /// The latest such quarter of a fiscal year that has begun.
    pub(super) fn fiscal_quarter(&self, quarter: u32) -> Read {
        known_quarter(quarter)?;
        let of_year = |steps: i64| quarter_of(Unit::FiscalYear.away(self.today, steps, self.calendar)?, quarter);
        let this = of_year(0).filter(|span| span.from <= self.today);
        this.or_else(|| of_year(-1)).map(Reading::of).ok_or(Miss::NoRule)
    }

    /// Such a quarter of a fiscal year.
    pub(super) fn quarter_within(&self, quarter: u32, year: &Reading) -> Read {
        let span = year.from.zip(year.to).map(|(from, to)| Span { from, to }).ok_or(Miss::NoRule)?;
        if Unit::FiscalYear.around(span.from, self.calendar) != Some(span) {
            return Err(Miss::NoRule);
        }
        known_quarter(quarter)?;
        quarter_of(span, quarter).map(Reading::of).ok_or(Miss::NoRule)
    }

    fn fiscal_year_from(&self, begins: i32) -> Option<Span> {
        let from = NaiveDate::from_ymd_opt(begins, self.calendar.fiscal_year_start.number_from_month(), 1);
        from.and_then(|from| Unit::FiscalYear.around(from, self.calendar))
    }
}

fn known_quarter(quarter: u32) -> Result<(), Miss> {
    if (1..=4).contains(&quarter) { Ok(()) } else { Err(no_such(&format!("quarter {quarter}"))) }
}

fn quarter_of(year: Span, quarter: u32) -> Option<Span> {
    let from = year.from.checked_add_months(chrono::Months::new((quarter - 1) * QUARTER))?;
    let to = from.checked_add_months(chrono::Months::new(QUARTER))?.pred_opt()?;
    Some(Span { from, to })
}
