//! Products by id, by what a user calls them, and as a list.

use orderlog_domain::ids::ProductId;
use orderlog_read_models::{
    Answer, Cursor, Found, Freshness, Named, NamedPage, PageRequest, Projections, QueryError, find, list,
};

use super::{Product, READ_MODEL, fold::CatalogueFold};

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

impl Named for Product {
    const IDENTIFIER: &'static str = "sku_lower";
    const BY_NAME: &'static str = "NOT archived";
    const ORDER: &'static str = "name_lower, sku_lower";

    fn name(&self) -> &str {
        &self.name
    }

    fn identifier_key(&self) -> Option<&str> {
        Some(&self.sku_lower)
    }

    fn name_key(&self) -> Option<&str> {
        (!self.archived).then_some(&self.name_lower)
    }
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
    let keys = ids.iter().map(|id| (id.0,)).collect();
    projections.by_key(&READ_MODEL, |fold: &CatalogueFold| &fold.products, keys, freshness).await
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
    let exact = |fold: &CatalogueFold, _| fold.names.find(&fold.products, text, limit);
    if let Some(found) = projections.present(&READ_MODEL, freshness, exact).await? {
        return Ok(found);
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let found = find(&mut read, text, limit).await?;
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
    let among = if archived { "1 = 1" } else { "NOT archived" };
    let NamedPage { items: products, total_count, next } = list(&mut read, among, text, page).await?;
    read.answer(Products { products, total_count, next }).await
}
