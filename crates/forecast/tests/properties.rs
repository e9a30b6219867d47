//! Properties of the forecast of any series.

use orderlog_forecast::{Ahead, Band, Estimate, Forecast, Method, forecast, forecast_in_parts};
use proptest::prelude::*;

fn amounts() -> impl Strategy<Value = i64> {
    prop_oneof![3 => Just(0_i64), 1 => -1_000_000..0_i64, 3 => 0..10_i64, 3 => 0..10_000_000_i64, 1 => 0..1_000_000_000_000_i64]
}

fn days_ahead() -> impl Strategy<Value = Ahead> {
    (1..=90_usize).prop_flat_map(|last| (1..=last, Just(last))).prop_map(|(first, last)| Ahead { first, last })
}

fn nested(estimate: &Estimate) -> bool {
    let Estimate { value, band_80, band_95 } = *estimate;
    band_95.from <= band_80.from && band_80.from <= value && value <= band_80.to && band_80.to <= band_95.to
}

fn is_sound(said: &Forecast, ahead: Ahead) -> Result<(), TestCaseError> {
    prop_assert_eq!(said.days.len(), ahead.last - ahead.first + 1);
    prop_assert_eq!(said.total.value, said.days.iter().map(|day| day.value).sum::<i64>());
    prop_assert!(said.days.iter().chain([&said.total]).all(nested), "{:?}", said);
    prop_assert_eq!(said.accuracy.is_some(), said.learned >= 14);
    prop_assert_eq!(said.method == Method::Mean, said.learned < 14);
    if let Some(accuracy) = said.accuracy {
        prop_assert!((0.0..=1.0).contains(&accuracy.inside_80) && accuracy.inside_80 <= accuracy.inside_95);
        prop_assert!((0.0..=200.0).contains(&accuracy.smape) && (0.0..=200.0).contains(&accuracy.naive_smape));
        prop_assert!(accuracy.mase.is_none_or(|mase| mase.is_finite() && mase >= 0.0));
        let least = if said.learned >= 28 { 8 } else { 1 };
        prop_assert!(accuracy.folds >= least);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn forecasts_are_sound_and_never_negative(
        series in prop::collection::vec(amounts(), 1..200),
        ahead in days_ahead(),
    ) {
        let said = forecast(&series, ahead).expect("a forecast");
        is_sound(&said, ahead)?;
        let lowest = said.days.iter().chain([&said.total]).map(|estimate| estimate.band_95.from).min();
        prop_assert!(lowest >= Some(0), "{:?}", said);
        prop_assert_eq!(&said, &forecast(&series, ahead).expect("a forecast"));
    }

    #[test]
    fn parts_add_up_to_the_whole_and_are_surer_than_their_days(
        series in prop::collection::vec(0..1_000_000_i64, 1..120),
        ahead in days_ahead(),
        rest in 0.0..1.0_f64,
    ) {
        let weeks: Vec<Ahead> = (ahead.first..=ahead.last)
            .step_by(7)
            .map(|first| Ahead { first, last: (first + 6).min(ahead.last) })
            .collect();
        let said = forecast_in_parts(&series, ahead, &weeks).expect("a forecast");
        prop_assert_eq!(&Forecast { parts: vec![], ..said.clone() }, &forecast(&series, ahead).expect("a forecast"));
        let begun = said.clone().under_way(500, rest);
        for said in [&said, &begun] {
            prop_assert_eq!(said.parts.len(), weeks.len());
            prop_assert_eq!(said.parts.iter().map(|week| week.value).sum::<i64>(), said.total.value);
            prop_assert!(said.parts.iter().all(nested), "{:?}", said);
        }
        for (week, days) in said.parts.iter().zip(said.days.chunks(7)) {
            prop_assert_eq!(week.value, days.iter().map(|day| day.value).sum::<i64>());
            // Wider than the band of any day would be no band of a sum; rounding may move either end by one a day.
            let highest: i64 = days.iter().map(|day| day.band_80.to + 1).sum();
            prop_assert!(said.learned < 14 || week.band_80.to <= highest, "{:?}", said);
        }
        let outside = Ahead { first: ahead.last, last: ahead.last + 1 };
        prop_assert_eq!(forecast_in_parts(&series, ahead, &[outside]), None);
    }

    #[test]
    fn amounts_in_another_unit_give_the_same_forecast(
        series in prop::collection::vec(0..10_000_i64, 28..100),
    ) {
        // Paise or cents: only the rounding differs.
        let ahead = Ahead { first: 1, last: 14 };
        let [small, large] = [1, 64].map(|unit| {
            let series: Vec<i64> = series.iter().map(|value| value * unit).collect();
            forecast(&series, ahead).expect("a forecast")
        });
        prop_assert_eq!(small.method, large.method);
        prop_assert!((small.total.value * 64 - large.total.value).abs() <= 64);
    }

    #[test]
    fn whatever_a_series_holds_there_is_an_answer(series in prop::collection::vec(any::<i64>(), 1..60), ahead in days_ahead()) {
        let said = forecast(&series, ahead).expect("a forecast");
        prop_assert_eq!(said.total.value, said.days.iter().map(|day| day.value).sum::<i64>());
        prop_assert!(said.days.iter().all(|day| day.value >= 0));
    }
}

/// A day that is under way is forecast from what it has had, and the less is left of it the surer it is.
#[test]
fn what_a_day_has_had_counts_and_its_rest_is_forecast() {
    let series: Vec<i64> = (0..70).map(|day| 1_000 + day * 7_919 % 400).collect();
    let made = forecast(&series, Ahead { first: 1, last: 5 }).unwrap();
    let width = |band: Band| band.to - band.from;
    for (so_far, rest, left) in
        [(0, 1.0, made.days[0].value), (700, 0.5, made.days[0].value.div_euclid(2)), (1_300, 0.0, 0)]
    {
        let now = made.clone().under_way(so_far, rest);
        assert!((now.days[0].value - so_far - left).abs() <= 1, "{rest}: {now:?}");
        assert_eq!(now.days[1..], made.days[1..]);
        assert_eq!(now.total.value, now.days.iter().map(|day| day.value).sum::<i64>());
        assert!(now.days[0].band_80.from >= so_far && width(now.days[0].band_80) <= width(made.days[0].band_80));
        assert!(width(now.total.band_80) <= width(made.total.band_80), "{rest}: {now:?} {made:?}");
    }
    assert_eq!(made.clone().under_way(0, 1.0), made, "nothing is known of it yet");
    let over = made.under_way(1_300, 0.0).days[0];
    assert_eq!((over.value, over.band_95), (1_300, Band { from: 1_300, to: 1_300 }));
    let today = forecast(&series, Ahead { first: 1, last: 1 }).unwrap().under_way(700, 0.5);
    assert_eq!(today.total, today.days[0]);
}
