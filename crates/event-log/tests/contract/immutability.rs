//! The database itself refuses to change what was recorded.

use orderlog_event_log::Swap;
use orderlog_testkit::{Engine, on_both_engines};

use crate::support::{Database, Story, at, command, order};

on_both_engines!(recorded_events_cannot_be_changed, replacing_is_refused, migrations_run_once);

async fn recorded_events_cannot_be_changed(database: Database) {
    let log = database.open().await;
    let batch = Story::new().batch(command(), &[order(1001), order(1002)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &batch).await.unwrap(), Swap::Done);

    let mut refused = vec![
        "UPDATE events SET event = '{}' WHERE position = 1",
        "UPDATE events SET position = position + 10",
        "DELETE FROM events WHERE position = 2",
        "DELETE FROM events",
    ];
    if database.is_postgres() {
        refused.push("TRUNCATE events");
        refused.push("SET session_replication_role = replica; DELETE FROM events");
    }
    for sql in refused {
        let error = database.execute(sql).await.expect_err(sql).to_string();
        assert!(error.contains("recorded events are facts and never change"), "{sql}: {error}");
    }
    assert_eq!(log.read(at(0), 10).await.unwrap(), batch.events);
}

async fn replacing_is_refused(database: Database) {
    let log = database.open().await;
    let batch = Story::new().batch(command(), &[order(1001), order(1002)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &batch).await.unwrap(), Swap::Done);
    let (insert, hash) = match database.engine() {
        Engine::Postgres => ("INSERT INTO", "decode(repeat('00', 32), 'hex')"),
        Engine::Sqlite => ("INSERT OR REPLACE INTO", "zeroblob(32)"),
    };
    for row in [(1, "order-9", 9), (9, "order-1001", 1)] {
        let (position, stream, version) = row;
        let columns = "(position, stream, version, type, hash, event)";
        let sql = format!("{insert} events {columns} VALUES ({position}, '{stream}', {version}, 'X', {hash}, '{{}}')");
        assert!(database.execute(&sql).await.is_err(), "{row:?}");
    }
    crate::support::assert_sound(&log).await;
}

async fn migrations_run_once(database: Database) {
    let opening: Vec<_> = (0..4)
        .map(|_| {
            let url = database.url();
            tokio::spawn(async move { orderlog_event_log::Log::open(&url).await.map(|_| ()) })
        })
        .collect();
    for open in opening {
        open.await.unwrap().expect("nodes that start at once take turns");
    }
    database.open().await;
}
