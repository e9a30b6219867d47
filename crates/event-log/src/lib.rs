//! The log on PostgreSQL and SQLite: append, read, verify, snapshots. It knows envelopes and positions, and does not
//! interpret events.

mod record;
pub use record::{Batch, CommandRecord, Hash, Head, ParseHashError, Recorded, Snapshot, Swap, chain};

mod error;
pub use error::{LogError, told as database_words};

mod log;
pub use log::Log;

mod writer;
pub use writer::LogWriter;

mod verify;
pub use verify::{Against, Fault, Report, Stretch, verify, verify_stretch};

mod settings;
pub use settings::ShopSettings;

mod identity;
pub use identity::Identity;

mod belonging;
pub use belonging::{Belongings, Mark, NotOurs, WhichLog, sqlite_file, sqlite_url};

mod clearing;
pub use clearing::{empty_wal, vacuum};

mod postgres;
pub use postgres::{CONNECTIONS as POSTGRES_CONNECTIONS, pool::postgres_pool};

mod sqlite;
pub use sqlite::{pool::sqlite_pool, same_file::SameFile, session::open_to_read as open_sqlite_to_read};

mod from_row;
mod migrations;
mod reads;
mod tally;
