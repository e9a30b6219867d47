//! First and last order of some days; used to narrow searches.

use orderlog_read_models::{Days, QueryError, SnapshotRead, Sql};

/// The times and the position between which the orders of some days were placed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// When the first and the last was placed, milliseconds since the epoch.
    first_placed_at: i64,
    last_placed_at: i64,
    /// No order of these days was placed or open before this position.
    pub(super) first_position: i64,
}
orderlog_read_models::from_row!(Extent { first_placed_at, last_placed_at, first_position });

const EXTENT: &str = "
SELECT MIN(first_placed_at) AS first_placed_at, MAX(last_placed_at) AS last_placed_at,
    MIN(first_position) AS first_position
FROM pending_days WHERE 1 = 1";

impl Extent {
    /// The extent of these days; `None` if no order was placed on them.
    pub(super) async fn of(read: &mut SnapshotRead, days: Days) -> Result<Option<Extent>, QueryError> {
        let mut sql = Sql::new(EXTENT);
        days.restrict(&mut sql, "placed_on");
        sql.push(" HAVING COUNT(*) > 0");
        Ok(read.first(&sql).await?)
    }

    /// Adds ` AND placed_at >= … AND placed_at <= …`.
    pub(super) fn restrict(&self, sql: &mut Sql) {
        sql.push(" AND placed_at >= ").arg(self.first_placed_at).push(" AND placed_at <= ").arg(self.last_placed_at);
    }
}
