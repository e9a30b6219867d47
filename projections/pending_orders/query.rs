//! Pending orders by scope, placement day, customer and product, with counts over the whole set; now or as of a position.

use orderlog_domain::{
    ids::{CustomerId, OrderId, Position, ProductId},
    order::Order,
};
use orderlog_read_models::{Answer, Cursor, Days, Freshness, PageRequest, Projections, QueryError, SnapshotRead, Sql};

use super::{
    READ_MODEL, as_of,
    extent::Extent,
    filter::{Filter, OpenOrder, Sort, StatusCount},
    fold::PendingOrdersFold,
    scope::Scope,
    tables::PendingOrder,
};

/// One page, and what the whole set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOrders {
    /// The page.
    pub orders: Vec<OpenOrder>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
    /// Orders over all pages.
    pub total_count: i64,
    /// Counts and sums per status and currency over all pages.
    pub counts: Vec<StatusCount>,
}

/// The orders `filter` names. Later pages show the moment of the first one, whatever happened since.
///
/// # Errors
/// When the store fails.
pub async fn pending_orders(
    projections: &Projections,
    filter: &Filter,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<PendingOrders>, QueryError> {
    let then = page.cursor.map(|cursor| cursor.pinned).or(filter.as_of);
    let at = page.cursor.map_or(filter.at.timestamp_millis(), |cursor| cursor.at);
    let in_memory = |fold: &PendingOrdersFold, position| {
        // What was before, tables tell.
        let open = fold.open().filter(|_| then.is_none_or(|then| then >= position))?;
        let limit = usize::try_from(page.limit() + 1).unwrap_or(usize::MAX);
        let orders = open.page(&fold.orders, filter, page.cursor, limit, at);
        Some(pages(filter, page, position, at, orders, open.count_of(&fold.orders, filter, at)))
    };
    if let Some(answer) = projections.present(&READ_MODEL, freshness, in_memory).await? {
        return Ok(answer);
    }
    // The past needs what the tables had then, and no more.
    let freshness = match (freshness, then) {
        (Freshness::AtLeast(position), Some(then)) => Freshness::AtLeast(position.min(then)),
        (Freshness::Whatever, Some(then)) => Freshness::AtLeast(then),
        (freshness, None) => freshness,
    };
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let shown = then.unwrap_or(read.position());
    let (orders, counts) = if shown < read.position() {
        let open = as_of::open_at(&mut read, filter, shown.0, at).await?;
        let counts = as_of::counts(&open);
        (as_of::sorted(open, filter, page.cursor), counts)
    } else {
        (present(&mut read, filter, page, at).await?, count(&mut read, filter, at).await?)
    };
    let answer = read.answer(pages(filter, page, shown, at, orders, counts)).await?;
    Ok(Answer { position: shown.min(answer.position), ..answer })
}

/// Orders by number, those about which something is open now.
///
/// # Errors
/// When the store fails.
pub async fn open_by_numbers(
    projections: &Projections,
    numbers: &[OrderId],
    freshness: Freshness,
) -> Result<Answer<Vec<PendingOrder>>, QueryError> {
    by_numbers(projections, numbers, PendingOrder::clone, freshness).await
}

/// The same orders without what lists say of them.
///
/// # Errors
/// When the store fails.
pub async fn orders_by_numbers(
    projections: &Projections,
    numbers: &[OrderId],
    freshness: Freshness,
) -> Result<Answer<Vec<Order>>, QueryError> {
    by_numbers(projections, numbers, |row| row.the_order.0.clone(), freshness).await
}

async fn by_numbers<T>(
    projections: &Projections,
    numbers: &[OrderId],
    told: fn(&PendingOrder) -> T,
    freshness: Freshness,
) -> Result<Answer<Vec<T>>, QueryError> {
    let keys = numbers.iter().map(|id| (id.0,)).collect();
    projections.by_key(&READ_MODEL, |fold: &PendingOrdersFold| &fold.orders, keys, told, freshness).await
}

const ENDING: &str = "
SELECT order_id FROM pending_orders WHERE owes_goods AND order_id % $1 = $2
ORDER BY order_id DESC LIMIT $3";

/// The latest orders that owe goods and whose number ends with these digits.
///
/// # Errors
/// When the store fails.
pub async fn ending_with(
    projections: &Projections,
    digits: OrderId,
    limit: u32,
    freshness: Freshness,
) -> Result<Vec<OrderId>, QueryError> {
    // Where no greater number ends so, the number itself is left.
    let modulus = 10_i64.checked_pow(digits.0.max(1).ilog10() + 1).unwrap_or(i64::MAX);
    let in_memory = |fold: &PendingOrdersFold, _| {
        fold.open()?;
        let ends = |row: &&PendingOrder| row.owes_goods && row.order_id % modulus == digits.0;
        let mut found: Vec<i64> = fold.orders.iter().filter(ends).map(|row| row.order_id).collect();
        found.sort_unstable_by_key(|number| std::cmp::Reverse(*number));
        found.truncate(limit as usize);
        Some(found)
    };
    let found = match projections.present(&READ_MODEL, freshness, in_memory).await? {
        Some(answer) => answer.found,
        None => {
            let mut read = projections.read(&READ_MODEL, freshness).await?;
            let sql = Sql::new(ENDING).bind(modulus).bind(digits.0).bind(i64::from(limit));
            let found: Vec<(i64,)> = read.all(&sql).await?;
            read.answer(found.into_iter().map(|(number,)| number).collect()).await?.found
        }
    };
    Ok(found.into_iter().map(OrderId).collect())
}

/// The page that was read one order too long.
fn pages(
    filter: &Filter,
    page: PageRequest,
    shown: Position,
    at: i64,
    mut orders: Vec<OpenOrder>,
    counts: Vec<StatusCount>,
) -> PendingOrders {
    let cursor = |order: &OpenOrder| Cursor { pinned: shown, value: filter.sort.value(order), id: order.order_id, at };
    let next = page.next_after(&mut orders, cursor);
    let total_count = counts.iter().map(|count| count.orders).sum();
    PendingOrders { orders, next, total_count, counts }
}

/// The filter follows.
const PRESENT: &str = "
SELECT order_id, customer_id, currency, placed_at, placed_on, status, payment_status, backordered, units_owed, total, due,
    held_until > $1 AS on_hold
FROM pending_orders WHERE ";

/// The present page, one order too long.
async fn present(
    read: &mut SnapshotRead,
    filter: &Filter,
    page: PageRequest,
    at: i64,
) -> Result<Vec<OpenOrder>, QueryError> {
    let mut listing = Sql::new(PRESENT).bind(at);
    restrict(&mut listing, filter, at);
    if filter.placed != Days::default() {
        let Some(extent) = Extent::of(read, filter.placed).await? else { return Ok(vec![]) };
        extent.restrict(&mut listing);
    }
    let column = match filter.sort {
        Sort::Oldest | Sort::Newest => "placed_at",
        Sort::Largest => "total",
    };
    let (direction, compare) = if filter.sort.ascends() { ("ASC", ">") } else { ("DESC", "<") };
    if let Some(cursor) = page.cursor {
        listing.push(&format!(" AND ({column}, order_id) {compare} (")).list([cursor.value, cursor.id]).push(")");
    }
    listing.push(&format!(" ORDER BY {column} {direction}, order_id {direction} LIMIT ")).arg(page.limit() + 1);
    Ok(read.all(&listing).await?)
}

/// Of the orders one by one. The filter follows.
const COUNT_ORDERS: &str = "
SELECT status, currency, COUNT(*) AS orders, CAST(SUM(units_owed) AS BIGINT) AS units_owed,
    CAST(SUM(total) AS BIGINT) AS total, CAST(SUM(due) AS BIGINT) AS due
FROM pending_orders WHERE ";
const BY_STATUS: &str = "
GROUP BY status, currency HAVING COUNT(*) > 0
ORDER BY status, currency";

/// The same from the totals of days. Those of a scope where all orders have moved on are 0.
const COUNT_DAYS: &str = "
SELECT status, currency, CAST(SUM(orders) AS BIGINT) AS orders, CAST(SUM(units_owed) AS BIGINT) AS units_owed,
    CAST(SUM(total) AS BIGINT) AS total, CAST(SUM(due) AS BIGINT) AS due
FROM pending_counts WHERE scope = $1";
const DAYS_BY_STATUS: &str = "
GROUP BY status, currency HAVING SUM(orders) > 0
ORDER BY status, currency";

/// Uses the totals of days, unless the filter selects by customer, product, hold or the time of placement.
async fn count(read: &mut SnapshotRead, filter: &Filter, at: i64) -> Result<Vec<StatusCount>, QueryError> {
    let counted = filter.is_counted() && Scope::COUNTED.contains(&filter.scope);
    let mut sql;
    if counted {
        sql = Sql::new(COUNT_DAYS).bind(filter.scope.column().to_owned());
        filter.placed.restrict(&mut sql, "placed_on");
        sql.push(DAYS_BY_STATUS);
    } else {
        sql = Sql::new(COUNT_ORDERS);
        restrict(&mut sql, filter, at);
        sql.push(BY_STATUS);
    }
    Ok(read.all(&sql).await?)
}

fn restrict(sql: &mut Sql, filter: &Filter, at: i64) {
    sql.push(filter.scope.column());
    if filter.scope == Scope::OnHold {
        sql.push(" AND held_until > ").arg(at);
    }
    filter.placed.restrict(sql, "placed_on");
    if let Some(before) = filter.placed_before {
        sql.push(" AND placed_at < ").arg(before.timestamp_millis());
    }
    if let Some(CustomerId(customer)) = filter.customer {
        sql.push(" AND customer_id = ").arg(customer);
    }
    for (nth, ProductId(product)) in filter.products.iter().enumerate() {
        sql.push(if nth == 0 { " AND (products LIKE " } else { " OR products LIKE " }).arg(format!("%{product}%"));
    }
    if !filter.products.is_empty() {
        sql.push(")");
    }
}
