//! A log that is verified part by part, from wherever a node begins, shows what a whole walk over its events shows.

use std::collections::BTreeSet;

use orderlog_event_log::{Log, Swap, verify_stretch};
use orderlog_testkit::on_both_engines;

use crate::support::{Database, Story, at, command, order, stock};

on_both_engines!(parts_of_any_size_leave_nothing_out);

/// The positions that one round of parts finds wrong.
async fn round(log: &Log, begin: i64, size: u32) -> BTreeSet<i64> {
    let (mut found, mut after, mut wrapped) = (BTreeSet::new(), at(begin), false);
    for _ in 0..20 {
        let stretch = verify_stretch(log, after, size).await.unwrap();
        found.extend(stretch.faults.iter().filter_map(|fault| fault.position).map(|position| position.0));
        assert!(stretch.through > after || stretch.to_the_end, "it goes on: {stretch:?}");
        after = if stretch.to_the_end { at(0) } else { stretch.through };
        wrapped |= stretch.to_the_end;
        if wrapped && after.0 >= begin {
            return found;
        }
    }
    panic!("it comes round")
}

/// Whatever the parts, a round finds exactly these.
async fn finds(log: &Log, positions: &[i64], change: &str) {
    for size in 1..=4 {
        for begin in 0..=3 {
            let found = round(log, begin, size).await;
            let expected: BTreeSet<i64> = positions.iter().copied().collect();
            assert_eq!(found, expected, "{change}, in parts of {size} from {begin}");
        }
    }
}

async fn parts_of_any_size_leave_nothing_out(database: Database) {
    let empty = database.open().await;
    let stretch = verify_stretch(&empty, at(0), 9).await.unwrap();
    assert!(stretch.to_the_end && stretch.faults.is_empty(), "{stretch:?}");
    let log = database.open().await;
    let batch = Story::new().batch(command(), &[order(1001), stock("A"), order(1001), stock("A"), order(1001)]);
    assert_eq!(log.writer().await.unwrap().append(at(0), &batch).await.unwrap(), Swap::Done);
    let events = batch.events;
    finds(&log, &[], "an intact log").await;
    let set = |position: i64, what: &str| format!("UPDATE events SET {what} WHERE position = {position}");
    for position in 1..=5 {
        for (change, back) in [
            (
                "event = replace(event, '\"position\"', '\"Position\"')",
                "event = replace(event, '\"Position\"', '\"position\"')",
            ),
            ("version = version + 7", "version = version - 7"),
            ("type = type || 'x'", "type = substr(type, 1, length(type) - 1)"),
        ] {
            database.tamper(&set(position, change)).await;
            finds(&log, &[position], change).await;
            database.tamper(&set(position, back)).await;
        }
    }
    finds(&log, &[], "everything is put back").await;
    // The event after a changed hash does not fit either, and the head does not fit the last event.
    database.tamper(&set(2, "hash = (SELECT hash FROM events WHERE position = 1)")).await;
    finds(&log, &[2, 3], "a changed hash").await;
    let hex: String = events[1].hash.0.iter().map(|byte| format!("{byte:02x}")).collect();
    let literal = match database.is_postgres() {
        true => format!("decode('{hex}', 'hex')"),
        false => format!("x'{hex}'"),
    };
    database.tamper(&set(2, &format!("hash = {literal}"))).await;
    finds(&log, &[], "the hash is put back").await;
    database.tamper("UPDATE log_head SET hash = (SELECT hash FROM events WHERE position = 4)").await;
    finds(&log, &[5], "a head with another hash").await;
    database.tamper("UPDATE log_head SET hash = (SELECT hash FROM events WHERE position = 5)").await;
    database.tamper("DELETE FROM events WHERE position = 2").await;
    finds(&log, &[2], "one event is missing").await;
    database.tamper("DELETE FROM events WHERE position = 5").await;
    finds(&log, &[2, 5], "the last one too").await;
}
