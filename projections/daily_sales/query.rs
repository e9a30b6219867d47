//! The waterfall of a range of business days on one basis, per currency, whole and in groups, and what explains it.

use std::collections::BTreeMap;

use chrono::{Datelike, NaiveDate, Weekday};
pub use orderlog_domain::postings::Figures;
use orderlog_domain::{
    ids::{CustomerId, Position, ProductId},
    postings::Basis,
};
use uuid::Uuid;

use super::{READ_MODEL, SalesPosting};
use crate::{
    Projections,
    answer::{Answer, Cursor, Days, Freshness, PageRequest, QueryError},
    read::Read,
    row::Row as _,
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
    /// What counts as a sale, and when.
    pub basis: Basis,
    /// Business days on which they were posted.
    pub days: Days,
    /// How to split them.
    pub group_by: Option<GroupBy>,
    /// As it was known at this position; as it is known now when left out.
    pub as_of: Option<Position>,
}

/// Sales in one currency, with what they come to in the currency they were converted to. Minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sales {
    /// ISO code of `own`.
    pub currency: String,
    /// ISO code of `converted`: the shop's currency, or `currency` where nothing was converted.
    pub home: String,
    /// Orders posted less orders taken back whole.
    pub orders: i64,
    /// Units posted less units taken back.
    pub units: i64,
    /// As ordered.
    pub own: Figures,
    /// In `home`.
    pub converted: Figures,
}

impl Sales {
    /// The headline in the order's currency: without tax, with shipping.
    #[must_use]
    pub fn revenue(&self) -> i64 {
        self.own.revenue()
    }

    /// No sales yet, in one currency.
    #[must_use]
    pub fn nothing(currency: &str) -> Sales {
        let (currency, home) = (currency.to_owned(), currency.to_owned());
        Sales { currency, home, orders: 0, units: 0, own: Figures::default(), converted: Figures::default() }
    }

    /// Adds sales of the same currencies.
    pub fn add(&mut self, other: &Sales) {
        self.orders += other.orders;
        self.units += other.units;
        self.own.add(other.own);
        self.converted.add(other.converted);
    }
}

impl<'r, R: sqlx::Row> sqlx::FromRow<'r, R> for Sales
where
    &'static str: sqlx::ColumnIndex<R>,
    String: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
    i64: sqlx::Decode<'r, R::Database> + sqlx::Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Sales, sqlx::Error> {
        let figures = |[gross, discount, shipping, tax, cash]: [&'static str; 5]| -> Result<Figures, sqlx::Error> {
            Ok(Figures {
                gross: row.try_get(gross)?,
                discount: row.try_get(discount)?,
                shipping: row.try_get(shipping)?,
                tax: row.try_get(tax)?,
                cash: row.try_get(cash)?,
            })
        };
        Ok(Sales {
            currency: row.try_get("currency")?,
            home: row.try_get("home")?,
            orders: row.try_get("orders")?,
            units: row.try_get("units")?,
            own: figures(["gross", "discount", "shipping", "tax", "cash"])?,
            converted: figures(["home_gross", "home_discount", "home_shipping", "home_tax", "home_cash"])?,
        })
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

/// The sums of every figure; `orders` is counted by another column where postings stand for products.
fn sums(orders: &str) -> String {
    let figures = ["units", "gross", "discount", "shipping", "tax", "cash"].into_iter();
    let home = ["home_gross", "home_discount", "home_shipping", "home_tax", "home_cash"];
    let sum = |column: &str, name: &str| format!("CAST(SUM({column}) AS BIGINT) AS {name}");
    let all = std::iter::once(sum(orders, "orders")).chain(figures.chain(home).map(|name| sum(name, name)));
    all.collect::<Vec<_>>().join(", ")
}

impl SalesRequest {
    /// The sums answer what is known now; what was known earlier, the postings tell.
    fn table(&self, sums: &'static str) -> &'static str {
        if self.as_of.is_some() { "sales_postings" } else { sums }
    }

    fn restrict(&self, sql: &mut Sql) {
        sql.push(" WHERE basis = ").arg(self.basis.name().to_owned());
        self.days.restrict(sql, "day");
        if let Some(position) = self.as_of {
            sql.push(" AND position <= ").arg(position.0);
        }
    }
}

/// Sales on one basis. What is known now costs the days of the range; what was known earlier, their postings.
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
    let mut sql = Sql::new(&format!("SELECT currency, home, {} FROM {}", sums("orders"), request.table("daily_sales")));
    request.restrict(&mut sql);
    sql.push(" GROUP BY currency, home ORDER BY currency, home");
    let totals: Vec<Sales> = read.tx.all(&sql).await?;

