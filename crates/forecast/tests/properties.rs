//! What holds for a forecast of any series.

use orderlog_forecast::{Ahead, Estimate, Forecast, Method, forecast};
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
