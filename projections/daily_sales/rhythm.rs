//! Sales by hour of the day and by day of the week; and of all customers at once.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike as _, NaiveDate, Offset as _, TimeZone as _, Weekday};
use chrono_tz::Tz;
use orderlog_read_models::{Answer, Days, Freshness, Projections, QueryError, SnapshotRead, Sql, StoreError};

use super::{
    READ_MODEL,
    by_day::first_day,
    fold::DailySalesFold,
    groups::{GroupKey, OfDays, SalesGroup, days_of, of_things},
    query::{SalesReport, days_in_memory, first_in_memory, totals},
    request::{GroupBy, QUARTER_MILLIS, SalesRequest},
    sales::{Sales, SalesRow, sums},
};

/// A unit of time that repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// Hours of the day, 0 to 23, by the clocks of this zone.
    Hour(Tz),
    /// Days of the week, of weeks that start on this one.
    Weekday(Weekday),
}

/// Sales by the subject of a group, in their home currency.
type Keyed = Vec<(GroupKey, Sales)>;

/// Sales on one basis by hour or weekday, all groups. By weekday the cost is that of the days of the range; by hour, of
/// their quarters of an hour; by hour for a product or a customer, of all postings of the range.
///
/// # Errors
/// When the store fails.
pub async fn sales_by_rhythm(
    projections: &Projections,
    request: SalesRequest,
    rhythm: Rhythm,
    freshness: Freshness,
) -> Result<Answer<SalesReport>, QueryError> {
    if let Rhythm::Weekday(start) = rhythm {
        let present = |fold: &DailySalesFold, _| {
            let (totals, days) = days_in_memory(fold, &request, request.days, true)?;
            let compared = match request.compared {
                Some(compared) => Some(days_in_memory(fold, &request, compared, true)?),
                None => None,
            };
            let (then, then_days) = compared.unzip();
            let groups = grouped(of_weekdays(days), then_days.map(of_weekdays), &request, Rhythm::Weekday(start));
            let first_day = first_in_memory(fold, &request)?;
            Some(report((totals, then), groups, first_day))
        };
        if let Some(report) = projections.present(&READ_MODEL, freshness, present).await? {
            return Ok(report);
        }
    }
    let mut read = projections.read(&READ_MODEL, request.freshness(freshness)).await?;
    let parts = request.parts(&mut read).await?;
    let whole = totals(&mut read, &request, &request.rows(&parts, &[])).await?;
    let (now, then) = match rhythm {
        Rhythm::Weekday(_) => {
            let (now, then) = days_of(&mut read, &request, &request.rows(&parts, &[])).await?;
            (of_weekdays(now), then.map(of_weekdays))
        }
        Rhythm::Hour(zone) => of_hours(&mut read, &request, &request.rows_of_quarters(&parts), zone).await?,
    };
    let groups = grouped(now, then, &request, rhythm);
    let first_day = first_day(&mut read, request.basis).await?;
    read.answer(report(whole, groups, first_day)).await
}

/// Sales on one basis by customer, all customers.
///
/// # Errors
/// When the store fails.
pub async fn sales_of_every_customer(
    projections: &Projections,
    request: SalesRequest,
    freshness: Freshness,
) -> Result<Answer<SalesReport>, QueryError> {
    of_every(projections, request, GroupBy::Customer, freshness).await
}

/// Sales on one basis by product: all of them.
///
/// # Errors
/// When the store fails.
pub async fn sales_of_every_product(
    projections: &Projections,
    request: SalesRequest,
    freshness: Freshness,
) -> Result<Answer<SalesReport>, QueryError> {
    of_every(projections, request, GroupBy::Product, freshness).await
}

