//! Forecasts of daily sales: a series of whole days in, days ahead with bands and the accuracy that was measured out.
//! Pure: no clock, no I/O. Estimates are floats inside; amounts go in and come out as whole minor units or counts.

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
