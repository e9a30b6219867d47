//! Stock of given products, and what runs low.

use orderlog_domain::ids::{Position, ProductId};
use orderlog_read_models::{Answer, Cursor, Freshness, PageRequest, Projections, QueryError, Row as _, Sql};

use super::{READ_MODEL, StockLevel, StockMark, fold::StockFold};

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
    let keys = products.iter().map(|id| (id.0,)).collect();
    projections.by_key(&READ_MODEL, |fold: &StockFold| &fold.levels, keys, StockLevel::clone, freshness).await
}

const LAST_MARK: &str = "
SELECT product_id, position, version, on_hand, reserved, backordered FROM stock_marks
WHERE product_id = $1 AND position <= $2
ORDER BY position DESC LIMIT 1";

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
    let sql = Sql::new(LAST_MARK).bind(product).bind(position.0);
    let marks: Vec<StockMark> = read.rows(&sql).await?;
    Ok(read.answer(marks.into_iter().next()).await?.found)
}

/// Every product of which stock is kept, archived ones too, in the order of their ids.
///
/// # Errors
/// When the store fails.
pub async fn tracked(projections: &Projections, freshness: Freshness) -> Result<Answer<Vec<StockLevel>>, QueryError> {
    let present = |fold: &StockFold, _| {
        let tracked = fold.levels.iter().filter(|level| level.tracked);
        fold.levels.is_whole().then(|| tracked.cloned().collect::<Vec<_>>())
    };
    if let Some(mut answer) = projections.present(&READ_MODEL, freshness, present).await? {
        answer.found.sort_unstable_by_key(|level| level.product_id);
        return Ok(answer);
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let columns = StockLevel::TABLE.column_list("");
    let levels =
        read.rows(&Sql::new(&format!("SELECT {columns} FROM stock WHERE tracked ORDER BY product_id"))).await?;
    read.answer(levels).await
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
    let present = |fold: &StockFold, position| low_in_memory(fold, threshold, page, position);
    if let Some(found) = projections.present(&READ_MODEL, freshness, present).await? {
        return Ok(found);
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut low = Sql::new(" FROM stock WHERE tracked AND NOT archived AND on_hand - reserved <= ");
    match threshold {
        Some(threshold) => _ = low.arg(threshold),
        None => _ = low.push("threshold AND threshold IS NOT NULL"),
    }
    let total_count = read.count(&low.after("SELECT COUNT(*)")).await?;
    let mut listing = low.after(&format!("SELECT {}", StockLevel::TABLE.column_list("")));
    listing
        .push(" ORDER BY on_hand - reserved, product_id LIMIT ")
        .arg(page.limit())
        .push(" OFFSET ")
        .arg(page.offset());
    let products: Vec<StockLevel> = read.rows(&listing).await?;
    let next = page.next_offset(products.len(), total_count, read.position());
    read.answer(LowStock { products, total_count, next }).await
}

/// The same in memory, if it holds every product.
fn low_in_memory(fold: &StockFold, threshold: Option<i64>, page: PageRequest, now: Position) -> Option<LowStock> {
    if !fold.levels.is_whole() {
        return None;
    }
    let runs_low = |level: &&StockLevel| {
        let threshold = threshold.or(level.threshold);
        level.tracked && !level.archived && threshold.is_some_and(|threshold| level.available() <= threshold)
    };
    let mut low: Vec<&StockLevel> = fold.levels.iter().filter(runs_low).collect();
    low.sort_unstable_by_key(|level| (level.available(), level.product_id));
    let total_count = i64::try_from(low.len()).unwrap_or(i64::MAX);
    let products: Vec<StockLevel> = page.of(&low).iter().copied().cloned().collect();
    let next = page.next_offset(products.len(), total_count, now);
    Some(LowStock { products, total_count, next })
}
