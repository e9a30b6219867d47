//! The head is the only lock: swaps, command ids, order numbers, many writers.

use orderlog_event_log::{Batch, Head, Log, LogError, Swap};
use orderlog_testkit::on_both_engines;

use crate::support::{Database, Story, at, command, order, positions, stock};

on_both_engines!(
    a_new_log_is_empty,
    a_batch_moves_the_head,
    a_lost_swap_inserts_nothing,
    a_command_is_recorded_once,
    batches_without_events_are_recorded,
    one_of_two_equal_commands_without_events_wins,
    malformed_batches_are_refused,
    large_batches_are_one_append,
    eight_writers_leave_no_gap,
    a_held_lock_makes_others_lose,
    unlocking_changes_nothing,
);

async fn a_new_log_is_empty(database: Database) {
    let log = database.open().await;
    assert_eq!(log.head().await.unwrap(), Head::empty());
    assert!(log.read(at(0), 10).await.unwrap().is_empty());
    let mut writer = log.writer().await.unwrap();
    assert_eq!(writer.head().await.unwrap(), Head::empty());
}

async fn a_batch_moves_the_head(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    let first = story.place(command());
    assert_eq!(writer.append(at(0), &first).await.unwrap(), Swap::Done);
    assert_eq!(log.head().await.unwrap(), first.head);
    let second = story.place(command());
    assert_eq!(writer.append(at(1), &second).await.unwrap(), Swap::Done);

    let reopened = database.open().await;
    let head = reopened.head().await.unwrap();
    assert_eq!(head, second.head);
    assert_eq!((head.position, head.next_order.0), (at(2), 1003));
}

async fn a_lost_swap_inserts_nothing(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    let won = story.batch(command(), &[order(1001), stock("A")]);
    assert_eq!(writer.append(at(0), &won).await.unwrap(), Swap::Done);

    let lost_command = command();
    let lost = Story::new().batch(lost_command, &[order(1002)]);
    assert_eq!(writer.append(at(0), &lost).await.unwrap(), Swap::Lost);
    unchanged(&log, &won).await;
    assert!(log.find_commands(&[lost_command]).await.unwrap().is_empty());
    assert!(log.read_stream(order(1002), Default::default(), 10).await.unwrap().is_empty());

    // The lock fallback loses the same way, and is unlocked afterwards.
    assert_eq!(writer.lock_head().await.unwrap(), won.head);
    assert_eq!(writer.append(at(0), &lost).await.unwrap(), Swap::Lost);
    unchanged(&log, &won).await;
    let mut other = database.open().await.writer().await.unwrap();
    assert_eq!(other.append(at(2), &story.place(command())).await.unwrap(), Swap::Done);
}

/// The log still holds `batch` and nothing else.
async fn unchanged(log: &Log, batch: &Batch) {
    assert_eq!(log.head().await.unwrap(), batch.head);
    assert_eq!(log.read(at(0), 100).await.unwrap(), batch.events);
}

async fn a_command_is_recorded_once(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    let (twice, once) = (command(), command());
    let first = story.batch(twice, &[order(1001)]);
    assert_eq!(writer.append(at(0), &first).await.unwrap(), Swap::Done);

    let mut again = story.batch(once, &[order(1002)]);
    again.commands.push(first.commands[0].clone());
    assert_eq!(writer.append(at(1), &again).await.unwrap(), Swap::Lost);
    unchanged(&log, &first).await;
    assert_eq!(log.find_commands(&[once, twice]).await.unwrap(), first.commands);

    again.commands.pop();
    assert_eq!(writer.append(at(1), &again).await.unwrap(), Swap::Done);
    let mut found = writer.find_commands(&[once, twice, command()]).await.unwrap();
    found.sort_by_key(|command| command.first);
    assert_eq!(found, [first.commands[0].clone(), again.commands[0].clone()]);
}

async fn batches_without_events_are_recorded(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let nothing = command();
    let batch = Story::new().batch(nothing, &[]);
    assert_eq!(writer.append(at(0), &batch).await.unwrap(), Swap::Done);
    assert_eq!(log.find_commands(&[nothing]).await.unwrap(), batch.commands);
    assert_eq!((batch.commands[0].first, batch.commands[0].last), (at(1), at(0)));
    assert_eq!(writer.append(at(0), &batch).await.unwrap(), Swap::Lost);

    let empty = Batch { events: vec![], commands: vec![], head: Head::empty() };
    assert_eq!(writer.append(at(0), &empty).await.unwrap(), Swap::Done);
    assert_eq!(log.head().await.unwrap(), Head::empty());
}

