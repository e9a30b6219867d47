//! Forecasts of daily sales: from a series of complete days, the days ahead with bands and measured accuracy. No clock,
//! no I/O. Estimates are floats inside; input and output are whole minor units or counts.

mod accuracy;
mod backtest;
mod bands;
mod forecast;
mod models;
mod rounding;
mod smoothing;
mod week;

pub use self::{
    accuracy::Accuracy,
    forecast::{Ahead, Band, Estimate, Forecast, MAX_AHEAD, MAX_LEARNED, forecast, forecast_in_parts},
    models::Method,
};
