//! Verification finds damaged tables, and guards that are missing or were changed.

use orderlog_event_log::Against;
use orderlog_testkit::{Engine, on_both_engines};

use crate::{
    support::Database,
    verifying::{assert_broken, assert_told, report, written},
};

on_both_engines!(damaged_tables_are_found, missing_guards_are_found);

/// It is a log all the same: what is wrong with it is known.
async fn damaged_tables_are_found(database: Database) {
    if database.is_postgres() {
        let (log, _) = written(&database).await;
        database.tamper("ALTER TABLE events ALTER COLUMN event DROP NOT NULL").await;
        database.tamper("UPDATE events SET event = NULL WHERE position = 2").await;
        assert_broken(&log, 2, "no event").await;
    }
    for change in
        ["DROP TABLE commands", "ALTER TABLE commands RENAME COLUMN request_hash TO hash", "DROP TABLE log_head"]
    {
        let database = database.another().await;
        let (log, _) = written(&database).await;
        database.execute(change).await.unwrap();
        let faults = report(&log, &Against::default()).await.faults;
        assert!(faults.iter().any(|fault| fault.what.contains("damaged")), "{change}: {faults:?}");
    }
}

async fn missing_guards_are_found(database: Database) {
    let (log, _) = written(&database).await;
    assert_eq!(log.missing_guards().await.unwrap(), Vec::<String>::new());
    let (changes, words) = match database.engine() {
        Engine::Postgres => (
            vec![
                "ALTER TABLE events DISABLE TRIGGER events_are_immutable",
                "ALTER TABLE events ENABLE TRIGGER events_are_immutable",
                "ALTER TABLE events ENABLE ALWAYS TRIGGER events_are_immutable; CREATE OR REPLACE FUNCTION \
                 refuse_to_change_events() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
                "DROP TRIGGER events_are_immutable ON events",
                "ALTER TABLE commands DROP CONSTRAINT commands_pkey",
                "ALTER TABLE commands ADD CONSTRAINT commands_pkey PRIMARY KEY (command_id, first_position)",
                "CREATE TRIGGER stranger BEFORE INSERT ON events EXECUTE FUNCTION refuse_to_change_events()",
                "CREATE RULE nothing AS ON INSERT TO commands DO INSTEAD NOTHING",
            ],
            [
                "switched off",
                "switched off",
                "was changed",
                "is missing",
                "commands_pkey is missing",
                "commands_pkey was changed",
                "trigger stranger",
                "rule nothing",
            ]
            .to_vec(),
        ),
        Engine::Sqlite => (
            vec![
                "DROP TRIGGER events_refuse_update; CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events BEGIN SELECT 1; END",
                "DROP TRIGGER events_refuse_delete",
                "CREATE TRIGGER stranger AFTER INSERT ON events BEGIN DELETE FROM commands; END",
            ],
            ["events_refuse_update was changed", "events_refuse_delete is missing", "trigger stranger"].to_vec(),
        ),
    };
    for (change, words) in changes.into_iter().zip(words) {
        database.execute(change).await.unwrap();
        assert_told(&log, &Against::default(), words).await;
        assert!(log.missing_guards().await.unwrap().iter().any(|what| what.contains(words)), "{change}");
    }
}
