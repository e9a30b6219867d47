//! The sales that are asked for, and the rows whose sums they are: now, and as they were known at an earlier position.

use chrono::Weekday;
use orderlog_domain::{
    calendar::Period,
    ids::{CustomerId, Position, ProductId},
    money::Currency,
    postings::Basis,
};
use orderlog_read_models::{Days, Freshness, QueryError, SnapshotRead, Sql};
use rust_decimal::Decimal;

use super::sales::figures;

/// How the figures are split.
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
    /// Tax rates of lines; amounts without a line, such as the shipping fee, are a group of their own.
    TaxRate,
}

impl GroupBy {
    /// The days that are taken together, where groups are of days.
    #[must_use]
    pub fn period(self) -> Option<Period> {
        match self {
            GroupBy::Day => Some(Period::Day),
            GroupBy::Week(start) => Some(Period::Week(start)),
            GroupBy::Month => Some(Period::Month),
            GroupBy::Product | GroupBy::Customer | GroupBy::TaxRate => None,
        }
    }
}

/// The order of groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {
    /// The largest revenue; on the cash basis the most money.
    Revenue,
    /// The most units.
    Units,
    /// The most orders.
    Orders,
    /// The largest change of revenue, up or down.
    Change,
    /// The least revenue; what had none, of things and not of days, comes last.
    Least,
}

/// Which sales.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SalesRequest {
    /// What counts as a sale, and when.
    pub basis: Basis,
    /// Business days of the postings.
    pub days: Days,
    /// Only sales of these products, of any if empty; the nil id means amounts of no product.
    pub products: Vec<ProductId>,
    /// Only sales to this customer.
    pub customer: Option<CustomerId>,
    /// Only sales of lines taxed at this rate.
    pub tax_rate: Option<Decimal>,
    /// How to split the sales.
    pub group_by: Option<GroupBy>,
    /// How to split each group once more.
    pub then_by: Option<GroupBy>,
    /// Other days, which these are compared with.
    pub compared: Option<Days>,
    /// The order of groups; by default periods by time and others by revenue.
    pub sort: Option<Sort>,
    /// Days that get a group even without postings, in this currency, if groups are days.
    pub listed: Option<(Days, Currency)>,
    /// The sales as they were known at this position; as they are known now if left out.
    pub as_of: Option<Position>,
}

/// Every zone's hours begin at a whole quarter of an hour.
pub(super) const QUARTER_MILLIS: i64 = 15 * 60 * 1_000;

/// A table of sums, and the subject of its rows in addition to the day.
#[derive(Clone, Copy)]
pub(super) struct Sums {
    pub(super) table: &'static str,
    column: &'static str,
    /// The same column in the table of postings.
    of_posting: &'static str,
}

impl Sums {
    const fn new(table: &'static str, column: &'static str) -> Sums {
        Sums { table, column, of_posting: column }
    }
}

const BY_DAY: Sums = Sums::new("daily_sales", "basis");
const BY_PRODUCT: Sums = Sums::new("daily_sales_products", "product_id");
const BY_CUSTOMER: Sums = Sums::new("daily_sales_customers", "customer_id");
const BY_QUARTER: Sums = Sums { of_posting: QUARTER, ..Sums::new("daily_sales_quarters", "quarter") };
/// The quarter of an hour in which a posting happened, counted from 1970.
const QUARTER: &str = "happened_at / 900000 AS quarter";
const _: () = assert!(QUARTER_MILLIS == 900_000, "the number in QUARTER");

/// The rows of a line's tax rate; `p` is a posting.
const RATES: &str = " LEFT JOIN sales_lines AS l \
    ON l.order_id = p.order_id AND l.line = p.line AND l.product_id = p.product_id";

/// A part of the days asked for.
pub(super) struct Part {
    /// Whether these are the days with which others are compared.
    past: bool,
    days: Days,
    /// Days of which only a part was posted at the position asked for.
    under_way: Vec<String>,
}

