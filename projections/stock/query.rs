//! Stock of given products, and what runs low.

use orderlog_domain::ids::{Position, ProductId};

use super::{READ_MODEL, StockLevel, StockMark};
use crate::{
    Projections,
    answer::{Answer, Cursor, Freshness, PageRequest, QueryError},
    row::Row,
    store::Sql,
};

/// A page of products that run low.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowStock {
    /// Scarcest first.
    pub products: Vec<StockLevel>,
    /// Products over all pages.
    pub total_count: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// Stock of the given products, in the order of their ids; one that never had stock nor a catalogue entry is absent.
///
/// # Errors
/// When the store fails.
pub async fn stock_of(
    projections: &Projections,
    products: &[ProductId],
    freshness: Freshness,
) -> Result<Answer<Vec<StockLevel>>, QueryError> {
    projections.by_key(&READ_MODEL, products.iter().map(|id| id.0), freshness).await
}

/// The last mark of a product's stock at or before `position`: what was recorded after it, up to `position`, has to be
/// added. `None` where there is none yet, or the read model has not come that far: everything has to be added then.
///
/// # Errors
/// When the store fails.
pub async fn last_mark(
    projections: &Projections,
    ProductId(product): ProductId,
    position: Position,
) -> Result<Option<StockMark>, QueryError> {
    let mut read = projections.read(&READ_MODEL, Freshness::Whatever).await?;
    let mut sql =
        Sql::new(&format!("SELECT {} FROM stock_marks WHERE product_id = ", StockMark::TABLE.column_list("")));
    sql.arg(product).push(" AND position <= ").arg(position.0).push(" ORDER BY position DESC LIMIT 1");
    let marks: Vec<StockMark> = read.tx.rows(&sql).await?;
    Ok(read.answer(marks.into_iter().next()).await?.found)
}

/// Tracked, unarchived products whose available units stand at `threshold` or below, or at their own when none is given.
///
/// # Errors
/// When the store fails.
pub async fn low_stock(
    projections: &Projections,
    threshold: Option<i64>,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<LowStock>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let restrict = |sql: &mut Sql| {
        sql.push(" FROM stock WHERE tracked AND NOT archived AND on_hand - reserved <= ");
        match threshold {
            Some(threshold) => _ = sql.arg(threshold),
            None => _ = sql.push("threshold AND threshold IS NOT NULL"),
        }
    };
    let mut counting = Sql::new("SELECT COUNT(*)");
    restrict(&mut counting);
    let total_count = read.tx.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);

    let skip = page.cursor.map_or(0, |cursor| cursor.value.max(0));
    let mut sql = Sql::new(&format!("SELECT {}", StockLevel::TABLE.column_list("")));
    restrict(&mut sql);
    sql.push(" ORDER BY on_hand - reserved, product_id LIMIT ").arg(page.limit()).push(" OFFSET ").arg(skip);
    let products: Vec<StockLevel> = read.tx.rows(&sql).await?;
    let next = crate::read::next_offset(products.len(), skip, total_count, page, read.position);
    read.answer(LowStock { products, total_count, next }).await
}
