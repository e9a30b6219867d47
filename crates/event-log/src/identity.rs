//! The identity of a log: an id that every copy of the database shares, and a place, which no copy shares.

use uuid::Uuid;

use crate::LogError;

/// Distinguishes logs, and a log from its copies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Made once, with the log. A copy of the database (staging, a restore drill) has the same id.
    pub id: Uuid,
    /// The place of the database, as text for people: `postgres/<system identifier>/<oid of the database>` or
    /// `sqlite/<inode>/<time the file was made>`. A dump that is restored elsewhere or a file that is copied has
    /// another place. A copy of the complete disk or a replica has the same: nothing inside it shows the difference.
    pub place: String,
}

/// For both engines.
pub(crate) const LOG_ID: &str = "SELECT log_id FROM log_identity WHERE id = 1";

/// Reads the row of [`LOG_ID`]. There is no id if the table is missing: an older release opened the log for writing last.
pub(crate) fn id_of(row: Result<Option<String>, sqlx::Error>) -> Result<Option<Uuid>, LogError> {
    match row {
        Ok(text) => text
            .map(|text| Uuid::parse_str(&text))
            .transpose()
            .map_err(|error| LogError::from_sqlx("reading the log's id", sqlx::Error::Decode(Box::new(error)))),
        Err(error) if is_missing_table(&error) => Ok(None),
        Err(error) => Err(LogError::from_sqlx("reading the log's id", error)),
    }
}

/// Whether the table is missing, because an older release opened the log for writing last.
pub(crate) fn is_missing_table(error: &sqlx::Error) -> bool {
    // 42P01 is PostgreSQL's undefined_table; SQLite has the one code 1 for every error in a statement.
    error.as_database_error().is_some_and(|error| {
        error.code().is_some_and(|code| code == "42P01") || error.message().starts_with("no such table")
    })
}
