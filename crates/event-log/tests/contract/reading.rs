//! Pages, streams, snapshots, and gaps that are never passed over.

use orderlog_domain::ids::Version;
use orderlog_event_log::{Log, LogError, LogWriter, Snapshot, Swap};
use orderlog_testkit::on_both_engines;

use crate::support::{Database, Story, at, command, order, positions, stock};

on_both_engines!(
    events_come_back_byte_for_byte,
    pages_follow_each_other,
    streams_are_read_by_version,
    events_of_some_types_are_read_past_all_others,
    many_streams_are_read_at_once,
    a_gap_is_reported,
    a_missing_end_is_reported,
    damaged_rows_are_reported,
    the_latest_snapshot_is_kept,
);

/// A log with `appends` batches of two events each: orders 1001, 1002 … and the stock of A.
async fn written(database: &Database, appends: i64) -> (Log, LogWriter, Story) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    for number in 1001..1001 + appends {
        let expected = story.head.position;
        let batch = story.batch(command(), &[order(number), stock("A")]);
        assert_eq!(writer.append(expected, &batch).await.unwrap(), Swap::Done);
    }
    (log, writer, story)
}

async fn events_come_back_byte_for_byte(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let batch = Story::new().batch(command(), &[order(1001), stock("A")]);
    assert_eq!(writer.append(at(0), &batch).await.unwrap(), Swap::Done);
    assert_eq!(log.read(at(0), 10).await.unwrap(), batch.events);
    assert_eq!(writer.read(at(0), 10).await.unwrap(), batch.events);
    assert_eq!(log.read_stream(stock("A"), Version::NONE, 10).await.unwrap(), batch.events[1..]);
}

async fn pages_follow_each_other(database: Database) {
    let (log, mut writer, _) = written(&database, 3).await;
    assert_eq!(positions(&log.read(at(0), 4).await.unwrap()), [1, 2, 3, 4]);
    assert_eq!(positions(&writer.read(at(4), 4).await.unwrap()), [5, 6]);
    assert!(log.read(at(6), 4).await.unwrap().is_empty());
    assert!(log.read(at(0), 0).await.unwrap().is_empty());
}

async fn streams_are_read_by_version(database: Database) {
    let (log, _, _) = written(&database, 3).await;
    assert_eq!(positions(&log.read_stream(stock("A"), Version(1), 10).await.unwrap()), [4, 6]);
    assert_eq!(positions(&log.read_stream(stock("A"), Version::NONE, 1).await.unwrap()), [2]);
    assert!(log.read_stream(stock("B"), Version::NONE, 10).await.unwrap().is_empty());
}

async fn events_of_some_types_are_read_past_all_others(database: Database) {
    let (log, _, _) = written(&database, 3).await;
    assert_eq!(positions(&log.read_types(at(0), &["StockNoted"], 2).await.unwrap()), [2, 4]);
    assert_eq!(positions(&log.read_types(at(4), &["StockNoted", "OrderNoted"], 10).await.unwrap()), [5, 6]);
    assert!(log.read_types(at(0), &["Unheard"], 10).await.unwrap().is_empty());
}

async fn many_streams_are_read_at_once(database: Database) {
    let (_, mut writer, _) = written(&database, 3).await;
    let wanted = [
        (stock("A"), Version(1)),
        (order(1003), Version::NONE),
        (order(1001), Version::NONE),
        (order(1002), Version(1)),
        (order(9999), Version::NONE),
    ];
    let events = writer.read_streams(&wanted).await.unwrap();
    assert_eq!(positions(&events), [1, 5, 4, 6], "ordered by stream, then version");
    assert!(writer.read_streams(&[]).await.unwrap().is_empty());
}

#[track_caller]
fn assert_gap<T: std::fmt::Debug>(result: Result<T, LogError>, position: i64) {
    match result {
        Err(LogError::Gap { position: found }) => assert_eq!(found, at(position)),
        other => panic!("expected a gap at {position}, got {other:?}"),
    }
}

async fn a_gap_is_reported(database: Database) {
    let (log, mut writer, _) = written(&database, 3).await;
    database.tamper("DELETE FROM events WHERE position = 3").await;
    assert_gap(log.read(at(0), 10).await, 3);
    assert_gap(log.read(at(2), 10).await, 3);
    assert_gap(writer.read(at(1), 10).await, 3);
    assert_eq!(positions(&log.read(at(0), 2).await.unwrap()), [1, 2]);
    assert_eq!(positions(&log.read(at(3), 10).await.unwrap()), [4, 5, 6]);
}

async fn a_missing_end_is_reported(database: Database) {
    let (log, _, _) = written(&database, 3).await;
    database.tamper("DELETE FROM events WHERE position > 4").await;
    assert_eq!(positions(&log.read(at(2), 10).await.unwrap()), [3, 4]);
    assert_gap(log.read(at(4), 10).await, 5);
}

async fn damaged_rows_are_reported(database: Database) {
    let (log, _, _) = written(&database, 1).await;
    database.tamper("UPDATE events SET stream = 'nothing' WHERE position = 2").await;
    match log.read(at(0), 10).await {
        Err(LogError::Corrupt { position, .. }) => assert_eq!(position, at(2)),
        other => panic!("expected damage at 2, got {other:?}"),
    }
}

async fn the_latest_snapshot_is_kept(database: Database) {
    let log = database.open().await;
    let snapshot = |version, format, state: &str| Snapshot {
        stream: stock("A"),
        version: Version(version),
        format,
        state: state.to_owned(),
    };
    log.save_snapshots(&[snapshot(5, 1, "{\"on_hand\":5}")]).await.unwrap();
    log.save_snapshots(&[snapshot(4, 1, "{}")]).await.unwrap();
    let wanted = [stock("A"), stock("B")];
    assert_eq!(log.load_snapshots(&wanted).await.unwrap(), [snapshot(5, 1, "{\"on_hand\":5}")]);
    log.save_snapshots(&[snapshot(5, 2, "{\"on_hand\":[5]}")]).await.unwrap();
    let mut writer = log.writer().await.unwrap();
    assert_eq!(writer.load_snapshots(&wanted).await.unwrap(), [snapshot(5, 2, "{\"on_hand\":[5]}")]);
}
