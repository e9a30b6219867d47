//! The season of all series: days of a week.

/// Days of a week.
pub(crate) const WEEK: usize = 7;
