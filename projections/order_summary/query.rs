//! Orders by number, text, status, customer, product, day and total.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use orderlog_domain::{
    ids::{CustomerId, OrderId, Position, ProductId},
    order::{PaymentStatus, Status},
    text::{key, name_key},
};
use orderlog_read_models::{
    Answer, Cursor, Days, Freshness, PageRequest, Projections, QueryError, Row as _, SnapshotRead, Sql, like,
};
use uuid::Uuid;

use super::{
    OrderSummary, READ_MODEL,
    acts::{self, Act},
    fold::{OrderSummaryFold, reference_key},
};

/// Products a text may stand for before the search asks for a narrower text.
const TEXT_PRODUCTS: i64 = 200;

/// In which order the list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Oldest first.
    Oldest,
    /// Largest total first.
    Largest,
}

/// Which orders; every part given must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// An order number, here or in the system it was imported from, or part of a product's name or SKU as the order names it.
    pub text: Option<String>,
    /// Beside what `text` finds, all orders of these customers (whom the caller found by the same text).
    pub or_customers: Vec<CustomerId>,
    /// Likewise these orders.
    pub or_orders: Vec<OrderId>,
    /// Only of these customers; none means any.
    pub among_customers: Vec<CustomerId>,
    /// Any of these; none means any.
    pub statuses: Vec<Status>,
    /// Any of these; none means any.
    pub payment_statuses: Vec<PaymentStatus>,
    /// Only of this customer.
    pub customer: Option<CustomerId>,
    /// Holding any of these products; none means any.
    pub products: Vec<ProductId>,
    /// Business days of placement.
    pub placed: Days,
    /// Only those placed before this moment.
    pub placed_before: Option<DateTime<Utc>>,
    /// Business days of something else that was done with them.
    pub acted: Option<(Act, Days)>,
    /// Least total, minor units.
    pub min_total: Option<i64>,
    /// Greatest total, minor units.
    pub max_total: Option<i64>,
    /// Order of the list.
    pub sort: Sort,
}

/// One page, and what the whole set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSummaries {
    /// The page.
    pub orders: Vec<OrderSummary>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
    /// Orders over all pages.
    pub total_count: i64,
    /// Sums per currency and status over all pages.
    pub sums: Vec<Sum>,
    /// Where days of something that was done were asked for: the last of them for each order of the page, ISO.
    pub acted_on: HashMap<i64, String>,
}

/// What orders of one currency and status come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    /// ISO code.
    pub currency: String,
    /// Name of the status.
    pub status: String,
    /// How many orders.
    pub orders: i64,
    /// Active units.
    pub units: i64,
    /// What customers pay, minor units.
    pub total: i64,
    /// What came in, minor units.
    pub captured: i64,
}
orderlog_read_models::from_row!(Sum { currency, status, orders, units, total, captured });

/// The orders `filter` names.
///
/// # Errors
/// When the store fails.
pub async fn order_summaries(
    projections: &Projections,
    filter: &Filter,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<OrderSummaries>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let pinned = page.cursor.map_or(read.position(), |cursor| cursor.pinned);
    let text_products = products_named(&mut read, filter.text.as_deref()).await?;
    let numbers = numbers_of(&mut read, filter.placed).await?;

    let named = restricted(filter, &text_products, numbers, pinned);

    let sums = if filter.is_counted() {
        counted(&mut read, filter, pinned).await?
    } else {
        let mut summing = named.after(SUM_ORDERS);
        summing.push(" GROUP BY currency, status ORDER BY currency, status");
        read.all(&summing).await?
    };

    let listing = page_of(&named, filter.sort, page);
    let mut orders: Vec<OrderSummary> = read.rows(&listing).await?;
    let next = page.next_after(&mut orders, |row| Cursor { pinned, value: row.total, id: row.order_id, at: 0 });
    let acted_on = match filter.acted {
        Some((act, days)) => acts::last_days(&mut read, act, days, orders.iter().map(|row| row.order_id)).await?,
        None => HashMap::new(),
    };
    let total_count = sums.iter().map(|sum| sum.orders).sum();
    read.answer(OrderSummaries { orders, next, total_count, sums, acted_on }).await
}

/// The orders of one page, of those that `restricted` names.
pub(super) fn page_of(restricted: &Sql, sort: Sort, page: PageRequest) -> Sql {
    let mut listing =
        restricted.after(&format!("SELECT {} FROM order_summary WHERE ", OrderSummary::TABLE.column_list("")));
    // Numbers are given in placement order, so sorting by number needs no second index.
    match (sort, page.cursor) {
        (Sort::Newest, Some(cursor)) => _ = listing.push(" AND order_id < ").arg(cursor.id),
        (Sort::Oldest, Some(cursor)) => _ = listing.push(" AND order_id > ").arg(cursor.id),
        (Sort::Largest, Some(cursor)) => {
            listing.push(" AND (total, order_id) < (").list([cursor.value, cursor.id]).push(")");
        }
        (Sort::Newest | Sort::Oldest | Sort::Largest, None) => {}
    }
    listing.push(match sort {
        Sort::Newest => " ORDER BY order_id DESC LIMIT ",
        Sort::Oldest => " ORDER BY order_id ASC LIMIT ",
        Sort::Largest => " ORDER BY total DESC, order_id DESC LIMIT ",
    });
    listing.arg(page.limit() + 1);
    listing
}

