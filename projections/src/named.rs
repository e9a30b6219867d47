//! Finding what a user calls by name: exactly, by all its words, by a beginning, or by something alike (domain rules §3).

use orderlog_domain::text::{key, name_key};

use crate::{
    answer::QueryError,
    read::{Read, like},
    row::Row,
    store::Sql,
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
    /// How.
    pub how: Matched,
    /// Best first.
    pub items: Vec<T>,
}

/// Looks for what `text` calls in `table.name_lower`, which holds keys of names, among the rows `among` allows. `name`
/// is a row's name as given: where accents tell names apart, the one typed is meant.
pub(crate) async fn find<R: Row>(
    read: &mut Read,
    table: &str,
    among: &str,
    text: &str,
    limit: u32,
    name: impl Fn(&R) -> &str,
) -> Result<Found<R>, QueryError> {
    let (as_typed, text) = (key(text), name_key(text));
    if text.is_empty() {
        return Ok(Found { how: Matched::Nothing, items: vec![] });
    }
    let column = R::TABLE.columns[0].name;
    let select = format!("SELECT {} FROM {table} WHERE {among} AND ", R::TABLE.column_list(""));
    let order = format!(" ORDER BY name_lower, {column} LIMIT ");

    let mut exact = Sql::new(&select);
    exact.push("name_lower = ").arg(text.clone()).push(&order).arg(i64::from(limit));
    let mut items: Vec<R> = read.tx.rows(&exact).await?;
    if items.iter().any(|item| key(name(item)) == as_typed) {
        items.retain(|item| key(name(item)) == as_typed);
    }
    if !items.is_empty() {
        return Ok(Found { how: Matched::Name, items });
    }

    let mut words = Sql::new(&select);
    for (n, word) in text.split(' ').take(WORDS).enumerate() {
        words.push(if n == 0 { "" } else { " AND " }).push("' ' || name_lower || ' ' LIKE ");
        words.arg(like(&format!(" {word} "))).push(" ESCAPE '\\'");
    }
    words.push(&order).arg(i64::from(limit));
    let items: Vec<R> = read.tx.rows(&words).await?;
    if !items.is_empty() {
        return Ok(Found { how: Matched::Words, items });
    }

    // A range uses the index on both engines, where LIKE does so on neither.
    let mut prefix = Sql::new(&select);
    prefix.push("name_lower >= ").arg(text.clone()).push(" AND name_lower < ").arg(format!("{text}\u{10ffff}"));
    prefix.push(&order).arg(i64::from(limit));
    let mut items: Vec<R> = read.tx.rows(&prefix).await?;
    if items.is_empty() {
        let mut word = Sql::new(&select);
        word.push("name_lower LIKE ").arg(like(&format!(" {text}"))).push(" ESCAPE '\\'");
        word.push(&order).arg(i64::from(limit));
        items = read.tx.rows(&word).await?;
    }
    if !items.is_empty() {
        return Ok(Found { how: Matched::Prefix, items });
    }
    alike(read, table, among, &text, limit).await
}

async fn alike<R: Row>(
    read: &mut Read,
    table: &str,
    among: &str,
    text: &str,
    limit: u32,
) -> Result<Found<R>, QueryError> {
    let mut vocabulary = Sql::new(&format!("SELECT DISTINCT name_lower FROM {table} WHERE {among} LIMIT "));
    vocabulary.arg(VOCABULARY_NAMES);
    let names: Vec<(String,)> = read.tx.all(&vocabulary).await?;
    let mut scored: Vec<(f64, String)> =
        names.into_iter().map(|(name,)| (similarity(text, &name), name)).filter(|(score, _)| *score >= ALIKE).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    scored.truncate(limit as usize);
    if scored.is_empty() {
        return Ok(Found { how: Matched::Nothing, items: vec![] });
    }
    let key = R::TABLE.columns[0].name;
    let mut items: Vec<R> = vec![];
    for (_, name) in scored {
        let mut sql =
            Sql::new(&format!("SELECT {} FROM {table} WHERE {among} AND name_lower = ", R::TABLE.column_list("")));
        sql.arg(name).push(&format!(" ORDER BY {key} LIMIT ")).arg(i64::from(limit));
        items.extend(read.tx.rows::<R>(&sql).await?);
    }
    items.truncate(limit as usize);
    Ok(Found { how: Matched::Alike, items })
}

/// Of the whole names, or of `text` to the word of `name` most like it, whichever is greater.
fn similarity(text: &str, name: &str) -> f64 {
    let whole = strsim::jaro_winkler(text, name);
    name.split_whitespace().map(|word| strsim::jaro_winkler(text, word)).fold(whole, f64::max)
}
