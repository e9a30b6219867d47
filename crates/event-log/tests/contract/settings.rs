//! The settings a shop counts by: only ever added to, one after another, at the head they are meant for.

use orderlog_domain::ids::Position;
use orderlog_event_log::{Log, ShopSettings, Swap};
use orderlog_testkit::{Engine, on_both_engines};

use crate::support::{Database, Story, at, command, order};

on_both_engines!(
    settings_follow_each_other,
    of_two_that_record_at_once_one_is_first,
    recorded_settings_cannot_be_changed,
    a_log_without_the_table_has_none,
);

fn settings(revision: i64, position: Position, settings: &str) -> ShopSettings {
    ShopSettings {
        revision,
        position,
        recorded_at: "2026-11-20T12:00:00.123456789Z".parse().unwrap(),
        actor: "asha".to_owned(),
        program: "orderlog 0.1.0".to_owned(),
        settings: settings.to_owned(),
    }
}

async fn settings_follow_each_other(database: Database) {
    let log = database.open().await;
    assert_eq!(log.settings().await.unwrap(), []);
    let first = settings(1, at(0), "{\"currency\":\"INR\"}");
    assert!(log.record_settings(&first).await.unwrap());
    assert!(!log.record_settings(&first).await.unwrap(), "there is a first one already");
    assert!(!log.record_settings(&settings(3, at(0), "{}")).await.unwrap(), "the second one is missing");

    let batch = Story::new().batch(command(), &[order(1001)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &batch).await.unwrap(), Swap::Done);
    assert!(!log.record_settings(&settings(2, at(0), "{}")).await.unwrap(), "an event came in between");
    let second = settings(2, at(1), "{}");
    assert!(log.record_settings(&second).await.unwrap());
    assert_eq!(database.open().await.settings().await.unwrap(), [first, second]);
}

async fn of_two_that_record_at_once_one_is_first(database: Database) {
    let logs: Vec<Log> = vec![database.open().await, database.open().await];
    let mine: Vec<ShopSettings> = ["{\"n\":1}", "{\"n\":2}"].map(|text| settings(1, at(0), text)).into();
    let (one, other) = tokio::join!(logs[0].record_settings(&mine[0]), logs[1].record_settings(&mine[1]));
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_ne!(one, other, "exactly one of them is the first");
    assert_eq!(logs[0].settings().await.unwrap(), [mine[usize::from(other)].clone()]);
}

async fn recorded_settings_cannot_be_changed(database: Database) {
    let log = database.open().await;
    assert!(log.record_settings(&settings(1, at(0), "{}")).await.unwrap());
    let mut refused = vec!["UPDATE shop_settings SET settings = 'x'", "DELETE FROM shop_settings WHERE revision = 1"];
    match database.engine() {
        Engine::Postgres => {
            refused.push("TRUNCATE shop_settings");
            refused.push("SET session_replication_role = replica; DELETE FROM shop_settings");
        }
        Engine::Sqlite => {
            refused.push("INSERT OR REPLACE INTO shop_settings VALUES (1, 0, '', '', '', 'x')");
        }
    }
    for sql in refused {
        let error = database.execute(sql).await.expect_err(sql).to_string();
        assert!(error.contains("shop_settings refused"), "{sql}: {error}");
    }
    assert_eq!(log.settings().await.unwrap(), [settings(1, at(0), "{}")]);
}

async fn a_log_without_the_table_has_none(database: Database) {
    let log = database.open().await;
    database.execute("DROP TABLE shop_settings").await.unwrap();
    assert_eq!(log.settings().await.unwrap(), []);
}
