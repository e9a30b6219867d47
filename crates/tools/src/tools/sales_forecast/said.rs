//! The sentences of a forecast: what is expected, and how far it is to be believed.

use chrono::NaiveDate;
use orderlog_domain::{format::days_in_words, phrase::DateRange};
use orderlog_forecast::{Accuracy, Estimate, Forecast, Method};

use super::{learned::Learned, measure::Measure};
use crate::{
    moments::AsOf,
    sentences::{plural, ranges, units},
    shop::OpenShop,
};

/// What is told of a forecast.
pub(super) struct Said<'a> {
    pub(super) measure: Measure,
    /// Of the product.
    pub(super) name: Option<String>,
    pub(super) range: &'a DateRange,
    pub(super) today: NaiveDate,
    /// From when on days of the range are over, and what they have brought.
    pub(super) already: Option<(NaiveDate, i64)>,
    pub(super) made: &'a Forecast,
    pub(super) learned: &'a Learned,
    pub(super) as_of: Option<AsOf>,
}

/// `Revenue for next week (23–29 Nov 2026) is expected to be ₹45,000, in four of five cases between ₹40,000 and ₹50,000.`
pub(super) fn in_words(shop: &OpenShop, told: &Said<'_>) -> String {
    let Said { measure, name, range, today, already, made, learned, as_of } = told;
    let of = name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let Estimate { value, band_80: band, .. } = made.total;
    let sum = already.map_or(value, |(_, already)| already.saturating_add(value));
    let within = ranges::within("for", range);
    let amount = |value: i64| match measure {
        Measure::Revenue => shop.wording.amount(value, shop.settings.currency),
        Measure::Orders | Measure::Units => value.to_string(),
    };
    // "Revenue for next week is expected to be ₹45,000", "12 units of Mug are expected for next week".
    let are = if sum == 1 { "is" } else { "are" };
    let mut text = match measure {
        Measure::Revenue => format!("Revenue{of} {within} is expected to be {}", amount(sum)),
        Measure::Orders => format!("{}{of} {are} expected {within}", plural(sum, "order")),
        Measure::Units => format!("{}{of} {are} expected {within}", units(sum)),
    };
    if let (Some((_, already)), Some(to)) = (already, range.to) {
        let rest = days_in_words(*today, to);
        text.push_str(&format!(": {} so far, and {} on {rest}", amount(*already), amount(value)));
    }
    text.push_str(&format!(", in four of five cases between {} and {}.", amount(band.from), amount(band.to)));
    text.push_str(ranges::whole_days(range));
    text.push_str(&believed(made));
    if learned.unconverted {
        text.push_str(" Sales in currencies without a stored exchange rate are not counted.");
    }
    if let Some(as_of) = as_of {
        let zone = shop.settings.calendar.timezone;
        text.push_str(&format!(" This is how it would have been forecast {}.", as_of.in_words(zone)));
    }
    text
}

/// How far a forecast is to be believed.
fn believed(made: &Forecast) -> String {
    let days = plural(made.learned as i64, "day");
    let Some(Accuracy { mase, naive_mase, inside_80, .. }) = made.accuracy else {
        return format!(" With {days} to learn from this is the mean of them, no more than a first guess.");
    };
    let inside = format!("{:.0} % of past days fell inside the band", 100.0 * inside_80);
    let compared = match (made.method, mase.zip(naive_mase)) {
        (Method::SeasonalNaive, _) => "each day is taken as the same weekday of the last week".to_owned(),
        (method, Some((mase, naive))) if naive > 0.0 => {
            let smaller = 100.0 * (1.0 - mase / naive);
            format!("{method} erred {smaller:.0} % less than taking the week before")
        }
        (method, _) => method.to_string(),
    };
    format!(" Learned from {days}: {compared}; {inside}.")
}

#[cfg(test)]
mod tests {
    use orderlog_forecast::{Ahead, forecast};

    use super::*;

    fn of(series: &[i64]) -> String {
        believed(&forecast(series, Ahead { first: 1, last: 7 }).unwrap())
    }

    #[test]
    fn a_forecast_says_how_far_it_is_to_be_believed() {
        assert_eq!(of(&[5]), " With 1 day to learn from this is the mean of them, no more than a first guess.");
        assert_eq!(of(&[5; 13]), " With 13 days to learn from this is the mean of them, no more than a first guess.");
        assert_eq!(
            of(&[5; 20]),
            " Learned from 20 days: each day is taken as the same weekday of the last week; 100 % of past days fell \
             inside the band."
        );
        let uneven: Vec<i64> = (0..60).map(|day| 100 + day * 7919 % 37).collect();
        let told = of(&uneven);
        assert!(
            told.starts_with(" Learned from 60 days: ") && told.contains(" % less than taking the week before; "),
            "{told}"
        );
    }
}
