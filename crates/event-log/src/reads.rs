//! The SQL that both engines share: written once, compiled for each.

use orderlog_domain::ids::CommandId;

/// Length of a SHA-256 hash.
pub(crate) const HASH_BYTES: i32 = 32;

/// Reads the one row of the head.
pub(crate) const HEAD: &str = "SELECT position, hash, next_order, recorded_at FROM log_head WHERE id = 1";
/// Takes a position and a limit.
pub(crate) const READ: &str = "SELECT position, stream, version, type, hash, event FROM events \
    WHERE position > $1 ORDER BY position LIMIT $2";
/// Takes a stream, a version and a limit.
pub(crate) const READ_STREAM: &str = "SELECT position, stream, version, type, hash, event FROM events \
    WHERE stream = $1 AND version > $2 ORDER BY version LIMIT $3";
/// Takes a position; answers the commands up to it that recorded something.
pub(crate) const COMMANDS_UNTIL: &str = "SELECT command_id, first_position, last_position, length(request_hash) \
    FROM commands WHERE first_position <= last_position AND last_position <= $1";
/// Counts commands with positions that no append gives: after the head, before the first event, or first after last.
pub(crate) const ODD_COMMANDS: &str = "SELECT count(*) FROM commands, log_head \
    WHERE last_position > position OR first_position < 1 OR first_position > last_position + 1";
/// Answers the parts of answers that are stored beside their events.
pub(crate) const TOLD: &str = "SELECT told FROM commands WHERE told IS NOT NULL";
/// Takes a position; answers the first and the last event up to it, and their number.
pub(crate) const EXTENT: &str = "SELECT coalesce(min(position), 0), coalesce(max(position), 0), count(*) \
    FROM events WHERE position <= $1";
/// Takes the text of a stream and a limit; answers the snapshots of the streams after it.
pub(crate) const SNAPSHOTS_AFTER: &str =
    "SELECT stream, version, format, state FROM snapshots WHERE stream > $1 ORDER BY stream LIMIT $2";
/// Takes stream, version, format, state. An older state never replaces a newer one.
pub(crate) const SAVE_SNAPSHOT: &str = "INSERT INTO snapshots (stream, version, format, state) \
    VALUES ($1, $2, $3, $4) ON CONFLICT (stream) DO UPDATE \
    SET version = excluded.version, format = excluded.format, state = excluded.state \
    WHERE excluded.version >= snapshots.version";

/// A row of `events` as it is stored, unchecked. Only `verify` reads it.
#[derive(Debug)]
pub(crate) struct StoredEvent {
    pub(crate) position: i64,
    pub(crate) stream: Vec<u8>,
    pub(crate) version: i64,
    pub(crate) event_type: Vec<u8>,
    pub(crate) hash: Vec<u8>,
    pub(crate) event: Vec<u8>,
}

/// A row of `commands` as it is stored, unchecked. Only `verify` reads it.
#[derive(Debug)]
pub(crate) struct StoredCommand {
    pub(crate) command_id: CommandId,
    pub(crate) request_hash: Vec<u8>,
    pub(crate) first: i64,
    pub(crate) last: i64,
}

