//! Refuses a server that could lose acknowledged events, or that could not keep their exact bytes.

use sqlx::{AssertSqlSafe, PgConnection};

use crate::LogError;

/// The oldest server this log is written for.
const OLDEST_VERSION: i32 = 140_000;

/// The settings as this session sees them: a database or a role may have its own.
const SETTINGS: &str = "SELECT current_setting('server_version_num')::int AS version_num, \
    current_setting('server_version') AS version, \
    current_setting('server_encoding') AS encoding, \
    current_setting('fsync') AS fsync, \
    current_setting('full_page_writes') AS full_page_writes, \
    current_setting('synchronous_commit') AS synchronous_commit, \
    (SELECT string_agg(relname, ', ') FROM pg_class WHERE relpersistence <> 'p' AND oid IN ( \
        to_regclass('events'), to_regclass('commands'), to_regclass('log_head'), to_regclass('shop_settings'), \
        to_regclass('customer_keys'), to_regclass('shop_keys'))) AS unlogged";

#[derive(Debug, Clone)]
struct Settings {
    version_num: i32,
    version: String,
    encoding: String,
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    unlogged: Option<String>,
}
crate::from_row!(Settings { version_num, version, encoding, fsync, full_page_writes, synchronous_commit, unlogged });

/// Checks the settings that decide whether a commit survives a power cut. The session keeps its `synchronous_commit`, even if
/// the server's is changed later.
pub(super) async fn check(connection: &mut PgConnection) -> Result<(), LogError> {
    let failed = |error| LogError::from_sqlx("checking the server's settings", error);
    let settings: Settings = sqlx::query_as(SETTINGS).fetch_one(&mut *connection).await.map_err(failed)?;
    let keep = format!("SET synchronous_commit = {}", settings.synchronous_commit);
    settings.check()?;
    sqlx::query(AssertSqlSafe(keep)).execute(connection).await.map_err(failed)?;
    Ok(())
}

impl Settings {
    fn check(self) -> Result<(), LogError> {
        let refuse = |setting, found, mend| Err(LogError::Unsafe { setting, found, mend });
        if self.version_num < OLDEST_VERSION {
            return refuse("server_version", self.version, "PostgreSQL 14 or newer is needed: upgrade the server.");
        }
        if self.encoding != "UTF8" {
            let mend = "Events are UTF-8: create the database with ENCODING 'UTF8'.";
            return refuse("server_encoding", self.encoding, mend);
        }
        if self.fsync != "on" {
            let mend = "A crash could destroy the log. ALTER SYSTEM SET fsync = on; SELECT pg_reload_conf();";
            return refuse("fsync", self.fsync, mend);
        }
        if self.full_page_writes != "on" {
            let mend = "A power cut could tear the log's pages. \
                ALTER SYSTEM SET full_page_writes = on; SELECT pg_reload_conf();";
            return refuse("full_page_writes", self.full_page_writes, mend);
        }
        // `local` and `remote_write` wait for less than a configured synchronous standby promises.
        if !matches!(self.synchronous_commit.as_str(), "on" | "remote_apply") {
            let mend = "Acknowledged commands could be lost. Remove the setting from the role and the database \
                (ALTER ROLE … RESET synchronous_commit; ALTER DATABASE … RESET synchronous_commit;) or set it to on.";
            return refuse("synchronous_commit", self.synchronous_commit, mend);
        }
        if let Some(unlogged) = self.unlogged {
            let mend = "PostgreSQL empties them after a crash: ALTER TABLE … SET LOGGED.";
            return refuse("unlogged tables", unlogged, mend);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safe() -> Settings {
        Settings {
            version_num: 150_000,
            version: "15.0".to_owned(),
            encoding: "UTF8".to_owned(),
            fsync: "on".to_owned(),
            full_page_writes: "on".to_owned(),
            synchronous_commit: "on".to_owned(),
            unlogged: None,
        }
    }

    #[track_caller]
    fn refused(settings: Settings, expected: &str) {
        match settings.check() {
            Err(LogError::Unsafe { setting, .. }) => assert_eq!(setting, expected),
            other => panic!("expected {expected} to be refused, got {other:?}"),
        }
    }

    #[test]
    fn safe_settings_pass() {
        assert!(safe().check().is_ok());
        assert!(Settings { synchronous_commit: "remote_apply".to_owned(), ..safe() }.check().is_ok());
    }

    #[test]
    fn each_unsafe_setting_is_named() {
        refused(Settings { version_num: 130_014, ..safe() }, "server_version");
        refused(Settings { encoding: "SQL_ASCII".to_owned(), ..safe() }, "server_encoding");
        refused(Settings { fsync: "off".to_owned(), ..safe() }, "fsync");
        refused(Settings { full_page_writes: "off".to_owned(), ..safe() }, "full_page_writes");
        refused(Settings { unlogged: Some("events".to_owned()), ..safe() }, "unlogged tables");
        for weak in ["off", "local", "remote_write"] {
            refused(Settings { synchronous_commit: weak.to_owned(), ..safe() }, "synchronous_commit");
        }
    }
}
