//! Sales day by day, of the shop or of one product, from which forecasts learn; and the units of every product.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orderlog_domain::{ids::Position, postings::Basis};
use orderlog_read_models::{Answer, Freshness, Projections, QueryError, SnapshotRead, Sql, StoreError};
use uuid::Uuid;

use super::{
    READ_MODEL,
    fold::PAYMENT_UNDONE,
    groups::read_day,
    request::{GroupBy, SalesRequest},
    sales::{Sales, SalesRow, sums},
};

const DAY_MILLIS: i64 = 24 * 60 * 60 * 1_000;

struct OfDay {
    day: String,
    sales: SalesRow,
}
orderlog_read_models::from_row!(OfDay { day, sales = flatten(SalesRow) });

/// The sales of each day of a request, in each currency, in order of time. Days without postings are left out.
///
/// # Errors
/// When the store fails.
pub async fn sales_by_day(
    projections: &Projections,
    request: SalesRequest,
    freshness: Freshness,
) -> Result<Answer<Vec<(NaiveDate, Sales)>>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let parts = request.parts(&mut read).await?;
    let mut sql = request.rows(&parts, &[]).after(&format!("SELECT day, home AS currency, home, {}", sums("orders")));
    sql.push(" GROUP BY day, home ORDER BY day, home");
    let days = read.all::<OfDay>(&sql).await?.into_iter().map(|OfDay { day, sales }| {
        let day = day.parse().map_err(|_| StoreError::Shape(format!("`{day}` is no day")))?;
        Ok((day, Sales::from(sales).in_home()))
    });
    let days = days.collect::<Result<Vec<_>, StoreError>>()?;
    read.answer(days).await
}

/// Units of every product.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitsSold {
    /// Units ordered minus units taken back; products without any are left out.
    pub units: HashMap<Uuid, i64>,
    /// The first day with a posting in the complete log.
    pub first_day: Option<NaiveDate>,
}

/// How many units of each product were posted on the days of a request.
///
/// # Errors
/// When the store fails.
pub async fn units_by_product(
    projections: &Projections,
    request: SalesRequest,
    freshness: Freshness,
) -> Result<Answer<UnitsSold>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let parts = request.parts(&mut read).await?;
    let mut sql = request.rows(&parts, &[GroupBy::Product]).after("SELECT product_id, CAST(SUM(units) AS BIGINT)");
    sql.push(" GROUP BY product_id");
    let units: Vec<(Uuid, i64)> = read.all(&sql).await?;
    let first_day = first_day(&mut read, request.basis).await?;
    read.answer(UnitsSold { units: units.into_iter().collect(), first_day }).await
}

/// The sales of days up to a time of day, and the sales of these days as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartOfDay {
    /// By that time.
    pub by_then: Sales,
    /// In all.
    pub whole: Sales,
}

/// How much of the sales of a request's days, in the currency `home`, came within `elapsed` of the beginning of the
/// day. `start` is the beginning of any day. Reads all postings of the days.
///
/// # Errors
/// When the store fails.
pub async fn part_of_days(
    projections: &Projections,
    request: &SalesRequest,
    home: &str,
    (start, elapsed): (DateTime<Utc>, TimeDelta),
    freshness: Freshness,
) -> Result<Answer<PartOfDay>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let orders = if request.is_of_products() { "holds" } else { "orders" };
    let mut sql = Sql::new(&format!("SELECT currency, home, {} FROM sales_postings", sums(orders)));
    request.restrict(&mut sql);
    sql.push(" AND home = ").arg(home.to_owned());
    if let Some(Position(as_of)) = request.as_of {
        sql.push(" AND position <= ").arg(as_of);
    }
    let mut early = sql.clone();
    // The remainder of a time before `start` is negative.
    early.push(" AND (((happened_at - ").arg(start.timestamp_millis());
    early.push(&format!(") % {DAY_MILLIS}) + {DAY_MILLIS}) % {DAY_MILLIS} < ")).arg(elapsed.num_milliseconds());
    let mut found = vec![];
    for mut sql in [early, sql] {
        sql.push(" GROUP BY currency, home");
        let mut sum = Sales::nothing(home);
        read.all::<SalesRow>(&sql).await?.into_iter().for_each(|row| sum.add(&Sales::from(row).in_home()));
        found.push(sum);
    }
    let whole = found.pop().unwrap_or_else(|| Sales::nothing(home));
    let by_then = found.pop().unwrap_or_else(|| Sales::nothing(home));
    read.answer(PartOfDay { by_then, whole }).await
}

/// Money that was taken off on the days of a request, in minor units, not below zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MoneyBack {
    /// Payments that were undone: this money never came in.
    pub undone: i64,
    /// Money that was paid back.
    pub refunded: i64,
}

/// Money that was taken off on the days of a request, in the currency `home`.
///
/// # Errors
/// When the store fails.
pub async fn money_back(
    projections: &Projections,
    request: &SalesRequest,
    home: &str,
    freshness: Freshness,
) -> Result<MoneyBack, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let of = |event: &str| {
        format!("CAST(COALESCE(SUM(CASE WHEN event = '{event}' THEN -home_cash ELSE 0 END), 0) AS BIGINT)")
    };
    let mut sql = Sql::new(&format!("SELECT {}, {} FROM sales_postings", of(PAYMENT_UNDONE), of("PaymentRefunded")));
    request.restrict(&mut sql);
    sql.push(" AND home = ").arg(home.to_owned());
    if let Some(Position(as_of)) = request.as_of {
        sql.push(" AND position <= ").arg(as_of);
    }
    let found = read.first::<(i64, i64)>(&sql).await?;
    Ok(found.map(|(undone, refunded)| MoneyBack { undone, refunded }).unwrap_or_default())
}

/// The first day on which anything was posted.
pub(super) async fn first_day(read: &mut SnapshotRead, basis: Basis) -> Result<Option<NaiveDate>, QueryError> {
    let sql = Sql::new("SELECT MIN(day) FROM sales_days WHERE basis = $1").bind(basis.name().to_owned());
    let first: Option<(Option<String>,)> = read.first(&sql).await?;
    Ok(first.and_then(|(day,)| day).as_deref().map(read_day).transpose()?)
}
