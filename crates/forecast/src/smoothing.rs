//! Exponential smoothing: a level, a damped trend, a weekly season. The weights are those of a grid with the smallest
//! error so far, so that nothing must be fitted again when a day is added.

use crate::week::WEEK;

/// Which parts a smoothing has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Level,
    Additive,
    DampedTrend,
    Multiplicative,
}

/// Days from which the first level and the first season are taken.
const FIRST_DAYS: usize = 2 * WEEK;
/// How fast a trend fades, a day.
const DAMPING: f64 = 0.96;
/// The factor on the cost of weights after each day, so that weights which fitted lately win.
const MEMORY: f64 = 0.99;
/// A weekday with a smaller factor does not change the level: the shop is closed.
const HARDLY_ANYTHING: f64 = 0.05;

pub(crate) struct Smoothing {
    shape: Shape,
    /// Until there are enough to begin.
    first: Vec<f64>,
    /// One state for each choice of weights.
    states: Vec<State>,
}

/// How much of a day's error goes into each part.
#[derive(Debug, Clone, Copy)]
struct Weights {
    level: f64,
    trend: f64,
    season: f64,
}

struct State {
    weights: Weights,
    multiplicative: bool,
    level: f64,
    trend: f64,
    /// The season, beginning with the next day.
    season: [f64; WEEK],
    next: usize,
    cost: f64,
}

impl Smoothing {
    pub(crate) fn new(shape: Shape) -> Smoothing {
        Smoothing { shape, first: vec![], states: vec![] }
    }

    pub(crate) fn learn(&mut self, value: f64) {
        if self.states.is_empty() {
            self.first.push(value);
            if self.first.len() == FIRST_DAYS {
                self.begin();
            }
            return;
        }
        for state in &mut self.states {
            state.learn(value);
        }
    }

    /// Begins with the first two weeks: their mean, and half of the difference of each weekday from it.
    fn begin(&mut self) {
        let level = self.first.iter().sum::<f64>() / FIRST_DAYS as f64;
        let multiplicative = self.shape == Shape::Multiplicative;
        let season = std::array::from_fn(|day| match self.shape {
            Shape::Level => 0.0,
            Shape::Additive | Shape::DampedTrend => ((self.first[day] + self.first[day + WEEK]) / 2.0 - level) / 2.0,
            Shape::Multiplicative if level == 0.0 => 1.0,
            Shape::Multiplicative => ((self.first[day] + self.first[day + WEEK]) / (2.0 * level) + 1.0) / 2.0,
        });
        let state = |weights| State { weights, multiplicative, level, trend: 0.0, season, next: 0, cost: 0.0 };
        self.states = self.shape.weights().into_iter().map(state).collect();
        for value in std::mem::take(&mut self.first) {
            self.learn(value);
        }
    }

    /// Before the first two weeks are over there is only their mean.
    pub(crate) fn ahead(&self, step: usize) -> f64 {
        match self.states.iter().min_by(|a, b| a.cost.total_cmp(&b.cost)) {
            Some(best) => best.ahead(step),
            None => self.first.iter().sum::<f64>() / self.first.len() as f64,
        }
    }
}

impl Shape {
    fn weights(self) -> Vec<Weights> {
        let (levels, trends, seasons): (&[f64], &[f64], &[f64]) = match self {
            Shape::Level => (&[0.03, 0.06, 0.12, 0.25, 0.4], &[0.0], &[0.0]),
            Shape::Additive | Shape::Multiplicative => (&[0.02, 0.05, 0.1, 0.2, 0.4], &[0.0], &[0.03, 0.08, 0.2, 0.4]),
            Shape::DampedTrend => (&[0.05, 0.1, 0.2, 0.4], &[0.05, 0.2], &[0.03, 0.08, 0.2]),
        };
        let mut all = vec![];
        for level in levels {
            for trend in trends {
                all.extend(seasons.iter().map(|season| Weights { level: *level, trend: *trend, season: *season }));
            }
        }
        all
    }
}

impl State {
    fn learn(&mut self, value: f64) {
        let Weights { level: alpha, trend: beta, season: gamma } = self.weights;
        let season = self.season[self.next];
        let expected = self.ahead(1);
        self.cost = self.cost * MEMORY + (value - expected).powi(2);
        let carried = self.level + DAMPING * self.trend;
        let said = match (self.multiplicative, season > HARDLY_ANYTHING) {
            (false, _) => value - season,
            (true, true) => value / season,
            (true, false) => carried,
        };
        let level = carried + alpha * (said - carried);
        self.trend = DAMPING * self.trend + beta * (level - self.level - DAMPING * self.trend);
        self.season[self.next] = match (self.multiplicative, carried.abs() > f64::EPSILON) {
            (false, _) => season + gamma * (value - carried - season),
            (true, true) => season + gamma * ((value / carried).clamp(0.0, WEEK as f64) - season),
            (true, false) => season,
        };
        self.level = level;
        self.next = (self.next + 1) % WEEK;
    }

    fn ahead(&self, step: usize) -> f64 {
        // The sum of the first `step` powers of the damping: how much of the trend there will have been.
        let faded = DAMPING * (1.0 - DAMPING.powi(step as i32)) / (1.0 - DAMPING);
        let level = self.level + faded * self.trend;
        let season = self.season[(self.next + step - 1) % WEEK];
        if self.multiplicative { level * season } else { level + season }
    }
}
