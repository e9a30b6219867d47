//! The pages for people. Like assistants, they reach the shop only through `crates/tools`.
//!
//! A request's path: `pages` finds the page → a page's own file asks tools (`front`) → `layout` frames the answer.

mod activity;
mod acts;
mod ask;
mod assets;
mod at_provider;
mod bulk;
mod bulk_form;
mod bulk_steps;
mod chart;
mod confirm;
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
mod listeners;
mod live;
mod notes;
mod notifications;
mod notify_acts;
mod notify_forms;
mod once;
mod order;
mod order_acts;
mod order_forms;
mod order_table;
mod orders;
mod orders_csv;
mod own_views;
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
mod session;
mod sign_in;
mod status;
mod timeline;
mod times;
mod today;
mod tried;
mod unsubscribe;
mod visit;
mod who;

pub use self::{
    ask::PATH as ASK,
    front::{Status, TestMessage},
    pages::{Serving, router},
    session::{SessionCookie, speaks_tls},
    sign_in::{PATH as SIGN_IN, led, way_to},
    who::SIGN_OUT,
};
