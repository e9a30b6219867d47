//! The complete days that a forecast learns from, as the read model of sales has them.

use chrono::{Days as DaysLater, NaiveDate};
use orderlog_domain::{
    ids::{Position, ProductId},
    postings::Basis,
    rejection::{Code, Rejection},
};
use orderlog_forecast::MAX_LEARNED;
use orderlog_projections::{
    catalogue,
    daily_sales::{self, SalesRequest},
};
use orderlog_read_models::{Answer, Days};

use super::measure::Measure;
use crate::{failure::Failure, shop::OpenShop};

/// A series of complete days without gaps.
pub(super) struct Learned {
    /// The last one is yesterday.
    pub(super) values: Vec<i64>,
    pub(super) last: NaiveDate,
    /// Whether there were sales in currencies for which no rate was stored.
    pub(super) unconverted: bool,
    /// The answer they came with.
    pub(super) answer: Answer<()>,
}

impl Learned {
    /// From the first day on which anything was posted, at most [`MAX_LEARNED`] days, up to the day before `today`.
    pub(super) async fn read(
        shop: &OpenShop,
        measure: Measure,
        product: Option<ProductId>,
        today: NaiveDate,
        as_of: Option<Position>,
    ) -> Result<Learned, Failure> {
        let last = today - DaysLater::new(1);
        let days = Days::between(today - DaysLater::new(MAX_LEARNED as u64), last);
        let request = SalesRequest { basis: Basis::Booked, days, product, as_of, ..SalesRequest::default() };
        let answer = daily_sales::sales_by_day(&shop.projections, request, shop.moments.fresh().await?).await?;
        let (home, sold) = (shop.settings.currency.code(), &answer.found);
        let counted = || sold.iter().filter(|(_, sales)| sales.home == home);
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
        Ok(Learned { values, last, unconverted, answer })
    }

    /// What the days from `from` on have brought.
    pub(super) fn sum_since(&self, from: NaiveDate) -> i64 {
        let days = usize::try_from((self.last - from).num_days() + 1).unwrap_or(0);
        self.values.iter().rev().take(days).sum()
    }
}

/// What the product is called.
pub(super) async fn name_of(shop: &OpenShop, id: ProductId) -> Result<String, Failure> {
    let found = catalogue::products_by_id(&shop.projections, &[id], shop.moments.fresh().await?).await?.found;
    Ok(found.into_iter().next().map_or_else(|| id.to_string(), |product| product.name))
}

fn nothing_to_learn_from() -> Rejection {
    Rejection::new(Code::NotFound, "Nothing was sold on a day that is over, so there is nothing to learn from.")
        .hint("Ask again when the first day with sales is over, or for another product.")
}
