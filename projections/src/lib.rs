//! Read models, which may be deleted and rebuilt from the log. One folder per read model; the common code is in
//! `orderlog-read-models`.

use orderlog_read_models::ReadModel;

// The read models: adding one is one folder, one line here and one in the list below.
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

// The common code of read models of orders.
mod order_state;
mod orders;
mod stored;

pub use order_state::CompactOrder;
