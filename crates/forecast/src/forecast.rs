//! The forecast of a series: the method, the values of the days ahead, and the accuracy.

use crate::{
    accuracy::Accuracy,
    backtest::backtest,
    bands::{Bands, Widths},
    models::Method,
    rounding::{round, whole},
    week::WEEK,
};

/// Most days ahead: 90 after the present one, which is not over itself.
pub const MAX_AHEAD: usize = 91;
/// Days at the end of a series that are learned from; older days do not help for the next weeks.
pub const MAX_LEARNED: usize = 730;
/// Fewest days with which methods are compared; with fewer, the last week is the forecast of the next.
const COMPARED_FROM: usize = 4 * WEEK;
/// Days from which there is a weekday pattern.
const WEEKLY_FROM: usize = 2 * WEEK;
/// Weeks that the weekday pattern is taken from.
const PATTERN_WEEKS: usize = 8;

/// The days ahead that are asked for, both included: 1 is the day after the last of the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ahead {
    /// First day.
    pub first: usize,
    /// Last day.
    pub last: usize,
}

/// The lower and the upper end, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Band {
    /// Lower end.
    pub from: i64,
    /// Upper end.
    pub to: i64,
}

/// The expected value, and the bands that contain the real value four times in five and nineteen times in twenty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Estimate {
    /// Expected.
    pub value: i64,
    /// 80 %.
    pub band_80: Band,
    /// The 95 % band; it contains the other.
    pub band_95: Band,
}

/// The days ahead, and how they were forecast.
#[derive(Debug, Clone, PartialEq)]
pub struct Forecast {
    /// The method.
    pub method: Method,
    /// One for each day asked for.
    pub days: Vec<Estimate>,
    /// The sum of the days; its bands are those of the sum, which are narrower than the sums of the bands.
    pub total: Estimate,
    /// The sums of the parts that were asked for, with bands in the same way.
    pub parts: Vec<Estimate>,
    /// The next seven days divided by a mean day (1.0), by their weekdays over the last weeks; `None` below two weeks.
    pub weekdays: Option<[f64; WEEK]>,
    /// The accuracy for past days; `None` below two weeks.
    pub accuracy: Option<Accuracy>,
    /// Days at the end of the series from which the forecast learned.
    pub learned: usize,
}

/// Forecasts a series of complete days without gaps, the oldest first. A day of the series may be below zero, if more
/// was taken back than sold; no forecast is. `None` if there is no day to learn from, or the days asked for are not
/// among the next [`MAX_AHEAD`].
#[must_use]
pub fn forecast(series: &[i64], ahead: Ahead) -> Option<Forecast> {
    forecast_in_parts(series, ahead, &[])
}

/// As [`forecast`], with the sums of `parts` of the days, such as weeks; each part is within the days asked for.
#[must_use]
pub fn forecast_in_parts(series: &[i64], ahead: Ahead, parts: &[Ahead]) -> Option<Forecast> {
    let Ahead { first, last } = ahead;
    let lies_outside = |part: &Ahead| part.first < first || part.first > part.last || part.last > last;
    if parts.iter().any(lies_outside) {
        return None;
    }
    if series.is_empty() || first == 0 || first > last || last > MAX_AHEAD {
        return None;
    }
    let series: Vec<f64> =
        series[series.len().saturating_sub(MAX_LEARNED)..].iter().map(|value| *value as f64).collect();
    let weekdays = weekdays(&series);
    let learned = series.len();
    if learned < WEEKLY_FROM {
        return Some(of_mean(&series, ahead, parts));
    }
    let (pool, seen_first): (&[Method], usize) =
        if learned < COMPARED_FROM { (&[Method::SeasonalNaive], WEEK) } else { (&Method::POOL, WEEKLY_FROM) };
    let backtest = backtest(&series, pool, seen_first, last);
    let best = backtest.best(&series);
    let bands = Bands::of(&backtest, &series, best);
    let expected = &backtest.ahead[best][first - 1..];
    let of_all = |Ahead { first, last }: Ahead| bands.total(&backtest, &series, best, (first, last));
    let widths = (first..=last).map(|step| bands.day(step));
    let (days, total) = estimates(expected, widths, of_all(ahead));
    let parts = parts.iter().map(|part| of_part(&days, expected, ahead, *part, of_all(*part))).collect();
    let accuracy = Accuracy::of(&backtest, &series, best, 0);
    Some(Forecast { method: backtest.methods[best], days, total, parts, weekdays, accuracy, learned })
}

