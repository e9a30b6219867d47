//! Facts, folds, decisions; money; the business calendar. Pure: no I/O, no clock, no async.

// The record.
/// The data around an event in the log: stream, version, position, and who, when and why.
pub mod envelope;
/// Every event type with its data, its name and its schema version.
pub mod event;
/// Ids, versions and positions, each a type of its own.
pub mod ids;
/// Amounts in whole minor units, read strictly and shared out exactly.
pub mod money;

// The states.
/// Acts that wait for a person's agreement.
pub mod confirmations;
/// A customer, with sealed personal data.
pub mod customer;
/// Rules of notifications, and messages on their way.
pub mod notifications;
/// An order: units by line, money, and the status that follows.
pub mod order;
/// A product's entry in the catalogue.
pub mod product;
/// The exchange rate of a currency.
pub mod rate;
/// The states that a writer decides against.
pub mod states;
/// The stock of a product: on hand, reserved, waited for.
pub mod stock;

// Decisions.
/// Every command: its input and its decision.
pub mod commands;
/// The input and the result of a decision.
pub mod decide;
/// Acts that a program may ask for and a person must agree to.
pub mod guarded;
/// The largest and longest that is accepted.
pub mod limits;
/// Why a call cannot be carried out, and what to do next.
pub mod rejection;
/// Texts: what they may hold, and how names are compared.
pub mod text;
/// The texts of commands and events that somebody typed, to be sealed and opened.
pub mod typed;

// Money and sales.
/// The postings of an event for the sales figures.
pub mod postings;
/// From entered prices to gross, discount, tax and shipping.
pub mod pricing;

// Words.
/// Business days, weeks and months of the shop.
pub mod calendar;
/// Amounts and days as sentences write them.
pub mod format;
/// Reads one moment in words.
pub mod moments;
/// Reads dates in words.
pub mod phrase;

#[cfg(test)]
mod testing;