    let skip = page.cursor.map_or(0, |cursor| cursor.value.max(0));
    let (groups, total_groups) = match request.group_by {
        None => (vec![], 0),
        Some(GroupBy::Day) => periods(&mut read, request, page.limit(), skip, |day| day).await?,
        Some(GroupBy::Week(start)) => {
            periods(&mut read, request, page.limit(), skip, move |day| day.week(start).first_day()).await?
        }
        Some(GroupBy::Month) => {
            periods(&mut read, request, page.limit(), skip, |day| day.with_day(1).unwrap_or(day)).await?
        }
        Some(GroupBy::Product) => {
            let key = |id: Uuid| if id.is_nil() { GroupKey::Shipping } else { GroupKey::Product(ProductId(id)) };
            things(&mut read, "daily_sales_products", "product_id", request, page.limit(), skip, key).await?
        }
        Some(GroupBy::Customer) => {
            let key = |id: Uuid| GroupKey::Customer(CustomerId(id));
            things(&mut read, "daily_sales_customers", "customer_id", request, page.limit(), skip, key).await?
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
    request: SalesRequest,
    limit: i64,
    skip: i64,
    period_of: impl Fn(NaiveDate) -> NaiveDate,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let table = request.table("daily_sales");
    let mut sql = Sql::new(&format!("SELECT day, currency, home, {} FROM {table}", sums("orders")));
    request.restrict(&mut sql);
    sql.push(" GROUP BY day, currency, home");
    let mut sums: BTreeMap<(NaiveDate, String, String), Sales> = BTreeMap::new();
    for OfDay { day, sales } in read.tx.all::<OfDay>(&sql).await? {
        let day: NaiveDate = day.parse().map_err(|_| StoreError::Shape(format!("`{day}` is no day")))?;
        match sums.entry((period_of(day), sales.currency.clone(), sales.home.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    let total = i64::try_from(sums.len()).unwrap_or(i64::MAX);
    let (skip, limit) = (usize::try_from(skip).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(0));
    let group = |((from, _, _), sales)| SalesGroup { key: GroupKey::From(from), sales };
    Ok((sums.into_iter().skip(skip).take(limit).map(group).collect(), total))
}

#[derive(sqlx::FromRow)]
struct OfThing {
    id: Uuid,
    #[sqlx(flatten)]
    sales: Sales,
}

/// Products or customers by revenue in the shop's currency, a page of them.
async fn things(
    read: &mut Read,
    table: &'static str,
    column: &str,
    request: SalesRequest,
    limit: i64,
    skip: i64,
    key: impl Fn(Uuid) -> GroupKey,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let orders = if request.as_of.is_some() && column == "product_id" { "holds" } else { "orders" };
    let table = request.table(table);
    let mut counting =
        Sql::new(&format!("SELECT COUNT(*) FROM (SELECT DISTINCT currency, home, {column} FROM {table}"));
    request.restrict(&mut counting);
    counting.push(") AS things");
    let total = read.tx.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);

    let mut sql = Sql::new(&format!("SELECT {column} AS id, currency, home, {} FROM {table}", sums(orders)));
    request.restrict(&mut sql);
    sql.push(&format!(
        " GROUP BY {column}, currency, home ORDER BY \
         SUM(home_gross) - SUM(home_discount) + SUM(home_shipping) + SUM(home_cash) DESC, {column}, currency LIMIT "
    ));
    sql.arg(limit).push(" OFFSET ").arg(skip);
    let found: Vec<OfThing> = read.tx.all(&sql).await?;
    Ok((found.into_iter().map(|of| SalesGroup { key: key(of.id), sales: of.sales }).collect(), total))
}

/// Which figure to explain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Basis, days, and the moment it was known.
    pub request: SalesRequest,
    /// Only postings in this currency.
    pub currency: Option<String>,
    /// Only postings of this product.
    pub product: Option<ProductId>,
    /// Only postings of this customer's orders.
    pub customer: Option<CustomerId>,
}

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct ExplainedPosting {
    /// Of its event.
    pub position: i64,
    /// Among the event's postings.
    pub nth: i64,
    /// Business day.
    pub day: String,
    /// Type of its event.
    pub event: String,
    /// Of which order.
    pub order_id: i64,
    /// Line number; 0 for what concerns the order as a whole.
    pub line: i64,
    /// Its figures.
    #[sqlx(flatten)]
    pub sales: Sales,
}

/// The postings behind a figure, a page of them, and what all of them add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// In order of the log.
    pub postings: Vec<ExplainedPosting>,
    /// Over all pages.
    pub total_count: i64,
    /// Sums of the postings over all pages, one per currency.
    pub sums: Vec<Sales>,
    /// The same figures as reports show them, added up as events came in.
    pub reported: Vec<Sales>,
    /// The position the postings are pinned to.
    pub pinned: Position,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

/// Every posting of a figure.
///
/// # Errors
/// When the store fails.
pub async fn explain(
    projections: &Projections,
    selection: &Selection,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<Explained>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let pinned = match (page.cursor, selection.request.as_of) {
        (Some(cursor), _) => cursor.pinned,
        (None, Some(as_of)) => as_of.min(read.position),
        (None, None) => read.position,
    };
    let restrict = |sql: &mut Sql| {
        SalesRequest { as_of: Some(pinned), ..selection.request }.restrict(sql);
        selection.restrict(sql);
    };
    let group = " GROUP BY currency, home ORDER BY currency, home";
    let orders = if selection.product.is_some() { "holds" } else { "orders" };
    let mut sql = Sql::new(&format!("SELECT currency, home, {} FROM sales_postings", sums(orders)));
    restrict(&mut sql);
    sql.push(group);
    let sums_of_postings: Vec<Sales> = read.tx.all(&sql).await?;

    let reported = if pinned == read.position {
        let table = match (selection.product, selection.customer) {
            (Some(_), None) => Some("daily_sales_products"),
            (None, Some(_)) => Some("daily_sales_customers"),
            (None, None) => Some("daily_sales"),
            (Some(_), Some(_)) => None,
        };
        match table {
            Some(table) => {
                let mut sql = Sql::new(&format!("SELECT currency, home, {} FROM {table}", sums("orders")));
                SalesRequest { as_of: None, ..selection.request }.restrict(&mut sql);
                selection.restrict(&mut sql);
                sql.push(group);
                read.tx.all(&sql).await?
            }
            None => sums_of_postings.clone(),
        }
    } else {
        sums_of_postings.clone()
    };

    let mut counting = Sql::new("SELECT COUNT(*) FROM sales_postings");
    restrict(&mut counting);
    let total_count = read.tx.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);
    let mut sql = Sql::new(&format!("SELECT {} FROM sales_postings", SalesPosting::TABLE.column_list("")));
    restrict(&mut sql);
    if let Some(cursor) = page.cursor {
        sql.push(" AND (position > ").arg(cursor.value).push(" OR (position = ").arg(cursor.value);
        sql.push(" AND nth > ").arg(cursor.id).push("))");
    }
    sql.push(" ORDER BY position, nth LIMIT ").arg(page.limit() + 1);
    let mut postings: Vec<ExplainedPosting> = read.tx.all(&sql).await?;
    let more = postings.len() > usize::try_from(page.limit()).unwrap_or(usize::MAX);
    if more {
        postings.pop();
    }
    let last = postings.last().filter(|_| more);
    let next = last.map(|last| Cursor { pinned, value: last.position, id: last.nth });
    read.answer(Explained { postings, total_count, sums: sums_of_postings, reported, pinned, next }).await
}

impl Selection {
    fn restrict(&self, sql: &mut Sql) {
        if let Some(currency) = &self.currency {
            sql.push(" AND currency = ").arg(currency.clone());
        }
        if let Some(product) = self.product {
            sql.push(" AND product_id = ").arg(product.0);
        }
        if let Some(customer) = self.customer {
            sql.push(" AND customer_id = ").arg(customer.0);
        }
    }
}
