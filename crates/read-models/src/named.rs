//! Rows that users find by an identifier or by name, and the result of such a search.

use orderlog_domain::{ids::Position, text::key};

use crate::{
    paging::{Cursor, PageRequest},
    row::Row,
};

/// How something was found; the earlier, the surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matched {
    /// By SKU, e-mail address or phone number.
    Identifier,
    /// By the complete name.
    Name,
    /// By all words of the name, in any order.
    Words,
    /// By all words, of which some are only the beginning of a word.
    Prefix,
    /// By more than half of the words.
    Most,
    /// By all words, some of them with a similar spelling.
    Alike,
    /// By some of the words: near, but hardly meant.
    Few,
    /// Not at all.
    Nothing,
}

/// The rows that were found by the surest way. More than one item is ambiguous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// By which way.
    pub how: Matched,
    /// The rows, sorted by name, at most as many as were asked for.
    pub items: Vec<T>,
    /// How many there are.
    pub total: usize,
}

impl<T> Found<T> {
    /// An empty result.
    #[must_use]
    pub fn nothing() -> Found<T> {
        Found { how: Matched::Nothing, items: vec![], total: 0 }
    }

    pub(crate) fn all(how: Matched, items: Vec<T>) -> Found<T> {
        let total = items.len();
        Found { how, items, total }
    }
}

/// Rows that users find by an identifier or by name. Their table has a column `name_lower` with the keys of their names.
pub trait Named: Row {
    /// The column with the key of the identifier.
    const IDENTIFIER: &'static str;
    /// Which rows are found by name, as SQL.
    const BY_NAME: &'static str;
    /// The columns that lists are sorted by, as SQL.
    const ORDER: &'static str;
    /// The names and identifiers by which a row is found, without and with blanks, as SQL.
    const CALLED: &'static str;
    /// All texts that searches read, without and with blanks, as SQL.
    const SEARCHED: &'static str;
    /// The column with the telephone number, if there is one.
    const PHONE: Option<&'static str>;
    /// Whether people use the words of the identifier as a name.
    const IDENTIFIER_IS_SAID: bool;
    /// Whether plurals are equal to singulars: true for things, but not for names of people.
    const PLURALS: bool;

    /// The name as given.
    fn name(&self) -> &str;
    /// The key of the identifier, if there is one.
    fn identifier_key(&self) -> Option<&str>;
    /// The key of the name, if the row can be found by name.
    fn name_key(&self) -> Option<&str>;
    /// The telephone number as given.
    fn phone(&self) -> Option<&str> {
        None
    }
    /// Further texts that searches look through.
    fn besides(&self) -> Vec<&str> {
        vec![]
    }
}

/// A page of a list of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPage<R> {
    /// The way in which the rows were found.
    pub how: Matched,
    /// By name.
    pub items: Vec<R>,
    /// Rows over all pages.
    pub total_count: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// A page of what a search in memory found.
#[must_use]
pub fn page_of<R: Named>(found: Found<R>, page: PageRequest, now: Position) -> NamedPage<R> {
    let total_count = i64::try_from(found.total).unwrap_or(i64::MAX);
    let items: Vec<R> = page.of(&found.items).to_vec();
    let next = page.next_offset(items.len(), total_count, now);
    NamedPage { how: found.how, items, total_count, next }
}

/// If names differ only in accents, prefers the name as it was typed.
pub(crate) fn prefer_as_typed<R: Named>(items: &mut Vec<R>, text: &str) {
    let as_typed = key(text);
    if items.iter().any(|item| key(item.name()) == as_typed) {
        items.retain(|item| key(item.name()) == as_typed);
    }
}
