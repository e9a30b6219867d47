//! Verification finds every change, and names the first bad position.

use chrono::{DateTime, TimeDelta};
use orderlog_event_log::{Against, Fault, Hash, Log, Recorded, Report, Swap, chain};
use orderlog_testkit::{Engine, on_both_engines};

use crate::support::{Database, Story, at, command, order, stock};

on_both_engines!(
    an_intact_log_verifies,
    each_changed_byte_is_found,
    missing_and_added_events_are_found,
    a_forged_end_is_found,
    invalid_text_is_found,
    a_rewritten_history_differs_from_what_was_noted,
    changed_commands_are_found,
    settings_and_answers_are_looked_at,
    times_and_numbers_are_looked_at,
    a_missing_event_is_counted,
);

/// Three events in one batch.
pub(crate) async fn written(database: &Database) -> (Log, Vec<Recorded>) {
    let log = database.open().await;
    let batch = Story::new().batch(command(), &[order(1001), stock("A"), order(1001)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &batch).await.unwrap(), Swap::Done);
    (log, batch.events)
}

pub(crate) async fn assert_broken(log: &Log, position: i64, change: &str) {
    let faults = report(log, &Against::default()).await.faults;
    let events: Vec<&Fault> = faults.iter().filter(|fault| fault.position.is_some()).collect();
    assert_eq!(events.first().and_then(|fault| fault.position), Some(at(position)), "{change}: {faults:?}");
}

pub(crate) async fn report(log: &Log, against: &Against) -> Report {
    orderlog_event_log::verify(log, against, |_| ()).await.expect("the log can be read")
}

/// Nothing is wrong with events and commands; what protects them a tamperer had to take away.
async fn assert_whole(log: &Log) {
    let faults = report(log, &Against::default()).await.faults;
    assert!(faults.iter().all(|fault| fault.what.contains("trigger")), "{faults:?}");
}

/// One of the faults says this.
pub(crate) async fn assert_told(log: &Log, against: &Against, words: &str) {
    let faults = report(log, against).await.faults;
    assert!(faults.iter().any(|fault| fault.what.contains(words)), "{words}: {faults:?}");
}

async fn an_intact_log_verifies(database: Database) {
    let log = database.open().await;
    assert_eq!(
        report(&log, &Against::default()).await,
        Report { positions: at(0), head_hash: Hash::ZERO, faults: vec![] }
    );
    let (log, events) = written(&database).await;
    let mut seen = at(0);
    let verified = orderlog_event_log::verify(&log, &Against::default(), |position| seen = position).await.unwrap();
    assert_eq!(verified, Report { positions: at(3), head_hash: events[2].hash, faults: vec![] });
    assert_eq!(seen, at(3));
}

