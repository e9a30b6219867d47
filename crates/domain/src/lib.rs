//! Facts, folds, decisions; money; the business calendar. Pure: no I/O, no clock, no async.

// What is written down.
/// What stands around an event in the log: stream, version, position, and who, when and why.
pub mod envelope;
/// Every event type with its data, its name and its schema version.
pub mod event;
/// Ids, versions and positions, each a type of its own.
pub mod ids;
/// Amounts in whole minor units, read strictly and shared out exactly.
pub mod money;

// What it adds up to.
/// What waits for a person's word.
pub mod confirmations;
/// A customer, whose particulars are sealed.
pub mod customer;
/// Who is told of what, and the messages under way.
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

// What may be done.
/// Every command: its input and its decision.
pub mod commands;
/// What a decision may know, and what it leads to.
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

// What it is worth.
/// What an event adds to the sales figures.
pub mod postings;
/// From entered prices to gross, discount, tax and shipping.
pub mod pricing;

// How it is said.
/// Business days, weeks and months of the shop.
pub mod calendar;
/// Amounts and days as sentences write them.
pub mod format;
/// What people say of one moment, read.
pub mod moments;
/// What people say of dates, read.
pub mod phrase;

#[cfg(test)]
mod testing;
