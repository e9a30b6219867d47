//! How fast one writer appends, without the domain above it. Not a test: run it by name with `--ignored --nocapture`.

use std::time::{Duration, Instant};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Batch, Swap};
use sqlx::{Connection, PgConnection};

use crate::support::{Database, Story, command};

/// Events appended per size of batch.
const EVENTS: usize = 6_400;

#[tokio::test]
#[ignore = "a measurement"]
async fn append_rate_on_postgres() {
    let database = Database::postgres().await;
    measure(&database).await;
    raw_inserts(&database).await;
    database.drop().await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn append_rate_on_sqlite() {
    measure(&Database::sqlite()).await;
}

async fn measure(database: &Database) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    for size in [1, 32, 64, 1, 32, 64] {
        let count = (EVENTS / size).min(2_000);
        let batches: Vec<(Position, Batch)> =
            (0..count).map(|_| (story.head.position, orders(&mut story, size))).collect();
        let mut calls = Vec::with_capacity(count);
        for (expected, batch) in &batches {
            let start = Instant::now();
            assert_eq!(writer.append(*expected, batch).await.unwrap(), Swap::Done);
            calls.push(start.elapsed());
        }
        report(&format!("append of {size:>2} events"), size, calls);
    }
}

/// One command for each event, as when `size` callers place an order each.
fn orders(story: &mut Story, size: usize) -> Batch {
    let mut batch = Batch { events: vec![], commands: vec![], head: story.head.clone() };
    for _ in 0..size {
        let next = story.place(command());
        batch.events.extend(next.events);
        batch.commands.extend(next.commands);
        batch.head = next.head;
    }
    batch
}

/// What the appends are compared with: one row of the same shape per transaction.
async fn raw_inserts(database: &Database) {
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    sqlx::raw_sql("CREATE TABLE raw (LIKE events INCLUDING ALL)").execute(&mut connection).await.unwrap();
    let mut story = Story::new();
    let mut calls = Vec::new();
    for _ in 0..2_000 {
        let event = story.place(command()).events.remove(0);
        let start = Instant::now();
        sqlx::query("INSERT INTO raw VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(event.position.0)
            .bind(event.stream.to_string())
            .bind(event.version.0)
            .bind(event.event_type)
            .bind(&event.hash.0[..])
            .bind(event.json)
            .execute(&mut connection)
            .await
            .unwrap();
        calls.push(start.elapsed());
    }
    report("raw INSERT of 1 row", 1, calls);
}

#[expect(clippy::print_stdout, reason = "the result of a measurement")]
fn report(what: &str, size: usize, mut calls: Vec<Duration>) {
    let total: Duration = calls.iter().sum();
    let rate = (calls.len() * size) as f64 / total.as_secs_f64();
    calls.sort();
    let micros = |share: usize| calls[(calls.len() - 1) * share / 100].as_micros();
    println!("{what:<22} {rate:>8.0} events/s   p50 {:>6} µs   p99 {:>6} µs", micros(50), micros(99));
}
