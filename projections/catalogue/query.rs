//! Products by id, by what a user calls them, and as a list.

use orderlog_domain::ids::ProductId;
use orderlog_read_models::{
    Answer, Cursor, Found, Freshness, Matched, Named, NamedPage, PageRequest, Projections, QueryError, find, list,
    page_of,
};

use super::{Product, READ_MODEL, fold::CatalogueFold};

/// A page of products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Products {
    /// How they were found.
    pub how: Matched,
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
    const CALLED: &'static str = "name_lower || ' ' || REPLACE(name_lower, ' ', '') || ' ' || sku_lower || ' ' || REPLACE(REPLACE(sku_lower, '-', ''), ' ', '')";
    const SEARCHED: &'static str = "name_lower || ' ' || sku_lower || ' ' || REPLACE(sku_lower, '-', ' ') || ' ' || REPLACE(REPLACE(sku_lower, '-', ''), ' ', '')";
    const PHONE: Option<&'static str> = None;
    const IDENTIFIER_IS_SAID: bool = true;
    const PLURALS: bool = true;

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

/// What a product is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductNames {
    /// Its id.
    pub product_id: ProductId,
    /// In words.
    pub name: String,
    /// As stock keepers write it.
    pub sku: String,
}

/// What products are called, those that exist, in the order of their ids.
///
/// # Errors
/// When the store fails.
pub async fn names_by_id(
    projections: &Projections,
    ids: &[ProductId],
    freshness: Freshness,
) -> Result<Answer<Vec<ProductNames>>, QueryError> {
    let called = |row: &Product| ProductNames {
        product_id: ProductId(row.product_id),
        name: row.name.clone(),
        sku: row.sku.clone(),
    };
    by_id(projections, ids, called, freshness).await
}

/// What one unit of a product costs the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductCost {
    /// The product's id.
    pub product_id: ProductId,
    /// Minor units of `currency`, where the cost is known.
    pub cost: Option<i64>,
    /// ISO code.
    pub currency: String,
}

/// The costs of products, those that exist, in the order of their ids.
///
/// # Errors
/// When the store fails.
pub async fn costs_by_id(
    projections: &Projections,
    ids: &[ProductId],
    freshness: Freshness,
) -> Result<Answer<Vec<ProductCost>>, QueryError> {
    let cost = |row: &Product| ProductCost {
        product_id: ProductId(row.product_id),
        cost: row.cost,
        currency: row.currency.clone(),
    };
    by_id(projections, ids, cost, freshness).await
}

async fn by_id<T>(
    projections: &Projections,
    ids: &[ProductId],
    told: fn(&Product) -> T,
    freshness: Freshness,
) -> Result<Answer<Vec<T>>, QueryError> {
    let keys = ids.iter().map(|id| (id.0,)).collect();
    projections.by_key(&READ_MODEL, |fold: &CatalogueFold| &fold.products, keys, told, freshness).await
}

/// What `text` calls: by SKU, then exact name, then all words of name and SKU, then their beginnings, then most words, then
/// something spelt alike (domain rules §3). Archived products are found by SKU only. At most `limit`.
///
/// # Errors
/// When the store fails.
pub async fn find_products(
    projections: &Projections,
    text: &str,
    limit: u32,
    freshness: Freshness,
) -> Result<Answer<Found<Product>>, QueryError> {
    let in_memory = |fold: &CatalogueFold, _| fold.names.find(&fold.products, text, limit);
    if let Some(found) = projections.present(&READ_MODEL, freshness, in_memory).await? {
        return Ok(found);
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let found = find(&mut read, text, limit).await?;
    read.answer(found).await
}

/// Products with all words of `text` in name or SKU, or the beginnings of words, else those that come nearest; all without a
/// text. By name.
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
    let products =
        |NamedPage { how, items: products, total_count, next }| Products { how, products, total_count, next };
    if let Some(text) = text.filter(|text| !archived && !text.trim().is_empty()) {
        let in_memory = |fold: &CatalogueFold, now| Some(page_of(fold.names.search(&fold.products, text)?, page, now));
        if let Some(Answer { position, behind, found }) = projections.present(&READ_MODEL, freshness, in_memory).await?
        {
            return Ok(Answer { position, behind, found: products(found) });
        }
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let among = if archived { "1 = 1" } else { "NOT archived" };
    let found = list(&mut read, among, text, page).await?;
    read.answer(products(found)).await
}
