//! The sentences of a forecast: the expected sales, and how reliable they are.

use chrono::NaiveDate;
use orderlog_domain::phrase::DateRange;
use orderlog_forecast::{Accuracy, Estimate, Forecast, Method};

use super::{learned::Learned, measure::Measure};
use crate::{
    moments::AsOf,
    sentences::{plural, ranges, units},
    shop::OpenShop,
};

/// The data for the sentences.
pub(super) struct Said<'a> {
    pub(super) measure: Measure,
    /// Name of the product or products.
    pub(super) name: Option<String>,
    pub(super) range: &'a DateRange,
    /// The sales of the present day so far, if it is among the days.
    pub(super) so_far: Option<i64>,
    /// The first of the days that are over, and the sales since then.
    pub(super) already: Option<(NaiveDate, i64)>,
    pub(super) made: &'a Forecast,
    pub(super) learned: &'a Learned,
    pub(super) as_of: Option<AsOf>,
}

/// `Revenue for next week (23–29 Nov 2026) is expected to be about ₹45,000, most likely ₹40,000 to ₹50,000.`
pub(super) fn in_words(shop: &OpenShop, told: &Said<'_>) -> String {
    let Said { measure, name, range, so_far, already, made, learned, as_of } = told;
    let of = name.as_ref().map(|name| format!(" of {name}")).unwrap_or_default();
    let Estimate { value, band_80: band, .. } = made.total;
    let over = already.map_or(0, |(_, already)| already);
    let had = over.saturating_add(so_far.unwrap_or_default());
    let sum = over.saturating_add(value);
    let within = ranges::within("for", range);
    let amount = |value: i64| match measure {
        Measure::Revenue => shop.wording.about(value, shop.settings.currency),
        Measure::Orders | Measure::Units => value.to_string(),
    };
    // "Revenue for next week is expected to be about ₹45,000", "About 12 units of Mug are expected for next week".
    let are = if sum == 1 { "is" } else { "are" };
    let mut text = match measure {
        Measure::Revenue => format!("Revenue{of} {within} is expected to be about {}", amount(sum)),
        Measure::Orders => format!("About {}{of} {are} expected {within}", plural(sum, "order")),
        Measure::Units => format!("About {}{of} {are} expected {within}", units(sum)),
    };
    if already.is_some() || so_far.is_some() {
        text.push_str(&format!(": {} so far, {} still to come", amount(had), amount(sum.saturating_sub(had).max(0))));
    }
    let [from, to] = [band.from, band.to].map(|end| amount(over.saturating_add(end)));
    text.push_str(&format!(". It is most likely {from} to {to}{}", believed(made)));
    text.push_str(ranges::whole_days(range));
    if learned.unconverted {
        text.push_str(" Sales in currencies without a stored exchange rate are not counted.");
    }
    if let Some(as_of) = as_of {
        let zone = shop.settings.calendar.timezone;
        text.push_str(&format!(" This is how it would have been forecast {}.", as_of.in_words(zone)));
    }
    text
}

/// How reliable a forecast is: how good such forecasts were for days that are over.
fn believed(made: &Forecast) -> String {
    let days = plural(made.learned as i64, "day");
    let Some(Accuracy { mase, naive_mase, inside_80, .. }) = made.accuracy else {
        return format!("; with only {days} to learn from, their mean, that is no more than a first guess.");
    };
    let inside = format!(": {:.0} of 100 past days fell within such limits", 100.0 * inside_80);
    let compared = match (made.method, mase.zip(naive_mase)) {
        (Method::SeasonalNaive, _) => ", each day taken as the same weekday of the week before".to_owned(),
        (_, Some((mase, naive))) if naive > 0.0 => {
            format!(", and it was {:.0} % nearer than repeating the week before", 100.0 * (1.0 - mase / naive))
        }
        _ => String::new(),
    };
    format!("{inside}{compared}.")
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
        let guess =
            |days: &str| format!("; with only {days} to learn from, their mean, that is no more than a first guess.");
        assert_eq!(of(&[5]), guess("1 day"));
        assert_eq!(of(&[5; 13]), guess("13 days"));
        assert_eq!(
            of(&[5; 20]),
            ": 100 of 100 past days fell within such limits, each day taken as the same weekday of the week before."
        );
        let uneven: Vec<i64> = (0..60).map(|day| 100 + day * 7919 % 37).collect();
        let told = of(&uneven);
        assert!(
            told.contains(" of 100 past days fell within such limits, and it was ") && told.ends_with(" before."),
            "{told}"
        );
    }
}
