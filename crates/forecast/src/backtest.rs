//! The rolling-origin backtest: for many days of the past, the forecast of each method for the days that followed.

use crate::{
    models::{Method, Models},
    week::WEEK,
};

/// Days of a fold by which methods are compared.
pub(crate) const FOLD_DAYS: usize = WEEK;
/// Fewest folds, if the history is long enough.
const MIN_FOLDS: usize = 8;
/// Folds at most: a year of weeks.
const MAX_FOLDS: usize = 52;

/// The factor on a fold's weight for each week of its age: the last weeks are the best guide for the next one.
const MEMORY: f64 = 0.9;

/// One origin: the forecasts of each method for the days after it, and the real values.
pub(crate) struct Fold {
    /// Days that were known.
    pub(crate) origin: usize,
    /// The weight of the fold; 1 for the last.
    pub(crate) weight: f64,
    /// Per method, in their order: the forecasts of the days ahead, as far as these days are known now and were asked
    /// for.
    pub(crate) expected: Vec<Vec<f64>>,
}

/// The forecasts of the methods in the past, and their present ones.
pub(crate) struct Backtest {
    pub(crate) methods: Vec<Method>,
    /// Oldest first. Each has [`FOLD_DAYS`] days at least.
    pub(crate) folds: Vec<Fold>,
    /// Per method: the forecasts for the days after the complete series.
    pub(crate) ahead: Vec<Vec<f64>>,
}

/// Runs over the series once. `seen_first` days are learned before the first origin.
pub(crate) fn backtest(series: &[f64], methods: &[Method], seen_first: usize, steps: usize) -> Backtest {
    let origins = origins(series.len(), seen_first);
    let mut models = Models::new(methods);
    let floored = |ahead: Vec<Vec<f64>>| -> Vec<Vec<f64>> {
        ahead.into_iter().map(|days| days.into_iter().map(|day| day.max(0.0)).collect()).collect()
    };
    let mut folds = vec![];
    for (day, value) in series.iter().enumerate() {
        models.learn(*value);
        let origin = day + 1;
        if origins.binary_search(&origin).is_ok() {
            // Complete weeks, so that the bands of a day do not depend on how many later days were asked for.
            let known = (series.len() - origin).min(steps.next_multiple_of(WEEK));
            let weight = MEMORY.powf((series.len() - FOLD_DAYS - origin) as f64 / WEEK as f64);
            folds.push(Fold { origin, weight, expected: floored(models.ahead(known)) });
        }
    }
    Backtest { methods: methods.to_vec(), folds, ahead: floored(models.ahead(steps)) }
}

/// Origins, a week apart if that gives enough of them, otherwise closer. The days of the last one end with the series.
fn origins(days: usize, seen_first: usize) -> Vec<usize> {
    let Some(last) = days.checked_sub(FOLD_DAYS).filter(|last| *last >= seen_first) else { return vec![] };
    let apart = ((last - seen_first) / (MIN_FOLDS - 1)).clamp(1, WEEK);
    let mut origins: Vec<usize> =
        (0..MAX_FOLDS).map_while(|nth| last.checked_sub(nth * apart)).take_while(|at| *at >= seen_first).collect();
    origins.reverse();
    origins
}

impl Backtest {
    /// Mean absolute error of a method over the first days of all folds.
    pub(crate) fn mean_error(&self, series: &[f64], method: usize) -> f64 {
        let of_folds = self.errors(series, method).map(|errors| mean_size(&errors));
        of_folds.sum::<f64>() / self.folds.len() as f64
    }

    /// The same error, with a higher weight for later folds.
    fn late_error(&self, series: &[f64], method: usize) -> f64 {
        let of_folds = self.folds.iter().zip(self.errors(series, method));
        of_folds.map(|(fold, errors)| fold.weight * mean_size(&errors)).sum()
    }

    /// The method with the smallest error; the first one unless another is better.
    pub(crate) fn best(&self, series: &[f64]) -> usize {
        let mut best = (0, self.late_error(series, 0));
        for method in 1..self.methods.len() {
            let error = self.late_error(series, method);
            if error < best.1 {
                best = (method, error);
            }
        }
        best.0
    }

    /// The real values minus the expected ones, on the first [`FOLD_DAYS`] days of each fold.
    pub(crate) fn errors<'a>(&'a self, series: &'a [f64], method: usize) -> impl Iterator<Item = Vec<f64>> + 'a {
        self.folds.iter().map(move |fold| {
            let came = &series[fold.origin..];
            came.iter().zip(&fold.expected[method]).take(FOLD_DAYS).map(|(came, said)| came - said).collect()
        })
    }
}

fn mean_size(errors: &[f64]) -> f64 {
    errors.iter().map(|error| error.abs()).sum::<f64>() / errors.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_eight_folds_as_soon_as_there_is_room_for_them() {
        for days in 28..=800 {
            let origins = origins(days, 14);
            assert!((MIN_FOLDS..=MAX_FOLDS).contains(&origins.len()), "{days}: {origins:?}");
            assert_eq!(origins.last(), Some(&(days - FOLD_DAYS)));
            assert!(origins[0] >= 14 && origins.is_sorted());
        }
        assert_eq!(origins(28, 14), [14, 15, 16, 17, 18, 19, 20, 21]);
        assert_eq!(origins(14, 7), [7]);
        assert!(origins(13, 7).is_empty());
    }

    #[test]
    fn no_forecast_knows_the_days_that_follow_its_origin() {
        let mut series: Vec<f64> = (0..100).map(|day| f64::from(day % 7 * 10 + day * day % 11)).collect();
        let before = backtest(&series, &Method::POOL, 14, 7);
        let at = before.folds.len() / 2;
        let origin = before.folds[at].origin;
        series[origin..].fill(1e6);
        let after = backtest(&series, &Method::POOL, 14, 7);
        assert_eq!(before.folds[at].expected, after.folds[at].expected);
        assert_ne!(before.folds[at + 2].expected, after.folds[at + 2].expected);
    }
}
