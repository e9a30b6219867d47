//! How far days and totals differ from their forecasts, as the folds of the backtest show it.

use crate::{
    backtest::{Backtest, FOLD_DAYS, Fold},
    week::WEEK,
};

/// Standard deviations on either side that contain 80 % and 95 % of a normal distribution.
pub(crate) const Z80: f64 = 1.2816;
pub(crate) const Z95: f64 = 1.9600;
/// Weight of the error of all weekdays beside a weekday's own.
const SHARED: f64 = 4.0;
/// So many errors of zero, and a weekday has no band.
const ALWAYS: usize = 4;
/// Folds from which the error of a week ahead, or of a total, is believed.
const ENOUGH: usize = 6;

/// Half the widths of the bands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Widths {
    pub(crate) of80: f64,
    pub(crate) of95: f64,
}

impl Widths {
    const NONE: Widths = Widths { of80: 0.0, of95: 0.0 };

    fn with(self, other: Widths, of: impl Fn(f64, f64) -> f64) -> Widths {
        Widths { of80: of(self.of80, other.of80), of95: of(self.of95, other.of95) }
    }

    /// The widths of a normal distribution whose standard deviation was estimated from `count` errors.
    pub(crate) fn normal(deviation: f64, count: usize) -> Widths {
        let student = |z: f64| z + (z.powi(3) + z) / (4.0 * count.max(1) as f64);
        Widths { of80: deviation * student(Z80), of95: deviation * student(Z95) }
    }
}

/// The bands of one method.
pub(crate) struct Bands {
    /// Mean absolute error of each weekday, beginning with the weekday of the first day ahead.
    weekdays: [f64; WEEK],
    /// The widths, in mean errors of the weekday.
    widths: Widths,
    /// By how much errors are larger in the second, third … week ahead than in the first.
    growth: Vec<f64>,
}

impl Bands {
    pub(crate) fn of(backtest: &Backtest, series: &[f64], method: usize) -> Bands {
        let errors = Errors::of(backtest, series, method);
        let weekdays = errors.weekdays(None);
        let widths = errors.widths(&weekdays, None);
        // Errors are indexed by the day of the series; the first day ahead follows the last of them.
        let weekdays = std::array::from_fn(|day| weekdays[(series.len() + day) % WEEK]);
        Bands { weekdays, widths, growth: growth(backtest, series, method) }
    }

    /// The widths for a day ahead; the first is 1.
    pub(crate) fn day(&self, step: usize) -> Widths {
        let week = (step - 1) / WEEK;
        let measured = self.growth.len();
        let growth = match self.growth.get(week) {
            Some(growth) => *growth,
            None => self.growth[measured - 1] * ((week + 1) as f64 / measured as f64).sqrt(),
        };
        let scale = self.weekdays[(step - 1) % WEEK] * growth;
        Widths { of80: scale * self.widths.of80, of95: scale * self.widths.of95 }
    }

    /// The widths for the sum of the days ahead from `first` to `last`. Errors of neighbouring days are correlated to
    /// some degree, which is measured. The result is at least that of independent errors, and at most that of fully
    /// correlated ones.
    pub(crate) fn total(
        &self,
        backtest: &Backtest,
        series: &[f64],
        method: usize,
        (first, last): (usize, usize),
    ) -> Widths {
        let days = || (first..=last).map(|step| self.day(step));
        let together = days().fold(Widths::NONE, |sum, day| sum.with(day, |sum, day| sum + day));
        let squares = days().fold(Widths::NONE, |sum, day| sum.with(day, |sum, day| sum + day * day));
        let apart = Widths { of80: squares.of80.sqrt(), of95: squares.of95.sqrt() };
        let sums = |last: usize| -> Vec<(f64, f64)> {
            let long = backtest.folds.iter().filter(|fold| fold.expected[method].len() >= last);
            let missed = |fold: &Fold| {
                let came: f64 = series[fold.origin..][first - 1..last].iter().sum();
                (came - fold.expected[method][first - 1..last].iter().sum::<f64>(), fold.weight)
            };
            long.map(missed).collect()
        };
        // The longest part of the days for which there are enough folds, extrapolated to all of them.
        let measured = (first..=last).rev().map(|end| (end, sums(end))).find(|(_, sums)| sums.len() >= ENOUGH);
        let Some((end, sums)) = measured else { return together };
        let longer = (last - first + 1) as f64 / (end - first + 1) as f64;
        let widths = Widths::normal(longer * root_mean_square(&sums), sums.len());
        widths.with(apart, f64::max).with(together, f64::min)
    }
}

