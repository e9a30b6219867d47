//! Finds what a user calls by an identifier or by name: exactly, by all its words, by a beginning, or by something alike
//! (RULES.md, N1).

use orderlog_domain::text::{key, name_key};

use crate::{
    answer::QueryError,
    paging::{Cursor, PageRequest},
    row::Row,
    snapshot_read::SnapshotRead,
    store::{Sql, like},
};

/// Names compared at most when nothing matched exactly; beyond it the vocabulary is no longer closed.
const VOCABULARY_NAMES: i64 = 20_000;
/// Words of a text looked for; more tell nothing more apart.
const WORDS: usize = 8;
/// Jaro-Winkler similarity from which a name counts as alike.
const ALIKE: f64 = 0.84;

/// How something was found; the earlier, the surer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Matched {
    /// By SKU or e-mail address.
    Identifier,
    /// By its whole name.
    Name,
    /// By words of its name, each whole, in any order.
    Words,
    /// By the beginning of its name or of a word in it.
    Prefix,
    /// By a name alike.
    Alike,
    /// Not at all.
    Nothing,
}

/// What was found, by the surest way that found anything. More than one item is ambiguous.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// By which way.
    pub how: Matched,
    /// Best first.
    pub items: Vec<T>,
}

/// Rows that users find by an identifier or by name. Their table has a column `name_lower` with the keys of their names.
pub trait Named: Row {
    /// The column with the key of the identifier.
    const IDENTIFIER: &'static str;
    /// Which rows are found by name, as SQL.
    const BY_NAME: &'static str;
    /// The columns that lists are sorted by, as SQL.
    const ORDER: &'static str;

    /// The name as given.
    fn name(&self) -> &str;
    /// The key of the identifier, if there is one.
    fn identifier_key(&self) -> Option<&str>;
    /// The key of the name, if it is found by name.
    fn name_key(&self) -> Option<&str>;
}

/// A page of a list of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedPage<R> {
    /// By name.
    pub items: Vec<R>,
    /// Rows over all pages.
    pub total_count: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// What `text` calls: by identifier, then exact name, then all words of a name, then the beginning of a name or of a word in
/// it, then something alike. At most `limit`.
///
/// # Errors
/// When the store fails.
pub async fn find<R: Named>(read: &mut SnapshotRead, text: &str, limit: u32) -> Result<Found<R>, QueryError> {
    let mut identified =
        Sql::new(&format!("SELECT {} FROM {} WHERE {} = ", R::TABLE.column_list(""), R::TABLE.name, R::IDENTIFIER));
    identified.arg(key(text)).push(&first_by_key::<R>()).arg(i64::from(limit));
    let items: Vec<R> = read.rows(&identified).await?;
    if !items.is_empty() {
        return Ok(Found { how: Matched::Identifier, items });
    }

    let (typed, text) = (text, name_key(text));
    if text.is_empty() {
        return Ok(Found { how: Matched::Nothing, items: vec![] });
    }
    let mut exact = select_by_name::<R>();
    exact.push("name_lower = ").arg(text.clone()).push(&first_by_key::<R>()).arg(i64::from(limit));
    let mut items: Vec<R> = read.rows(&exact).await?;
    prefer_as_typed(&mut items, typed);
    if !items.is_empty() {
        return Ok(Found { how: Matched::Name, items });
    }

    let mut words = select_by_name::<R>();
    for (n, word) in text.split(' ').take(WORDS).enumerate() {
        words.push(if n == 0 { "" } else { " AND " }).push("' ' || name_lower || ' ' LIKE ");
        words.arg(like(&format!(" {word} "))).push(" ESCAPE '\\'");
    }
    words.push(&first_by_name::<R>()).arg(i64::from(limit));
    let items: Vec<R> = read.rows(&words).await?;
    if !items.is_empty() {
        return Ok(Found { how: Matched::Words, items });
    }

    // A range uses the index on both engines, where LIKE does so on neither.
    let mut prefix = select_by_name::<R>();
    prefix.push("name_lower >= ").arg(text.clone()).push(" AND name_lower < ").arg(format!("{text}\u{10ffff}"));
    prefix.push(&first_by_name::<R>()).arg(i64::from(limit));
    let mut items: Vec<R> = read.rows(&prefix).await?;
    if items.is_empty() {
        let mut word = select_by_name::<R>();
        word.push("name_lower LIKE ").arg(like(&format!(" {text}"))).push(" ESCAPE '\\'");
        word.push(&first_by_name::<R>()).arg(i64::from(limit));
        items = read.rows(&word).await?;
    }
    if !items.is_empty() {
        return Ok(Found { how: Matched::Prefix, items });
    }
    alike(read, &text, limit).await
}