async fn of_every(
    projections: &Projections,
    request: SalesRequest,
    one: GroupBy,
    freshness: Freshness,
) -> Result<Answer<SalesReport>, QueryError> {
    let mut read = projections.read(&READ_MODEL, request.freshness(freshness)).await?;
    let parts = request.parts(&mut read).await?;
    let whole = totals(&mut read, &request, &request.rows(&parts, &[])).await?;
    let rows = request.rows(&parts, &[one]);
    let (groups, _) = of_things(&mut read, &request, one, &rows, None).await?;
    let first_day = first_day(&mut read, request.basis).await?;
    read.answer(report(whole, groups, first_day)).await
}

/// How many of each day of the week lie in a range, from Monday on.
#[must_use]
pub fn count_weekdays(days: Days) -> [i64; 7] {
    let (Some(from), Some(to)) = (days.from, days.to) else { return [0; 7] };
    let all = (to - from).num_days() + 1;
    std::array::from_fn(|nth| {
        let first = (7 + nth as i64 - i64::from(from.weekday().num_days_from_monday())) % 7;
        if all > first { (all - first - 1) / 7 + 1 } else { 0 }
    })
}

const QUARTERS_OF_A_DAY: i64 = 96;

/// The weekdays, from Monday on.
const WEEKDAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

fn report(
    (totals, then): (Vec<Sales>, Option<Vec<Sales>>),
    groups: Vec<SalesGroup>,
    first_day: Option<NaiveDate>,
) -> SalesReport {
    let total_groups = i64::try_from(groups.len()).unwrap_or(i64::MAX);
    SalesReport { totals, then, groups, total_groups, next: None, first_day }
}

fn of_weekdays(days: OfDays) -> Keyed {
    days.into_iter().map(|(day, sales)| (GroupKey::Weekday(day.weekday()), sales)).collect()
}

struct OfHour {
    past: i64,
    hour: i64,
    sales: SalesRow,
}
orderlog_read_models::from_row!(OfHour { past, hour, sales = flatten(SalesRow) });

async fn of_hours(
    read: &mut SnapshotRead,
    request: &SalesRequest,
    rows: &Sql,
    zone: Tz,
) -> Result<(Keyed, Option<Keyed>), QueryError> {
    let (mut now, mut then) = (vec![], vec![]);
    let bounds: Option<(Option<i64>, Option<i64>)> =
        read.first(&rows.after("SELECT MIN(quarter), MAX(quarter)")).await?;
    if let Some((Some(first), Some(last))) = bounds {
        let hour = hour_of(&clocks(zone, first, last)?);
        let mut sql = rows
            .after(&format!("SELECT CAST(past AS BIGINT) AS past, {hour} AS hour, currency, home, {}", sums("orders")));
        sql.push(&format!(" GROUP BY past, {hour}, currency, home"));
        for OfHour { past, hour, sales } in read.all::<OfHour>(&sql).await? {
            let hour = u32::try_from(hour).map_err(|_| StoreError::Shape(format!("`{hour}` is no hour")))?;
            let of = if past == 0 { &mut now } else { &mut then };
            of.push((GroupKey::Hour(hour), Sales::from(sales)));
        }
    }
    Ok((now, request.compared.map(|_| then)))
}

/// For a time before a quarter of an hour, or for all later ones, how many quarters the clocks are ahead of UTC.
struct Clocks {
    before: Option<i64>,
    ahead: i64,
}

/// The offsets of a zone's clocks from one quarter to another.
fn clocks(zone: Tz, first: i64, last: i64) -> Result<Vec<Clocks>, StoreError> {
    let ahead = |quarter: i64| {
        let began = quarter.checked_mul(QUARTER_MILLIS).and_then(DateTime::from_timestamp_millis);
        let began = began.ok_or_else(|| StoreError::Shape(format!("`{quarter}` is no quarter of an hour")))?;
        let seconds = zone.offset_from_utc_datetime(&began.naive_utc()).fix().local_minus_utc();
        Ok::<_, StoreError>((i64::from(seconds) * 1_000).div_euclid(QUARTER_MILLIS))
    };
    let (mut spans, mut quarter, mut now) = (vec![], first, ahead(first)?);
    while quarter < last {
        let next = (quarter + QUARTERS_OF_A_DAY).min(last);
        if ahead(next)? != now {
            let mut change = quarter + 1;
            while ahead(change)? == now {
                change += 1;
            }
            spans.push(Clocks { before: Some(change), ahead: now });
            (quarter, now) = (change, ahead(change)?);
        } else {
            quarter = next;
        }
    }
    spans.push(Clocks { before: None, ahead: now });
    Ok(spans)
}

