//! The writer's connection to PostgreSQL: appends in one statement, locks the head, and ends the session it replaces.

use std::time::{Duration, Instant};

use chrono::SecondsFormat;
use orderlog_domain::ids::{CommandId, Position, StreamId, Version};
use sqlx::{Connection as _, PgConnection, postgres::PgConnectOptions};

use super::{
    breaker::{Away, Breaker},
    durability, reads, session, sql,
};
use crate::{Batch, CommandRecord, Head, LogError, Recorded, Snapshot, Swap, error::within};

/// How long an append may take before its outcome counts as unknown.
const ANSWER_LIMIT: Duration = Duration::from_secs(30);

/// How long a check that the server keeps acknowledged events stays valid.
const CHECK_AGAIN: Duration = Duration::from_secs(5);

/// Identifies a session on its server. The start time distinguishes it from a later session with the same process id.
const IDENTITY: &str = "SELECT pid, backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()";

/// Ends a session and waits until it is gone, at most 5 s. Answers whether it is gone.
const END_SESSION: &str = "SELECT coalesce(bool_and(pg_terminate_backend(pid, 5000)), true) \
    FROM pg_stat_activity WHERE pid = $1 AND backend_start::text = $2";

/// A writer's own connection.
#[derive(Debug)]
pub(crate) struct PostgresWriter {
    options: PgConnectOptions,
    connection: PgConnection,
    identity: (i32, String),
    breaker: Breaker,
    /// When it was last checked that the server keeps acknowledged events.
    checked: Instant,
}

impl PostgresWriter {
    pub(crate) async fn connect(options: PgConnectOptions, breaker: Breaker) -> Result<PostgresWriter, LogError> {
        let (connection, identity) = connect(&options).await?;
        Ok(PostgresWriter { options, connection, identity, breaker, checked: Instant::now() })
    }

    /// The server may still be executing the last statement of the old session, long after the connection was lost. The
    /// outcome of that statement is certain only when the session is gone.
    pub(crate) async fn reconnect(&mut self) -> Result<(), LogError> {
        let breaker = self.breaker.clone();
        breaker.log("connecting", Box::pin(self.replace())).await
    }

    async fn replace(&mut self) -> Result<(), LogError> {
        let (mut connection, identity) = connect(&self.options).await?;
        let (pid, started) = &self.identity;
        let gone: bool = sqlx::query_scalar(END_SESSION)
            .bind(pid)
            .bind(started)
            .fetch_one(&mut connection)
            .await
            .map_err(|error| LogError::from_sqlx("ending the lost session", error))?;
        if !gone {
            let doing = "ending the lost session";
            return Err(LogError::Unavailable { doing, why: "it is still running".to_owned() });
        }
        self.connection = connection;
        self.identity = identity;
        self.checked = Instant::now();
        Ok(())
    }

    /// If the database goes away during the append, the caller does not wait for it, and its outcome is unknown.
    pub(crate) async fn append(&mut self, expected: Position, batch: &Batch, locked: bool) -> Result<Swap, LogError> {
        let breaker = self.breaker.clone();
        let appended = breaker.guard(Box::pin(self.send(expected, batch, locked))).await;
        let appended = appended.unwrap_or_else(|Away(why)| Err(LogError::Unknown { why }));
        breaker.doubt(&appended);
        appended
    }

    async fn send(&mut self, expected: Position, batch: &Batch, locked: bool) -> Result<Swap, LogError> {
        // The settings of the server can be changed while it runs.
        if self.checked.elapsed() > CHECK_AGAIN {
            durability::check(&mut self.connection).await?;
            self.checked = Instant::now();
        }
        let swapped = within(ANSWER_LIMIT, swap(&mut self.connection, expected, batch)).await;
        let swap = match swapped {
            Ok(true) => Swap::Done,
            Ok(false) => Swap::Lost,
            Err(error) if duplicate_command(&error) => Swap::Lost,
            // Without a transaction around it, the statement itself is the commit.
            Err(error) if locked => return Err(LogError::from_sqlx("appending", error)),
            Err(error) => return Err(LogError::from_commit(error)),
        };
        match (locked, swap) {
            (false, swap) => Ok(swap),
            (true, Swap::Done) => {
                let commit = within(ANSWER_LIMIT, run("COMMIT", &mut self.connection)).await;
                commit.map(|()| Swap::Done).map_err(LogError::from_commit)
            }
            (true, Swap::Lost) => rollback(&mut self.connection).await.map(|()| Swap::Lost),
        }
    }

    pub(crate) async fn close(self) {
        if let Err(error) = self.connection.close().await {
            tracing::debug!(%error, "closing the writer's connection failed");
        }
    }

