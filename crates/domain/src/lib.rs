//! Facts, folds, decisions; money; the business calendar. Pure: no I/O, no clock, no async.

pub mod ids;

pub mod money;

pub mod event;

pub mod envelope;

pub mod order;
pub mod stock;

pub mod product;

pub mod customer;

pub mod states;

pub mod decide;

pub mod commands;

pub mod rate;
pub mod rejection;

pub mod limits;
pub mod text;
pub mod typed;

pub mod postings;
pub mod pricing;

pub mod calendar;

pub mod phrase;

pub mod format;

#[cfg(test)]
mod testing;
