//! Checks the tables and triggers that protect the log in a SQLite file: they must be as the migrations make them.

use std::collections::{HashMap, HashSet};

use sqlx::{Connection, SqliteConnection};

use crate::{LogError, migrations};

/// Answers kind, name and text of everything in a schema.
const SCHEMA: &str = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite_stat%'";

/// Compares the schema of the file with a new one in memory.
pub(super) async fn faults(connection: &mut SqliteConnection) -> Result<Vec<String>, LogError> {
    let failed = |error| LogError::from_sqlx("looking at the guards", error);
    let found: Vec<(String, String, String)> =
        sqlx::query_as(SCHEMA).fetch_all(&mut *connection).await.map_err(failed)?;
    let found: HashMap<(String, String), String> =
        found.into_iter().map(|(kind, name, sql)| ((kind, name), sql)).collect();
    let mut memory = SqliteConnection::connect("sqlite::memory:").await.map_err(failed)?;
    for migration in migrations::SQLITE {
        sqlx::raw_sql(migration.sql).execute(&mut memory).await.map_err(failed)?;
    }
    let expected: Vec<(String, String, String)> =
        sqlx::query_as(SCHEMA).fetch_all(&mut memory).await.map_err(failed)?;
    let ours: HashSet<(&String, &String)> = expected.iter().map(|(kind, name, _)| (kind, name)).collect();
    let strangers = found.keys().filter(|(kind, name)| kind == "trigger" && !ours.contains(&(kind, name)));
    let mut faults: Vec<String> =
        strangers.map(|(_, name)| format!("the trigger {name} acts on the log's tables and is not ours")).collect();
    faults.sort_unstable();
    let fault = |(kind, name, sql): &(String, String, String)| match found.get(&(kind.clone(), name.clone())) {
        None => Some(format!("the {kind} {name} is missing")),
        Some(there) if there != sql => Some(format!("the {kind} {name} was changed")),
        Some(_) => None,
    };
    faults.extend(expected.iter().filter_map(fault));
    Ok(faults)
}