impl Forecast {
    /// The same forecast if the first day has begun: it has had `so_far`, and `rest` (0 to 1) of such a day usually
    /// comes later. The rest of a day differs less than a complete one: its spread shrinks with the root of the rest.
    #[must_use]
    pub fn under_way(mut self, so_far: i64, rest: f64) -> Forecast {
        let Some(first) = self.days.first_mut() else { return self };
        let (whole, rest) = (*first, rest.clamp(0.0, 1.0));
        let left = round(whole.value as f64 * rest);
        let shrunk = |width: i64| round(width as f64 * rest.sqrt());
        let of_day = |band: Band| Band {
            from: so_far + (left - shrunk(whole.value - band.from)).max(0),
            to: so_far + left + shrunk(band.to - whole.value),
        };
        *first = Estimate { value: so_far + left, band_80: of_day(whole.band_80), band_95: of_day(whole.band_95) };
        let now = *first;
        if let [only] = self.days.as_slice() {
            self.total = *only;
            self.parts.iter_mut().for_each(|part| *part = *only);
            return self;
        }
        // In the variance of all days, the part of the first day is replaced by that of its rest.
        let sum = |before: Estimate| {
            let value = before.value - whole.value + now.value;
            let width = |all: i64, one: i64| {
                let square = |width: i64| (width as f64).powi(2);
                round((square(all) - square(one) * (1.0 - rest)).max(0.0).sqrt())
            };
            let of_all = |all: Band, one: Band| Band {
                from: (value - width(before.value - all.from, whole.value - one.from)).max(so_far.min(value)),
                to: value + width(all.to - before.value, one.to - whole.value),
            };
            let (band_80, band_95) = (of_all(before.band_80, whole.band_80), of_all(before.band_95, whole.band_95));
            Estimate { value, band_80, band_95 }
        };
        self.total = sum(self.total);
        // The first day is in the first part, which may be that day alone.
        if let Some(first) = self.parts.first_mut() {
            *first = if *first == whole { now } else { sum(*first) };
        }
        self
    }
}

/// The same forecast for every day, if there are too few days to distinguish weekdays.
fn of_mean(series: &[f64], ahead: Ahead, parts: &[Ahead]) -> Forecast {
    let Ahead { first, last } = ahead;
    let (count, days) = (series.len() as f64, (last - first + 1) as f64);
    let mean = (series.iter().sum::<f64>() / count).max(0.0);
    // One day does not show how days differ: assume a difference as large as its amount.
    let spread = match series {
        [only] => only.abs(),
        _ => (series.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (count - 1.0)).sqrt(),
    };
    let width =
        |days: f64| Widths::normal(spread * (days + days * days / count).sqrt(), series.len().saturating_sub(1));
    let expected = vec![mean; last - first + 1];
    let (days, total) = estimates(&expected, expected.iter().map(|_| width(1.0)), width(days));
    let count = |part: &Ahead| (part.last - part.first + 1) as f64;
    let parts = parts.iter().map(|part| of_part(&days, &expected, ahead, *part, width(count(part)))).collect();
    Forecast { method: Method::Mean, days, total, parts, weekdays: None, accuracy: None, learned: series.len() }
}

/// Whole amounts; each value is within its bands, and the days add up to the total.
fn estimates(expected: &[f64], widths: impl Iterator<Item = Widths>, total: Widths) -> (Vec<Estimate>, Estimate) {
    let values = whole(expected);
    let sum = values.iter().sum();
    let day = |((value, expected), widths): ((&i64, &f64), Widths)| estimate(*value, *expected, widths);
    let days = values.iter().zip(expected).zip(widths).map(day).collect();
    (days, estimate(sum, expected.iter().sum(), total))
}

/// A part of the days: its value is the sum of their values.
fn of_part(days: &[Estimate], expected: &[f64], ahead: Ahead, part: Ahead, widths: Widths) -> Estimate {
    let within = part.first - ahead.first..=part.last - ahead.first;
    let value = days[within.clone()].iter().map(|day| day.value).sum();
    estimate(value, expected[within].iter().sum(), widths)
}

fn estimate(value: i64, expected: f64, widths: Widths) -> Estimate {
    // The whole amounts inside the band; rounding for the sum may have moved the value out of a narrow band by one.
    let band = |width: f64| Band {
        from: ((expected - width).ceil() as i64).max(0).min(value),
        to: ((expected + width).floor() as i64).max(value),
    };
    let band_80 = band(widths.of80);
    let band_95 = band(widths.of95.max(widths.of80));
    Estimate { value, band_80, band_95 }
}

/// The usual value of each of the next seven days, divided by the mean of all days.
fn weekdays(series: &[f64]) -> Option<[f64; WEEK]> {
    let weeks = (series.len() / WEEK).min(PATTERN_WEEKS);
    if series.len() < WEEKLY_FROM {
        return None;
    }
    let last = &series[series.len() - weeks * WEEK..];
    let sum: f64 = last.iter().sum();
    (sum > 0.0).then(|| {
        std::array::from_fn(|weekday| last.iter().skip(weekday).step_by(WEEK).sum::<f64>() * WEEK as f64 / sum)
    })
}
