//! Customers by what they ordered: on which days, which products, and how long ago the last time.

use std::collections::HashSet;

use chrono::NaiveDate;
use orderlog_domain::ids::{CustomerId, ProductId};
use orderlog_read_models::{
    Answer, Cursor, Days, Freshness, PageRequest, Projections, QueryError, SnapshotRead, Sql, from_row,
};
use uuid::Uuid;

use super::{
    READ_MODEL,
    query::{numbers_of, within_numbers},
};

/// Which customers; every part given must hold. Orders that were cancelled whole are not counted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Buying {
    /// They ordered on these days.
    pub placed: Days,
    /// They ordered any of these; none means anything.
    pub products: Vec<ProductId>,
    /// They ordered before this day, and not since.
    pub not_since: Option<NaiveDate>,
    /// They ordered nothing before these days.
    pub for_the_first_time: bool,
    /// Only these; none given means anybody.
    pub among: Option<Vec<CustomerId>>,
}

/// A customer who ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyer {
    /// Who.
    pub customer_id: Uuid,
    /// How many of the orders that were asked for.
    pub orders: i64,
    /// The last of these.
    pub last_order: i64,
    /// Its business day, ISO.
    pub last_on: String,
}
from_row!(Buyer { customer_id, orders, last_order, last_on });

/// One page, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Buyers {
    /// Who ordered most often first, of equals who ordered last.
    pub buyers: Vec<Buyer>,
    /// What the orders of each customer of the page come to, by currency: customer, ISO code, minor units.
    pub worth: Vec<(Uuid, String, i64)>,
    /// Customers over all pages.
    pub total_count: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// The filter follows. Cancelled orders are left out by their numbers, which an index has; all others are too many to look at.
const ORDERED: &str = "
SELECT customer_id, COUNT(*) AS orders, MAX(order_id) AS last_order FROM order_summary
WHERE order_id NOT IN (SELECT order_id FROM order_summary WHERE status = 'cancelled')";

/// The customers whom `buying` names.
///
/// # Errors
/// When the store fails.
pub async fn buyers(
    projections: &Projections,
    buying: &Buying,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<Buyers>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let ordered = restricted(&mut read, buying).await?;
    let mut counting = ordered.after(&format!("SELECT COUNT(*) FROM ({ORDERED}"));
    counting.push(" GROUP BY customer_id) AS buyers");
    let total_count = read.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);
    let mut listing =
        ordered.after(&format!("SELECT buyers.customer_id, orders, last_order, placed_on AS last_on FROM ({ORDERED}"));
    listing.push(" GROUP BY customer_id) AS buyers JOIN order_summary ON order_id = last_order");
    listing.push(" ORDER BY orders DESC, last_order DESC LIMIT ").arg(page.limit()).push(" OFFSET ").arg(page.offset());
    let buyers: Vec<Buyer> = read.all(&listing).await?;
    let worth = worth(&mut read, &ordered, &buyers).await?;
    let next = page.next_offset(buyers.len(), total_count, read.position());
    read.answer(Buyers { buyers, worth, total_count, next }).await
}

async fn worth(
    read: &mut SnapshotRead,
    ordered: &Sql,
    buyers: &[Buyer],
) -> Result<Vec<(Uuid, String, i64)>, QueryError> {
    if buyers.is_empty() {
        return Ok(vec![]);
    }
    let mut sql = ordered.after(
        "SELECT customer_id, currency, CAST(SUM(total) AS BIGINT) FROM order_summary WHERE status <> 'cancelled'",
    );
    sql.push(" AND customer_id IN (").list(buyers.iter().map(|buyer| buyer.customer_id));
    sql.push(") GROUP BY customer_id, currency ORDER BY currency");
    Ok(read.all(&sql).await?)
}

/// The conditions of `buying`, each behind ` AND `.
async fn restricted(read: &mut SnapshotRead, buying: &Buying) -> Result<Sql, QueryError> {
    let mut sql = Sql::new("");
    let numbers = numbers_of(read, buying.placed).await?;
    within_numbers(&mut sql, numbers);
    buying.placed.restrict(&mut sql, "placed_on");
    if !buying.products.is_empty() {
        sql.push(" AND order_id IN (SELECT order_id FROM order_summary_lines WHERE product_id IN (");
        sql.list(buying.products.iter().map(|id| id.0)).push(")");
        within_numbers(&mut sql, numbers);
        sql.push(")");
    }
    if let Some(among) = &buying.among {
        // Nobody has the nil id; a list must not be empty.
        sql.push(" AND customer_id IN (").list(std::iter::once(Uuid::nil()).chain(among.iter().map(|id| id.0)));
        sql.push(")");
    }
    let before = buying.placed.from.and_then(|from| from.pred_opt()).filter(|_| buying.for_the_first_time);
    let earlier = before.map(|before| Days { from: None, to: Some(before) });
    let since = buying.not_since.map(|day| Days { from: Some(day), to: None });
    for without in earlier.into_iter().chain(since) {
        sql.push(" AND customer_id NOT IN (SELECT customer_id FROM order_summary WHERE status <> 'cancelled'");
        within_numbers(&mut sql, numbers_of(read, without).await?);
        without.restrict(&mut sql, "placed_on");
        sql.push(")");
    }
    Ok(sql)
}

/// Conditions on the day follow.
const SOLD: &str = "
SELECT DISTINCT product_id FROM order_summary_lines WHERE order_id IN (
    SELECT order_id FROM order_summary WHERE status <> 'cancelled'";

/// The products that somebody ordered on this day or later; orders that were cancelled whole are not counted.
///
/// # Errors
/// When the store fails.
pub async fn products_ordered_since(
    projections: &Projections,
    day: NaiveDate,
    freshness: Freshness,
) -> Result<Answer<HashSet<Uuid>>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let since = Days { from: Some(day), to: None };
    let numbers = numbers_of(&mut read, since).await?;
    let mut sql = Sql::new(SOLD);
    within_numbers(&mut sql, numbers);
    since.restrict(&mut sql, "placed_on");
    sql.push(")");
    within_numbers(&mut sql, numbers);
    let found: Vec<(Uuid,)> = read.all(&sql).await?;
    read.answer(found.into_iter().map(|(id,)| id).collect()).await
}
