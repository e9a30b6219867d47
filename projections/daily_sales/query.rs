//! The waterfall of a range of business days, per currency, whole and in groups.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday};
use orderlog_domain::ids::{CustomerId, ProductId};
use uuid::Uuid;

use super::READ_MODEL;
use crate::{
    Projections,
    answer::{Answer, Cursor, Days, Freshness, PageRequest, QueryError},
    read::Read,
    store::{Sql, StoreError},
};

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

/// Which sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SalesRequest {
    /// Business days on which they were posted.
    pub days: Days,
    /// How to split them.
    pub group_by: Option<GroupBy>,
}

/// Rule R2 over some postings: gross − discount = net; + shipping = revenue; + tax = total. Minor units of one currency.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Sales {
    /// ISO code.
    pub currency: String,
    /// Orders placed.
    pub orders: i64,
    /// Units booked less units taken back.
    pub units: i64,
    /// Goods before discounts.
    pub gross: i64,
    /// A positive amount.
    pub discount: i64,
    /// Without tax.
    pub shipping: i64,
    /// All of it.
    pub tax: i64,
}

impl Sales {
    /// Net sales.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.gross - self.discount
    }

    /// The headline: without tax, with shipping.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.net() + self.shipping
    }

    /// With tax.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.revenue() + self.tax
    }

    fn add(&mut self, other: &Sales) {
        self.orders += other.orders;
        self.units += other.units;
        self.gross += other.gross;
        self.discount += other.discount;
        self.shipping += other.shipping;
        self.tax += other.tax;
    }
}

/// What a group is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupKey {
    /// A day, or the first day of a week or month.
    From(NaiveDate),
    /// A product.
    Product(ProductId),
    /// The shipping fees, when grouped by product.
    Shipping,
    /// A customer.
    Customer(CustomerId),
}

/// The sales of one group in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesGroup {
    /// What it is about.
    pub key: GroupKey,
    /// Its figures.
    pub sales: Sales,
}

/// Totals over the whole range and a page of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesReport {
    /// One per currency in which anything was posted.
    pub totals: Vec<Sales>,
    /// Periods in order of time; products and customers by revenue, largest first.
    pub groups: Vec<SalesGroup>,
    /// Groups over all pages.
    pub total_groups: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

const FIGURES: &str = "CAST(SUM(orders) AS BIGINT) AS orders, CAST(SUM(units) AS BIGINT) AS units, \
    CAST(SUM(gross) AS BIGINT) AS gross, CAST(SUM(discount) AS BIGINT) AS discount, \
    CAST(SUM(shipping) AS BIGINT) AS shipping, CAST(SUM(tax) AS BIGINT) AS tax";

/// Booked sales.
///
/// # Errors
/// When the store fails.
pub async fn daily_sales(
    projections: &Projections,
    request: SalesRequest,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<SalesReport>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut sql = Sql::new(&format!("SELECT currency, {FIGURES} FROM daily_sales WHERE 1 = 1"));
    request.days.restrict(&mut sql, "day");
    sql.push(" GROUP BY currency ORDER BY currency");
    let totals: Vec<Sales> = read.tx.all(&sql).await?;

    let skip = page.cursor.map_or(0, |cursor| cursor.value.max(0));
    let (groups, total_groups) = match request.group_by {
        None => (vec![], 0),
        Some(GroupBy::Day) => periods(&mut read, request.days, page.limit(), skip, |day| day).await?,
        Some(GroupBy::Week(start)) => {
            periods(&mut read, request.days, page.limit(), skip, move |day| day.week(start).first_day()).await?
        }
        Some(GroupBy::Month) => {
            periods(&mut read, request.days, page.limit(), skip, |day| day.with_day(1).unwrap_or(day)).await?
        }
        Some(GroupBy::Product) => {
            let key = |id: Uuid| if id.is_nil() { GroupKey::Shipping } else { GroupKey::Product(ProductId(id)) };
            things(&mut read, "daily_sales_products", "product_id", request.days, page.limit(), skip, key).await?
        }
        Some(GroupBy::Customer) => {
            let key = |id: Uuid| GroupKey::Customer(CustomerId(id));
            things(&mut read, "daily_sales_customers", "customer_id", request.days, page.limit(), skip, key).await?
        }
    };
    let given = skip + i64::try_from(groups.len()).unwrap_or(0);
    let pinned = page.cursor.map_or(read.position, |cursor| cursor.pinned);
    let next = (given < total_groups).then_some(Cursor { pinned, value: given, id: 0 });
    read.answer(SalesReport { totals, groups, total_groups, next }).await
}

#[derive(sqlx::FromRow)]
struct OfDay {
    day: String,
    #[sqlx(flatten)]
    sales: Sales,
}

/// Days gathered into periods, a page of them.
async fn periods(
    read: &mut Read,
    days: Days,
    limit: i64,
    skip: i64,
    period_of: impl Fn(NaiveDate) -> NaiveDate,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let mut sql =
        Sql::new("SELECT day, currency, orders, units, gross, discount, shipping, tax FROM daily_sales WHERE 1 = 1");
    days.restrict(&mut sql, "day");
    let mut sums: BTreeMap<(NaiveDate, String), Sales> = BTreeMap::new();
    for OfDay { day, sales } in read.tx.all::<OfDay>(&sql).await? {
        let day: NaiveDate = day.parse().map_err(|_| StoreError::Shape(format!("`{day}` is no day")))?;
        match sums.entry((period_of(day), sales.currency.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    let total = i64::try_from(sums.len()).unwrap_or(i64::MAX);
    let (skip, limit) = (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(0));
    let group = |((from, _), sales)| SalesGroup { key: GroupKey::From(from), sales };
    Ok((sums.into_iter().skip(skip).take(limit).map(group).collect(), total))
}

#[derive(sqlx::FromRow)]
struct OfThing {
    id: Uuid,
    #[sqlx(flatten)]
    sales: Sales,
}

/// Products or customers by revenue, a page of them.
async fn things(
    read: &mut Read,
    table: &str,
    column: &str,
    days: Days,
    limit: i64,
    skip: i64,
    key: impl Fn(Uuid) -> GroupKey,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let mut counting =
        Sql::new(&format!("SELECT COUNT(*) FROM (SELECT DISTINCT currency, {column} FROM {table} WHERE 1 = 1"));
    days.restrict(&mut counting, "day");
    counting.push(") AS things");
    let total = read.tx.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);

    let mut sql = Sql::new(&format!("SELECT {column} AS id, currency, {FIGURES} FROM {table} WHERE 1 = 1"));
    days.restrict(&mut sql, "day");
    sql.push(&format!(
        " GROUP BY {column}, currency ORDER BY SUM(gross) - SUM(discount) + SUM(shipping) DESC, {column}, currency LIMIT "
    ));
    sql.arg(limit).push(" OFFSET ").arg(skip);
    let found: Vec<OfThing> = read.tx.all(&sql).await?;
    Ok((found.into_iter().map(|of| SalesGroup { key: key(of.id), sales: of.sales }).collect(), total))
}
