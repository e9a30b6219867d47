//! Groups of sales: periods, products, customers, tax rates, or two of these at once.

use std::collections::{BTreeMap, BTreeSet, btree_map};

use chrono::{Days as DaysLater, Months, NaiveDate, Weekday};
use orderlog_domain::{
    calendar::Period,
    ids::{CustomerId, ProductId},
};
use orderlog_read_models::{Days, PageRequest, QueryError, SnapshotRead, Sql, StoreError, day};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::{
    request::{GroupBy, SalesRequest, Sort},
    sales::{Sales, SalesRow, Then, sums, sums_now, sums_then},
};

/// The subject of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GroupKey {
    /// A day, or the first day of a week or month.
    From(NaiveDate),
    /// A product.
    Product(ProductId),
    /// The shipping fees and all other amounts without a line, when grouped by product or tax rate.
    Shipping,
    /// A customer.
    Customer(CustomerId),
    /// A tax rate in percent.
    TaxRate(Decimal),
    /// An hour of the day, from 0 to 23.
    Hour(u32),
    /// A day of the week.
    Weekday(Weekday),
}

/// The sales of one group, in the currency `home`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesGroup {
    /// The subject of the group.
    pub key: GroupKey,
    /// The figures of the group.
    pub sales: Sales,
    /// The same figures in the days with which it is compared.
    pub then: Option<Sales>,
    /// The first day of the period with which it is compared, if groups are periods.
    pub then_from: Option<NaiveDate>,
    /// The first of its own groups, if groups are split once more.
    pub parts: Vec<SalesGroup>,
    /// Number of its own groups.
    pub parts_count: i64,
}

/// Groups of a group that are listed.
const PARTS_LISTED: usize = 10;

/// Sales of days, in their home currency.
pub(super) type OfDays = Vec<(NaiveDate, Sales)>;

/// Sales of days by period: a page of them, and how many there are. If other days are compared, the first period is
/// compared with the first of those, and so on.
pub(super) fn of_periods(
    now: OfDays,
    then: Option<OfDays>,
    request: &SalesRequest,
    period: Period,
    page: PageRequest,
) -> (Vec<SalesGroup>, i64) {
    let (now, mut then) = (gathered(now, period), then.map(|days| gathered(days, period)));
    let mut keys: BTreeSet<(NaiveDate, String)> = now.keys().cloned().collect();
    // Where all was sold in a currency without a rate, days of nothing in the shop's own tell nothing.
    let in_others = |home: &str| !keys.is_empty() && keys.iter().all(|(_, one)| one != home);
    if let Some((Days { from: Some(from), to: Some(to) }, home)) =
        request.listed.filter(|(_, home)| !in_others(home.code()))
    {
        let mut first = period.around(from).0;
        while first <= to {
            keys.insert((first, home.code().to_owned()));
            first = after(period, first, 1);
        }
    }
    let partner = |first: NaiveDate| {
        let (began, other) = (request.days.from?, request.compared?.from?);
        Some(after(period, period.around(other).0, steps(period, period.around(began).0, first)))
    };
    let mut groups: Vec<SalesGroup> = vec![];
    for (first, home) in keys {
        let sales = now.get(&(first, home.clone())).cloned().unwrap_or_else(|| Sales::nothing(&home));
        let then_from = partner(first);
        let then = then.as_mut().map(|then| {
            let same = then_from.and_then(|first| then.remove(&(first, home.clone())));
            same.unwrap_or_else(|| Sales::nothing(&home))
        });
        groups.push(SalesGroup { key: GroupKey::From(first), sales, then, then_from, parts: vec![], parts_count: 0 });
    }
    if let Some(sort) = request.sort {
        groups.sort_by_key(|group| std::cmp::Reverse(group.weight(sort)));
    }
    let total = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    (page.of(&groups).to_vec(), total)
}

impl SalesGroup {
    /// The figure by which groups are sorted, highest first.
    #[must_use]
    pub fn weight(&self, sort: Sort) -> i128 {
        let money = |sales: &Sales| i128::from(sales.own.revenue()) + i128::from(sales.own.cash);
        match sort {
            Sort::Revenue => money(&self.sales),
            Sort::Units => self.sales.units.into(),
            Sort::Orders => self.sales.orders.into(),
            Sort::Least => -money(&self.sales),
            Sort::Change => (money(&self.sales) - self.then.as_ref().map_or(0, money)).abs(),
        }
    }
}

