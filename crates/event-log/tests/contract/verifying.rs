//! Verification finds every change, and names the first bad position.

use orderlog_event_log::{Log, Recorded, Swap, VerifyError, chain, verify};

use crate::support::{Database, Story, at, command, on_both_engines, order, stock};

on_both_engines!(
    an_intact_log_verifies,
    each_changed_byte_is_found,
    missing_and_added_events_are_found,
    a_forged_end_is_found,
    invalid_text_is_found,
);

/// Three events in one batch.
async fn written(database: &Database) -> (Log, Vec<Recorded>) {
    let log = database.open().await;
    let batch = Story::new().batch(command(), &[order(1001), stock("A"), order(1001)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &batch).await.unwrap(), Swap::Done);
    (log, batch.events)
}

async fn assert_broken(log: &Log, position: i64, change: &str) {
    match verify(log, |_| ()).await {
        Err(VerifyError::Broken { position: found, .. }) => assert_eq!(found, at(position), "{change}"),
        other => panic!("{change}: expected to be broken at {position}, got {other:?}"),
    }
}

async fn an_intact_log_verifies(database: &Database) {
    let log = database.open().await;
    assert_eq!(verify(&log, |_| ()).await.unwrap().positions, at(0));
    let (log, events) = written(database).await;
    let mut seen = at(0);
    let verified = verify(&log, |position| seen = position).await.unwrap();
    assert_eq!((verified.positions, verified.head_hash, seen), (at(3), events[2].hash, at(3)));
}

async fn each_changed_byte_is_found(database: &Database) {
    let (log, events) = written(database).await;
    let event = &events[1];
    for (column, stored) in [("position", event.position.0), ("version", event.version.0)] {
        for byte in 0..8 {
            // Bit 4 of each byte: keeps the number positive and meets no other event.
            let changed = stored ^ (0x10 << (8 * byte));
            let change = format!(
                "UPDATE events SET {column} = {changed} WHERE {column} = {stored} AND hash = {}",
                bytes(database, &event.hash.0)
            );
            database.tamper(&change).await;
            assert_broken(&log, 2, &change).await;
            let restore = format!("UPDATE events SET {column} = {stored} WHERE {column} = {changed}");
            database.tamper(&restore).await;
        }
    }
    for byte in 0..32 {
        let mut hash = event.hash.0;
        hash[byte] ^= 1;
        let change = set(2, "hash", &bytes(database, &hash));
        database.tamper(&change).await;
        assert_broken(&log, 2, &change).await;
    }
    database.tamper(&set(2, "hash", &bytes(database, &event.hash.0))).await;

    let stream = event.stream.to_string();
    for (column, stored) in [("stream", &stream), ("type", &event.event_type), ("event", &event.json)] {
        for changed in each_changed_character(stored) {
            let change = set(2, column, &text(&changed));
            database.tamper(&change).await;
            assert_broken(&log, 2, &change).await;
        }
        database.tamper(&set(2, column, &text(stored))).await;
    }
    verify(&log, |_| ()).await.expect("everything was put back");
}

/// The text with each of its characters changed in turn; letters change case, which a lenient parser would forgive.
fn each_changed_character(stored: &str) -> impl Iterator<Item = String> {
    stored.char_indices().map(|(at, character)| {
        let other = match character {
            'a'..='z' => character.to_ascii_uppercase(),
            'A'..='Z' => character.to_ascii_lowercase(),
            '7' => '8',
            _ => '7',
        };
        format!("{}{other}{}", &stored[..at], &stored[at + character.len_utf8()..])
    })
}

fn set(position: i64, column: &str, value: &str) -> String {
    format!("UPDATE events SET {column} = {value} WHERE position = {position}")
}

fn text(value: &str) -> String {
    format!("'{}'", value.replace('\'', "''"))
}

fn bytes(database: &Database, value: &[u8]) -> String {
    let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
    match database {
        Database::Postgres { .. } => format!("decode('{hex}', 'hex')"),
        Database::Sqlite { .. } => format!("x'{hex}'"),
    }
}

async fn missing_and_added_events_are_found(database: &Database) {
    let (log, events) = written(database).await;
    let last = &events[2];
    database.tamper("DELETE FROM events WHERE position = 3").await;
    assert_broken(&log, 3, "the last event is missing").await;
    database.tamper(&insert(database, last)).await;
    verify(&log, |_| ()).await.expect("the last event was put back");

    let mut story = Story::from(log.head().await.unwrap());
    let added = story.batch(command(), &[order(7)]).events.remove(0);
    database.tamper(&insert(database, &added)).await;
    assert_broken(&log, 4, "an event beyond the head").await;
    database.tamper("DELETE FROM events WHERE position > 1").await;
    assert_broken(&log, 2, "all but the first are missing").await;
}

fn insert(database: &Database, event: &Recorded) -> String {
    let Recorded { position, stream, version, event_type, hash, json } = event;
    let (hash, json) = (bytes(database, &hash.0), text(json));
    format!("INSERT INTO events VALUES ({position}, '{stream}', {version}, '{event_type}', {hash}, {json})")
}

/// Somebody who recomputes the last event's hash still contradicts the head; and a head that falls back is seen.
async fn a_forged_end_is_found(database: &Database) {
    let (log, events) = written(database).await;
    let forged = events[2].json.replace("note", "nope");
    let hash = chain(&events[1].hash, &forged);
    database.tamper(&set(3, "event", &text(&forged))).await;
    database.tamper(&set(3, "hash", &bytes(database, &hash.0))).await;
    assert_broken(&log, 3, "the last event was forged").await;
    database.tamper(&set(3, "event", &text(&events[2].json))).await;
    database.tamper(&set(3, "hash", &bytes(database, &events[2].hash.0))).await;

    let head = format!("UPDATE log_head SET position = 2, hash = {}", bytes(database, &events[1].hash.0));
    database.tamper(&head).await;
    assert_broken(&log, 3, "the head fell back").await;
    let head = format!("UPDATE log_head SET position = 3, hash = {}", bytes(database, &events[2].hash.0));
    database.tamper(&head).await;
    database.tamper("UPDATE log_head SET next_order = 1001").await;
    assert_broken(&log, 3, "order 1001 would be numbered again").await;
    database.tamper("UPDATE log_head SET next_order = 1002").await;
    verify(&log, |_| ()).await.expect("everything was put back");
}

async fn invalid_text_is_found(database: &Database) {
    // PostgreSQL refuses to store what is not UTF-8; SQLite stores any bytes as text.
    if let Database::Sqlite { .. } = database {
        let (log, _) = written(database).await;
        for column in ["event", "type", "stream"] {
            let (log, change) = (&log, set(2, column, "CAST(x'ff41' AS TEXT)"));
            database.tamper(&change).await;
            assert_broken(log, 2, &change).await;
        }
    }
}
