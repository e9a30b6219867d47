//! The queries of a SQLite connection, for the pool's readers and for the writer.

use chrono::DateTime;
use futures::{Stream, TryStreamExt};
use orderlog_domain::ids::{CommandId, OrderId, Position, StreamId, UnknownStream, Version};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::sql;
use crate::{
    CommandRecord, Hash, Head, LogError, Recorded, Snapshot,
    reads::{HASH_BYTES, StoredCommand, StoredEvent, reads},
    tally::Tally,
};

reads!(SqliteConnection, SqliteRow);

pub(crate) async fn read_streams(
    connection: &mut SqliteConnection,
    after: &[(StreamId, Version)],
) -> Result<Vec<Recorded>, LogError> {
    let wanted = list(after.iter().map(|(stream, version)| serde_json::json!([stream.to_string(), version.0])));
    collect(sqlx::query(sql::READ_STREAMS).bind(wanted).fetch(connection), 0).await
}

pub(crate) async fn read_types(
    connection: &mut SqliteConnection,
    after: Position,
    types: &[&str],
    limit: u32,
) -> Result<Vec<Recorded>, LogError> {
    let query = sqlx::query(sql::READ_TYPES).bind(after.0).bind(list(types.iter().copied())).bind(i64::from(limit));
    collect(query.fetch(connection), limit).await
}

fn id_list(ids: &[CommandId]) -> String {
    list(ids.iter().map(|id| id.0.simple().to_string()))
}

fn stream_list(streams: &[StreamId]) -> String {
    list(streams.iter().map(StreamId::to_string))
}

/// SQLite has no arrays. A JSON list is one bind variable, however long, and leaves the statement as it is.
fn list<T: Into<serde_json::Value>>(items: impl Iterator<Item = T>) -> String {
    serde_json::Value::Array(items.map(Into::into).collect()).to_string()
}
