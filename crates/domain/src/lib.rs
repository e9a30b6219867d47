//! Facts, folds, decisions; money; the business calendar. Pure: no I/O, no clock, no async.

pub mod ids;

pub mod money;

pub mod event;

pub mod envelope;

pub mod rejection;

pub mod calendar;
