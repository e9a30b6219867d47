//! The common parts of all read models: tables, following the log, rebuilding, and queries. It knows no read model by
//! name.

// The declaration of a read model.
mod read_model;
mod row;
mod row_cache;
mod unseal;

// Queries.
pub use orderlog_event_log::from_row;

mod answer;
mod days;
mod name_index;
mod name_search;
mod name_words;
mod named;
mod paging;
mod present;
mod projections;
mod snapshot_read;

// Storage.
mod asked_for;
mod belonging;
mod checkpoint;
mod place;
mod store;
mod writing;

// Following the log.
mod decoded;
mod divergence;
mod heads;
mod held;
mod lease;
mod loading;
mod memory;
mod nodes;
mod options;
mod projector;
mod rebuild;
mod runner;
mod status;

pub use answer::{AnotherPast, Answer, Freshness, PATIENCE, QueryError};
pub use days::{Days, day};
pub use lease::LEASE;
pub use name_index::NameIndex;
pub use name_search::{find, list};
pub use named::{Found, Matched, Named, NamedPage, page_of};
pub use nodes::{LivingNode, SAID_EVERY};
pub use options::RunnerOptions;
pub use paging::{BadCursor, Cursor, PAGE_LIMIT, PageRequest};
pub use projections::{Parked, Projections};
pub use read_model::{CannotApply, Fold, ReadModel};
pub use rebuild::{Progress, RebuildError, rebuild};
pub use row::{Column, Columns, Field, Json, Kind, OnConflict, Row, Summed, Table, Value};
#[doc(hidden)]
pub use row::{all_columns, count_columns};
pub use row_cache::{CachedRows, Changes, Counters, Due, Inserts, Limits, RowCache, Unwritten};
pub use runner::Runner;
pub use snapshot_read::SnapshotRead;
pub use status::Status;
pub use store::{FromAnyRow, POSTGRES_CONNECTIONS, Sql, StoreError, like};
pub use unseal::Unseal;