    pub(crate) async fn lock_head(&mut self) -> Result<Head, LogError> {
        const DOING: &str = "locking the head";
        let lock = async {
            run("BEGIN", &mut self.connection).await?;
            sqlx::query(sql::LOCK_HEAD).fetch_one(&mut self.connection).await
        };
        let lock = async { within(ANSWER_LIMIT, lock).await.map_err(|error| LogError::from_sqlx(DOING, error)) };
        reads::head_of(&self.breaker.log(DOING, Box::pin(lock)).await?)
    }

    pub(crate) async fn unlock(&mut self) -> Result<(), LogError> {
        self.breaker.log("unlocking the head", Box::pin(rollback(&mut self.connection))).await
    }

    pub(crate) async fn head(&mut self) -> Result<Head, LogError> {
        self.breaker.log("reading the head", Box::pin(reads::head(&mut self.connection))).await
    }

    pub(crate) async fn read(&mut self, after: Position, limit: u32) -> Result<Vec<Recorded>, LogError> {
        self.breaker.log("reading events", Box::pin(reads::read(&mut self.connection, after, limit))).await
    }

    pub(crate) async fn read_streams(&mut self, after: &[(StreamId, Version)]) -> Result<Vec<Recorded>, LogError> {
        self.breaker.log("reading events", Box::pin(reads::read_streams(&mut self.connection, after))).await
    }

    pub(crate) async fn find_commands(&mut self, ids: &[CommandId]) -> Result<Vec<CommandRecord>, LogError> {
        self.breaker.log("looking up commands", Box::pin(reads::find_commands(&mut self.connection, ids))).await
    }

    pub(crate) async fn load_snapshots(&mut self, streams: &[StreamId]) -> Result<Vec<Snapshot>, LogError> {
        self.breaker.log("loading snapshots", Box::pin(reads::load_snapshots(&mut self.connection, streams))).await
    }
}

async fn rollback(connection: &mut PgConnection) -> Result<(), LogError> {
    let rollback = within(ANSWER_LIMIT, run("ROLLBACK", connection)).await;
    rollback.map_err(|error| LogError::from_sqlx("unlocking the head", error))
}

async fn connect(options: &PgConnectOptions) -> Result<(PgConnection, (i32, String)), LogError> {
    let mut connection = session::connect(options).await?;
    let identity = sqlx::query_as(IDENTITY)
        .fetch_one(&mut connection)
        .await
        .map_err(|error| LogError::from_sqlx("connecting", error))?;
    Ok((connection, identity))
}

async fn run(statement: &'static str, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query(statement).execute(connection).await.map(|_| ())
}

/// Sends the one statement. Answers whether the head moved.
async fn swap(connection: &mut PgConnection, expected: Position, batch: &Batch) -> Result<bool, sqlx::Error> {
    let Batch { events, commands, head } = batch;
    let alone = matches!((&events[..], &commands[..]), ([_], [_]));
    let query = sqlx::query(if alone { sql::APPEND_ONE } else { sql::APPEND })
        .bind(expected.0)
        .bind(head.position.0)
        .bind(&head.hash.0[..])
        .bind(head.next_order.0)
        .bind(head.recorded_at.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let query = if let ([event], [command]) = (&events[..], &commands[..]) {
        query
            .bind(event.position.0)
            .bind(event.stream.to_string())
            .bind(event.version.0)
            .bind(&event.event_type)
            .bind(&event.hash.0[..])
            .bind(&event.json)
            .bind(command.command_id.0)
            .bind(&command.request_hash.0[..])
            .bind(command.first.0)
            .bind(command.last.0)
            .bind(command.told.as_deref())
    } else {
        query
            .bind(column(events, |event| event.position.0))
            .bind(column(events, |event| event.stream.to_string()))
            .bind(column(events, |event| event.version.0))
            .bind(column(events, |event| event.event_type.as_str()))
            .bind(column(events, |event| &event.hash.0[..]))
            .bind(column(events, |event| event.json.as_str()))
            .bind(column(commands, |command| command.command_id.0))
            .bind(column(commands, |command| &command.request_hash.0[..]))
            .bind(column(commands, |command| command.first.0))
            .bind(column(commands, |command| command.last.0))
            .bind(column(commands, |command| command.told.as_deref()))
    };
    Ok(query.execute(connection).await?.rows_affected() == 1)
}

/// One column of the batch, as an array.
fn column<'a, R, T>(rows: &'a [R], value: impl Fn(&'a R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

fn duplicate_command(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.constraint() == Some("commands_pkey"))
}
