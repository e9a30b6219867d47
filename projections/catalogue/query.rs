//! Products by id, by what a user calls them, and as a list.

use orderlog_domain::{
    ids::ProductId,
    text::{key, name_key},
};

use super::{Product, READ_MODEL};
use crate::{
    Projections,
    answer::{Answer, Cursor, Freshness, PageRequest, QueryError},
    named::{Found, Matched, find},
    read::{like, next_offset},
    row::Row,
    store::Sql,
};

/// A page of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    /// By name.
    pub products: Vec<Product>,
    /// Products over all pages.
    pub total_count: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// Products by id, those that exist, in the order of their ids.
///
/// # Errors
/// When the store fails.
pub async fn products_by_id(
    projections: &Projections,
    ids: &[ProductId],
    freshness: Freshness,
) -> Result<Answer<Vec<Product>>, QueryError> {
    projections.by_key(&READ_MODEL, ids.iter().map(|id| id.0), freshness).await
}

/// What `text` calls: by SKU, then exact name, then all words of a name, then the beginning of a name or of a word in it,
/// then something alike (domain rules §3). Archived products are found by SKU only. At most `limit`.
///
/// # Errors
/// When the store fails.
pub async fn find_products(
    projections: &Projections,
    text: &str,
    limit: u32,
    freshness: Freshness,
) -> Result<Answer<Found<Product>>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut sql = Sql::new(&format!("SELECT {} FROM catalogue WHERE sku_lower = ", Product::TABLE.column_list("")));
    sql.arg(key(text));
    let by_sku: Vec<Product> = read.tx.rows(&sql).await?;
    let found = if by_sku.is_empty() {
        find(&mut read, "catalogue", "NOT archived", text, limit, |product: &Product| &product.name).await?
    } else {
        Found { how: Matched::Identifier, items: by_sku }
    };
    read.answer(found).await
}

/// Products whose name or SKU contains `text` (all without one), by name.
///
/// # Errors
/// When the store fails.
pub async fn products(
    projections: &Projections,
    text: Option<&str>,
    archived: bool,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<Products>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let text = text.map(|text| (name_key(text), key(text))).filter(|(name, _)| !name.is_empty());
    let restrict = |sql: &mut Sql| {
        sql.push(" FROM catalogue WHERE ").push(if archived { "1 = 1" } else { "NOT archived" });
        if let Some((name, text)) = &text {
            sql.push(" AND (name_lower LIKE ").arg(like(name)).push(" ESCAPE '\\' OR sku_lower LIKE ");
            sql.arg(like(text)).push(" ESCAPE '\\')");
        }
    };
    let mut counting = Sql::new("SELECT COUNT(*)");
    restrict(&mut counting);
    let total_count = read.tx.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);

    let skip = page.cursor.map_or(0, |cursor| cursor.value.max(0));
    let mut sql = Sql::new(&format!("SELECT {}", Product::TABLE.column_list("")));
    restrict(&mut sql);
    sql.push(" ORDER BY name_lower, sku_lower LIMIT ").arg(page.limit()).push(" OFFSET ").arg(skip);
    let products: Vec<Product> = read.tx.rows(&sql).await?;
    let next = next_offset(products.len(), skip, total_count, page, read.position);
    read.answer(Products { products, total_count, next }).await
}