impl SalesRequest {
    /// Whether only some products are asked for. An order with several lines of a product is counted on one of them.
    #[must_use]
    pub fn is_of_products(&self) -> bool {
        !self.products.is_empty()
    }

    /// The table with the sums of groups like these; if there is none, postings are added up.
    pub(super) fn sums(&self, groups: &[GroupBy]) -> Option<Sums> {
        let product = self.is_of_products() || groups.contains(&GroupBy::Product);
        let customer = self.customer.is_some() || groups.contains(&GroupBy::Customer);
        let rate = self.tax_rate.is_some() || groups.contains(&GroupBy::TaxRate);
        match (product, customer, rate) {
            (false, false, false) => Some(BY_DAY),
            (true, false, false) => Some(BY_PRODUCT),
            (false, true, false) => Some(BY_CUSTOMER),
            _ => None,
        }
    }

    /// Whether the sums of days are enough.
    pub(super) fn is_of_days(&self) -> bool {
        let groups: Vec<GroupBy> = self.group_by.into_iter().collect();
        self.then_by.is_none() && self.sums(&groups).is_some_and(|sums| sums.table == BY_DAY.table)
    }

    /// How fresh the tables must be: for the past they need only have reached that position.
    pub(super) fn freshness(&self, freshness: Freshness) -> Freshness {
        match (freshness, self.as_of) {
            (Freshness::AtLeast(position), Some(then)) => Freshness::AtLeast(position.min(then)),
            (Freshness::Whatever, Some(then)) => Freshness::AtLeast(then),
            (freshness, None) => freshness,
        }
    }

    /// Adds ` WHERE …`: the basis and the days.
    pub(super) fn restrict_days(&self, sql: &mut Sql) {
        sql.push(" WHERE basis = ").arg(self.basis.name().to_owned());
        self.days.restrict(sql, "day");
    }

    /// Adds ` WHERE …`: all but the tax rate.
    pub(super) fn restrict(&self, sql: &mut Sql) {
        self.restrict_days(sql);
        self.restrict_things(sql, "");
    }

    fn restrict_things(&self, sql: &mut Sql, prefix: &str) {
        match self.products.as_slice() {
            [] => {}
            [product] => _ = sql.push(&format!(" AND {prefix}product_id = ")).arg(product.0),
            products => {
                sql.push(&format!(" AND {prefix}product_id IN (")).list(products.iter().map(|id| id.0)).push(")");
            }
        }
        if let Some(customer) = self.customer {
            sql.push(" AND customer_id = ").arg(customer.0);
        }
    }

    /// The days asked for, and the days with which they are compared.
    pub(super) async fn parts(&self, read: &mut SnapshotRead) -> Result<Vec<Part>, QueryError> {
        let mut parts = vec![];
        for (past, days) in [(false, Some(self.days)), (true, self.compared)] {
            let Some(days) = days else { continue };
            let under_way = SalesRequest { days, ..self.clone() }.days_under_way(read).await?;
            parts.push(Part { past, days, under_way });
        }
        Ok(parts)
    }

    async fn days_under_way(&self, read: &mut SnapshotRead) -> Result<Vec<String>, QueryError> {
        let Some(as_of) = self.as_of else { return Ok(vec![]) };
        let mut sql = Sql::new("SELECT day FROM sales_days");
        self.restrict_days(&mut sql);
        sql.push(" AND first_position <= ").arg(as_of.0).push(" AND last_position > ").arg(as_of.0);
        let days: Vec<(String,)> = read.all(&sql).await?;
        Ok(days.into_iter().map(|(day,)| day).collect())
    }

    /// ` FROM …` with the rows whose sums are groups like these: the part (`past`, 0 or 1), day, currencies, subject
    /// and figures.
    pub(super) fn rows(&self, parts: &[Part], groups: &[GroupBy]) -> Sql {
        // An order with several lines of a product is counted on one of them.
        let of_products = self.is_of_products() || groups.contains(&GroupBy::Product);
        self.rows_of(parts, self.sums(groups), of_products)
    }

