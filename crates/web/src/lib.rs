//! The pages people look at. They ask the shop through `crates/tools` alone, as assistants do.
//!
//! A request's path: `pages` finds the page → a page's own file asks tools (`front`) → `layout` frames the answer.

mod activity;
mod acts;
mod ask;
mod assets;
mod bulk;
mod bulk_form;
mod chart;
mod connect;
mod consent;
mod cookies;
mod customers;
mod explain;
mod foreseen;
mod form_token;
mod front;
mod go;
mod head;
mod layout;
mod live;
mod order;
mod order_acts;
mod order_forms;
mod order_table;
mod orders;
mod orders_csv;
mod pages;
mod params;
mod parts;
mod past;
mod place;
mod posted;
mod print;
mod product;
mod products;
mod rebuilding;
mod reports;
mod said;
mod status;
mod timeline;
mod times;
mod today;
mod tried;
mod visit;

pub use self::{front::Status, pages::router};
