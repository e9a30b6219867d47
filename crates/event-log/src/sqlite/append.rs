//! The writer's connection to SQLite: appends in one immediate transaction with few statements.

use chrono::SecondsFormat;
use orderlog_domain::ids::{CommandId, Position, StreamId, Version};
use sqlx::{AssertSqlSafe, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{reads, same_file::SameFile, session, sql};
use crate::{Batch, CommandRecord, Head, LogError, Recorded, Snapshot, Swap};

/// A writer's own connection.
#[derive(Debug)]
pub(crate) struct SqliteWriter {
    options: SqliteConnectOptions,
    connection: SqliteConnection,
    file: SameFile,
}

impl SqliteWriter {
    pub(crate) async fn connect(options: SqliteConnectOptions, file: SameFile) -> Result<SqliteWriter, LogError> {
        let mut connection = session::connect(&options).await?;
        session::grow_wal(&options, &mut connection).await?;
        Ok(SqliteWriter { options, connection, file })
    }

    /// Closing the old connection waits for its last statement and rolls back its open transaction.
    pub(crate) async fn reconnect(&mut self) -> Result<(), LogError> {
        self.file.check()?;
        let connection = session::connect(&self.options).await?;
        let old = std::mem::replace(&mut self.connection, connection);
        // A connection whose thread has crashed cannot be closed, and has no transaction either.
        if let Err(error) = old.close().await {
            tracing::warn!(%error, "closing the lost connection failed");
        }
        Ok(())
    }

    pub(crate) async fn append(&mut self, expected: Position, batch: &Batch, locked: bool) -> Result<Swap, LogError> {
        let failed = |error| LogError::from_sqlx("appending", error);
        self.file.check()?;
        if !locked {
            self.run("BEGIN IMMEDIATE").await.map_err(failed)?;
        }
        if !self.insert(expected, batch).await.map_err(failed)? {
            self.unlock().await?;
            return Ok(Swap::Lost);
        }
        self.run("COMMIT").await.map_err(LogError::from_commit)?;
        Ok(Swap::Done)
    }

    pub(crate) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "closing the writer's connection failed");
        }
    }

    pub(crate) async fn lock_head(&mut self) -> Result<Head, LogError> {
        self.run("BEGIN IMMEDIATE").await.map_err(|error| LogError::from_sqlx("locking the head", error))?;
        self.head().await
    }

    pub(crate) async fn unlock(&mut self) -> Result<(), LogError> {
        self.run("ROLLBACK").await.map_err(|error| LogError::from_sqlx("unlocking the head", error))
    }

    pub(crate) async fn head(&mut self) -> Result<Head, LogError> {
        reads::head(&mut self.connection).await
    }

    pub(crate) async fn read(&mut self, after: Position, limit: u32) -> Result<Vec<Recorded>, LogError> {
        reads::read(&mut self.connection, after, limit).await
    }

    pub(crate) async fn read_streams(&mut self, after: &[(StreamId, Version)]) -> Result<Vec<Recorded>, LogError> {
        reads::read_streams(&mut self.connection, after).await
    }

    pub(crate) async fn find_commands(&mut self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, LogError> {
        reads::find_commands(&mut self.connection, ids).await
    }

    pub(crate) async fn load_snapshots(&mut self, streams: &[StreamId]) -> Result<Vec<Snapshot>, LogError> {
        reads::load_snapshots(&mut self.connection, streams).await
    }

    async fn run(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        sqlx::query(statement).execute(&mut self.connection).await.map(|_| ())
    }

    /// Moves the head and inserts the batch; false if the swap is lost. Leaves the transaction open.
    async fn insert(&mut self, expected: Position, batch: &Batch) -> Result<bool, sqlx::Error> {
        let head = &batch.head;
        let moved = sqlx::query(sql::MOVE_HEAD)
            .bind(head.position.0)
            .bind(&head.hash.0[..])
            .bind(head.next_order.0)
            .bind(head.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true))
            .bind(expected.0)
            .execute(&mut self.connection)
            .await?;
        if moved.rows_affected() == 0 {
            return Ok(false);
        }
        for rows in chunks(&batch.commands) {
            match self.insert_commands(rows).await {
                Ok(()) => {}
                Err(error) if error.as_database_error().is_some_and(|error| error.is_unique_violation()) => {
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        for rows in chunks(&batch.events) {
            self.insert_events(rows).await?;
        }
        Ok(true)
    }

    async fn insert_events(&mut self, events: &[Recorded]) -> Result<(), sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql::insert_events(events.len())));
        for event in events {
            query = query
                .bind(event.position.0)
                .bind(event.stream.to_string())
                .bind(event.version.0)
                .bind(event.event_type.as_str())
                .bind(&event.hash.0[..])
                .bind(event.json.as_str());
        }
        query.execute(&mut self.connection).await.map(|_| ())
    }

    async fn insert_commands(&mut self, commands: &[CommandRecord]) -> Result<(), sqlx::Error> {
        let mut query = sqlx::query(AssertSqlSafe(sql::insert_commands(commands.len())));
        for command in commands {
            query = query
                .bind(command.command_id.0)
                .bind(&command.request_hash.0[..])
                .bind(command.first.0)
                .bind(command.last.0)
                .bind(command.told.as_deref());
        }
        query.execute(&mut self.connection).await.map(|_| ())
    }
}

/// Splits rows into the few sizes that have a prepared statement.
fn chunks<T>(mut rows: &[T]) -> impl Iterator<Item = &[T]> {
    std::iter::from_fn(move || {
        let size = sql::ROWS.into_iter().find(|size| *size <= rows.len())?;
        let (chunk, rest) = rows.split_at(size);
        rows = rest;
        Some(chunk)
    })
}