async fn each_changed_byte_is_found(database: Database) {
    let (log, events) = written(&database).await;
    let event = &events[1];
    for (column, stored) in [("position", event.position.0), ("version", event.version.0)] {
        for byte in 0..8 {
            // Bit 4 of each byte: keeps the number positive and meets no other event.
            let changed = stored ^ (0x10 << (8 * byte));
            let change = format!(
                "UPDATE events SET {column} = {changed} WHERE {column} = {stored} AND hash = {}",
                bytes(&database, &event.hash.0)
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
        let change = set(2, "hash", &bytes(&database, &hash));
        database.tamper(&change).await;
        assert_broken(&log, 2, &change).await;
    }
    database.tamper(&set(2, "hash", &bytes(&database, &event.hash.0))).await;

    let stream = event.stream.to_string();
    for (column, stored) in [("stream", &stream), ("type", &event.event_type), ("event", &event.json)] {
        for changed in each_changed_character(stored) {
            let change = set(2, column, &text(&changed));
            database.tamper(&change).await;
            assert_broken(&log, 2, &change).await;
        }
        database.tamper(&set(2, column, &text(stored))).await;
    }
    assert_whole(&log).await;
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
    match database.engine() {
        Engine::Postgres => format!("decode('{hex}', 'hex')"),
        Engine::Sqlite => format!("x'{hex}'"),
    }
}

async fn missing_and_added_events_are_found(database: Database) {
    let (log, events) = written(&database).await;
    let last = &events[2];
    database.tamper("DELETE FROM events WHERE position = 3").await;
    assert_broken(&log, 3, "the last event is missing").await;
    database.tamper(&insert(&database, last)).await;
    assert_whole(&log).await;

    let mut story = Story::from(log.head().await.unwrap());
    let added = story.batch(command(), &[order(7)]).events.remove(0);
    database.tamper(&insert(&database, &added)).await;
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
async fn a_forged_end_is_found(database: Database) {
    let (log, events) = written(&database).await;
    let forged = events[2].json.replace("note", "nope");
    let hash = chain(&events[1].hash, &forged);
    database.tamper(&set(3, "event", &text(&forged))).await;
    database.tamper(&set(3, "hash", &bytes(&database, &hash.0))).await;
    assert_broken(&log, 3, "the last event was forged").await;
    database.tamper(&set(3, "event", &text(&events[2].json))).await;
    database.tamper(&set(3, "hash", &bytes(&database, &events[2].hash.0))).await;

    let head = format!("UPDATE log_head SET position = 2, hash = {}", bytes(&database, &events[1].hash.0));
    database.tamper(&head).await;
    assert_broken(&log, 3, "the head fell back").await;
    let head = format!("UPDATE log_head SET position = 3, hash = {}", bytes(&database, &events[2].hash.0));
    database.tamper(&head).await;
    database.tamper("UPDATE log_head SET next_order = 1001").await;
    assert_broken(&log, 3, "order 1001 would be numbered again").await;
    database.tamper("UPDATE log_head SET next_order = 1002").await;
    assert_whole(&log).await;
}

async fn invalid_text_is_found(database: Database) {
    // PostgreSQL refuses to store what is not UTF-8; SQLite stores any bytes as text.
    if !database.is_postgres() {
        let (log, _) = written(&database).await;
        for column in ["event", "type", "stream"] {
            let (log, change) = (&log, set(2, column, "CAST(x'ff41' AS TEXT)"));
            database.tamper(&change).await;
            assert_broken(log, 2, &change).await;
        }
    }
}

/// Everything is consistent again, and only a hash that was noted shows the change.
async fn a_rewritten_history_differs_from_what_was_noted(database: Database) {
    let (log, events) = written(&database).await;
    let noted: Vec<_> = events.iter().map(|event| (event.position, event.hash)).collect();
    let against = Against { noted: noted.clone(), ..Against::default() };
    assert_eq!(report(&log, &against).await.faults, []);

    let mut last = events[0].hash;
    for event in &events[1..] {
        let forged = event.json.replace("note", "nope");
        last = chain(&last, &forged);
        database.tamper(&set(event.position.0, "event", &text(&forged))).await;
        database.tamper(&set(event.position.0, "hash", &bytes(&database, &last.0))).await;
    }
    database.tamper(&format!("UPDATE log_head SET hash = {}", bytes(&database, &last.0))).await;
    assert_whole(&log).await;
    assert_broken_against(&log, &against, 2).await;
    assert_broken_against(&log, &Against { noted: noted[2..].to_vec(), ..Against::default() }, 3).await;
    let first = Against { noted: noted[..1].to_vec(), ..Against::default() };
    assert!(report(&log, &first).await.faults.iter().all(|fault| fault.position.is_none()));
    let beyond = Against { noted: vec![(at(9), last)], ..Against::default() };
    assert_broken_against(&log, &beyond, 9).await;
}

async fn assert_broken_against(log: &Log, against: &Against, position: i64) {
    let faults = report(log, against).await.faults;
    assert_eq!(faults[0].position, Some(at(position)), "{faults:?}");
}

/// Without its row a command sent again would act again; a row of nothing blocks a key.
async fn changed_commands_are_found(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    for expected in 0..3 {
        assert_eq!(writer.append(at(expected), &story.place(command())).await.unwrap(), Swap::Done);
    }
    assert_eq!(report(&log, &Against::default()).await.faults, []);
    let rows: [(&str, i64, &str); 3] = [
        ("UPDATE commands SET last_position = 9 WHERE first_position = 2", 2, "positions 2 to 9"),
        ("UPDATE commands SET last_position = 2 WHERE first_position = 2", 0, ""),
        ("DELETE FROM commands WHERE first_position = 3", 3, "not in `commands`"),
    ];
    for (change, position, words) in rows {
        database.execute(change).await.unwrap();
        if position > 0 {
            assert_broken(&log, position, change).await;
            assert_told(&log, &Against::default(), words).await;
        }
    }
    database.execute("DELETE FROM commands").await.unwrap();
    assert_eq!(report(&log, &Against::default()).await.faults.len(), 3, "each command is missing");

    let database = database.another().await;
    let (log, _) = written(&database).await;
    let id = bytes(&database, &[7; 16]);
    let id = if database.is_postgres() { format!("encode({id}, 'hex')::uuid") } else { id };
    let hash = bytes(&database, &[7; 32]);
    let columns = "command_id, request_hash, first_position, last_position";
    database.execute(&format!("INSERT INTO commands ({columns}) VALUES ({id}, {hash}, 2, 2)")).await.unwrap();
    assert_told(&log, &Against::default(), "their keys are blocked").await;
    for (first, last) in [(900, 901), (-3, -4), (3, 1)] {
        let moved =
            format!("UPDATE commands SET first_position = {first}, last_position = {last} WHERE command_id = {id}");
        database.execute(&moved).await.unwrap();
        assert_told(&log, &Against::default(), "positions that no append gives").await;
    }
    database.execute(&format!("DELETE FROM commands WHERE command_id = {id}")).await.unwrap();
    assert_eq!(report(&log, &Against::default()).await.faults, []);
    database.execute("DELETE FROM log_identity").await.unwrap();
    assert_told(&log, &Against::default(), "id is missing").await;
    database.execute("DELETE FROM log_head").await.unwrap();
    assert_told(&log, &Against::default(), "the head is missing").await;
}

async fn settings_and_answers_are_looked_at(database: Database) {
    let row = |revision: i64, position: i64, at: &str, settings: &str| {
        format!("INSERT INTO shop_settings VALUES ({revision}, {position}, '{at}', 'ann', 'test', '{settings}')")
    };
    let (at, sound) = ("2026-11-20T10:00:00Z", "{\"currency\":\"INR\"}");
    for (second, words) in [
        (row(2, 3, at, sound), ""),
        (row(3, 3, at, sound), "has revision 3 where 2 is next"),
        (row(2, 99, at, sound), "holds from event 99 on"),
        (row(2, 3, at, "{\"currency\":"), "holds no settings"),
        (row(2, 3, "lately", sound), "`shop_settings` cannot be read"),
    ] {
        let database = database.another().await;
        let (log, _) = written(&database).await;
        for row in [row(1, 0, at, sound), second] {
            database.execute(&row).await.unwrap();
        }
        match words {
            "" => assert_eq!(report(&log, &Against::default()).await.faults, []),
            words => assert_told(&log, &Against::default(), words).await,
        }
    }
    let (log, _) = written(&database).await;
    for (told, faults) in [("'{\"warnings\":[]}'", 0), ("'{\"warnings\":'", 1)] {
        database.execute(&format!("UPDATE commands SET told = {told}")).await.unwrap();
        assert_eq!(report(&log, &Against::default()).await.faults.len(), faults, "{told}");
    }
    assert_told(&log, &Against::default(), "answers that cannot be read").await;
}

async fn times_and_numbers_are_looked_at(database: Database) {
    let (log, events) = written(&database).await;
    let recorded = log.head().await.unwrap().recorded_at;
    let now = |seconds| Against { now: Some(recorded + TimeDelta::seconds(seconds)), noted: vec![] };
    assert_eq!(report(&log, &now(0)).await.faults, []);
    assert_eq!(report(&log, &now(-30)).await.faults, [], "clocks of machines differ a little");
    assert_told(&log, &now(-90), "yet to come").await;
    database.execute("UPDATE log_head SET recorded_at = '2099-01-01T00:00:00Z'").await.unwrap();
    assert_broken(&log, 3, "the head's time").await;
    let restore = format!("UPDATE log_head SET recorded_at = '{}'", recorded.to_rfc3339());
    database.execute(&restore).await.unwrap();
    database.execute("UPDATE log_head SET next_order = next_order + 1000").await.unwrap();
    assert_broken(&log, 3, "the head skips numbers").await;
    database.execute("UPDATE log_head SET recorded_at = 'soon'").await.unwrap();
    assert_broken(&log, 3, "the head's time is none").await;

    let database = database.another().await;
    let log = database.open().await;
    let mut story = Story::new();
    let skips = story.batch(command(), &[order(1001), order(1003)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &skips).await.unwrap(), Swap::Done);
    assert_told(&log, &Against::default(), "order 1003 follows where 1002 was next").await;
    story.head.recorded_at = DateTime::UNIX_EPOCH - TimeDelta::days(1);
    let earlier = story.batch(command(), &[order(1001)]);
    assert_eq!(log.writer().await.unwrap().append(at(2), &earlier).await.unwrap(), Swap::Done);
    assert_told(&log, &Against::default(), "before its predecessor").await;
    assert_eq!(events.len(), 3);
}

async fn a_missing_event_is_counted(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    for expected in 0..9 {
        assert_eq!(writer.append(at(expected), &story.place(command())).await.unwrap(), Swap::Done);
    }
    log.count().await.expect("every event is there");
    for missing in [6, 1, 9] {
        database.tamper(&format!("DELETE FROM events WHERE position = {missing}")).await;
        match log.count().await {
            Err(orderlog_event_log::LogError::Gap { position }) => {
                assert_eq!(position, at(if missing == 6 { 6 } else { 1 }));
            }
            other => panic!("{missing} is missing: {other:?}"),
        }
    }
}