/// Of the orders one by one. The filter follows.
const SUM_ORDERS: &str = "
SELECT currency, status, COUNT(*) AS orders, CAST(SUM(units) AS BIGINT) AS units, CAST(SUM(total) AS BIGINT) AS total,
    CAST(SUM(captured) AS BIGINT) AS captured
FROM order_summary WHERE ";

/// The same from the counts of days. The filter follows.
const SUM_DAYS: &str = "
SELECT currency, status, CAST(SUM(orders) AS BIGINT) AS orders, CAST(SUM(units) AS BIGINT) AS units,
    CAST(SUM(total) AS BIGINT) AS total, CAST(SUM(captured) AS BIGINT) AS captured
FROM order_summary_counts WHERE 1 = 1";

const LAST_PLACED_BY: &str = "
SELECT order_id FROM order_summary WHERE placed_position <= $1
ORDER BY order_id DESC LIMIT 1";

/// What the orders come to, from the counts of their days; less what was placed after `pinned`.
async fn counted(read: &mut SnapshotRead, filter: &Filter, pinned: Position) -> Result<Vec<Sum>, QueryError> {
    let mut summing = Sql::new(SUM_DAYS);
    restrict_counted(&mut summing, filter);
    summing.push(" GROUP BY currency, status ORDER BY currency, status");
    let mut sums: Vec<Sum> = read.all(&summing).await?;
    if pinned < read.position() {
        let last = read.first::<(i64,)>(&Sql::new(LAST_PLACED_BY).bind(pinned.0)).await?;
        let mut later = Sql::new(SUM_ORDERS);
        later.push("order_id > ").arg(last.map_or(0, |(order_id,)| order_id));
        restrict_counted(&mut later, filter);
        later.push(" GROUP BY currency, status");
        for placed_later in read.all::<Sum>(&later).await? {
            if let Some(sum) = sums
                .iter_mut()
                .find(|sum| (&sum.currency, &sum.status) == (&placed_later.currency, &placed_later.status))
            {
                sum.orders -= placed_later.orders;
                sum.units -= placed_later.units;
                sum.total -= placed_later.total;
                sum.captured -= placed_later.captured;
            }
        }
    }
    sums.retain(|sum| sum.orders > 0);
    Ok(sums)
}

/// The first and the last number given on these days, if they are limited; none is between 1 and 0.
pub(super) async fn numbers_of(read: &mut SnapshotRead, days: Days) -> Result<Option<(i64, i64)>, QueryError> {
    if days == Days::default() {
        return Ok(None);
    }
    let mut sql = Sql::new("SELECT MIN(first_order), MAX(last_order) FROM order_summary_days WHERE 1 = 1");
    days.restrict(&mut sql, "placed_on");
    let found: Option<(Option<i64>, Option<i64>)> = read.first(&sql).await?;
    Ok(Some(match found {
        Some((Some(first), Some(last))) => (first, last),
        _ => (1, 0),
    }))
}

/// Where the days begin and end among the numbers, so that nothing is looked for among all orders.
pub(super) fn within_numbers(sql: &mut Sql, numbers: Option<(i64, i64)>) {
    if let Some((first, last)) = numbers {
        sql.push(" AND order_id >= ").arg(first).push(" AND order_id <= ").arg(last);
    }
}

/// Orders by number, those that exist, in the order of their numbers.
///
/// # Errors
/// When the store fails.
pub async fn by_numbers(
    projections: &Projections,
    numbers: &[OrderId],
    freshness: Freshness,
) -> Result<Answer<Vec<OrderSummary>>, QueryError> {
    let keys = numbers.iter().map(|id| (id.0,)).collect();
    projections.by_key(&READ_MODEL, |fold: &OrderSummaryFold| &fold.orders, keys, OrderSummary::clone, freshness).await
}

/// Conditions, one for each word, follow.
const PRODUCTS_NAMED: &str = "
SELECT DISTINCT product_id FROM order_summary_products WHERE 1 = 1";

