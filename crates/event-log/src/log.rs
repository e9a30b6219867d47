//! The log: opened by URL, read by position, by stream and by command.

use futures::future::BoxFuture;
use orderlog_domain::ids::{CommandId, Position, StreamId, Version};

use crate::{
    CommandRecord, Head, Identity, LogError, LogWriter, Recorded, ShopSettings, Snapshot, postgres::PostgresLog,
    sqlite::SqliteLog, writer::Engine,
};

/// A log on one of the two engines. Cheap to clone; clones share their connections.
#[derive(Debug, Clone)]
pub enum Log {
    /// `postgres://…`, PostgreSQL 14 or newer.
    Postgres(PostgresLog),
    /// `sqlite://path/log.db`.
    Sqlite(SqliteLog),
}

/// Calls the same method on whichever engine the log is.
macro_rules! on_engine {
    ($log:expr, $engine:ident => $call:expr) => {
        match $log {
            Log::Postgres($engine) => $call,
            Log::Sqlite($engine) => $call,
        }
    };
}
pub(crate) use on_engine;

impl Log {
    /// Opens the log, and creates or migrates its schema.
    ///
    /// # Errors
    /// When the URL names no log, the database cannot be reached, or its settings do not make acknowledged writes
    /// durable.
    pub fn open(url: &str) -> BoxFuture<'_, Result<Log, LogError>> {
        Box::pin(async move {
            match url.split_once(':') {
                Some(("postgres" | "postgresql", _)) => Ok(Log::Postgres(PostgresLog::open(url).await?)),
                Some(("sqlite", _)) => Ok(Log::Sqlite(SqliteLog::open(url).await?)),
                _ => Err(LogError::Url("expected sqlite://path/log.db or postgres://user@host/database".to_owned())),
            }
        })
    }

    /// Which log this is and where it lives; `None` if it was last opened for writing by a release without log ids.
    ///
    /// # Errors
    /// When the database fails.
    pub fn identity(&self) -> BoxFuture<'_, Result<Option<Identity>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.identity().await) })
    }

    /// Opens an existing log for reading only: creates nothing, migrates nothing and needs no permission to write.
    ///
    /// # Errors
    /// [`LogError::Missing`] when there is no log, or one of an older release; when the database cannot be reached.
    pub fn open_to_read(url: &str) -> BoxFuture<'_, Result<Log, LogError>> {
        Box::pin(async move {
            match url.split_once(':') {
                Some(("postgres" | "postgresql", _)) => Ok(Log::Postgres(PostgresLog::open_to_read(url).await?)),
                Some(("sqlite", _)) => Ok(Log::Sqlite(SqliteLog::open_to_read(url).await?)),
                _ => Err(LogError::Url("expected sqlite://path/log.db or postgres://user@host/database".to_owned())),
            }
        })
    }

    /// Closes the readers' connections. SQLite removes its extra files with the last one.
    pub fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            on_engine!(self, engine => engine.close().await);
        })
    }

    /// The present head.
    ///
    /// # Errors
    /// When the database fails.
    pub fn head(&self) -> BoxFuture<'_, Result<Head, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.head().await) })
    }

    /// The recorded settings of the shop, oldest first.
    ///
    /// # Errors
    /// When the database fails.
    pub fn settings(&self) -> BoxFuture<'_, Result<Vec<ShopSettings>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.settings().await) })
    }

    /// Records settings if their revision is the next one and the log still ends at their position. If the answer is
    /// false, read the settings and the head again, and decide again.
    ///
    /// # Errors
    /// When the database fails.
    pub fn record_settings<'a>(&'a self, settings: &'a ShopSettings) -> BoxFuture<'a, Result<bool, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.record_settings(settings).await) })
    }

    /// At most `limit` events after a position, in order. Empty only at the head.
    ///
    /// # Errors
    /// [`LogError::Gap`] when an event is missing; when a row is damaged or the database fails.
    pub fn read(&self, after: Position, limit: u32) -> BoxFuture<'_, Result<Vec<Recorded>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.read(after, limit).await) })
    }

    /// At most `limit` events of one stream after a version, in order.
    ///
    /// # Errors
    /// When a row is damaged or the database fails.
    pub fn read_stream(
        &self,
        stream: StreamId,
        after: Version,
        limit: u32,
    ) -> BoxFuture<'_, Result<Vec<Recorded>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.read_stream(stream, after, limit).await) })
    }

    /// At most `limit` events of these types after a position, in order.
    ///
    /// # Errors
    /// When a row is damaged or the database fails.
    pub fn read_types<'a>(
        &'a self,
        after: Position,
        types: &'a [&'a str],
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Recorded>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.read_types(after, types, limit).await) })
    }

    /// The records of these commands, in no particular order. Unknown ids are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub fn find_commands<'a>(&'a self, ids: &'a [CommandId]) -> BoxFuture<'a, Result<Vec<CommandRecord>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.find_commands(ids).await) })
    }

    /// The snapshots of these streams, in no particular order. Streams without one are left out.
    ///
    /// # Errors
    /// When the database fails.
    pub fn load_snapshots<'a>(&'a self, streams: &'a [StreamId]) -> BoxFuture<'a, Result<Vec<Snapshot>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.load_snapshots(streams).await) })
    }

    /// Saves these snapshots. A snapshot of a later version is never replaced by an older one.
    ///
    /// # Errors
    /// When the database fails.
    pub fn save_snapshots<'a>(&'a self, snapshots: &'a [Snapshot]) -> BoxFuture<'a, Result<(), LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.save_snapshots(snapshots).await) })
    }

    /// `postgres` or `sqlite`.
    #[must_use]
    pub fn engine(&self) -> &'static str {
        match self {
            Log::Postgres(_) => "postgres",
            Log::Sqlite(_) => "sqlite",
        }
    }

    /// How many connections of the readers' pool are open, and how many of them are idle.
    #[must_use]
    pub fn connections(&self) -> (u32, usize) {
        on_engine!(self, engine => engine.connections())
    }

    /// At most `limit` snapshots, in order of their stream's text, after one stream. Start with the empty text.
    ///
    /// # Errors
    /// When a row is damaged or the database fails.
    pub fn snapshots_after<'a>(
        &'a self,
        stream: &'a str,
        limit: u32,
    ) -> BoxFuture<'a, Result<Vec<Snapshot>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.snapshots_after(stream, limit).await) })
    }

    /// The database's own guards of the log (triggers and keys) that are missing, changed or switched off; normally none.
    ///
    /// # Errors
    /// When the database fails.
    pub fn missing_guards(&self) -> BoxFuture<'_, Result<Vec<String>, LogError>> {
        Box::pin(async move { on_engine!(self, engine => engine.missing_guards().await) })
    }

    /// Checks that every event up to the head is there, by counting them. `verify` reads each.
    ///
    /// # Errors
    /// [`LogError::Gap`] when an event is missing; when the database fails.
    pub fn count(&self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            let head = self.head().await?.position;
            let (first, last, count) = on_engine!(self, engine => engine.extent(head).await?);
            if count == head.0 {
                return Ok(());
            }
            let position = match (first, last) {
                (first, _) if first > 1 => Position::START.next(),
                (_, last) if last < head.0 => Position(last + 1),
                _ => self.first_gap(Position::START, head).await?,
            };
            Err(LogError::Gap { position })
        })
    }

    /// The first missing position: halves the part of the log that has a gap until it is found.
    async fn first_gap(&self, mut whole: Position, mut lacking: Position) -> Result<Position, LogError> {
        while lacking.0 - whole.0 > 1 {
            let middle = Position(whole.0 + (lacking.0 - whole.0) / 2);
            let (_, _, count) = on_engine!(self, engine => engine.extent(middle).await?);
            if count == middle.0 { whole = middle } else { lacking = middle }
        }
        Ok(lacking)
    }

    /// How many more connections the database would give to this role; `None` on SQLite, which has no limit.
    ///
    /// # Errors
    /// When the database fails.
    pub fn connections_left(&self) -> BoxFuture<'_, Result<Option<i64>, LogError>> {
        Box::pin(async move {
            match self {
                Log::Postgres(log) => log.connections_left().await.map(Some),
                Log::Sqlite(_) => Ok(None),
            }
        })
    }

    /// Why the database cannot be used, if it is known to be away. Until it is back, every call fails at once.
    #[must_use]
    pub fn away(&self) -> Option<String> {
        match self {
            Log::Postgres(log) => log.away(),
            Log::Sqlite(_) => None,
        }
    }

    /// Runs an operation that needs the log's database; drops it if the database goes away.
    ///
    /// # Errors
    /// [`LogError::Unavailable`] when the database does not answer.
    pub async fn while_there<T>(
        &self,
        doing: &'static str,
        operation: impl Future<Output = T> + Send,
    ) -> Result<T, LogError> {
        match self {
            Log::Postgres(log) => log.while_there(doing, operation).await,
            Log::Sqlite(_) => Ok(operation.await),
        }
    }

    /// A writer with a connection of its own.
    ///
    /// # Errors
    /// When the database cannot be reached or its settings have become unsafe.
    pub fn writer(&self) -> BoxFuture<'_, Result<LogWriter, LogError>> {
        Box::pin(async move {
            Ok(LogWriter::on(match self {
                Log::Postgres(log) => Engine::Postgres(log.writer().await?),
                Log::Sqlite(log) => Engine::Sqlite(log.writer().await?),
            }))
        })
    }
}
