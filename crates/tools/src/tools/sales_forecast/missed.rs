//! Whether the sales of a day that is over are within the band that was forecast before the day began.

use chrono::NaiveDate;
use futures::future::BoxFuture;
use orderlog_domain::{postings::Basis, rejection::Code};
use orderlog_forecast::{Ahead, Estimate, forecast};
use orderlog_projections::daily_sales::{self, SalesRequest};
use orderlog_read_models::Days;

use super::{learned::Learned, measure::Measure};
use crate::{failure::Failure, moments::last_position, shop::OpenShop};

/// A day whose booked revenue is outside the band. Minor units of the shop's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missed {
    /// The sales of the day.
    pub sold: i64,
    /// The expected sales.
    pub expected: i64,
    /// Lower end of the band of 80 %.
    pub from: i64,
    /// Upper end of the band.
    pub to: i64,
}

/// Compares a day that is over with the answer that `sales.forecast` would have given at the end of the day before.
/// `None` if the day is in the band, and if such forecasts were not measured yet, because the band means little then.
///
/// # Errors
/// When the sales cannot be read.
pub fn missed(shop: &OpenShop, day: NaiveDate) -> BoxFuture<'_, Result<Option<Missed>, Failure>> {
    Box::pin(judge(shop, day))
}

async fn judge(shop: &OpenShop, day: NaiveDate) -> Result<Option<Missed>, Failure> {
    let (start, _) = shop.settings.calendar.day_bounds(day);
    let head = shop.projections.head(&shop.log).await?.position;
    let known = last_position(&shop.log, head, |recorded_at| recorded_at < start).await?;
    let learned = match Learned::read(shop, Measure::Revenue, vec![], day, Some(known)).await {
        Ok(learned) => learned,
        // There were no sales before this day.
        Err(Failure::Rejected(rejection)) if rejection.code == Code::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let ahead = Ahead { first: 1, last: 1 };
    let Some(made) = forecast(&learned.values, ahead).filter(|made| made.accuracy.is_some()) else { return Ok(None) };
    let Some(Estimate { value: expected, band_80: band, .. }) = made.days.first().copied() else { return Ok(None) };
    let sold = sold_on(shop, day).await?;
    let missed = Missed { sold, expected, from: band.from, to: band.to };
    Ok((sold < band.from || sold > band.to).then_some(missed))
}

/// The sales of the day, as they are known now.
async fn sold_on(shop: &OpenShop, day: NaiveDate) -> Result<i64, Failure> {
    let days = Days::between(day, day);
    let request = SalesRequest { basis: Basis::Booked, days, ..SalesRequest::default() };
    let answer = daily_sales::sales_by_day(&shop.projections, request, shop.moments.fresh().await?).await?;
    let home = shop.settings.currency.code();
    Ok(answer.found.iter().filter(|(_, sales)| sales.home == home).map(|(_, sales)| Measure::Revenue.of(sales)).sum())
}
