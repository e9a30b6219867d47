//! The waterfall of a range of business days on one basis, per currency, whole and in groups, and what explains it.

use std::collections::BTreeMap;

use chrono::{NaiveDate, Weekday};
pub use orderlog_domain::postings::Figures;
use orderlog_domain::{
    calendar::Period,
    ids::{CustomerId, Position, ProductId},
    postings::Basis,
};
use orderlog_read_models::{
    Answer, Cursor, Days, Freshness, PageRequest, Projections, QueryError, Row as _, SnapshotRead, Sql, StoreError,
};
use uuid::Uuid;

use super::{READ_MODEL, SalesPosting};

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

    /// As it counts in `home`, where sales in several currencies can be added.
    #[must_use]
    pub fn in_home(self) -> Sales {
        Sales { currency: self.home.clone(), own: self.converted, ..self }
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

/// The sales of one group, as they count in one `home`.
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

/// What every row of figures holds besides the orders.
const FIGURES: [&str; 11] = [
    "units",
    "gross",
    "discount",
    "shipping",
    "tax",
    "cash",
    "home_gross",
    "home_discount",
    "home_shipping",
    "home_tax",
    "home_cash",
];

/// The sums of every figure; `orders` is counted by another column where postings stand for products.
fn sums(orders: &str) -> String {
    let sum = |column: &str, name: &str| format!("CAST(SUM({column}) AS BIGINT) AS {name}");
    let all = std::iter::once(sum(orders, "orders")).chain(FIGURES.into_iter().map(|name| sum(name, name)));
    all.collect::<Vec<_>>().join(", ")
}

impl SalesRequest {
    fn restrict(&self, sql: &mut Sql) {
        sql.push(" WHERE basis = ").arg(self.basis.name().to_owned());
        self.days.restrict(sql, "day");
    }

    /// Days of which only a part was posted by the position asked about.
    async fn days_under_way(&self, read: &mut SnapshotRead) -> Result<Vec<String>, QueryError> {
        let Some(as_of) = self.as_of else { return Ok(vec![]) };
        let mut sql = Sql::new("SELECT day FROM sales_days");
        self.restrict(&mut sql);
        sql.push(" AND first_position <= ").arg(as_of.0).push(" AND last_position > ").arg(as_of.0);
        let days: Vec<(String,)> = read.all(&sql).await?;
        Ok(days.into_iter().map(|(day,)| day).collect())
    }

    /// ` FROM …` with the rows that add up to what is asked: the sums of `table`, whose key is `column`. As of an earlier
    /// position these are the sums of the days that were wholly posted by then, and single postings of the others.
    fn source(&self, sql: &mut Sql, Sums { table, column }: Sums, under_way: &[String]) {
        let Some(as_of) = self.as_of else {
            sql.push(" FROM ").push(table);
            return self.restrict(sql);
        };
        let columns = |orders: &str| format!("SELECT day, currency, home, {column}, {orders}, {}", FIGURES.join(", "));
        sql.push(" FROM (").push(&columns("orders")).push(" FROM ").push(table);
        self.restrict(sql);
        sql.push(" AND day IN (SELECT day FROM sales_days");
        self.restrict(sql);
        sql.push(" AND last_position <= ").arg(as_of.0).push(")");
        if !under_way.is_empty() {
            // A product's orders are counted on one line of each.
            let orders = if column == "product_id" { "holds AS orders" } else { "orders" };
            sql.push(" UNION ALL ").push(&columns(orders)).push(" FROM sales_postings WHERE basis = ");
            sql.arg(self.basis.name().to_owned()).push(" AND day IN (").list(under_way.to_vec());
            sql.push(") AND position <= ").arg(as_of.0);
        }
        sql.push(") AS sales");
    }
}

/// A table of sums, and what its rows are about besides the day.
#[derive(Clone, Copy)]
struct Sums {
    table: &'static str,
    column: &'static str,
}

const BY_DAY: Sums = Sums { table: "daily_sales", column: "basis" };
const BY_PRODUCT: Sums = Sums { table: "daily_sales_products", column: "product_id" };
const BY_CUSTOMER: Sums = Sums { table: "daily_sales_customers", column: "customer_id" };

/// Sales on one basis. It costs the days of the range; for what was known earlier, also the postings of the days that
/// were under way then.
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
    let under_way = request.days_under_way(&mut read).await?;
    let mut sql = Sql::new(&format!("SELECT currency, home, {}", sums("orders")));
    request.source(&mut sql, BY_DAY, &under_way);
    sql.push(" GROUP BY currency, home ORDER BY currency, home");
    let totals: Vec<Sales> = read.all(&sql).await?;

    let skip = page.cursor.map_or(0, |cursor| cursor.value.max(0));
    let wanted = Wanted { request, under_way, limit: page.limit(), skip };
    let (groups, total_groups) = match request.group_by {
        None => (vec![], 0),
        Some(GroupBy::Day) => periods(&mut read, &wanted, Period::Day).await?,
        Some(GroupBy::Week(start)) => periods(&mut read, &wanted, Period::Week(start)).await?,
        Some(GroupBy::Month) => periods(&mut read, &wanted, Period::Month).await?,
        Some(GroupBy::Product) => {
            let key = |id: Uuid| if id.is_nil() { GroupKey::Shipping } else { GroupKey::Product(ProductId(id)) };
            things(&mut read, BY_PRODUCT, &wanted, key).await?
        }
        Some(GroupBy::Customer) => {
            things(&mut read, BY_CUSTOMER, &wanted, |id| GroupKey::Customer(CustomerId(id))).await?
        }
    };
    let given = skip + i64::try_from(groups.len()).unwrap_or(0);
    let pinned = page.cursor.map_or(read.position(), |cursor| cursor.pinned);
    let next = (given < total_groups).then_some(Cursor { pinned, value: given, id: 0, at: 0 });
    read.answer(SalesReport { totals, groups, total_groups, next }).await
}

