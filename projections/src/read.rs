//! One query's view of a read model: a moment of its tables, and the position that moment stands for.

use orderlog_domain::ids::Position;

use crate::{
    answer::{Answer, Cursor, Freshness, PageRequest, QueryError},
    store::Tx,
};

pub(crate) struct Read {
    pub(crate) tx: Tx,
    pub(crate) position: Position,
    pub(crate) freshness: Freshness,
}

impl Read {
    /// Ends the reading.
    pub(crate) async fn answer<T>(self, found: T) -> Result<Answer<T>, QueryError> {
        self.tx.commit().await?;
        Ok(answer(self.position, self.freshness, found))
    }
}

pub(crate) fn answer<T>(position: Position, freshness: Freshness, found: T) -> Answer<T> {
    let behind = match freshness {
        Freshness::AtLeast(wanted) => (wanted.0 - position.0).max(0),
        Freshness::Whatever => 0,
    };
    Answer { position, behind, found }
}

/// Cuts a list that was read one item too long; the cursor of the next page if it was.
pub(crate) fn next_page<T>(items: &mut Vec<T>, page: PageRequest, cursor: impl Fn(&T) -> Cursor) -> Option<Cursor> {
    let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
    if items.len() <= limit {
        return None;
    }
    items.truncate(limit);
    items.last().map(cursor)
}

/// The cursor of the next page of a short list read by offset.
pub(crate) fn next_offset(given: usize, skipped: i64, total: i64, page: PageRequest, now: Position) -> Option<Cursor> {
    let value = skipped + i64::try_from(given).unwrap_or(0);
    let pinned = page.cursor.map_or(now, |cursor| cursor.pinned);
    (given > 0 && value < total).then_some(Cursor { pinned, value, id: 0, at: 0 })
}

/// A LIKE pattern for texts that contain `text`, with `\` as the escape character.
pub(crate) fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
