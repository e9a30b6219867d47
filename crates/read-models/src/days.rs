//! Ranges of business days, in queries and in tables.

use chrono::NaiveDate;

use crate::store::Sql;

/// Business days, both included; an absent end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Days {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
}

impl Days {
    /// These two days and all days between them.
    #[must_use]
    pub fn between(from: NaiveDate, to: NaiveDate) -> Days {
        Days { from: Some(from), to: Some(to) }
    }

    /// Adds ` AND column >= … AND column <= …`.
    pub fn restrict(&self, sql: &mut Sql, column: &str) {
        if let Some(from) = self.from {
            sql.push(&format!(" AND {column} >= ")).arg(day(from));
        }
        if let Some(to) = self.to {
            sql.push(&format!(" AND {column} <= ")).arg(day(to));
        }
    }
}

/// A day as tables store it: ISO text, which sorts in the order of days.
#[must_use]
pub fn day(date: NaiveDate) -> String {
    // `Display` writes ISO 8601 and, unlike a format string, parses nothing.
    date.to_string()
}
