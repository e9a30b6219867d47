//! How good a method was for days that it had not seen, compared with the seasonal naive.

use crate::{backtest::Backtest, bands::coverage, week::WEEK};

/// Measured on the folds of the backtest: days that the method had not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Accuracy {
    /// Mean absolute error divided by that of the seasonal naive, one week ahead, within the days learned from; `None`
    /// if the latter has no error.
    pub mase: Option<f64>,
    /// The MASE of the seasonal naive on the same folds.
    pub naive_mase: Option<f64>,
    /// Symmetric mean absolute percentage error, 0 to 200.
    pub smape: f64,
    /// The sMAPE of the seasonal naive.
    pub naive_smape: f64,
    /// Share of the folds' days inside the 80 % band, each fold judged by the bands of the others.
    pub inside_80: f64,
    /// The share of days inside the 95 % band.
    pub inside_95: f64,
    /// Origins from which the accuracy was measured.
    pub folds: usize,
}

impl Accuracy {
    /// The accuracy of a method and of the seasonal naive in the same backtest; `None` without folds.
    pub(crate) fn of(backtest: &Backtest, series: &[f64], method: usize, naive: usize) -> Option<Accuracy> {
        if backtest.folds.is_empty() {
            return None;
        }
        let week_before = naive_error(series);
        let mase = |method| (week_before > 0.0).then(|| backtest.mean_error(series, method) / week_before);
        let smape = |method: usize| smape(backtest, series, method);
        let (inside_80, inside_95) = coverage(backtest, series, method);
        Some(Accuracy {
            mase: mase(method),
            naive_mase: mase(naive),
            smape: smape(method),
            naive_smape: smape(naive),
            inside_80,
            inside_95,
            folds: backtest.folds.len(),
        })
    }
}

/// Mean difference of a day to the same weekday a week before.
fn naive_error(series: &[f64]) -> f64 {
    let differences: Vec<f64> = series.iter().zip(&series[WEEK..]).map(|(before, now)| (now - before).abs()).collect();
    differences.iter().sum::<f64>() / differences.len() as f64
}

fn smape(backtest: &Backtest, series: &[f64], method: usize) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for (fold, errors) in backtest.folds.iter().zip(backtest.errors(series, method)) {
        for (at, error) in errors.iter().enumerate() {
            let size = series[fold.origin + at].abs() + fold.expected[method][at].abs();
            // Zero expected and zero sold: no error.
            sum += if size > 0.0 { 200.0 * error.abs() / size } else { 0.0 };
            count += 1.0;
        }
    }
    sum / count
}
