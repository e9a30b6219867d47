//! The pages people look at. They ask the shop through `crates/tools` alone, as assistants do.
//!
//! A request's path: `pages` finds the page → a page's own file asks tools (`front`) → `layout` frames the answer.

mod activity;
mod chart;
mod connect;
mod customers;
mod explain;
mod front;
mod layout;
mod order;
mod order_table;
mod orders;
mod orders_csv;
mod pages;
mod params;
mod parts;
mod past;
mod product;
mod products;
mod rebuilding;
mod reports;
mod status;
mod times;
mod today;

pub use self::{front::Status, pages::router};