/// The hour of the day of a `quarter`, in SQL. One day is added so that zones behind UTC do not give negative numbers.
fn hour_of(spans: &[Clocks]) -> String {
    let mut ahead = String::new();
    for Clocks { before, ahead: by } in spans {
        let by = by + QUARTERS_OF_A_DAY;
        match before {
            Some(change) => ahead.push_str(&format!(" WHEN quarter < {change} THEN {by}")),
            None if ahead.is_empty() => ahead = by.to_string(),
            None => ahead = format!("CASE{ahead} ELSE {by} END"),
        }
    }
    format!("(quarter + {ahead}) / 4 % 24")
}

/// Adds up sales with the same key. In the currency that is listed, every hour has a group, and every weekday of the
/// listed days.
fn grouped(now: Keyed, then: Option<Keyed>, request: &SalesRequest, rhythm: Rhythm) -> Vec<SalesGroup> {
    let mut groups = Groups { compared: then.is_some(), rhythm, by_place: BTreeMap::new() };
    // Where all was sold in a currency without a rate, hours of nothing in the shop's own tell nothing.
    let homes: BTreeSet<String> =
        now.iter().chain(then.iter().flatten()).map(|(_, sales)| sales.home.clone()).collect();
    if let Some((days, home)) = request.listed
        && (homes.is_empty() || homes.contains(home.code()))
    {
        listed(days, rhythm).for_each(|key| _ = groups.at(key, home.code()));
    }
    for (key, sales) in now {
        let sales = sales.in_home();
        groups.at(key, &sales.home).sales.add(&sales);
    }
    for (key, sales) in then.unwrap_or_default() {
        let sales = sales.in_home();
        if let Some(then) = &mut groups.at(key, &sales.home).then {
            then.add(&sales);
        }
    }
    let mut groups: Vec<SalesGroup> = groups.by_place.into_values().collect();
    if let Some(sort) = request.sort {
        groups.sort_by_key(|group| std::cmp::Reverse(group.weight(sort)));
    }
    groups
}

struct Groups {
    compared: bool,
    rhythm: Rhythm,
    by_place: BTreeMap<(u32, String), SalesGroup>,
}

impl Groups {
    fn at(&mut self, key: GroupKey, home: &str) -> &mut SalesGroup {
        let place = match (key, self.rhythm) {
            (GroupKey::Hour(hour), _) => hour,
            (GroupKey::Weekday(day), Rhythm::Weekday(start)) => day.days_since(start),
            _ => 0,
        };
        self.by_place.entry((place, home.to_owned())).or_insert_with(|| {
            let then = self.compared.then(|| Sales::nothing(home));
            SalesGroup { key, sales: Sales::nothing(home), then, then_from: None, parts: vec![], parts_count: 0 }
        })
    }
}

fn listed(days: Days, rhythm: Rhythm) -> impl Iterator<Item = GroupKey> {
    const HOURS: u32 = 24;
    let hours = if matches!(rhythm, Rhythm::Hour(_)) { HOURS } else { 0 };
    let counts = if hours == 0 { count_weekdays(days) } else { [0; 7] };
    let weekdays = WEEKDAYS.into_iter().zip(counts).filter(|(_, count)| *count > 0);
    (0..hours).map(GroupKey::Hour).chain(weekdays.map(|(day, _)| GroupKey::Weekday(day)))
}

