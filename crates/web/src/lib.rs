//! The pages people look at. They ask the shop through `crates/tools` alone, as assistants do.
//!
//! A request's path: `pages` finds the page → a page's own file asks tools (`front`) → `layout` frames the answer.

mod front;
mod layout;
mod order;
mod orders;
mod pages;
mod params;
mod parts;
mod today;

pub use self::pages::router;
