//! What protects the log in the database itself: the triggers that refuse changes, and the keys.

use sqlx::PgConnection;

use crate::{LogError, migrations};

/// Answers how the trigger is switched, what it fires on, whether only sometimes, and its function's text. An event that
/// was recorded is refused BEFORE (2) each statement that would DELETE (8), UPDATE (16) or TRUNCATE (32).
const TRIGGER: &str = "SELECT t.tgenabled::text, t.tgtype::int, t.tgqual IS NOT NULL OR t.tgattr::text <> '', p.prosrc \
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid \
    WHERE t.tgrelid = to_regclass($1) AND t.tgname = $2";
/// Tables that are only added to, each with its trigger.
const TRIGGERS: [(&str, &str); 2] =
    [("events", "events_are_immutable"), ("shop_settings", "shop_settings_are_immutable")];
const FIRES_ON: i32 = 2 | 8 | 16 | 32;

/// Answers the names of the keys that are there and valid.
const KEYS: &str = "SELECT c.conname::text FROM pg_constraint c JOIN pg_index i ON i.indexrelid = c.conindid \
    WHERE c.contype IN ('p', 'u') AND i.indisvalid \
    AND c.conrelid IN ('events'::regclass, 'commands'::regclass, 'log_head'::regclass)";
const EXPECTED_KEYS: [&str; 4] = ["events_pkey", "events_stream_version_key", "commands_pkey", "log_head_pkey"];

pub(super) async fn missing(connection: &mut PgConnection) -> Result<Vec<String>, LogError> {
    let failed = |error| LogError::from_sqlx("looking at the guards", error);
    let mut missing = vec![];
    for (table, name) in TRIGGERS {
        let trigger: Option<(String, i32, bool, String)> =
            sqlx::query_as(TRIGGER).bind(table).bind(name).fetch_optional(&mut *connection).await.map_err(failed)?;
        match trigger {
            None => missing.push(format!("the trigger {name} is missing")),
            Some((enabled, ..)) if enabled != "A" => missing.push(format!(
                "the trigger {name} is switched off (ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name} switches it on)"
            )),
            Some((_, fires_on, conditional, text)) if fires_on != FIRES_ON || conditional || !is_ours(&text) => {
                missing.push(format!("the trigger {name} was changed"));
            }
            Some(_) => {}
        }
    }
    let keys: Vec<String> = sqlx::query_scalar(KEYS).fetch_all(connection).await.map_err(failed)?;
    let keys = EXPECTED_KEYS.iter().filter(|key| !keys.iter().any(|found| found == *key));
    missing.extend(keys.map(|key| format!("the key {key} is missing")));
    Ok(missing)
}

/// Whether the function is the one the migrations make.
fn is_ours(text: &str) -> bool {
    migrations::POSTGRES.iter().any(|migration| migration.sql.contains(&format!("$${text}$$")))
}
