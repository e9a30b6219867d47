//! Read models: what may be deleted and rebuilt from the log. One folder per read model; here the parts they share.

// What a read model is made of.
mod bare;
mod fold;
mod orders;
mod row;
mod sheet;

// The read models themselves: adding one is one folder, one line here and one in the list below.
#[path = "../catalogue/read_model.rs"]
pub mod catalogue;
#[path = "../customers/read_model.rs"]
pub mod customers;
#[path = "../daily_sales/read_model.rs"]
pub mod daily_sales;
#[path = "../order_summary/read_model.rs"]
pub mod order_summary;
#[path = "../pending_orders/read_model.rs"]
pub mod pending_orders;
#[path = "../stock/read_model.rs"]
pub mod stock;

/// All read models, in the order in which they are folded.
pub const MODELS: &[&ReadModel] = &[
    &pending_orders::READ_MODEL,
    &order_summary::READ_MODEL,
    &daily_sales::READ_MODEL,
    &stock::READ_MODEL,
    &catalogue::READ_MODEL,
    &customers::READ_MODEL,
];

// Where they are kept and how they are asked.
mod answer;
mod named;
mod projections;
mod read;
mod store;

// How they follow the log.
mod belonging;
mod checkpoint;
mod lease;
mod past;
mod place;
mod projector;
mod rebuild;
mod runner;
mod status;

pub use answer::{AnotherPast, Answer, BadCursor, Cursor, Days, Freshness, PAGE_LIMIT, PageRequest, QueryError};
pub use bare::BareOrder;
pub use fold::{CannotApply, ReadModel, Unseal};
pub use lease::LEASE;
pub use named::{Found, Matched};
pub use projections::{PATIENCE, Parked, Projections};
pub use rebuild::{Progress, RebuildError, rebuild};
pub use row::Json;
pub use runner::{Runner, RunnerOptions};
pub use status::Status;
pub use store::{POSTGRES_CONNECTIONS, StoreError};
