//! Pages of a list that agree with each other: the request, the end of a page, and the next page.

use std::{fmt, str::FromStr};

use orderlog_domain::ids::Position;

/// Most items of one page.
pub const PAGE_LIMIT: u32 = 100;

/// One page of a longer list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PageRequest {
    /// Items wanted, from 1 to [`PAGE_LIMIT`]; others are brought into this range.
    pub limit: u32,
    /// The end of the page before.
    pub cursor: Option<Cursor>,
}

impl PageRequest {
    /// The first page of `limit` items.
    #[must_use]
    pub fn first(limit: u32) -> PageRequest {
        PageRequest { limit, cursor: None }
    }

    /// Number of items of the page, for SQL.
    #[must_use]
    pub fn limit(&self) -> i64 {
        i64::from(self.limit.clamp(1, PAGE_LIMIT))
    }

    /// Items of the pages before, where a list is read by offset.
    #[must_use]
    pub fn offset(&self) -> i64 {
        self.cursor.map_or(0, |cursor| cursor.value.max(0))
    }

    /// The items of the page of a list that is in memory, read by offset.
    #[must_use]
    pub fn of<'a, T>(&self, items: &'a [T]) -> &'a [T] {
        let from = usize::try_from(self.offset()).unwrap_or(usize::MAX).min(items.len());
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        &items[from..from.saturating_add(limit).min(items.len())]
    }

    /// Shortens a list that was read one item too long; returns the cursor of the next page if it was too long.
    pub fn next_after<T>(&self, items: &mut Vec<T>, cursor: impl Fn(&T) -> Cursor) -> Option<Cursor> {
        let limit = usize::try_from(self.limit()).unwrap_or(usize::MAX);
        if items.len() <= limit {
            return None;
        }
        items.truncate(limit);
        items.last().map(cursor)
    }

    /// The cursor of the next page of a list that is read by offset: of `total` items, this page gave `given`.
    #[must_use]
    pub fn next_offset(&self, given: usize, total: i64, now: Position) -> Option<Cursor> {
        let value = self.offset() + i64::try_from(given).unwrap_or(0);
        let pinned = self.cursor.map_or(now, |cursor| cursor.pinned);
        (given > 0 && value < total).then_some(Cursor { pinned, value, id: 0, at: 0 })
    }
}

/// The end of a page, and the moment of the log to which its list is pinned: items placed later are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Position of the first page.
    pub pinned: Position,
    /// Sort value of the last item, or the number of items given so far where the list is short and computed.
    pub value: i64,
    /// Identity of the last item.
    pub id: i64,
    /// When the first page was asked for, in milliseconds since the epoch, if the list depends on it; otherwise 0.
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
