//! How long orders waited until something was done with them, such as shipping.

use orderlog_read_models::{Days, Freshness, Projections, QueryError, Sql};

use super::{READ_MODEL, acts::Act};

/// The days follow.
const TIMES_UNTIL: &str = "
SELECT waited, COUNT(*) FROM (
    SELECT order_id, MAX(waited) AS waited FROM order_summary_acts WHERE act = $1";

/// How many of the orders with which `act` was done on these days had waited how many days for it, shortest first.
///
/// # Errors
/// When the store fails.
pub async fn times_until(
    projections: &Projections,
    act: Act,
    days: Days,
    freshness: Freshness,
) -> Result<Vec<(i64, i64)>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut sql = Sql::new(TIMES_UNTIL).bind(act.name().to_owned());
    days.restrict(&mut sql, "day");
    sql.push(" GROUP BY order_id) AS done GROUP BY waited ORDER BY waited");
    let found = read.all(&sql).await?;
    Ok(read.answer(found).await?.found)
}
