//! Appends to the log through its own connection, so that no connection is reused after an append was dropped half way.

use futures::future::BoxFuture;
use orderlog_domain::ids::{CommandId, Position, StreamId, Version};

use crate::{
    Batch, CommandRecord, Head, LogError, Recorded, Snapshot, Swap, postgres::PostgresWriter, sqlite::SqliteWriter,
};

/// Appends to a log through its own connection. After any error, call [`reconnect`](LogWriter::reconnect) before the
/// next use; a call that was abandoned half way counts as an error.
#[derive(Debug)]
pub struct LogWriter {
    engine: Engine,
    condition: Condition,
}

/// The connection, to one of the two engines.
#[derive(Debug)]
pub(crate) enum Engine {
    Postgres(PostgresWriter),
    Sqlite(SqliteWriter),
}

/// The known state of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Condition {
    /// Outside any transaction.
    Idle,
    /// In a transaction that holds the lock of the head.
    Locked,
    /// A call has begun and not succeeded: the state is unknown.
    Lost,
}

/// Runs one call on the connection. Only if it succeeds is the condition of the connection known again.
macro_rules! on_connection {
    ($writer:ident, $after:expr, $engine:ident => $call:expr) => {{
        let before = $writer.condition;
        if before == Condition::Lost {
            return Err(LogError::Interrupted);
        }
        $writer.condition = Condition::Lost;
        let result = match &mut $writer.engine {
            Engine::Postgres($engine) => $call.await?,
            Engine::Sqlite($engine) => $call.await?,
        };
        let after: Option<Condition> = $after;
        $writer.condition = after.unwrap_or(before);
        Ok(result)
    }};
}

impl LogWriter {
    /// A writer on a fresh connection.
    pub(crate) fn on(engine: Engine) -> LogWriter {
        LogWriter { engine, condition: Condition::Idle }
    }

    /// Replaces the connection after a failure. The transaction of the old connection is gone and its last statement
    /// has ended, so `find_commands` is final from now on.
    ///
    /// # Errors
    /// When the database cannot be reached; call it again until it can.
    pub fn reconnect(&mut self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            self.condition = Condition::Lost;
            match &mut self.engine {
                Engine::Postgres(engine) => engine.reconnect().await?,
                Engine::Sqlite(engine) => engine.reconnect().await?,
            }
            self.condition = Condition::Idle;
            Ok(())
        })
    }

    /// Closes the connection.
    pub fn close(self) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            match self.engine {
                Engine::Postgres(engine) => engine.close().await,
                Engine::Sqlite(engine) => engine.close().await,
            }
        })
    }

    /// Appends a batch if the head is still at `expected` and none of its commands is in the log yet. After
    /// [`lock_head`](LogWriter::lock_head) this also ends the transaction and frees the lock, whether the swap is won
    /// or lost.
    ///
    /// # Errors
    /// [`LogError::Unknown`] when the connection was lost on the way; any other error means nothing was recorded.
    pub fn append<'a>(&'a mut self, expected: Position, batch: &'a Batch) -> BoxFuture<'a, Result<Swap, LogError>> {
        Box::pin(async move {
            check(expected, batch)?;
            let locked = self.condition == Condition::Locked;
            on_connection!(self, Some(Condition::Idle), engine => engine.append(expected, batch, locked))
        })
    }

    /// Waits for the lock of the head and returns the head. It does not move until the next [`append`](LogWriter::append) or
    /// [`unlock`](LogWriter::unlock). All other writers wait meanwhile.
    ///
    /// # Errors
    /// When the database fails.
    pub fn lock_head(&mut self) -> BoxFuture<'_, Result<Head, LogError>> {
        Box::pin(async move {
            if self.condition == Condition::Locked {
                return self.head().await;
            }
            on_connection!(self, Some(Condition::Locked), engine => engine.lock_head())
        })
    }

    /// Releases the lock of the head without appending. Does nothing if there is no lock.
    ///
    /// # Errors
    /// When the database fails.
    pub fn unlock(&mut self) -> BoxFuture<'_, Result<(), LogError>> {
        Box::pin(async move {
            if self.condition == Condition::Idle {
                return Ok(());
            }
            on_connection!(self, Some(Condition::Idle), engine => engine.unlock())
        })
    }

    /// The present head.
    ///
    /// # Errors
    /// When the database fails.
    pub fn head(&mut self) -> BoxFuture<'_, Result<Head, LogError>> {
        Box::pin(async move { on_connection!(self, None, engine => engine.head()) })
    }

    /// As [`Log::read`](crate::Log::read).
    ///
    /// # Errors
    /// [`LogError::Gap`] when an event is missing; when a row is damaged or the database fails.
    pub fn read(&mut self, after: Position, limit: u32) -> BoxFuture<'_, Result<Vec<Recorded>, LogError>> {
        Box::pin(async move { on_connection!(self, None, engine => engine.read(after, limit)) })
    }

    /// All events of several streams, each after its own version, ordered by stream (its text) and version.
    ///
    /// # Errors
    /// When a row is damaged or the database fails.
    pub fn read_streams<'a>(
        &'a mut self,
        after: &'a [(StreamId, Version)],
    ) -> BoxFuture<'a, Result<Vec<Recorded>, LogError>> {
        Box::pin(async move { on_connection!(self, None, engine => engine.read_streams(after)) })
    }

    /// As [`Log::find_commands`](crate::Log::find_commands).
    ///
    /// # Errors
    /// When the database fails.
    pub fn find_commands<'a>(
        &'a mut self,
        ids: &'a [CommandId],
    ) -> BoxFuture<'a, Result<Vec<CommandRecord>, LogError>> {
        Box::pin(async move { on_connection!(self, None, engine => engine.find_commands(ids)) })
    }

    /// As [`Log::load_snapshots`](crate::Log::load_snapshots).
    ///
    /// # Errors
    /// When the database fails.
    pub fn load_snapshots<'a>(&'a mut self, streams: &'a [StreamId]) -> BoxFuture<'a, Result<Vec<Snapshot>, LogError>> {
        Box::pin(async move { on_connection!(self, None, engine => engine.load_snapshots(streams)) })
    }
}

/// Positions must follow the expected head one by one and end at the new head, so that no batch can bring a gap.
fn check(expected: Position, batch: &Batch) -> Result<(), LogError> {
    let mut last = expected;
    for event in &batch.events {
        if event.position != last.next() {
            return Err(LogError::Batch(format!("position {} follows {last}", event.position)));
        }
        last = event.position;
    }
    if batch.head.position != last {
        return Err(LogError::Batch(format!("the head is {}, the last event {last}", batch.head.position)));
    }
    if batch.events.last().is_some_and(|event| event.hash != batch.head.hash) {
        return Err(LogError::Batch("the head's hash is not the last event's".to_owned()));
    }
    Ok(())
}
