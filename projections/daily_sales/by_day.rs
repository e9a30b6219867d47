//! Sales day by day, of the shop or of one product: what a forecast learns from; and units of every product.

use std::collections::HashMap;

use chrono::NaiveDate;
use orderlog_domain::postings::Basis;
use orderlog_read_models::{Answer, Freshness, Projections, QueryError, SnapshotRead, Sql, StoreError};
use uuid::Uuid;

use super::{
    READ_MODEL,
    groups::read_day,
    request::{GroupBy, SalesRequest},
    sales::{Sales, SalesRow, sums},
};

struct OfDay {
    day: String,
    sales: SalesRow,
}
orderlog_read_models::from_row!(OfDay { day, sales = flatten(SalesRow) });

/// What each day of a request had, in each currency it counts in; in order of time. Days without postings are left out.
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
    /// Ordered less taken back; products of which nothing moved are left out.
    pub units: HashMap<Uuid, i64>,
    /// The first day on which anything was posted, whatever was asked for.
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

/// The first day on which anything was posted.
pub(super) async fn first_day(read: &mut SnapshotRead, basis: Basis) -> Result<Option<NaiveDate>, QueryError> {
    let sql = Sql::new("SELECT MIN(day) FROM sales_days WHERE basis = $1").bind(basis.name().to_owned());
    let first: Option<(Option<String>,)> = read.first(&sql).await?;
    Ok(first.and_then(|(day,)| day).as_deref().map(read_day).transpose()?)
}