/// Which groups of which sales.
struct Wanted {
    request: SalesRequest,
    under_way: Vec<String>,
    limit: i64,
    skip: i64,
}

#[derive(sqlx::FromRow)]
struct OfDay {
    day: String,
    #[sqlx(flatten)]
    sales: Sales,
}

/// Days gathered into periods, a page of them.
async fn periods(
    read: &mut SnapshotRead,
    wanted: &Wanted,
    period: Period,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let mut sql = Sql::new(&format!("SELECT day, currency, home, {}", sums("orders")));
    wanted.request.source(&mut sql, BY_DAY, &wanted.under_way);
    sql.push(" GROUP BY day, currency, home");
    let mut sums: BTreeMap<(NaiveDate, String), Sales> = BTreeMap::new();
    for OfDay { day, sales } in read.all::<OfDay>(&sql).await? {
        let day: NaiveDate = day.parse().map_err(|_| StoreError::Shape(format!("`{day}` is no day")))?;
        let sales = sales.in_home();
        match sums.entry((period.around(day).0, sales.home.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            std::collections::btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    let total = i64::try_from(sums.len()).unwrap_or(i64::MAX);
    let skip = usize::try_from(wanted.skip).unwrap_or(usize::MAX);
    let limit = usize::try_from(wanted.limit).unwrap_or(0);
    let group = |((from, _), sales)| SalesGroup { key: GroupKey::From(from), sales };
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
    read: &mut SnapshotRead,
    sums_by: Sums,
    wanted: &Wanted,
    key: impl Fn(Uuid) -> GroupKey,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let column = sums_by.column;
    let mut counting = Sql::new(&format!("SELECT COUNT(*) FROM (SELECT DISTINCT home, {column}"));
    wanted.request.source(&mut counting, sums_by, &wanted.under_way);
    counting.push(") AS things");
    let total = read.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);

    let mut sql = Sql::new(&format!("SELECT {column} AS id, home AS currency, home, {}", sums("orders")));
    wanted.request.source(&mut sql, sums_by, &wanted.under_way);
    sql.push(&format!(
        " GROUP BY {column}, home ORDER BY \
         SUM(home_gross) - SUM(home_discount) + SUM(home_shipping) + SUM(home_cash) DESC, {column}, home LIMIT "
    ));
    sql.arg(wanted.limit).push(" OFFSET ").arg(wanted.skip);
    let found: Vec<OfThing> = read.all(&sql).await?;
    Ok((found.into_iter().map(|of| SalesGroup { key: key(of.id), sales: of.sales.in_home() }).collect(), total))
}

/// Which figure to explain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Basis, days, and the moment it was known.
    pub request: SalesRequest,
    /// Only postings in this currency.
    pub currency: Option<String>,
    /// Only postings that count in this currency, converted or not.
    pub home: Option<String>,
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

#[derive(sqlx::FromRow)]
struct Counted {
    postings: i64,
    #[sqlx(flatten)]
    sales: Sales,
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
        (None, Some(as_of)) => as_of.min(read.position()),
        (None, None) => read.position(),
    };
    let mut span = Sql::new("SELECT MIN(first_position), MAX(last_position) FROM sales_days");
    selection.request.restrict(&mut span);
    let span: Option<(Option<i64>, Option<i64>)> = read.first(&span).await?;
    let (first, last) = span.map_or((0, 0), |(first, last)| (first.unwrap_or(0), last.unwrap_or(0)));
    let restrict = |sql: &mut Sql| {
        selection.request.restrict(sql);
        // Where the days begin in the log, so that looking for the first of them in its order starts there.
        sql.push(" AND position >= ").arg(first).push(" AND position <= ").arg(last.min(pinned.0));
        selection.restrict(sql);
    };
    let group = " GROUP BY currency, home ORDER BY currency, home";
    let orders = if selection.product.is_some() { "holds" } else { "orders" };
    let mut sql =
        Sql::new(&format!("SELECT COUNT(*) AS postings, currency, home, {} FROM sales_postings", sums(orders)));
    restrict(&mut sql);
    sql.push(group);
    let counted: Vec<Counted> = read.all(&sql).await?;
    let total_count = counted.iter().map(|counted| counted.postings).sum();
    let sums_of_postings: Vec<Sales> = counted.into_iter().map(|counted| counted.sales).collect();

    let reported = if pinned == read.position() {
        let table = match (selection.product, selection.customer) {
            (Some(_), None) => Some("daily_sales_products"),
            (None, Some(_)) => Some("daily_sales_customers"),
            (None, None) => Some("daily_sales"),
            (Some(_), Some(_)) => None,
        };
        match table {
            Some(table) => {
                let mut sql = Sql::new(&format!("SELECT currency, home, {} FROM {table}", sums("orders")));
                selection.request.restrict(&mut sql);
                selection.restrict(&mut sql);
                sql.push(group);
                read.all(&sql).await?
            }
            None => sums_of_postings.clone(),
        }
    } else {
        sums_of_postings.clone()
    };

    let mut sql = Sql::new(&format!("SELECT {} FROM sales_postings", SalesPosting::TABLE.column_list("")));
    restrict(&mut sql);
    if let Some(cursor) = page.cursor {
        sql.push(" AND (position > ").arg(cursor.value).push(" OR (position = ").arg(cursor.value);
        sql.push(" AND nth > ").arg(cursor.id).push("))");
    }
    sql.push(" ORDER BY position, nth LIMIT ").arg(page.limit() + 1);
    let mut postings: Vec<ExplainedPosting> = read.all(&sql).await?;
    let more = postings.len() > usize::try_from(page.limit()).unwrap_or(usize::MAX);
    if more {
        postings.pop();
    }
    let last = postings.last().filter(|_| more);
    let next = last.map(|last| Cursor { pinned, value: last.position, id: last.nth, at: 0 });
    read.answer(Explained { postings, total_count, sums: sums_of_postings, reported, pinned, next }).await
}

impl Selection {
    fn restrict(&self, sql: &mut Sql) {
        if let Some(currency) = &self.currency {
            sql.push(" AND currency = ").arg(currency.clone());
        }
        if let Some(home) = &self.home {
            sql.push(" AND home = ").arg(home.clone());
        }
        if let Some(product) = self.product {
            sql.push(" AND product_id = ").arg(product.0);
        }
        if let Some(customer) = self.customer {
            sql.push(" AND customer_id = ").arg(customer.0);
        }
    }
}