/// Where accents tell names apart, the one typed is meant.
pub(crate) fn prefer_as_typed<R: Named>(items: &mut Vec<R>, text: &str) {
    let as_typed = key(text);
    if items.iter().any(|item| key(item.name()) == as_typed) {
        items.retain(|item| key(item.name()) == as_typed);
    }
}

/// A page of the rows that `among` allows (SQL) and whose name or identifier contains `text`, all without one.
///
/// # Errors
/// When the store fails.
pub async fn list<R: Named>(
    read: &mut SnapshotRead,
    among: &str,
    text: Option<&str>,
    page: PageRequest,
) -> Result<NamedPage<R>, QueryError> {
    let mut restricted = Sql::new(&format!(" FROM {} WHERE {among}", R::TABLE.name));
    let text = text.map(|text| (name_key(text), key(text))).filter(|(name, _)| !name.is_empty());
    if let Some((name, text)) = text {
        restricted.push(" AND (name_lower LIKE ").arg(like(&name)).push(" ESCAPE '\\' OR ").push(R::IDENTIFIER);
        restricted.push(" LIKE ").arg(like(&text)).push(" ESCAPE '\\')");
    }
    let total_count = read.count(&restricted.after("SELECT COUNT(*)")).await?;
    let mut listing = restricted.after(&format!("SELECT {}", R::TABLE.column_list("")));
    listing.push(" ORDER BY ").push(R::ORDER).push(" LIMIT ").arg(page.limit()).push(" OFFSET ").arg(page.offset());
    let items: Vec<R> = read.rows(&listing).await?;
    let next = page.next_offset(items.len(), total_count, read.position());
    Ok(NamedPage { items, total_count, next })
}

async fn alike<R: Named>(read: &mut SnapshotRead, text: &str, limit: u32) -> Result<Found<R>, QueryError> {
    let vocabulary = format!("SELECT DISTINCT name_lower FROM {} WHERE {} LIMIT $1", R::TABLE.name, R::BY_NAME);
    let names: Vec<(String,)> = read.all(&Sql::new(&vocabulary).bind(VOCABULARY_NAMES)).await?;
    let mut scored: Vec<(f64, String)> =
        names.into_iter().map(|(name,)| (similarity(text, &name), name)).filter(|(score, _)| *score >= ALIKE).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.truncate(limit as usize);
    let mut items: Vec<R> = vec![];
    for (_, name) in scored {
        let mut same_name = select_by_name::<R>();
        same_name.push("name_lower = ").arg(name).push(&first_by_key::<R>()).arg(i64::from(limit));
        items.extend(read.rows::<R>(&same_name).await?);
    }
    items.truncate(limit as usize);
    let how = if items.is_empty() { Matched::Nothing } else { Matched::Alike };
    Ok(Found { how, items })
}

/// The condition follows.
fn select_by_name<R: Named>() -> Sql {
    Sql::new(&format!("SELECT {} FROM {} WHERE {} AND ", R::TABLE.column_list(""), R::TABLE.name, R::BY_NAME))
}

/// The limit follows.
fn first_by_name<R: Named>() -> String {
    format!(" ORDER BY name_lower, {} LIMIT ", R::TABLE.key_list())
}

/// The limit follows.
fn first_by_key<R: Named>() -> String {
    format!(" ORDER BY {} LIMIT ", R::TABLE.key_list())
}

/// Of the whole names, or of `text` to the word of `name` most like it, whichever is greater.
fn similarity(text: &str, name: &str) -> f64 {
    let whole = strsim::jaro_winkler(text, name);
    name.split_whitespace().map(|word| strsim::jaro_winkler(text, word)).fold(whole, f64::max)
}