async fn one_of_two_equal_commands_without_events_wins(database: Database) {
    let log = database.open().await;
    for _ in 0..20 {
        let batch = Story::new().batch(command(), &[]);
        let (mut one, mut two) = (log.writer().await.unwrap(), log.writer().await.unwrap());
        let (one, two) = tokio::join!(one.append(at(0), &batch), two.append(at(0), &batch));
        let done = [one.unwrap(), two.unwrap()].iter().filter(|swap| **swap == Swap::Done).count();
        assert_eq!(done, 1);
    }
}

async fn malformed_batches_are_refused(database: Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let good = Story::new().batch(command(), &[order(1001), order(1002)]);

    let mut gap = good.clone();
    gap.events.remove(0);
    let mut wrong_head = good.clone();
    wrong_head.head.position = at(3);
    let mut wrong_hash = good.clone();
    wrong_hash.head.hash = good.events[0].hash;
    for bad in [gap, wrong_head, wrong_hash] {
        assert!(matches!(writer.append(at(0), &bad).await, Err(LogError::Batch(_))));
    }
    assert!(matches!(writer.append(at(1), &good).await, Err(LogError::Batch(_))));
    assert_eq!(writer.append(at(0), &good).await.unwrap(), Swap::Done);
}

async fn large_batches_are_one_append(database: Database) {
    const EVENTS: i64 = 1_000;
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    let mut batch = story.place(command());
    while story.head.position.0 < EVENTS {
        let next = story.place(command());
        batch.events.extend(next.events);
        batch.commands.extend(next.commands);
        batch.head = next.head;
    }
    assert_eq!(writer.append(at(0), &batch).await.unwrap(), Swap::Done);
    assert_eq!(positions(&log.read(at(0), 2_000).await.unwrap()), (1..=EVENTS).collect::<Vec<_>>());
    let ids: Vec<_> = batch.commands.iter().map(|command| command.command_id).collect();
    assert_eq!(log.find_commands(&ids).await.unwrap().len(), batch.commands.len());
}

async fn eight_writers_leave_no_gap(database: Database) {
    const WRITERS: i64 = 8;
    const APPENDS: i64 = 25;
    let mut writers = Vec::new();
    for _ in 0..WRITERS {
        // A log of its own each, as another process would have.
        let log = database.open().await;
        writers.push(tokio::spawn(place_orders(log, APPENDS)));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let log = database.open().await;
    let head = log.head().await.unwrap();
    assert_eq!(head.position.0, WRITERS * APPENDS);
    assert_eq!(head.next_order.0, 1001 + WRITERS * APPENDS);
    let events = log.read(at(0), 1_000).await.unwrap();
    assert_eq!(positions(&events), (1..=WRITERS * APPENDS).collect::<Vec<_>>());
    let orders: Vec<_> = events.iter().map(|event| event.stream).collect();
    assert_eq!(orders, (1001..1001 + WRITERS * APPENDS).map(order).collect::<Vec<_>>());
    crate::support::assert_sound(&log).await;
}

/// Tries each append once freely; having lost, waits for the lock, as the real writer does.
async fn place_orders(log: Log, appends: i64) {
    let mut writer = log.writer().await.unwrap();
    for _ in 0..appends {
        let head = writer.head().await.unwrap();
        let (command, expected) = (command(), head.position);
        if writer.append(expected, &Story::from(head).place(command)).await.unwrap() == Swap::Lost {
            let head = writer.lock_head().await.unwrap();
            let expected = head.position;
            let swap = writer.append(expected, &Story::from(head).place(command)).await.unwrap();
            assert_eq!(swap, Swap::Done, "the lock was held");
        }
    }
}

async fn a_held_lock_makes_others_lose(database: Database) {
    let log = database.open().await;
    let (mut one, mut two) = (log.writer().await.unwrap(), log.writer().await.unwrap());
    let (mine, theirs) = (Story::new().place(command()), Story::new().place(command()));
    assert_eq!(one.lock_head().await.unwrap(), Head::empty());
    assert_eq!(one.lock_head().await.unwrap(), Head::empty(), "locking again keeps the lock");
    let waiting = tokio::spawn(async move { two.append(at(0), &theirs).await });
    assert_eq!(one.append(at(0), &mine).await.unwrap(), Swap::Done);
    assert_eq!(waiting.await.unwrap().unwrap(), Swap::Lost);
    unchanged(&log, &mine).await;
}

async fn unlocking_changes_nothing(database: Database) {
    let log = database.open().await;
    let (mut one, mut two) = (log.writer().await.unwrap(), log.writer().await.unwrap());
    one.unlock().await.unwrap();
    one.lock_head().await.unwrap();
    assert!(one.read(at(0), 10).await.unwrap().is_empty(), "the lock's holder may read");
    one.unlock().await.unwrap();
    assert_eq!(two.append(at(0), &Story::new().place(command())).await.unwrap(), Swap::Done);
    assert_eq!(one.head().await.unwrap().position, at(1));
}
