//! How long orders waited until they were shipped.

use orderlog_read_models::{Days, Freshness, Projections, QueryError, Sql};

use super::READ_MODEL;

/// The days follow.
const TIMES_TO_SHIP: &str = "
SELECT waited, COUNT(*) FROM (
    SELECT order_id, MAX(waited) AS waited FROM order_summary_acts WHERE act = 'shipped'";

/// How many of the orders that were shipped on these days had waited how many days for it, shortest first.
///
/// # Errors
/// When the store fails.
pub async fn times_to_ship(
    projections: &Projections,
    days: Days,
    freshness: Freshness,
) -> Result<Vec<(i64, i64)>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut sql = Sql::new(TIMES_TO_SHIP);
    days.restrict(&mut sql, "day");
    sql.push(" GROUP BY order_id) AS shipped GROUP BY waited ORDER BY waited");
    let found = read.all(&sql).await?;
    Ok(read.answer(found).await?.found)
}
