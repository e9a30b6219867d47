//! The queries of a PostgreSQL connection, for the pool's readers and for the writer.

use chrono::DateTime;
use futures::{Stream, TryStreamExt};
use orderlog_domain::ids::{CommandId, OrderId, Position, StreamId, UnknownStream, Version};
use sqlx::{PgConnection, Row, postgres::PgRow};
use uuid::Uuid;

use super::sql;
use crate::{
    CommandRecord, Hash, Head, LogError, Recorded, Snapshot,
    reads::{HASH_BYTES, StoredCommand, StoredEvent, reads},
    tally::Tally,
};

reads!(PgConnection, PgRow);

pub(crate) async fn read_streams(
    connection: &mut PgConnection,
    after: &[(StreamId, Version)],
) -> Result<Vec<Recorded>, LogError> {
    let streams: Vec<String> = after.iter().map(|(stream, _)| stream.to_string()).collect();
    let versions: Vec<i64> = after.iter().map(|(_, version)| version.0).collect();
    collect(sqlx::query(sql::READ_STREAMS).bind(streams).bind(versions).fetch(connection), 0).await
}

pub(crate) async fn read_types(
    connection: &mut PgConnection,
    after: Position,
    types: &[&str],
    limit: u32,
) -> Result<Vec<Recorded>, LogError> {
    let types: Vec<String> = types.iter().map(|&one| one.to_owned()).collect();
    let query = sqlx::query(sql::READ_TYPES).bind(after.0).bind(types).bind(i64::from(limit));
    collect(query.fetch(connection), limit).await
}

fn id_list(ids: &[CommandId]) -> Vec<Uuid> {
    ids.iter().map(|id| id.0).collect()
}

fn stream_list(streams: &[StreamId]) -> Vec<String> {
    streams.iter().map(StreamId::to_string).collect()
}
