//! The complete days that a forecast learns from, read from the read model of sales.

use chrono::{DateTime, Days as DaysLater, NaiveDate, Utc};
use orderlog_domain::{
    ids::{Position, ProductId},
    postings::Basis,
    rejection::{Code, Rejection},
};
use orderlog_forecast::MAX_LEARNED;
use orderlog_projections::daily_sales::{self, SalesRequest};
use orderlog_read_models::{Answer, Days};

use super::measure::Measure;
use crate::{failure::Failure, shop::OpenShop};

/// Days before the present one from which the usual hours of sales are learned.
const PART_FROM_DAYS: u64 = 28;

/// A series of complete days without gaps.
pub(super) struct Learned {
    /// The values of the days; the last one is yesterday.
    pub(super) values: Vec<i64>,
    pub(super) last: NaiveDate,
    /// The value of the present day so far.
    pub(super) today: i64,
    /// Whether there were sales in currencies for which no rate was stored.
    pub(super) unconverted: bool,
    /// The answer of the read model, without its content.
    pub(super) answer: Answer<()>,
}

impl Learned {
    /// The days from the first day with a posting, at most [`MAX_LEARNED`] days, up to the day before `today`.
    pub(super) async fn read(
        shop: &OpenShop,
        measure: Measure,
        products: Vec<ProductId>,
        today: NaiveDate,
        as_of: Option<Position>,
    ) -> Result<Learned, Failure> {
        let last = today - DaysLater::new(1);
        let days = Days::between(today - DaysLater::new(MAX_LEARNED as u64), today);
        let request = SalesRequest { basis: Basis::Booked, days, products, as_of, ..SalesRequest::default() };
        let answer = daily_sales::sales_by_day(&shop.projections, request, shop.moments.fresh().await?).await?;
        let (home, sold) = (shop.settings.currency.code(), &answer.found);
        let in_home = || sold.iter().filter(|(_, sales)| sales.home == home);
        let counted = || in_home().filter(|(day, _)| *day <= last);
        let so_far = in_home().filter(|(day, _)| *day == today).map(|(_, sales)| measure.of(sales)).sum();
        let Some((first, _)) = counted().next() else { return Err(nothing_to_learn_from().into()) };
        let mut values = vec![0; usize::try_from((today - *first).num_days()).unwrap_or(0)];
        for (day, sales) in counted() {
            let at = usize::try_from((*day - *first).num_days()).unwrap_or(usize::MAX);
            if let Some(value) = values.get_mut(at) {
                *value += measure.of(sales);
            }
        }
        let unconverted = measure == Measure::Revenue && sold.iter().any(|(_, sales)| sales.home != home);
        let answer = Answer { position: answer.position, behind: answer.behind, found: () };
        Ok(Learned { values, last, today: so_far, unconverted, answer })
    }

    /// The part (0 to 1) of a day's sales that usually comes later than `now`, the present moment of the current day.
    pub(super) async fn rest_of_day(
        shop: &OpenShop,
        measure: Measure,
        products: Vec<ProductId>,
        now: DateTime<Utc>,
        as_of: Option<Position>,
    ) -> Result<f64, Failure> {
        let calendar = &shop.settings.calendar;
        let today = calendar.business_date(now);
        let (start, end) = calendar.day_bounds(today);
        let days = Days::between(today - DaysLater::new(PART_FROM_DAYS), today - DaysLater::new(1));
        let request = SalesRequest { basis: Basis::Booked, days, products, as_of, ..SalesRequest::default() };
        let (home, fresh) = (shop.settings.currency.code(), shop.moments.fresh().await?);
        let part =
            daily_sales::part_of_days(&shop.projections, &request, home, (start, now - start), fresh).await?.found;
        let (by_then, whole) = (measure.of(&part.by_then), measure.of(&part.whole));
        // If nothing was sold lately, or more was taken back by then, the part of the day that has passed is used.
        let passed = match whole {
            1.. if (0..=whole).contains(&by_then) => by_then as f64 / whole as f64,
            _ => (now - start).num_seconds() as f64 / (end - start).num_seconds().max(1) as f64,
        };
        Ok(1.0 - passed)
    }

    /// The sales of the days since `from`.
    pub(super) fn sum_since(&self, from: NaiveDate) -> i64 {
        let days = usize::try_from((self.last - from).num_days() + 1).unwrap_or(0);
        self.values.iter().rev().take(days).sum()
    }
}

fn nothing_to_learn_from() -> Rejection {
    Rejection::new(Code::NotFound, "Nothing was sold on a day that is over, so there is nothing to learn from.")
        .hint("Ask again when the first day with sales is over, or for another product.")
}
