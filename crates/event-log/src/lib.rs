//! The log on PostgreSQL and SQLite: append, read, verify, snapshots.
//! Knows envelopes and positions; knows nothing of what the events mean.

mod record;
pub use record::{Batch, CommandRecord, Hash, Head, ParseHashError, Recorded, Snapshot, Swap, chain};

mod error;
pub use error::{LogError, told as database_words};

mod belonging;
pub use belonging::{Belongings, Mark, NotOurs, WhichLog, sqlite_file, sqlite_url};

mod clearing;
pub use clearing::{empty_wal, vacuum};

mod identity;
pub use identity::Identity;

mod log;
pub use log::Log;

mod settings;
pub use settings::ShopSettings;

mod writer;
pub use writer::LogWriter;

mod verify;
pub use verify::{Against, Fault, Report, verify};

mod migrations;
mod reads;

mod postgres;
pub use postgres::CONNECTIONS as POSTGRES_CONNECTIONS;
pub use sqlite::same_file::SameFile;
mod sqlite;
pub use sqlite::{pool::sqlite_pool, session::open_to_read as open_sqlite_to_read};
