//! Series whose future is known: what a forecast says of them.

use orderlog_forecast::{Ahead, Band, Forecast, Method, forecast};

/// Sales of the days of a week; the shop is closed on the last one.
const PATTERN: [i64; 7] = [100, 110, 120, 130, 190, 260, 0];

fn ahead(series: &[i64], last: usize) -> Forecast {
    forecast(series, Ahead { first: 1, last }).expect("a forecast")
}

fn values(forecast: &Forecast) -> Vec<i64> {
    forecast.days.iter().map(|day| day.value).collect()
}

/// Between −`most` and `most`, the same in every run.
fn noise(day: usize, most: i64) -> i64 {
    let mixed = (day as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    ((mixed >> 33) % (2 * most as u64 + 1)) as i64 - most
}

fn series(days: usize, of: impl Fn(usize) -> i64) -> Vec<i64> {
    (0..days).map(of).collect()
}

#[test]
fn nothing_beats_the_seasonal_naive_where_every_week_is_the_same() {
    for pattern in [PATTERN, [5; 7], [0; 7]] {
        let said = ahead(&series(70, |day| pattern[day % 7]), 90);
        assert_eq!(said.method, Method::SeasonalNaive);
        for (step, day) in said.days.iter().enumerate() {
            let exactly = pattern[(70 + step) % 7];
            assert_eq!((day.value, day.band_95), (exactly, Band { from: exactly, to: exactly }));
        }
        let accuracy = said.accuracy.expect("an accuracy");
        assert_eq!((accuracy.mase, accuracy.smape, accuracy.inside_80), (None, 0.0, 1.0));
    }
}

#[test]
fn a_noisy_week_is_told_by_its_pattern_and_better_than_by_the_week_before() {
    let shop = |day: usize| if PATTERN[day % 7] == 0 { 0 } else { PATTERN[day % 7] + noise(day, 30) };
    let said = ahead(&series(365, shop), 14);
    let accuracy = said.accuracy.expect("an accuracy");
    assert_ne!(said.method, Method::SeasonalNaive);
    assert!(accuracy.mase < accuracy.naive_mase && accuracy.smape < accuracy.naive_smape, "{accuracy:?}");
    assert_eq!(accuracy.folds, 50);
    for (step, day) in said.days.iter().enumerate() {
        let expected = PATTERN[(365 + step) % 7];
        assert!((day.value - expected).abs() <= 20, "{step}: {day:?}");
        if expected == 0 {
            assert_eq!(day.band_95, Band { from: 0, to: 0 }, "closed");
        }
    }
    // Evenly spread noise: 80 % of it lies within 24.
    let width = said.days[0].band_80.to - said.days[0].band_80.from;
    assert!((40..=66).contains(&width), "{width}");
    // 365 = 52 weeks and a day: the first day ahead is the second of the pattern.
    let weekdays = said.weekdays.expect("a pattern");
    assert!((weekdays[0] - 110.0 * 7.0 / 910.0).abs() < 0.1 && weekdays[5] == 0.0, "{weekdays:?}");
}

#[test]
fn bands_hold_what_they_promise_on_days_to_come() {
    let shop = |day: usize| 1_000 + 3 * PATTERN[day % 7] + noise(day, 150) + noise(day / 7, 60);
    let all = series(800, shop);
    let (mut inside_80, mut inside_95, mut total_80, mut days, mut weeks) = (0, 0, 0, 0, 0);
    for origin in (200..793).step_by(7) {
        let said = ahead(&all[..origin], 7);
        let came = &all[origin..origin + 7];
        let within = |band: Band, value: i64| u32::from(band.from <= value && value <= band.to);
        for (day, came) in said.days.iter().zip(came) {
            inside_80 += within(day.band_80, *came);
            inside_95 += within(day.band_95, *came);
            days += 1;
        }
        total_80 += within(said.total.band_80, came.iter().sum());
        weeks += 1;
    }
    let share = |inside: u32, of: u32| f64::from(inside) / f64::from(of);
    assert!((0.75..=0.85).contains(&share(inside_80, days)), "{}", share(inside_80, days));
    assert!((0.92..=0.98).contains(&share(inside_95, days)), "{}", share(inside_95, days));
    assert!((0.70..=0.92).contains(&share(total_80, weeks)), "{}", share(total_80, weeks));
}

#[test]
fn growth_is_followed() {
    let shop = |day: usize| 500 + 2 * day as i64 + PATTERN[day % 7];
    let said = ahead(&series(210, shop), 14);
    let accuracy = said.accuracy.expect("an accuracy");
    // The seasonal naive is 14 short on every day.
    assert!((accuracy.naive_mase.expect("errors") - 1.0).abs() < 1e-9);
    assert!(accuracy.mase.expect("errors") < 0.5, "{accuracy:?}");
    for (step, day) in said.days.iter().enumerate() {
        assert!((day.value - shop(210 + step)).abs() <= 12, "{step}: {day:?} for {}", shop(210 + step));
    }
}

#[test]
fn a_new_level_is_learned_within_weeks() {
    let shop = |day: usize| if day < 150 { 1_000 + noise(day, 50) } else { 400 + noise(day, 50) };
    for day in ahead(&series(192, shop), 7).days {
        assert!((330..=520).contains(&day.value), "{day:?}");
    }
}

#[test]
fn what_sells_now_and_then_adds_up_over_the_month() {
    let sold_on = |day: usize| i64::from(noise(day, 50) > 26);
    let past = series(200, sold_on);
    let a_day = past.iter().sum::<i64>() as f64 / 200.0;
    let said = ahead(&past, 28);
    assert!((said.total.value as f64 - 28.0 * a_day).abs() <= 4.0, "{} for {}", said.total.value, 28.0 * a_day);
    assert!(said.days.iter().all(|day| (0..=1).contains(&day.value)));
}

#[test]
fn what_stopped_selling_is_expected_to_sell_nothing() {
    let said = ahead(&series(200, |day| if day < 60 { 5 } else { 0 }), 30);
    assert_eq!((said.total.value, said.total.band_80), (0, Band { from: 0, to: 0 }));
}

#[test]
fn the_method_goes_by_how_much_there_is_to_learn_from() {
    let shop = |day: usize| PATTERN[day % 7] + noise(day, 40).abs();
    for (days, method, folds) in [
        (1, Method::Mean, None),
        (13, Method::Mean, None),
        (14, Method::SeasonalNaive, Some(1)),
        (27, Method::SeasonalNaive, Some(14)),
    ] {
        let past = series(days, shop);
        let said = ahead(&past, 7);
        assert_eq!((said.method, said.accuracy.map(|accuracy| accuracy.folds), said.learned), (method, folds, days));
        if method == Method::SeasonalNaive {
            assert_eq!(values(&said), past[days - 7..]);
        }
    }
    let said = ahead(&series(28, shop), 7);
    assert_eq!(said.accuracy.map(|accuracy| accuracy.folds), Some(8));
    assert_eq!(ahead(&series(2_000, shop), 7).learned, 730);
}

#[test]
fn the_mean_has_a_band_as_wide_as_days_differ() {
    let said = ahead(&[10, 20, 30, 20, 10, 30, 20], 3);
    assert_eq!(values(&said), [20, 20, 20]);
    assert_eq!((said.total.value, said.accuracy, said.weekdays), (60, None, None));
    let widths = said.days[0].band_80;
    assert!((5..=11).contains(&widths.from) && (29..=35).contains(&widths.to), "{widths:?}");
    assert_eq!(ahead(&[7], 1).days[0].band_95.from, 0, "one day shows little");
}

#[test]
fn the_days_asked_for_are_those_of_the_whole_forecast() {
    let past = series(120, |day| PATTERN[day % 7] + noise(day, 20));
    let (whole, part) = (ahead(&past, 30), forecast(&past, Ahead { first: 10, last: 30 }).expect("a forecast"));
    assert_eq!((part.days.len(), part.method), (21, whole.method));
    for (a, b) in whole.days[9..].iter().zip(&part.days) {
        assert!((a.value - b.value).abs() <= 1, "{a:?} {b:?}");
    }
    // The eighth day is of the second week, whether or not more of that week is asked for.
    assert_eq!(ahead(&past, 8).days[7], ahead(&past, 14).days[7]);
}

#[test]
fn days_on_which_more_was_taken_back_than_sold_do_not_carry_on() {
    let past = series(60, |day| -50 - (day % 7) as i64);
    assert_eq!(values(&ahead(&past, 7)), [0; 7]);
    let mut past = series(120, |day| PATTERN[day % 7] + noise(day, 20));
    past[100] = -2_000;
    let said = ahead(&past, 7);
    assert!(said.total.value > 500 && said.total.band_95.from >= 0, "{:?}", said.total);
}

#[test]
fn there_is_no_forecast_of_nothing_nor_beyond_the_last_day() {
    for (past, first, last) in [(&[][..], 1, 7), (&[1, 2], 0, 7), (&[1, 2], 5, 4), (&[1, 2], 1, 92)] {
        assert_eq!(forecast(past, Ahead { first, last }), None);
    }
}
