//! Finds rows by an identifier or by name (RULES.md, N1) in the tables, if not every row is in memory.

use std::collections::HashMap;

use orderlog_domain::text::{key, name_key};

use crate::{
    answer::QueryError,
    name_index::NameIndex,
    name_words::{phone_key, wanted},
    named::{Found, Matched, Named, NamedPage, prefer_as_typed},
    paging::PageRequest,
    snapshot_read::SnapshotRead,
    store::{Sql, like},
};

/// Most rows that are read from a table to be compared in memory, or to make the list of a search.
const COMPARED_ROWS: i64 = 20_000;
/// Characters at the beginning of a word that are right, where the rest may be misspelt.
const RIGHT_CHARS: usize = 2;

/// The rows that `text` names, as [`NameIndex::find`] finds them, from the table. At most `limit`. If there are very
/// many rows, only those are compared that contain something of every word, or begin a word as the text does.
///
/// # Errors
/// When the store fails.
pub async fn find<R: Named>(read: &mut SnapshotRead, text: &str, limit: u32) -> Result<Found<R>, QueryError> {
    let mut identified =
        Sql::new(&format!("SELECT {} FROM {} WHERE {} = ", R::TABLE.column_list(""), R::TABLE.name, R::IDENTIFIER));
    identified.arg(key(text)).push(&first_by_key::<R>()).arg(i64::from(limit));
    let items: Vec<R> = read.rows(&identified).await?;
    if !items.is_empty() {
        return Ok(Found::all(Matched::Identifier, items));
    }
    if let (Some(column), Some(phone)) = (R::PHONE, phone_key(text)) {
        let mut called = select_by_name::<R>();
        called.push(&digits(column)).push(" LIKE ").arg(format!("%{phone}")).push(&first_by_key::<R>());
        let items: Vec<R> = read.rows(called.arg(i64::from(limit))).await?;
        if !items.is_empty() {
            return Ok(Found::all(Matched::Identifier, items));
        }
    }
    let name = name_key(text);
    if name.is_empty() {
        return Ok(Found::nothing());
    }
    let mut exact = select_by_name::<R>();
    exact.push("name_lower = ").arg(name).push(&first_by_key::<R>()).arg(i64::from(limit));
    let mut items: Vec<R> = read.rows(&exact).await?;
    prefer_as_typed(&mut items, text);
    if !items.is_empty() {
        return Ok(Found::all(Matched::Name, items));
    }

    let mut words = select_by_name::<R>();
    all_words::<R>(&mut words, R::CALLED, "", text);
    words.push(&first_by_key::<R>()).arg(COMPARED_ROWS);
    let found = compared(read.rows(&words).await?, text, limit);
    if found.how <= Matched::Prefix {
        return Ok(found);
    }
    let mut near = select_by_name::<R>();
    near.push("(1 = 0");
    for word in wanted(text, R::PLURALS, |_| true) {
        let begin: String = word.term.chars().take(RIGHT_CHARS).collect();
        near.push(" OR ' ' || ").push(R::CALLED).push(" LIKE ").arg(like(&format!(" {begin}"))).push(" ESCAPE '\\'");
    }
    near.push(")").push(&first_by_key::<R>()).arg(COMPARED_ROWS);
    Ok(compared(read.rows(&near).await?, text, limit))
}

/// The rows among these that `text` names.
fn compared<R: Named>(rows: Vec<R>, text: &str, limit: u32) -> Found<R> {
    let index = NameIndex::among(rows.iter());
    let rows: HashMap<R::Key, &R> = rows.iter().map(|row| (row.key(), row)).collect();
    index.called(&|key| rows.get(key).copied(), text, limit)
}

/// Adds a condition: `texts` (SQL) contain every word of `text`, with `before` before it.
fn all_words<R: Named>(sql: &mut Sql, texts: &str, before: &str, text: &str) {
    sql.push("(1 = 1");
    for word in wanted(text, R::PLURALS, |_| false) {
        // The last letter may be another in the plural.
        let term = word.term.strip_suffix(['i', 'f']).filter(|rest| R::PLURALS && rest.len() > 2).unwrap_or(&word.term);
        sql.push(" AND ' ' || ").push(texts).push(" LIKE ").arg(like(&format!("{before}{term}"))).push(" ESCAPE '\\'");
    }
    sql.push(")");
}

/// The digits of a telephone number, as SQL.
fn digits(column: &str) -> String {
    [" ", "-", "(", ")", ".", "/"].iter().fold(column.to_owned(), |sql, mark| format!("REPLACE({sql}, '{mark}', '')"))
}

/// A page of the rows that `among` (SQL) allows and whose words begin with every word of `text`; all rows without a
/// text.
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
    if let Some(text) = text.filter(|text| !name_key(text).is_empty()) {
        restricted.push(" AND (");
        all_words::<R>(&mut restricted, R::SEARCHED, " ", text);
        restricted.push(" OR ").push(R::IDENTIFIER).push(" = ").arg(key(text));
        if let (Some(column), Some(phone)) = (R::PHONE, phone_key(text)) {
            restricted.push(" OR ").push(&digits(column)).push(" LIKE ").arg(format!("%{phone}"));
        }
        restricted.push(")");
    }
    let total_count = read.count(&restricted.after("SELECT COUNT(*)")).await?;
    let mut listing = restricted.after(&format!("SELECT {}", R::TABLE.column_list("")));
    listing.push(" ORDER BY ");
    if let Some(text) = text.filter(|text| !name_key(text).is_empty()) {
        // Who is called so stands before who lives there.
        listing.push("CASE WHEN ");
        all_words::<R>(&mut listing, R::CALLED, " ", text);
        listing.push(" THEN 0 ELSE 1 END, ");
    }
    listing.push(R::ORDER).push(" LIMIT ").arg(page.limit()).push(" OFFSET ").arg(page.offset());
    let items: Vec<R> = read.rows(&listing).await?;
    let next = page.next_offset(items.len(), total_count, read.position());
    let how = if total_count > 0 { Matched::Words } else { Matched::Nothing };
    Ok(NamedPage { how, items, total_count, next })
}

/// The condition follows.
fn select_by_name<R: Named>() -> Sql {
    Sql::new(&format!("SELECT {} FROM {} WHERE {} AND ", R::TABLE.column_list(""), R::TABLE.name, R::BY_NAME))
}

/// The limit follows.
fn first_by_key<R: Named>() -> String {
    format!(" ORDER BY {} LIMIT ", R::TABLE.key_list())
}
