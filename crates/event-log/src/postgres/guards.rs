//! Checks the database's own guards of the log: the triggers that refuse changes, and the keys.

use std::collections::HashMap;

use sqlx::PgConnection;

use crate::{LogError, migrations};

/// Answers whether the trigger is enabled, when it fires, whether it has a condition, and the text of its function. It must
/// fire BEFORE (2) every statement that would DELETE (8), UPDATE (16) or TRUNCATE (32).
const TRIGGER: &str = "SELECT t.tgenabled::text, t.tgtype::int, t.tgqual IS NOT NULL OR t.tgattr::text <> '', p.prosrc \
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid \
    WHERE t.tgrelid = to_regclass($1) AND t.tgname = $2";
/// Append-only tables, each with its trigger.
const TRIGGERS: [(&str, &str); 2] =
    [("events", "events_are_immutable"), ("shop_settings", "shop_settings_are_immutable")];
const FIRES_ON: i32 = 2 | 8 | 16 | 32;

/// Answers the names of the keys and checks that exist and are valid, and the definition of each.
const KEYS: &str = "SELECT c.conname::text, pg_get_constraintdef(c.oid) FROM pg_constraint c \
    LEFT JOIN pg_index i ON i.indexrelid = c.conindid \
    WHERE c.contype IN ('p', 'u', 'c') AND c.convalidated AND coalesce(i.indisvalid, true) \
    AND c.conrelid IN ('events'::regclass, 'commands'::regclass, 'log_head'::regclass)";
const EXPECTED_KEYS: [(&str, &str); 5] = [
    ("events_pkey", "PRIMARY KEY (\"position\")"),
    ("events_stream_version_key", "UNIQUE (stream, version)"),
    ("commands_pkey", "PRIMARY KEY (command_id)"),
    ("log_head_pkey", "PRIMARY KEY (id)"),
    ("log_head_id_check", "CHECK ((id = 1))"),
];

/// Answers foreign triggers and rules on the log's tables.
const STRANGERS: &str = "SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal \
    AND tgname <> ALL (ARRAY['events_are_immutable', 'shop_settings_are_immutable']) AND tgrelid IN ( \
        'events'::regclass, 'commands'::regclass, 'log_head'::regclass, to_regclass('shop_settings')) \
    UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite WHERE ev_class IN ( \
        'events'::regclass, 'commands'::regclass, 'log_head'::regclass, to_regclass('shop_settings'))";

pub(super) async fn faults(connection: &mut PgConnection) -> Result<Vec<String>, LogError> {
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
    let keys: HashMap<String, String> =
        sqlx::query_as(KEYS).fetch_all(&mut *connection).await.map_err(failed)?.into_iter().collect();
    missing.extend(EXPECTED_KEYS.iter().filter_map(|(key, says)| match keys.get(*key) {
        None => Some(format!("the key {key} is missing")),
        Some(found) if found != says => Some(format!("the key {key} was changed to {found}")),
        Some(_) => None,
    }));
    let strangers: Vec<String> = sqlx::query_scalar(STRANGERS).fetch_all(connection).await.map_err(failed)?;
    missing.extend(strangers.into_iter().map(|name| format!("the {name} acts on the log's tables and is not ours")));
    Ok(missing)
}

/// Whether the function is the one the migrations make.
fn is_ours(text: &str) -> bool {
    migrations::POSTGRES.iter().any(|migration| migration.sql.contains(&format!("$${text}$$")))
}