/// Products that orders name so that every word of `text` is part of the name or SKU, or the whole of it.
async fn products_named(read: &mut SnapshotRead, text: Option<&str>) -> Result<Vec<Uuid>, QueryError> {
    let Some(text) = text.filter(|text| !name_key(text).is_empty()) else { return Ok(vec![]) };
    let mut sql = Sql::new(PRODUCTS_NAMED);
    for word in name_key(text).split(' ') {
        // More than one thing is meant, each of which is called by the word without its ending.
        let word = word.strip_suffix('s').filter(|one| one.len() > 2).unwrap_or(word);
        sql.push(" AND (name_lower LIKE ").arg(like(word)).push(r" ESCAPE '\' OR sku_lower LIKE ").arg(like(word));
        sql.push(r" ESCAPE '\')");
    }
    sql.push(" OR sku_lower LIKE ").arg(like(&key(text))).push(r" ESCAPE '\' LIMIT ").arg(TEXT_PRODUCTS);
    let found: Vec<(Uuid,)> = read.all(&sql).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Which of these words some order's product has in its name or SKU.
///
/// # Errors
/// When the store fails.
pub async fn words_of_products(
    projections: &Projections,
    words: &[String],
    freshness: Freshness,
) -> Result<Vec<bool>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut found = vec![];
    for word in words {
        found.push(!products_named(&mut read, Some(word)).await?.is_empty());
    }
    Ok(read.answer(found).await?.found)
}

impl Filter {
    /// Whether the counts of days tell how many orders there are.
    fn is_counted(&self) -> bool {
        let no_text = self.text.as_deref().is_none_or(|text| text.trim().is_empty());
        no_text
            && self.customer.is_none()
            && self.products.is_empty()
            && self.acted.is_none()
            && self.placed_before.is_none()
            && self.min_total.is_none()
            && self.max_total.is_none()
    }
}

/// The order that a text numbers: `1001`, `#1001`, `order 1001`, `Order no. 1001`.
fn order_number(text: &str) -> Option<i64> {
    let words = name_key(text);
    let number = words.split(' ').filter(|word| !matches!(*word, "order" | "number" | "no" | "nr")).collect::<Vec<_>>();
    match number.as_slice() {
        [digits] if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// The filter as SQL.
pub(super) fn restricted(
    filter: &Filter,
    text_products: &[Uuid],
    numbers: Option<(i64, i64)>,
    pinned: Position,
) -> Sql {
    let mut sql = Sql::new("placed_position <= $1").bind(pinned.0);
    within_numbers(&mut sql, numbers);
    if let Some(text) = filter.text.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        sql.push(" AND (order_id = ").arg(order_number(text).unwrap_or(-1));
        sql.push(" OR reference = ").arg(reference_key(text));
        if !text_products.is_empty() {
            sql.push(" OR order_id IN (SELECT order_id FROM order_summary_lines WHERE product_id IN (")
                .list(text_products.iter().copied())
                .push(")");
            within_numbers(&mut sql, numbers);
            sql.push(")");
        }
        if !filter.or_orders.is_empty() {
            sql.push(" OR order_id IN (").list(filter.or_orders.iter().map(|id| id.0)).push(")");
        }
        if !filter.or_customers.is_empty() {
            sql.push(" OR customer_id IN (").list(filter.or_customers.iter().map(|id| id.0)).push(")");
        }
        sql.push(")");
    }
    if let Some(CustomerId(customer)) = filter.customer {
        sql.push(" AND customer_id = ").arg(customer);
    }
    if !filter.among_customers.is_empty() {
        sql.push(" AND customer_id IN (").list(filter.among_customers.iter().map(|id| id.0)).push(")");
    }
    if !filter.products.is_empty() {
        sql.push(" AND order_id IN (SELECT order_id FROM order_summary_lines WHERE product_id IN (");
        sql.list(filter.products.iter().map(|id| id.0)).push(")");
        within_numbers(&mut sql, numbers);
        sql.push(")");
    }
    if let Some((act, days)) = filter.acted {
        acts::restrict(&mut sql, act, days, pinned);
    }
    restrict_counted(&mut sql, filter);
    if let Some(before) = filter.placed_before {
        sql.push(" AND placed_at < ").arg(before.timestamp_millis());
    }
    if let Some(least) = filter.min_total {
        sql.push(" AND total >= ").arg(least);
    }
    if let Some(most) = filter.max_total {
        sql.push(" AND total <= ").arg(most);
    }
    sql
}

/// What rows and counts can be restricted by.
fn restrict_counted(sql: &mut Sql, filter: &Filter) {
    filter.placed.restrict(sql, "placed_on");
    if !filter.statuses.is_empty() {
        sql.push(" AND status IN (").list(filter.statuses.iter().map(|s| s.name().to_owned())).push(")");
    }
    if !filter.payment_statuses.is_empty() {
        sql.push(" AND payment_status IN (")
            .list(filter.payment_statuses.iter().map(|s| s.name().to_owned()))
            .push(")");
    }
}

#[cfg(test)]
mod tests {
    use super::order_number;

    #[test]
    fn an_order_is_named_by_its_number_in_words_or_without() {
        for text in ["1001", "#1001", "01001", "order 1001", "Order #1001", "order no. 1001", " 1001. "] {
            assert_eq!(order_number(text), Some(1001), "{text}");
        }
        for text in ["order", "1001 mugs", "10 01", "", "١٠٠١"] {
            assert_eq!(order_number(text), None, "{text}");
        }
    }
}
