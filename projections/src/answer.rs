//! What every query takes and gives besides its own: freshness, the position it is at, pages that agree.

use std::{fmt, str::FromStr};

use chrono::NaiveDate;
use orderlog_domain::ids::Position;
use orderlog_event_log::LogError;

use crate::store::{Sql, StoreError};

/// Most items of one page.
pub const PAGE_LIMIT: u32 = 100;

/// How recent an answer should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Waits (at most [`crate::PATIENCE`]) until the read model has taken in this position: the head when the query arrived.
    AtLeast(Position),
    /// Whatever is there.
    Whatever,
}

/// An answer and the moment of the log it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer<T> {
    /// The read model had taken in everything up to here.
    pub position: Position,
    /// Events missing to what was asked for; 0 when fresh.
    pub behind: i64,
    /// What was asked for.
    pub found: T,
}

/// One page of a longer list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// Items wanted, from 1 to [`PAGE_LIMIT`]; others are brought into this range.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// The first page of `limit` items.
    #[must_use]
    pub fn first(limit: u32) -> PageRequest {
        PageRequest { limit, cursor: None }
    }

    pub(crate) fn limit(&self) -> i64 {
        i64::from(self.limit.clamp(1, PAGE_LIMIT))
    }
}

/// Where a page ended and which moment of the log its list is pinned to: what was placed later stays out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Of the first page.
    pub pinned: Position,
    /// Sort value of the last item, or the number of items given so far where the list is short and computed.
    pub value: i64,
    /// Identity of the last item.
    pub id: i64,
    /// When the first page was asked for, milliseconds since the epoch, where what is listed depends on it; else 0.
    pub at: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.pinned, self.value, self.id)?;
        if self.at == 0 { Ok(()) } else { write!(f, ".{}", self.at) }
    }
}

/// A text that is no cursor of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this cursor was not given by a page of this list; start again without a cursor")]
pub struct BadCursor;

impl FromStr for Cursor {
    type Err = BadCursor;

    fn from_str(text: &str) -> Result<Cursor, BadCursor> {
        let mut parts = text.split('.').map(str::parse);
        let [pinned, value, id, at] = std::array::from_fn(|_| parts.next());
        match (pinned, value, id, at.unwrap_or(Ok(0)), parts.next()) {
            (Some(Ok(pinned)), Some(Ok(value)), Some(Ok(id)), Ok(at), None) => {
                Ok(Cursor { pinned: Position(pinned), value, id, at })
            }
            _ => Err(BadCursor),
        }
    }
}

/// Business days, both included; an absent end is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Days {
    /// First day.
    pub from: Option<NaiveDate>,
    /// Last day.
    pub to: Option<NaiveDate>,
}

impl Days {
    /// These days and all between them.
    #[must_use]
    pub fn between(from: NaiveDate, to: NaiveDate) -> Days {
        Days { from: Some(from), to: Some(to) }
    }

    /// Adds ` AND column >= … AND column <= …`.
    pub(crate) fn restrict(&self, sql: &mut Sql, column: &str) {
        if let Some(from) = self.from {
            sql.push(&format!(" AND {column} >= ")).arg(day(from));
        }
        if let Some(to) = self.to {
            sql.push(&format!(" AND {column} <= ")).arg(day(to));
        }
    }
}

/// A day as tables keep it: ISO text, which sorts as days do.
pub(crate) fn day(date: NaiveDate) -> String {
    // Display writes ISO 8601 and, unlike a format string, parses nothing.
    date.to_string()
}

/// A read model that took in events which the log does not hold: the log was restored from a backup, or is another one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the read model {name} took in events up to position {position} that are not in the log, which was restored or \
     replaced; it is being built anew, and nothing is answered from it until then"
)]
pub struct AnotherPast {
    /// The read model.
    pub name: String,
    /// How far it had come.
    pub position: Position,
}

/// Why a query has no answer.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// What is stored follows from another log than this.
    #[error(transparent)]
    AnotherPast(#[from] AnotherPast),
    /// The log failed.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
