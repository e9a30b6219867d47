//! Which sales are asked for, and the rows that add up to them: now, and as they were known at an earlier position.

use chrono::Weekday;
use orderlog_domain::{calendar::Period, ids::Position, postings::Basis};
use orderlog_read_models::{Days, QueryError, SnapshotRead, Sql};

use super::sales::figures;

/// What the figures are split by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Business days.
    Day,
    /// Weeks that start on this day.
    Week(Weekday),
    /// Calendar months.
    Month,
    /// Products; the shipping fee is a group of its own.
    Product,
    /// Customers.
    Customer,
}

impl GroupBy {
    /// The days that are taken together, where groups are of days.
    #[must_use]
    pub fn period(self) -> Option<Period> {
        match self {
            GroupBy::Day => Some(Period::Day),
            GroupBy::Week(start) => Some(Period::Week(start)),
            GroupBy::Month => Some(Period::Month),
            GroupBy::Product | GroupBy::Customer => None,
        }
    }
}

/// Which sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SalesRequest {
    /// What counts as a sale, and when.
    pub basis: Basis,
    /// Business days on which they were posted.
    pub days: Days,
    /// How to split them.
    pub group_by: Option<GroupBy>,
    /// As it was known at this position; as it is known now when left out.
    pub as_of: Option<Position>,
}

/// A table of sums, and what its rows are about besides the day.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) table: &'static str,
    pub(super) column: &'static str,
}

pub(super) const BY_DAY: Sums = Sums { table: "daily_sales", column: "basis" };
pub(super) const BY_PRODUCT: Sums = Sums { table: "daily_sales_products", column: "product_id" };
pub(super) const BY_CUSTOMER: Sums = Sums { table: "daily_sales_customers", column: "customer_id" };

impl SalesRequest {
    /// Adds ` WHERE …`: the basis and the days.
    pub(super) fn restrict(&self, sql: &mut Sql) {
        sql.push(" WHERE basis = ").arg(self.basis.name().to_owned());
        self.days.restrict(sql, "day");
    }

    /// Days of which only a part was posted by the position asked about.
    pub(super) async fn days_under_way(&self, read: &mut SnapshotRead) -> Result<Vec<String>, QueryError> {
        let Some(as_of) = self.as_of else { return Ok(vec![]) };
        let mut sql = Sql::new("SELECT day FROM sales_days");
        self.restrict(&mut sql);
        sql.push(" AND first_position <= ").arg(as_of.0).push(" AND last_position > ").arg(as_of.0);
        let days: Vec<(String,)> = read.all(&sql).await?;
        Ok(days.into_iter().map(|(day,)| day).collect())
    }

    /// ` FROM …` with the rows that add up to what is asked, of which the table `by` holds the sums.
    pub(super) fn rows(&self, by: Sums, under_way: &[String]) -> Sql {
        let Some(as_of) = self.as_of else {
            let mut sql = Sql::new(&format!(" FROM {}", by.table));
            self.restrict(&mut sql);
            return sql;
        };
        self.rows_as_of(as_of, by, under_way)
    }

    /// As of an earlier position: the sums of the days that were wholly posted by then, and single postings of the others.
    fn rows_as_of(&self, Position(as_of): Position, Sums { table, column }: Sums, under_way: &[String]) -> Sql {
        let mut sql =
            Sql::new(&format!(" FROM (SELECT day, currency, home, {column}, {} FROM {table}", figures("orders")));
        self.restrict(&mut sql);
        sql.push(" AND day IN (SELECT day FROM sales_days");
        self.restrict(&mut sql);
        sql.push(" AND last_position <= ").arg(as_of).push(")");
        if !under_way.is_empty() {
            // A product's orders are counted on one line of each.
            let figures = figures(if column == "product_id" { "holds" } else { "orders" });
            sql.push(&format!(" UNION ALL SELECT day, currency, home, {column}, {figures} FROM sales_postings"));
            sql.push(" WHERE basis = ").arg(self.basis.name().to_owned());
            sql.push(" AND day IN (").list(under_way.to_vec()).push(") AND position <= ").arg(as_of);
        }
        sql.push(") AS sales");
        sql
    }
}
