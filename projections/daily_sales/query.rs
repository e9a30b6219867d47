//! The waterfall of a range of business days on one basis, per currency, whole and in groups.

use std::collections::{BTreeMap, btree_map};

use chrono::NaiveDate;
use orderlog_domain::{
    calendar::Period,
    ids::{CustomerId, Position, ProductId},
};
use orderlog_read_models::{
    Answer, Cursor, Freshness, PageRequest, Projections, QueryError, SnapshotRead, StoreError, day,
};
use uuid::Uuid;

use super::{
    READ_MODEL,
    fold::DailySalesFold,
    request::{BY_CUSTOMER, BY_DAY, BY_PRODUCT, GroupBy, SalesRequest, Sums},
    sales::{Sales, SalesRow, sums},
};

/// Sorts after every day.
const AFTER_ALL_DAYS: &str = "~";

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
    let present = |fold: &DailySalesFold, position| in_memory(fold, request, page, position);
    if let Some(report) = projections.present(&READ_MODEL, freshness, present).await? {
        return Ok(report);
    }
    // The past needs what the tables had then, and no more.
    let freshness = match (freshness, request.as_of) {
        (Freshness::AtLeast(position), Some(then)) => Freshness::AtLeast(position.min(then)),
        (Freshness::Whatever, Some(then)) => Freshness::AtLeast(then),
        (freshness, None) => freshness,
    };
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let under_way = request.days_under_way(&mut read).await?;
    let mut sql = request.rows(BY_DAY, &under_way).after(&format!("SELECT currency, home, {}", sums("orders")));
    sql.push(" GROUP BY currency, home ORDER BY currency, home");
    let totals = read.all::<SalesRow>(&sql).await?.into_iter().map(Sales::from).collect();

    let wanted = Wanted { request, under_way, page };
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
    let next = page.next_offset(groups.len(), total_groups, read.position());
    read.answer(SalesReport { totals, groups, total_groups, next }).await
}

/// Which groups of which sales.
struct Wanted {
    request: SalesRequest,
    under_way: Vec<String>,
    page: PageRequest,
}

#[derive(sqlx::FromRow)]
struct OfDay {
    day: String,
    #[sqlx(flatten)]
    sales: SalesRow,
}

/// The same from memory, where it holds the sums of every day; `None` where the tables are needed.
fn in_memory(fold: &DailySalesFold, request: SalesRequest, page: PageRequest, now: Position) -> Option<SalesReport> {
    let order = fold.order.as_ref().filter(|_| fold.days.is_whole() && request.as_of.is_none())?;
    let period = match request.group_by {
        None => None,
        Some(group_by) => Some(group_by.period()?),
    };
    let bound = |end: Option<NaiveDate>, open: &str| {
        let day = end.map_or_else(|| open.to_owned(), day);
        (request.basis.name().to_owned(), day, String::new(), String::new())
    };
    let (first, end) =
        (bound(request.days.from, ""), bound(request.days.to.and_then(|to| to.succ_opt()), AFTER_ALL_DAYS));
    let mut totals: BTreeMap<(&str, &str), Sales> = BTreeMap::new();
    let mut days = vec![];
    for row in order.range(first..end).filter_map(|key| fold.days.get(key)) {
        let sales = Sales::of(row.currency.clone(), row.home.clone(), row.figures);
        if period.is_some() {
            days.push((row.day.parse().ok()?, sales.clone()));
        }
        match totals.entry((&row.currency, &row.home)) {
            btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    let (groups, total_groups) = period.map_or((vec![], 0), |period| gathered(days, period, page));
    let next = page.next_offset(groups.len(), total_groups, now);
    Some(SalesReport { totals: totals.into_values().collect(), groups, total_groups, next })
}

/// Days gathered into periods, a page of them.
async fn periods(
    read: &mut SnapshotRead,
    wanted: &Wanted,
    period: Period,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let rows = wanted.request.rows(BY_DAY, &wanted.under_way);
    let mut sql = rows.after(&format!("SELECT day, currency, home, {}", sums("orders")));
    sql.push(" GROUP BY day, currency, home");
    let mut days = vec![];
    for OfDay { day, sales } in read.all::<OfDay>(&sql).await? {
        let day: NaiveDate = day.parse().map_err(|_| StoreError::Shape(format!("`{day}` is no day")))?;
        days.push((day, Sales::from(sales)));
    }
    Ok(gathered(days, period, wanted.page))
}

/// Sales of days, as they count in their home currency, by period: a page of them, and how many there are.
fn gathered(days: Vec<(NaiveDate, Sales)>, period: Period, page: PageRequest) -> (Vec<SalesGroup>, i64) {
    let mut sums: BTreeMap<(NaiveDate, String), Sales> = BTreeMap::new();
    for (day, sales) in days {
        let sales = sales.in_home();
        match sums.entry((period.around(day).0, sales.home.clone())) {
            btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    let total = i64::try_from(sums.len()).unwrap_or(i64::MAX);
    let skip = usize::try_from(page.offset()).unwrap_or(usize::MAX);
    let limit = usize::try_from(page.limit()).unwrap_or(0);
    let group = |((from, _), sales)| SalesGroup { key: GroupKey::From(from), sales };
    (sums.into_iter().skip(skip).take(limit).map(group).collect(), total)
}

#[derive(sqlx::FromRow)]
struct OfThing {
    id: Uuid,
    #[sqlx(flatten)]
    sales: SalesRow,
}

/// Products or customers by revenue in the shop's currency, a page of them.
async fn things(
    read: &mut SnapshotRead,
    sums_by: Sums,
    wanted: &Wanted,
    key: impl Fn(Uuid) -> GroupKey,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let (column, rows) = (sums_by.column, wanted.request.rows(sums_by, &wanted.under_way));
    let mut counting = rows.after(&format!("SELECT COUNT(*) FROM (SELECT DISTINCT home, {column}"));
    counting.push(") AS things");
    let total = read.count(&counting).await?;

    let mut sql = rows.after(&format!("SELECT {column} AS id, home AS currency, home, {}", sums("orders")));
    sql.push(&format!(
        " GROUP BY {column}, home ORDER BY \
         SUM(home_gross) - SUM(home_discount) + SUM(home_shipping) + SUM(home_cash) DESC, {column}, home LIMIT "
    ));
    sql.arg(wanted.page.limit()).push(" OFFSET ").arg(wanted.page.offset());
    let found: Vec<OfThing> = read.all(&sql).await?;
    Ok((
        found.into_iter().map(|of| SalesGroup { key: key(of.id), sales: Sales::from(of.sales).in_home() }).collect(),
        total,
    ))
}