fn gathered(days: OfDays, period: Period) -> BTreeMap<(NaiveDate, String), Sales> {
    let mut sums: BTreeMap<(NaiveDate, String), Sales> = BTreeMap::new();
    for (day, sales) in days {
        let sales = sales.in_home();
        match sums.entry((period.around(day).0, sales.home.clone())) {
            btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    sums
}

/// How many periods lie between two that begin on these days.
fn steps(period: Period, from: NaiveDate, to: NaiveDate) -> i64 {
    use chrono::Datelike as _;
    match period {
        Period::Day => (to - from).num_days(),
        Period::Week(_) => (to - from).num_days() / 7,
        Period::Month => {
            let month = |day: NaiveDate| i64::from(day.year()) * 12 + i64::from(day.month0());
            month(to) - month(from)
        }
    }
}

/// The first day of the period that is this many periods after the one that begins on `first`.
fn after(period: Period, first: NaiveDate, steps: i64) -> NaiveDate {
    let steps = u64::try_from(steps).unwrap_or(0);
    match period {
        Period::Day => first + DaysLater::new(steps),
        Period::Week(_) => first + DaysLater::new(7 * steps),
        Period::Month => first + Months::new(u32::try_from(steps).unwrap_or(0)),
    }
}

struct OfGroup {
    period: Option<String>,
    product_id: Option<Uuid>,
    customer_id: Option<Uuid>,
    tax_rate: Option<String>,
    sales: SalesRow,
    then: Then,
}
orderlog_read_models::from_row!(OfGroup {
    period = default, product_id = default, customer_id = default, tax_rate = default, sales = flatten(SalesRow),
    then = flatten(Then),
});

/// Groups of things in the order asked for: a page of them if one is asked for, and how many there are.
pub(super) async fn of_things(
    read: &mut SnapshotRead,
    request: &SalesRequest,
    group: GroupBy,
    rows: &Sql,
    page: Option<PageRequest>,
) -> Result<(Vec<SalesGroup>, i64), QueryError> {
    let (by, name) = column(group, None);
    let mut counting = rows.after(&format!("SELECT COUNT(*) FROM (SELECT DISTINCT {by}, home"));
    counting.push(") AS things");
    let total = read.count(&counting).await?;
    let mut sql = rows.after(&format!("SELECT {by} AS {name}, home AS currency, home, {}", figures(request)));
    sql.push(&format!(" GROUP BY {by}, home ORDER BY {}, {by}, home", order(request)));
    if let Some(page) = page {
        sql.push(" LIMIT ").arg(page.limit()).push(" OFFSET ").arg(page.offset());
    }
    let found: Vec<OfGroup> = read.all(&sql).await?;
    let mut groups = vec![];
    for of in found {
        groups.push(SalesGroup { key: of.key(group)?, ..of.group(request) });
    }
    Ok((groups, total))
}

/// Splits each of these groups once more, in the order asked for.
pub(super) async fn split(
    read: &mut SnapshotRead,
    request: &SalesRequest,
    (one, two): (GroupBy, GroupBy),
    rows: &Sql,
    groups: &mut [SalesGroup],
) -> Result<(), QueryError> {
    if groups.is_empty() {
        return Ok(());
    }
    let days = match (one, two) {
        (GroupBy::Week(_), _) | (_, GroupBy::Week(_)) => first_and_last(read, rows).await?,
        _ => None,
    };
    let ((by, name), (then_by, then_name)) = (column(one, days), column(two, days));
    let select =
        format!("SELECT {by} AS {name}, {then_by} AS {then_name}, home AS currency, home, {}", figures(request));
    let mut sql = rows.after(&select);
    sql.push(&format!(" WHERE {by} IN ("));
    for (nth, group) in groups.iter().enumerate() {
        if nth > 0 {
            sql.push(", ");
        }
        match group.key {
            GroupKey::From(first) => sql.arg(day(first)),
            GroupKey::Product(ProductId(id)) | GroupKey::Customer(CustomerId(id)) => sql.arg(id),
            GroupKey::TaxRate(rate) => sql.arg(rate.normalize().to_string()),
            GroupKey::Shipping if one == GroupBy::TaxRate => sql.push("NULL"),
            GroupKey::Shipping => sql.arg(Uuid::nil()),
            // These are not split.
            GroupKey::Hour(_) | GroupKey::Weekday(_) => sql.push("NULL"),
        };
    }
    sql.push(")");
    if one == GroupBy::TaxRate {
        sql.push(" OR tax_rate IS NULL");
    }
    sql.push(&format!(" GROUP BY {by}, {then_by}, home ORDER BY {}, {by}, {then_by}, home", order(request)));
    for of in read.all::<OfGroup>(&sql).await? {
        let (key, part) = (of.key(one)?, SalesGroup { key: of.key(two)?, ..of.group(request) });
        let same = |group: &&mut SalesGroup| group.key == key && group.sales.home == part.sales.home;
        if let Some(group) = groups.iter_mut().find(same) {
            group.parts_count += 1;
            if group.parts.len() < PARTS_LISTED {
                group.parts.push(part);
            }
        }
    }
    Ok(())
}

fn figures(request: &SalesRequest) -> String {
    match request.compared {
        None => sums("orders"),
        Some(_) => format!("{}, {}", sums_now(), sums_then()),
    }
}

/// The column or expression of a group, and its name.
fn column(group: GroupBy, days: Option<(NaiveDate, NaiveDate)>) -> (String, &'static str) {
    match group {
        GroupBy::Product => ("product_id".to_owned(), "product_id"),
        GroupBy::Customer => ("customer_id".to_owned(), "customer_id"),
        GroupBy::TaxRate => ("tax_rate".to_owned(), "tax_rate"),
        GroupBy::Day => ("day".to_owned(), "period"),
        GroupBy::Month => ("substr(day, 1, 7) || '-01'".to_owned(), "period"),
        GroupBy::Week(_) => (week_of(group.period().unwrap_or(Period::Day), days), "period"),
    }
}

/// Neither engine has weeks that begin on any weekday, so every week of the days is listed.
fn week_of(period: Period, days: Option<(NaiveDate, NaiveDate)>) -> String {
    let Some((from, to)) = days else { return "day".to_owned() };
    let mut text = "CASE".to_owned();
    let mut first = period.around(to).0;
    while first >= period.around(from).0 {
        text.push_str(&format!(" WHEN day >= '{first}' THEN '{first}'"));
        first = first - DaysLater::new(7);
    }
    text + " END"
}

async fn first_and_last(read: &mut SnapshotRead, rows: &Sql) -> Result<Option<(NaiveDate, NaiveDate)>, QueryError> {
    let found: Option<(Option<String>, Option<String>)> = read.first(&rows.after("SELECT MIN(day), MAX(day)")).await?;
    match found {
        Some((Some(from), Some(to))) => Ok(Some((read_day(&from)?, read_day(&to)?))),
        _ => Ok(None),
    }
}

fn order(request: &SalesRequest) -> String {
    let money = |past: &str| {
        format!("SUM(CASE WHEN past = {past} THEN home_gross - home_discount + home_shipping + home_cash ELSE 0 END)")
    };
    let now = |column: &str| format!("SUM(CASE WHEN past = 0 THEN {column} ELSE 0 END) DESC");
    let revenue = format!("{} DESC", money("0"));
    match request.sort {
        None | Some(Sort::Revenue) => revenue,
        Some(Sort::Units) => format!("{}, {revenue}", now("units")),
        Some(Sort::Orders) => format!("{}, {revenue}", now("orders")),
        Some(Sort::Least) => format!("CASE WHEN {money} = 0 THEN 1 ELSE 0 END, {money} ASC", money = money("0")),
        Some(Sort::Change) => format!("ABS({} - {}) DESC, {revenue}", money("0"), money("1")),
    }
}

impl OfGroup {
    fn key(&self, group: GroupBy) -> Result<GroupKey, StoreError> {
        Ok(match group {
            GroupBy::Product => match self.product_id.filter(|id| !id.is_nil()) {
                Some(id) => GroupKey::Product(ProductId(id)),
                None => GroupKey::Shipping,
            },
            GroupBy::Customer => GroupKey::Customer(CustomerId(self.customer_id.unwrap_or_default())),
            GroupBy::TaxRate => match &self.tax_rate {
                Some(rate) => {
                    let rate = rate.parse().map_err(|_| StoreError::Shape(format!("`{rate}` is no rate")))?;
                    GroupKey::TaxRate(rate)
                }
                None => GroupKey::Shipping,
            },
            GroupBy::Day | GroupBy::Week(_) | GroupBy::Month => {
                GroupKey::From(read_day(self.period.as_deref().unwrap_or_default())?)
            }
        })
    }

    /// The group with its figures.
    fn group(self, request: &SalesRequest) -> SalesGroup {
        let sales = Sales::from(self.sales).in_home();
        let then = request.compared.map(|_| self.then.sales(&sales.home));
        SalesGroup { key: GroupKey::Shipping, sales, then, then_from: None, parts: vec![], parts_count: 0 }
    }
}

pub(super) fn read_day(text: &str) -> Result<NaiveDate, StoreError> {
    text.parse().map_err(|_| StoreError::Shape(format!("`{text}` is no day")))
}

/// Rows of days from the tables: the days asked for, and those with which they are compared.
struct OfDay {
    past: i64,
    day: String,
    sales: SalesRow,
}
orderlog_read_models::from_row!(OfDay { past, day, sales = flatten(SalesRow) });

/// The sales of each day.
pub(super) async fn days_of(
    read: &mut SnapshotRead,
    request: &SalesRequest,
    rows: &Sql,
) -> Result<(OfDays, Option<OfDays>), QueryError> {
    let mut sql = rows.after(&format!("SELECT CAST(past AS BIGINT) AS past, day, currency, home, {}", sums("orders")));
    sql.push(" GROUP BY past, day, currency, home");
    let (mut now, mut then) = (vec![], vec![]);
    for OfDay { past, day, sales } in read.all::<OfDay>(&sql).await? {
        let days = if past == 0 { &mut now } else { &mut then };
        days.push((read_day(&day)?, Sales::from(sales)));
    }
    Ok((now, request.compared.map(|_| then)))
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use orderlog_domain::money::Currency;

    use super::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn sold(orders: i64) -> Sales {
        Sales { orders, ..Sales::nothing("INR") }
    }

    #[test]
    fn periods_without_sales_are_listed_and_each_goes_with_its_like() {
        let request = SalesRequest {
            days: Days::between(on("2026-11-09"), on("2026-11-15")),
            compared: Some(Days::between(on("2026-11-02"), on("2026-11-08"))),
            listed: Some((Days::between(on("2026-11-09"), on("2026-11-12")), Currency::INR)),
            ..SalesRequest::default()
        };
        let now = vec![(on("2026-11-10"), sold(1)), (on("2026-11-10"), sold(2))];
        let then = Some(vec![(on("2026-11-02"), sold(5)), (on("2026-11-08"), sold(7))]);
        let (groups, total) = of_periods(now, then, &request, Period::Day, PageRequest::first(100));
        let told: Vec<_> =
            groups.iter().map(|group| (group.key, group.sales.orders, group.then.as_ref().map(|s| s.orders))).collect();
        let expected = [("2026-11-09", 0, 5), ("2026-11-10", 3, 0), ("2026-11-11", 0, 0), ("2026-11-12", 0, 0)];
        assert_eq!(told, expected.map(|(day, now, then)| (GroupKey::From(on(day)), now, Some(then))));
        assert_eq!(total, 4);
    }

    #[test]
    fn every_week_of_the_days_is_named() {
        let days = Some((on("2026-11-12"), on("2026-11-16")));
        assert_eq!(
            week_of(Period::Week(Weekday::Mon), days),
            "CASE WHEN day >= '2026-11-16' THEN '2026-11-16' WHEN day >= '2026-11-09' THEN '2026-11-09' END"
        );
        assert_eq!(steps(Period::Month, on("2025-11-01"), on("2026-02-01")), 3);
        assert_eq!(day(after(Period::Month, on("2025-11-01"), 3)), "2026-02-01");
    }
}