/// Defines the functions that both engines share, for the connection and the row of one engine. The engine says how it takes
/// lists (`id_list`, `stream_list`) and has the statements that take them in its `sql`.
macro_rules! reads {
    ($connection:ty, $row:ty) => {
        pub(crate) async fn head(connection: &mut $connection) -> Result<Head, LogError> {
            let row = sqlx::query(crate::reads::HEAD)
                .fetch_optional(connection)
                .await
                .map_err(|error| LogError::from_sqlx("reading the head", error))?;
            match row {
                Some(row) => head_of(&row),
                None => Err(LogError::Corrupt { position: Position::START, what: "the head is missing".to_owned() }),
            }
        }

        pub(super) fn head_of(row: &$row) -> Result<Head, LogError> {
            let failed = |error| LogError::from_sqlx("reading the head", error);
            let position = Position(row.try_get(0).map_err(failed)?);
            let corrupt = |what: &str| LogError::Corrupt { position, what: what.to_owned() };
            let hash: &[u8] = row.try_get(1).map_err(failed)?;
            let recorded_at: &str = row.try_get(3).map_err(failed)?;
            Ok(Head {
                position,
                hash: Hash(hash.try_into().map_err(|_| corrupt("the head's hash is not 32 bytes"))?),
                next_order: OrderId(row.try_get(2).map_err(failed)?),
                recorded_at: DateTime::parse_from_rfc3339(recorded_at)
                    .map_err(|_| corrupt("the head's time is not RFC 3339"))?
                    .to_utc(),
            })
        }

        pub(crate) async fn read(
            connection: &mut $connection,
            after: Position,
            limit: u32,
        ) -> Result<Vec<Recorded>, LogError> {
            let query = || sqlx::query(crate::reads::READ).bind(after.0).bind(i64::from(limit));
            let mut page = collect(query().fetch(&mut *connection), limit).await?;
            if page.is_empty() && limit > 0 && head(&mut *connection).await?.position > after {
                // The event was appended between the two statements, or it is missing: reading again shows which.
                page = collect(query().fetch(&mut *connection), limit).await?;
                if page.is_empty() {
                    return Err(LogError::Gap { position: after.next() });
                }
            }
            let mut expected = after;
            for event in &page {
                expected = expected.next();
                if event.position != expected {
                    return Err(LogError::Gap { position: expected });
                }
            }
            Ok(page)
        }

        pub(crate) async fn read_stream(
            connection: &mut $connection,
            stream: StreamId,
            after: Version,
            limit: u32,
        ) -> Result<Vec<Recorded>, LogError> {
            let query =
                sqlx::query(crate::reads::READ_STREAM).bind(stream.to_string()).bind(after.0).bind(i64::from(limit));
            collect(query.fetch(connection), limit).await
        }

        /// `expected` is only a size to reserve.
        async fn collect(
            mut rows: impl Stream<Item = Result<$row, sqlx::Error>> + Unpin,
            expected: u32,
        ) -> Result<Vec<Recorded>, LogError> {
            const ROOM: u32 = 1_024;
            let mut events = Vec::with_capacity(expected.min(ROOM) as usize);
            while let Some(row) = rows.try_next().await.map_err(|error| LogError::from_sqlx("reading events", error))? {
                events.push(recorded_of(&row)?);
            }
            Ok(events)
        }

        fn recorded_of(row: &$row) -> Result<Recorded, LogError> {
            let failed = |error| LogError::from_sqlx("reading events", error);
            let position = Position(row.try_get(0).map_err(failed)?);
            let corrupt = |what: String| LogError::Corrupt { position, what };
            let damaged = |error: sqlx::Error| corrupt(error.to_string());
            let stream: &str = row.try_get(1).map_err(damaged)?;
            let hash: &[u8] = row.try_get(4).map_err(damaged)?;
            Ok(Recorded {
                position,
                stream: stream.parse().map_err(|error: UnknownStream| corrupt(error.to_string()))?,
                version: Version(row.try_get(2).map_err(damaged)?),
                event_type: row.try_get(3).map_err(damaged)?,
                hash: Hash(hash.try_into().map_err(|_| corrupt("the hash is not 32 bytes".to_owned()))?),
                json: row.try_get(5).map_err(damaged)?,
            })
        }

        /// For rows of (command_id, request_hash, first_position, last_position, told).
        fn command_of(row: &$row) -> Result<CommandRecord, sqlx::Error> {
            let hash: &[u8] = row.try_get(1)?;
            Ok(CommandRecord {
                command_id: CommandId(row.try_get(0)?),
                request_hash: Hash(hash.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?),
                first: Position(row.try_get(2)?),
                last: Position(row.try_get(3)?),
                told: row.try_get(4)?,
            })
        }

        /// For rows of (stream, version, format, state).
        fn snapshot_of(row: &$row) -> Result<Snapshot, sqlx::Error> {
            let stream: &str = row.try_get(0)?;
            let format: i32 = row.try_get(2)?;
            Ok(Snapshot {
                stream: stream.parse().map_err(|error: UnknownStream| sqlx::Error::Decode(Box::new(error)))?,
                version: Version(row.try_get(1)?),
                format: format.try_into().map_err(|error| sqlx::Error::Decode(Box::new(error)))?,
                state: row.try_get(3)?,
            })
        }

        pub(crate) async fn find_commands(
            connection: &mut $connection,
            ids: &[CommandId],
        ) -> Result<Vec<CommandRecord>, LogError> {
            let rows = sqlx::query(sql::FIND_COMMANDS).bind(id_list(ids)).fetch_all(connection).await;
            rows.and_then(|rows| rows.iter().map(command_of).collect())
                .map_err(|error| LogError::from_sqlx("looking up commands", error))
        }

        /// The same rows, unchecked.
        pub(crate) async fn stored_commands(
            connection: &mut $connection,
            ids: &[CommandId],
        ) -> Result<Vec<StoredCommand>, LogError> {
            let rows = sqlx::query(sql::FIND_COMMANDS).bind(id_list(ids)).fetch_all(connection).await;
            rows.and_then(|rows| rows.iter().map(stored_command_of).collect())
                .map_err(|error| LogError::from_sqlx("looking up commands", error))
        }

        pub(crate) async fn load_snapshots(
            connection: &mut $connection,
            streams: &[StreamId],
        ) -> Result<Vec<Snapshot>, LogError> {
            let rows = sqlx::query(sql::LOAD_SNAPSHOTS).bind(stream_list(streams)).fetch_all(connection).await;
            rows.and_then(|rows| rows.iter().map(snapshot_of).collect())
                .map_err(|error| LogError::from_sqlx("loading snapshots", error))
        }

        pub(crate) async fn save_snapshots(
            connection: &mut $connection,
            snapshots: &[Snapshot],
        ) -> Result<(), LogError> {
            for snapshot in snapshots {
                sqlx::query(crate::reads::SAVE_SNAPSHOT)
                    .bind(snapshot.stream.to_string())
                    .bind(snapshot.version.0)
                    .bind(snapshot.format.cast_signed())
                    .bind(&snapshot.state)
                    .execute(&mut *connection)
                    .await
                    .map_err(|error| LogError::from_sqlx("saving snapshots", error))?;
            }
            Ok(())
        }

        /// Adds up the commands up to a position that recorded something. `empty` is what the sum starts with.
        pub(crate) async fn tally_commands(
            connection: &mut $connection,
            until: Position,
            empty: &Tally,
        ) -> Result<Tally, LogError> {
            let failed = |error| LogError::from_sqlx("reading commands", error);
            let mut tally = empty.clone();
            let mut rows = sqlx::query(crate::reads::COMMANDS_UNTIL).bind(until.0).fetch(connection);
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                let id: Option<&[u8]> = row.try_get_unchecked(0).map_err(failed)?;
                let hash_bytes: Option<i32> = row.try_get(3).map_err(failed)?;
                match (id, hash_bytes) {
                    (Some(id), Some(HASH_BYTES)) => {
                        tally.add(id, row.try_get(1).map_err(failed)?, row.try_get(2).map_err(failed)?);
                    }
                    _ => tally.add_broken(),
                }
            }
            Ok(tally)
        }

        /// How many commands have a kept answer that is not JSON.
        pub(crate) async fn untold_commands(connection: &mut $connection) -> Result<i64, LogError> {
            let failed = |error| LogError::from_sqlx("reading what answers told", error);
            let mut rows = sqlx::query(crate::reads::TOLD).fetch(connection);
            let mut untold = 0;
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                let told: Vec<u8> = row.try_get_unchecked(0).map_err(failed)?;
                let is_json = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(&told).is_ok();
                untold += i64::from(!is_json);
            }
            Ok(untold)
        }

        /// How many commands have positions that no append gives.
        pub(crate) async fn odd_commands(connection: &mut $connection) -> Result<i64, LogError> {
            let count = sqlx::query_scalar(crate::reads::ODD_COMMANDS).fetch_one(connection).await;
            count.map_err(|error| LogError::from_sqlx("counting commands", error))
        }

        /// The first and the last event up to a position, and how many there are.
        pub(crate) async fn extent(connection: &mut $connection, until: Position) -> Result<(i64, i64, i64), LogError> {
            let extent = sqlx::query_as(crate::reads::EXTENT).bind(until.0).fetch_one(connection).await;
            extent.map_err(|error| LogError::from_sqlx("counting events", error))
        }

        /// At most `limit` snapshots of the streams after one, in order of their text.
        pub(crate) async fn snapshots_after(
            connection: &mut $connection,
            stream: &str,
            limit: u32,
        ) -> Result<Vec<Snapshot>, LogError> {
            let query = sqlx::query(crate::reads::SNAPSHOTS_AFTER).bind(stream.to_owned()).bind(i64::from(limit));
            let rows = query.fetch_all(connection).await;
            let rows = rows.map_err(|error| LogError::from_sqlx("reading snapshots", error))?;
            let damaged = |error: sqlx::Error| LogError::Corrupt {
                position: Position::START,
                what: format!("a snapshot cannot be read: {error}"),
            };
            rows.iter().map(|row| snapshot_of(row).map_err(damaged)).collect()
        }

        /// For rows of (command_id, request_hash, first_position, last_position), unchecked.
        fn stored_command_of(row: &$row) -> Result<StoredCommand, sqlx::Error> {
            Ok(StoredCommand {
                command_id: CommandId(row.try_get(0)?),
                request_hash: row.try_get(1)?,
                first: row.try_get(2)?,
                last: row.try_get(3)?,
            })
        }

        /// At most `limit` rows after a position, unchecked: also those that no reader could parse.
        pub(crate) async fn read_stored(
            connection: &mut $connection,
            after: i64,
            limit: u32,
        ) -> Result<Vec<StoredEvent>, LogError> {
            let rows = sqlx::query(crate::reads::READ)
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(connection)
                .await
                .map_err(|error| LogError::from_sqlx("reading events", error))?;
            // NULL is treated like any other bytes that the log did not write.
            let bytes = |row: &$row, column: usize| -> Result<Vec<u8>, sqlx::Error> {
                Ok(row.try_get_unchecked::<Option<Vec<u8>>, _>(column)?.unwrap_or_default())
            };
            let stored = |row: $row| {
                Ok(StoredEvent {
                    position: row.try_get(0)?,
                    stream: bytes(&row, 1)?,
                    version: row.try_get::<Option<i64>, _>(2)?.unwrap_or_default(),
                    event_type: bytes(&row, 3)?,
                    hash: bytes(&row, 4)?,
                    event: bytes(&row, 5)?,
                })
            };
            let stored: Result<Vec<StoredEvent>, sqlx::Error> = rows.into_iter().map(stored).collect();
            stored.map_err(|error| LogError::from_sqlx("reading events", error))
        }
    };
}
pub(crate) use reads;