    /// The same rows with the quarter of an hour, counted from 1970.
    pub(super) fn rows_of_quarters(&self, parts: &[Part]) -> Sql {
        let sums = self.sums(&[]).filter(|sums| sums.table == BY_DAY.table).map(|_| BY_QUARTER);
        self.rows_of(parts, sums, self.is_of_products())
    }

    fn rows_of(&self, parts: &[Part], sums: Option<Sums>, of_products: bool) -> Sql {
        let orders = if of_products { "holds" } else { "orders" };
        let mut sql = Sql::new(" FROM (");
        for (nth, part) in parts.iter().enumerate() {
            if nth > 0 {
                sql.push(" UNION ALL ");
            }
            let request = SalesRequest { days: part.days, ..self.clone() };
            match (sums, self.as_of) {
                (None, _) => request.push_postings(&mut sql, part, orders),
                (Some(sums), None) => request.push_sums(&mut sql, sums, part),
                (Some(sums), Some(as_of)) => request.push_sums_as_of(&mut sql, sums, part, orders, as_of),
            }
        }
        sql.push(") AS sales");
        sql
    }

    fn push_sums(&self, sql: &mut Sql, Sums { table, column, .. }: Sums, part: &Part) {
        let (past, figures) = (i32::from(part.past), figures("orders"));
        sql.push(&format!("SELECT {past} AS past, day, currency, home, {column}, {figures} FROM {table}"));
        self.restrict(sql);
    }

    /// For an earlier position: the sums of the days that were completely posted by then, and single postings of the
    /// others.
    fn push_sums_as_of(&self, sql: &mut Sql, sums: Sums, part: &Part, orders: &str, Position(as_of): Position) {
        self.push_sums(sql, sums, part);
        sql.push(" AND day IN (SELECT day FROM sales_days");
        self.restrict_days(sql);
        sql.push(" AND last_position <= ").arg(as_of).push(")");
        if !part.under_way.is_empty() {
            let (past, column, figures) = (i32::from(part.past), sums.of_posting, figures(orders));
            let select = format!("SELECT {past} AS past, day, currency, home, {column}, {figures} FROM sales_postings");
            sql.push(" UNION ALL ").push(&select);
            sql.push(" WHERE basis = ").arg(self.basis.name().to_owned());
            sql.push(" AND day IN (").list(part.under_way.clone()).push(") AND position <= ").arg(as_of);
            self.restrict_things(sql, "");
        }
    }

    /// Single postings, which are about a product, a customer and a tax rate at once.
    fn push_postings(&self, sql: &mut Sql, part: &Part, orders: &str) {
        let (past, figures) = (i32::from(part.past), figures(orders));
        sql.push(&format!(
            "SELECT {past} AS past, day, currency, home, p.product_id AS product_id, customer_id, tax_rate, {QUARTER}, \
             {figures} FROM sales_postings AS p{RATES}"
        ));
        self.restrict_days(sql);
        self.restrict_things(sql, "p.");
        if let Some(rate) = self.tax_rate {
            sql.push(" AND tax_rate = ").arg(rate.normalize().to_string());
        }
        if let Some(Position(as_of)) = self.as_of {
            sql.push(" AND position <= ").arg(as_of);
        }
    }
}

/// Adds to a `WHERE` over postings that their lines are taxed at this rate.
pub(super) fn restrict_rate(rate: Option<Decimal>, sql: &mut Sql) {
    if let Some(rate) = rate {
        sql.push(
            " AND EXISTS (SELECT 1 FROM sales_lines AS l WHERE l.order_id = sales_postings.order_id \
             AND l.line = sales_postings.line AND l.product_id = sales_postings.product_id AND l.tax_rate = ",
        );
        sql.arg(rate.normalize().to_string()).push(")");
    }
}