/// The share of the folds' days that fell inside the 80 % and the 95 % band, each fold judged by the bands of the others.
pub(crate) fn coverage(backtest: &Backtest, series: &[f64], method: usize) -> (f64, f64) {
    let errors = Errors::of(backtest, series, method);
    let (mut inside80, mut inside95, mut days) = (0.0, 0.0, 0.0);
    for fold in 0..backtest.folds.len() {
        let others = (backtest.folds.len() > 1).then_some(fold);
        let weekdays = errors.weekdays(others);
        let widths = errors.widths(&weekdays, others);
        for missed in errors.0.iter().filter(|missed| missed.fold == fold) {
            let scale = weekdays[missed.day % WEEK];
            days += 1.0;
            inside80 += f64::from(u8::from(missed.size <= scale * widths.of80));
            inside95 += f64::from(u8::from(missed.size <= scale * widths.of95));
        }
    }
    (inside80 / days, inside95 / days)
}

/// An error over the first week of a fold.
#[derive(Clone, Copy)]
struct Missed {
    fold: usize,
    /// Day of the series.
    day: usize,
    size: f64,
    weight: f64,
}

struct Errors(Vec<Missed>);

impl Errors {
    fn of(backtest: &Backtest, series: &[f64], method: usize) -> Errors {
        let mut all = vec![];
        for (nth, (fold, errors)) in backtest.folds.iter().zip(backtest.errors(series, method)).enumerate() {
            let missed = |(day, error): (usize, f64)| Missed { fold: nth, day, size: error.abs(), weight: fold.weight };
            all.extend((fold.origin..).zip(errors).map(missed));
        }
        Errors(all)
    }

    fn but(&self, left_out: Option<usize>) -> impl Iterator<Item = &Missed> {
        self.0.iter().filter(move |missed| Some(missed.fold) != left_out)
    }

    /// Mean absolute error of each weekday, moved towards that of all days; zero if every forecast of a weekday was
    /// exact, for example because the shop is closed then.
    fn weekdays(&self, left_out: Option<usize>) -> [f64; WEEK] {
        let (mut sums, mut weights, mut counts) = ([0.0; WEEK], [0.0; WEEK], [0; WEEK]);
        for Missed { day, size, weight, .. } in self.but(left_out) {
            sums[day % WEEK] += weight * size;
            weights[day % WEEK] += weight;
            counts[day % WEEK] += 1;
        }
        let all = sums.iter().sum::<f64>() / weights.iter().sum::<f64>();
        std::array::from_fn(|weekday| match counts[weekday] >= ALWAYS && sums[weekday] == 0.0 {
            true => 0.0,
            false => (sums[weekday] + SHARED * all) / (weights[weekday] + SHARED),
        })
    }

    /// How many mean errors of their weekday contain 80 % and 95 % of the days.
    fn widths(&self, weekdays: &[f64; WEEK], left_out: Option<usize>) -> Widths {
        let mut scaled: Vec<(f64, f64)> = self
            .but(left_out)
            .filter(|missed| weekdays[missed.day % WEEK] > 0.0)
            .map(|missed| (missed.size / weekdays[missed.day % WEEK], missed.weight))
            .collect();
        scaled.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let of80 = quantile(&scaled, 0.80);
        // With so few errors, none can be the one in twenty: the largest is extended by the shape of a normal
        // distribution.
        let few = scaled.len() < 19;
        let of95 = if few { quantile(&scaled, 1.0) * Z95 / Z80 } else { quantile(&scaled, 0.95) };
        Widths { of80, of95 }
    }
}

/// The smallest value that `share` of future errors will not exceed (split conformal prediction, with weights).
fn quantile(sorted: &[(f64, f64)], share: f64) -> f64 {
    let wanted = share * (sorted.iter().map(|(_, weight)| weight).sum::<f64>() + 1.0);
    let mut sum = 0.0;
    for (size, weight) in sorted {
        sum += weight;
        if sum >= wanted {
            return *size;
        }
    }
    sorted.last().map_or(0.0, |(size, _)| *size)
}

/// How the error grows with the weeks ahead, as far as there are enough folds; it never shrinks.
fn growth(backtest: &Backtest, series: &[f64], method: usize) -> Vec<f64> {
    let mut growth: Vec<f64> = vec![1.0];
    for week in 1.. {
        let end = (week + 1) * FOLD_DAYS;
        let long: Vec<&Fold> = backtest.folds.iter().filter(|fold| fold.expected[method].len() >= end).collect();
        if long.len() < ENOUGH {
            break;
        }
        // The same folds in both weeks, so that only the distance differs.
        let error = |from: usize| -> f64 {
            let missed = |fold: &Fold, at: usize| (series[fold.origin + at] - fold.expected[method][at]).abs();
            long.iter().map(|fold| fold.weight * (from..from + FOLD_DAYS).map(|at| missed(fold, at)).sum::<f64>()).sum()
        };
        let (first, this) = (error(0), error(end - FOLD_DAYS));
        let before = growth[week - 1];
        growth.push(if first > 0.0 { before.max(this / first) } else { before });
    }
    growth
}

fn root_mean_square(errors: &[(f64, f64)]) -> f64 {
    let (sum, weights) =
        errors.iter().fold((0.0, 0.0), |(sum, all), (error, weight)| (sum + weight * error * error, all + weight));
    (sum / weights).sqrt()
}
