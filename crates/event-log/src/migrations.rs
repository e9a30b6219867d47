//! The migrations, compiled in, and the check that a database has applied exactly these.

use std::collections::HashMap;

use crate::{Hash, LogError};

/// One file of `migrations/`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Migration {
    pub(crate) name: &'static str,
    pub(crate) sql: &'static str,
}

macro_rules! migrations {
    ($($path:literal),* $(,)?) => {
        &[$( Migration { name: $path, sql: include_str!(concat!("../../../migrations/", $path)) } ),*]
    };
}

/// In order of application.
pub(crate) const POSTGRES: &[Migration] = migrations![
    "postgres/0001_log.sql",
    "postgres/0002_customer_keys.sql",
    "postgres/0003_checks_left_to_the_writer.sql",
    "postgres/0004_log_identity.sql",
    "postgres/0005_shop_settings.sql",
    "postgres/0006_what_answers_told.sql",
    "postgres/0006_how_far_keys_are.sql",
    "postgres/0007_access_keys.sql",
    "postgres/0008_ended_sessions.sql",
    "postgres/0009_keys_for_whom.sql",
];

/// In order of application.
pub(crate) const SQLITE: &[Migration] = migrations![
    "sqlite/0001_log.sql",
    "sqlite/0002_log_identity.sql",
    "sqlite/0003_shop_settings.sql",
    "sqlite/0006_what_answers_told.sql",
];

/// Keeps which migrations were applied. For both engines.
pub(crate) const CREATE_TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (
    name       text PRIMARY KEY,
    sha256     text NOT NULL,
    applied_at text NOT NULL DEFAULT CURRENT_TIMESTAMP
)";
/// Answers name and SHA-256 of the applied migrations.
pub(crate) const APPLIED: &str = "SELECT name, sha256 FROM migrations";
/// Takes name and SHA-256.
pub(crate) const REMEMBER: &str = "INSERT INTO migrations (name, sha256) VALUES ($1, $2)";

impl Migration {
    /// SHA-256 of the file.
    pub(crate) fn sha256(&self) -> String {
        Hash::of(self.sql.as_bytes()).to_string()
    }
}

/// The migrations that a database still needs; `applied` (name, SHA-256) is what it has.
pub(crate) fn pending(
    ours: &'static [Migration],
    applied: Vec<(String, String)>,
) -> Result<Vec<&'static Migration>, LogError> {
    let mut applied: HashMap<String, String> = applied.into_iter().collect();
    let mut pending = Vec::new();
    for migration in ours {
        match applied.remove(migration.name) {
            None => pending.push(migration),
            Some(sha256) if sha256 == migration.sha256() => {}
            Some(_) => {
                return Err(LogError::Migration {
                    name: migration.name.to_owned(),
                    what: "was applied with other contents; restore the file as it was released".to_owned(),
                });
            }
        }
    }
    for name in applied.keys() {
        tracing::warn!(migration = %name, "a newer release migrated this log; running beside it");
    }
    Ok(pending)
}

/// Refuses to read a log that lacks migrations: only a node may apply them.
pub(crate) fn none_pending(ours: &'static [Migration], applied: Vec<(String, String)>) -> Result<(), LogError> {
    match pending(ours, applied)?.first() {
        None => Ok(()),
        Some(first) => Err(LogError::Missing(format!(
            "it was made by an older release and lacks {}; run `orderlog migrate` or start a node of this release first",
            first.name
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_file_is_refused_and_an_unknown_one_is_not() {
        let first = &POSTGRES[0];
        let known = |sha256: String| (first.name.to_owned(), sha256);
        let names = |pending: Vec<&'static Migration>| pending.iter().map(|m| m.name).collect::<Vec<_>>();

        assert_eq!(names(pending(POSTGRES, vec![]).unwrap()), POSTGRES.iter().map(|m| m.name).collect::<Vec<_>>());
        let newer = ("postgres/9999_newer.sql".to_owned(), "?".to_owned());
        assert_eq!(
            names(pending(POSTGRES, vec![known(first.sha256()), newer]).unwrap()),
            POSTGRES[1..].iter().map(|m| m.name).collect::<Vec<_>>()
        );
        assert!(matches!(pending(POSTGRES, vec![known("other".to_owned())]), Err(LogError::Migration { .. })));
    }
}
