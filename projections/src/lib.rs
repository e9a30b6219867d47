//! Read models: what may be deleted and rebuilt from the log. One folder per read model; here the parts they share.

/// Declares the read models' modules and the list of them all.
macro_rules! read_models {
    ($( $name:ident in $path:tt, )*) => {
        $( #[path = $path] pub mod $name; )*

        /// All read models, in the order in which they are folded.
        pub const MODELS: &[&ReadModel] = &[$( &$name::READ_MODEL, )*];
    };
}

// What a read model is made of.
mod bare;
mod fold;
mod orders;
mod row;
mod sheet;

// The read models themselves: adding one is one folder and one line.
read_models! {
    pending_orders in "../pending_orders/read_model.rs",
    order_summary in "../order_summary/read_model.rs",
    daily_sales in "../daily_sales/read_model.rs",
    stock in "../stock/read_model.rs",
    catalogue in "../catalogue/read_model.rs",
    customers in "../customers/read_model.rs",
}

// Where they are kept and how they are asked.
mod answer;
mod named;
mod projections;
mod read;
mod store;

// How they follow the log.
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