#[cfg(test)]
mod tests {
    use chrono::Timelike as _;
    use orderlog_domain::money::Currency;

    use super::*;

    fn on(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn hours_are_those_of_the_clocks_when_these_change_too() {
        let quarter = |text: &str| text.parse::<DateTime<chrono::Utc>>().unwrap().timestamp_millis() / QUARTER_MILLIS;
        let (first, last) = (quarter("2026-02-20T00:15:00Z"), quarter("2026-12-01T00:00:00Z"));
        for (zone, changes) in
            [(Tz::America__New_York, 2), (Tz::Asia__Kolkata, 0), (Tz::Australia__Lord_Howe, 2), (Tz::UTC, 0)]
        {
            let spans = clocks(zone, first, last).unwrap();
            assert_eq!(spans.len(), changes + 1, "{zone}");
            for quarter in first..=last {
                let span = spans.iter().find(|span| span.before.is_none_or(|before| quarter < before)).unwrap();
                let hour = (quarter + QUARTERS_OF_A_DAY + span.ahead) / 4 % 24;
                let began = DateTime::from_timestamp_millis(quarter * QUARTER_MILLIS).unwrap();
                assert_eq!(hour, i64::from(began.with_timezone(&zone).hour()), "{zone} {began}");
            }
        }
        assert_eq!(hour_of(&clocks(Tz::Asia__Kolkata, first, last).unwrap()), "(quarter + 118) / 4 % 24");
        let new_york = hour_of(&clocks(Tz::America__New_York, first, quarter("2026-04-01T00:00:00Z")).unwrap());
        let change = quarter("2026-03-08T07:00:00Z");
        assert_eq!(new_york, format!("(quarter + CASE WHEN quarter < {change} THEN 76 ELSE 80 END) / 4 % 24"));
    }

    #[test]
    fn weekdays_of_a_range_are_counted() {
        // From a Thursday to a Wednesday.
        let count = |from, to| count_weekdays(Days::between(on(from), on(to)));
        assert_eq!(count("2026-10-01", "2026-10-31"), [4, 4, 4, 5, 5, 5, 4]);
        assert_eq!(count("2026-11-22", "2026-11-22"), [0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(count("2026-11-20", "2026-11-23"), [1, 0, 0, 0, 1, 1, 1]);
        assert_eq!(count("2026-11-23", "2026-11-22"), [0; 7]);
        assert_eq!(count("2026-01-01", "2026-12-31").iter().sum::<i64>(), 365);
    }

    #[test]
    fn what_comes_again_is_added_up_in_order_of_the_week() {
        let sold = |orders| Sales { orders, ..Sales::nothing("INR") };
        let request = SalesRequest {
            listed: Some((Days::between(on("2026-11-19"), on("2026-11-22")), Currency::INR)),
            ..SalesRequest::default()
        };
        let now = vec![(on("2026-11-15"), sold(1)), (on("2026-11-22"), sold(2)), (on("2026-11-20"), sold(4))];
        let then = vec![(on("2026-11-06"), sold(8))];
        let groups = grouped(of_weekdays(now), Some(of_weekdays(then)), &request, Rhythm::Weekday(Weekday::Sun));
        let told: Vec<_> =
            groups.iter().map(|group| (group.key, group.sales.orders, group.then.as_ref().map(|s| s.orders))).collect();
        let expected = [(Weekday::Sun, 3, 0), (Weekday::Thu, 0, 0), (Weekday::Fri, 4, 8), (Weekday::Sat, 0, 0)];
        assert_eq!(told, expected.map(|(day, now, then)| (GroupKey::Weekday(day), now, Some(then))));
        let groups = grouped(vec![(GroupKey::Hour(5), sold(1))], None, &request, Rhythm::Hour(Tz::UTC));
        assert_eq!((groups.len(), groups[5].sales.orders), (24, 1));
    }
}
