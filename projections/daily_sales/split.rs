//! Sales of several spans of days, split by product, customer and hour, to find how one span differs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use orderlog_read_models::{Answer, Days, Freshness, Projections, QueryError, SnapshotRead, Sql};
use uuid::Uuid;

use super::{
    READ_MODEL,
    fold::PAYMENT_UNDONE,
    request::{QUARTER_MILLIS, SalesRequest},
};

/// Days, of which the last may be cut short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The days.
    pub days: Days,
    /// Only what happened before this time.
    pub until: Option<DateTime<Utc>>,
}

/// The sales of one span, in the home currency; minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SplitSales {
    /// Without tax, with shipping; on the cash basis the money.
    pub revenue: i64,
    /// Orders placed, cancelled ones too.
    pub placed: i64,
    /// The part of `revenue` that reversals took away; not above zero. It does not include payments that were undone,
    /// nor the former amounts of changed lines.
    pub taken_back: i64,
    /// The part of `revenue` that changed lines added; below zero if they took something away.
    pub changed: i64,
    /// `revenue` by product; the nil id has the revenue of no product.
    pub products: BTreeMap<Uuid, i64>,
    /// `revenue` by customer.
    pub customers: BTreeMap<Uuid, i64>,
    /// `revenue` by the quarter of an hour in which it was posted, by the beginning of the quarter.
    pub quarters: BTreeMap<DateTime<Utc>, i64>,
}

/// The event that takes away the lines of an order as they were, and adds them as they are now.
const LINES_CHANGED: &str = "LinesChanged";
const REVENUE: &str = "home_gross - home_discount + home_shipping + home_cash";

/// The sales of each span; sales that are not in the currency `home` are left out. Reads all postings of the days.
///
/// # Errors
/// When the store fails.
pub async fn split_sales(
    projections: &Projections,
    request: &SalesRequest,
    home: &str,
    spans: &[Span],
    freshness: Freshness,
) -> Result<Answer<Vec<SplitSales>>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut found = vec![];
    for span in spans {
        found.push(one(&mut read, request, home, span).await?);
    }
    read.answer(found).await
}

async fn one(
    read: &mut SnapshotRead,
    request: &SalesRequest,
    home: &str,
    span: &Span,
) -> Result<SplitSales, QueryError> {
    let mut rows = Sql::new(" FROM sales_postings");
    SalesRequest { days: span.days, ..request.clone() }.restrict(&mut rows);
    rows.push(" AND home = ").arg(home.to_owned());
    if let Some(until) = span.until {
        rows.push(" AND happened_at < ").arg(until.timestamp_millis());
    }
    let orders = if request.is_of_products() { "holds" } else { "orders" };
    let by = |key: &str| {
        let mut sql = rows.after(&format!("SELECT {key}, CAST(SUM({REVENUE}) AS BIGINT)"));
        sql.push(&format!(" GROUP BY {key}"));
        sql
    };
    let products: Vec<(Uuid, i64)> = read.all(&by("product_id")).await?;
    let customers: Vec<(Uuid, i64)> = read.all(&by("customer_id")).await?;
    let quarters: Vec<(i64, i64)> = read.all(&by(&format!("happened_at / {QUARTER_MILLIS}"))).await?;
    let counting = rows.after(&format!(
        "SELECT CAST(COALESCE(SUM({REVENUE}), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN {orders} > 0 THEN {orders} ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN {REVENUE} < 0 AND event NOT IN ('{PAYMENT_UNDONE}', '{LINES_CHANGED}') \
         THEN {REVENUE} ELSE 0 END), 0) AS BIGINT), \
         CAST(COALESCE(SUM(CASE WHEN event = '{LINES_CHANGED}' THEN {REVENUE} ELSE 0 END), 0) AS BIGINT)"
    ));
    let (revenue, placed, taken_back, changed) =
        read.first::<(i64, i64, i64, i64)>(&counting).await?.unwrap_or_default();
    let quarters = quarters
        .into_iter()
        .filter_map(|(quarter, sum)| Some((DateTime::from_timestamp_millis(quarter * QUARTER_MILLIS)?, sum)))
        .collect();
    let (products, customers) = (products.into_iter().collect(), customers.into_iter().collect());
    Ok(SplitSales { revenue, placed, taken_back, changed, products, customers, quarters })
}
