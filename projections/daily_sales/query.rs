//! The sales of a range of business days on one basis, per currency: totals and groups, with other days to compare if
//! asked.

use std::collections::{BTreeMap, btree_map};

use chrono::NaiveDate;
use orderlog_domain::ids::Position;
use orderlog_read_models::{
    Answer, Cursor, Days, Freshness, PageRequest, Projections, QueryError, SnapshotRead, Sql, day,
};

use super::{
    READ_MODEL,
    by_day::first_day,
    fold::DailySalesFold,
    groups::{OfDays, SalesGroup, days_of, of_periods, of_things, split},
    request::{GroupBy, SalesRequest},
    sales::{Sales, SalesRow, sums},
};

/// Sorts after every day.
const AFTER_ALL_DAYS: &str = "~";

/// Totals over the whole range and a page of groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesReport {
    /// One per currency with postings.
    pub totals: Vec<Sales>,
    /// The same totals for the days that are compared.
    pub then: Option<Vec<Sales>>,
    /// In the order asked for.
    pub groups: Vec<SalesGroup>,
    /// Groups over all pages.
    pub total_groups: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
    /// The first day with a posting on this basis in the complete log.
    pub first_day: Option<NaiveDate>,
}

/// Sales on one basis. The cost is that of the days of the range. For an earlier moment it also reads the postings of
/// the days that were not complete then; for two groupings at once, such as products of customers, all postings of the
/// range.
///
/// # Errors
/// When the store fails.
pub async fn daily_sales(
    projections: &Projections,
    request: SalesRequest,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<SalesReport>, QueryError> {
    let present = |fold: &DailySalesFold, position| in_memory(fold, &request, page, position);
    if let Some(report) = projections.present(&READ_MODEL, freshness, present).await? {
        return Ok(report);
    }
    let mut read = projections.read(&READ_MODEL, request.freshness(freshness)).await?;
    let parts = request.parts(&mut read).await?;
    let (totals, then) = totals(&mut read, &request, &request.rows(&parts, &[])).await?;
    let (mut groups, total_groups) = match (request.group_by, request.group_by.and_then(GroupBy::period)) {
        (None, _) => (vec![], 0),
        (Some(_), Some(period)) => {
            let (now, then) = days_of(&mut read, &request, &request.rows(&parts, &[])).await?;
            of_periods(now, then, &request, period, page)
        }
        (Some(one), None) => of_things(&mut read, &request, one, &request.rows(&parts, &[one]), Some(page)).await?,
    };
    if let (Some(one), Some(two)) = (request.group_by, request.then_by) {
        split(&mut read, &request, (one, two), &request.rows(&parts, &[one, two]), &mut groups).await?;
    }
    let first_day = first_day(&mut read, request.basis).await?;
    let next = page.next_offset(groups.len(), total_groups, read.position());
    read.answer(SalesReport { totals, then, groups, total_groups, next, first_day }).await
}

struct OfPart {
    past: i64,
    sales: SalesRow,
}
orderlog_read_models::from_row!(OfPart { past, sales = flatten(SalesRow) });

pub(super) async fn totals(
    read: &mut SnapshotRead,
    request: &SalesRequest,
    rows: &Sql,
) -> Result<(Vec<Sales>, Option<Vec<Sales>>), QueryError> {
    let mut sql = rows.after(&format!("SELECT CAST(past AS BIGINT) AS past, currency, home, {}", sums("orders")));
    sql.push(" GROUP BY past, currency, home ORDER BY currency, home");
    let (now, then): (Vec<_>, Vec<_>) = read.all::<OfPart>(&sql).await?.into_iter().partition(|part| part.past == 0);
    let sales = |parts: Vec<OfPart>| parts.into_iter().map(|part| Sales::from(part.sales)).collect();
    Ok((sales(now), request.compared.map(|_| sales(then))))
}

/// The report from memory, if memory has the sums of every day; `None` if the tables are needed.
fn in_memory(fold: &DailySalesFold, request: &SalesRequest, page: PageRequest, now: Position) -> Option<SalesReport> {
    let period = request.group_by.and_then(GroupBy::period);
    let (totals, days) = days_in_memory(fold, request, request.days, period.is_some())?;
    let compared = match request.compared {
        Some(compared) => Some(days_in_memory(fold, request, compared, period.is_some())?),
        None => None,
    };
    let (then, then_days) = compared.unzip();
    let (groups, total_groups) =
        period.map_or((vec![], 0), |period| of_periods(days, then_days, request, period, page));
    let next = page.next_offset(groups.len(), total_groups, now);
    let first_day = first_in_memory(fold, request)?;
    Some(SalesReport { totals, then, groups, total_groups, next, first_day })
}

/// The first day on which anything was posted on the basis, if any was.
pub(super) fn first_in_memory(fold: &DailySalesFold, request: &SalesRequest) -> Option<Option<NaiveDate>> {
    let first = key(request, "")..key(request, AFTER_ALL_DAYS);
    Some(fold.order.as_ref()?.range(first).next().and_then(|(_, day, ..)| day.parse().ok()))
}

type Key = (String, String, String, String);

fn key(request: &SalesRequest, day: &str) -> Key {
    (request.basis.name().to_owned(), day.to_owned(), String::new(), String::new())
}

/// Sums of the days and, if wanted, each day by itself; `None` where the tables are needed.
pub(super) fn days_in_memory(
    fold: &DailySalesFold,
    request: &SalesRequest,
    days: Days,
    each: bool,
) -> Option<(Vec<Sales>, OfDays)> {
    if !fold.days.is_whole() || request.as_of.is_some() || !request.is_of_days() {
        return None;
    }
    let order = fold.order.as_ref()?;
    let bound = |end: Option<NaiveDate>, open: &str| key(request, &end.map_or_else(|| open.to_owned(), day));
    let (first, end) = (bound(days.from, ""), bound(days.to.and_then(|to| to.succ_opt()), AFTER_ALL_DAYS));
    let mut totals: BTreeMap<(&str, &str), Sales> = BTreeMap::new();
    let mut of_days = vec![];
    // A range that ends before it begins contains no days.
    let keys = (first <= end).then(|| order.range(first..end)).into_iter().flatten();
    for row in keys.filter_map(|key| fold.days.get(key)) {
        let sales = Sales::of(row.currency.clone(), row.home.clone(), row.figures);
        if each {
            of_days.push((row.day.parse().ok()?, sales.clone()));
        }
        match totals.entry((&row.currency, &row.home)) {
            btree_map::Entry::Vacant(entry) => _ = entry.insert(sales),
            btree_map::Entry::Occupied(mut entry) => entry.get_mut().add(&sales),
        }
    }
    Some((totals.into_values().collect(), of_days))
}
