//! The methods from which a forecast chooses. Each learns day by day, so that one pass over the past is enough for all
//! folds of the backtest.

use std::fmt;

use crate::{
    smoothing::{Shape, Smoothing},
    week::WEEK,
};

/// How a forecast was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The mean of all days; for series too short for anything else.
    Mean,
    /// The sales of the same weekday in the last week.
    SeasonalNaive,
    /// The mean of the same weekday over the last weeks.
    WeekdayMeans,
    /// Simple exponential smoothing: a level that follows the series, the same for all weekdays.
    Smoothing,
    /// Holt-Winters: a level, and an amount that each weekday adds or subtracts.
    Additive,
    /// Holt-Winters with a damped trend.
    DampedTrend,
    /// Holt-Winters: a level, and a factor for each weekday.
    Multiplicative,
    /// The mean of the forecasts of all others but the seasonal naive.
    Combination,
}

impl Method {
    /// The methods that can be chosen from 28 days on; the others must be better than the first.
    pub(crate) const POOL: [Method; 7] = [
        Method::SeasonalNaive,
        Method::WeekdayMeans,
        Method::Smoothing,
        Method::Additive,
        Method::DampedTrend,
        Method::Multiplicative,
        Method::Combination,
    ];
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Method::Mean => "mean",
            Method::SeasonalNaive => "seasonal naive",
            Method::WeekdayMeans => "weekday means",
            Method::Smoothing => "exponential smoothing",
            Method::Additive => "Holt-Winters, additive",
            Method::DampedTrend => "Holt-Winters, damped trend",
            Method::Multiplicative => "Holt-Winters, multiplicative",
            Method::Combination => "mean of several models",
        })
    }
}

/// One method after the days that it has learned.
enum Model {
    Mean { sum: f64, days: f64 },
    WeekdayMeans { last: Vec<f64>, weeks: usize },
    Smoothing(Smoothing),
}

/// Every method of a pool, learning the same series.
pub(crate) struct Models {
    methods: Vec<(Method, Option<Model>)>,
}

/// Weeks whose mean represents a weekday.
const WEEKS: usize = 6;

impl Models {
    pub(crate) fn new(methods: &[Method]) -> Models {
        let model = |method: &Method| {
            let weekdays = |weeks| Some(Model::WeekdayMeans { last: vec![], weeks });
            let smoothing = |shape| Some(Model::Smoothing(Smoothing::new(shape)));
            let model = match method {
                Method::Mean => Some(Model::Mean { sum: 0.0, days: 0.0 }),
                Method::SeasonalNaive => weekdays(1),
                Method::WeekdayMeans => weekdays(WEEKS),
                Method::Smoothing => smoothing(Shape::Level),
                Method::Additive => smoothing(Shape::Additive),
                Method::DampedTrend => smoothing(Shape::DampedTrend),
                Method::Multiplicative => smoothing(Shape::Multiplicative),
                Method::Combination => None,
            };
            (*method, model)
        };
        Models { methods: methods.iter().map(model).collect() }
    }

    /// Learns one more day.
    pub(crate) fn learn(&mut self, value: f64) {
        for model in self.methods.iter_mut().filter_map(|(_, model)| model.as_mut()) {
            model.learn(value);
        }
    }

    /// The forecasts of each method, in their order, for the days 1 to `steps` ahead.
    pub(crate) fn ahead(&self, steps: usize) -> Vec<Vec<f64>> {
        let mut ahead: Vec<Vec<f64>> = vec![];
        for (_, model) in &self.methods {
            let of_model = |step| match model {
                Some(model) => model.ahead(step),
                None => self.combined(&ahead, step),
            };
            let days = (1..=steps).map(of_model).collect();
            ahead.push(days);
        }
        ahead
    }

    fn combined(&self, ahead: &[Vec<f64>], step: usize) -> f64 {
        let others = self.methods.iter().zip(ahead).filter(|((method, _), _)| *method != Method::SeasonalNaive);
        let (mut sum, mut count) = (0.0, 0.0);
        for (_, days) in others {
            sum += days[step - 1];
            count += 1.0;
        }
        sum / count
    }
}

impl Model {
    fn learn(&mut self, value: f64) {
        match self {
            Model::Mean { sum, days } => {
                *sum += value;
                *days += 1.0;
            }
            Model::WeekdayMeans { last, weeks } => {
                last.push(value);
                if last.len() > *weeks * WEEK {
                    last.remove(0);
                }
            }
            Model::Smoothing(smoothing) => smoothing.learn(value),
        }
    }

    fn ahead(&self, step: usize) -> f64 {
        match self {
            Model::Mean { sum, days } => sum / days,
            Model::WeekdayMeans { last, .. } => {
                // Counted from the end, the same weekday is 7, 14 … days before the day asked for.
                let back = WEEK - (step - 1) % WEEK;
                let same = (back..=last.len()).step_by(WEEK).map(|back| last[last.len() - back]);
                let (sum, count) = same.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
                sum / count
            }
            Model::Smoothing(smoothing) => smoothing.ahead(step),
        }
    }
}
