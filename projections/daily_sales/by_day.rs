//! Sales day by day, of the shop or of one product: what a forecast learns from.

use chrono::NaiveDate;
use orderlog_read_models::{Answer, Freshness, Projections, QueryError, StoreError};

use super::{
    READ_MODEL,
    request::SalesRequest,
    sales::{Sales, SalesRow, sums},
};

#[derive(sqlx::FromRow)]
struct OfDay {
    day: String,
    #[sqlx(flatten)]
    sales: SalesRow,
}

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
