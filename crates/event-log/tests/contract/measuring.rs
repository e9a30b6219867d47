//! How fast one writer appends, without the domain above it. Not a test: run it by name with `--ignored --nocapture`.

use std::time::{Duration, Instant};

use orderlog_domain::ids::Position;
use orderlog_event_log::{Batch, Swap};
use sqlx::{Connection, PgConnection};

use crate::support::{Database, Story, command};

/// Every kind of append takes its turn in every round, so that a busy machine slows all alike.
const ROUNDS: usize = 10;

/// Appends of each kind in a round.
const CALLS: usize = 100;

/// Events per append.
const SIZES: [usize; 3] = [1, 32, 64];

#[tokio::test]
#[ignore = "a measurement"]
async fn append_rate_on_postgres() {
    let database = Database::postgres().await;
    let mut connection = PgConnection::connect(&database.url()).await.unwrap();
    database.open().await;
    sqlx::raw_sql("CREATE TABLE raw (LIKE events INCLUDING ALL)").execute(&mut connection).await.unwrap();
    measure(&database, Some(connection)).await;
    database.drop().await;
}

#[tokio::test]
#[ignore = "a measurement"]
async fn append_rate_on_sqlite() {
    measure(&Database::sqlite(), None).await;
}

async fn measure(database: &Database, mut raw: Option<PgConnection>) {
    let log = database.open().await;
    let mut writer = log.writer().await.unwrap();
    let mut story = Story::new();
    let (mut calls, mut raw_calls) = ([const { Vec::new() }; SIZES.len()], Vec::new());
    for _ in 0..ROUNDS {
        for (size, calls) in SIZES.into_iter().zip(&mut calls) {
            let batches: Vec<(Position, Batch)> =
                (0..CALLS).map(|_| (story.head.position, orders(&mut story, size))).collect();
            for (expected, batch) in &batches {
                let start = Instant::now();
                assert_eq!(writer.append(*expected, batch).await.unwrap(), Swap::Done);
                calls.push(start.elapsed());
            }
            if let (1, Some(raw)) = (size, &mut raw) {
                raw_inserts(raw, &batches, &mut raw_calls).await;
            }
        }
    }
    for (size, calls) in SIZES.into_iter().zip(calls) {
        report(&format!("append of {size:>2} events"), size, calls);
    }
    if raw.is_some() {
        report("raw INSERT of 1 row", 1, raw_calls);
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
async fn raw_inserts(connection: &mut PgConnection, batches: &[(Position, Batch)], calls: &mut Vec<Duration>) {
    for event in batches.iter().flat_map(|(_, batch)| &batch.events) {
        let start = Instant::now();
        sqlx::query("INSERT INTO raw VALUES ($1, $2, $3, $4, $5, $6)")
            .bind(event.position.0)
            .bind(event.stream.to_string())
            .bind(event.version.0)
            .bind(&event.event_type)
            .bind(&event.hash.0[..])
            .bind(&event.json)
            .execute(&mut *connection)
            .await
            .unwrap();
        calls.push(start.elapsed());
    }
}

#[expect(clippy::print_stdout, reason = "the result of a measurement")]
fn report(what: &str, size: usize, mut calls: Vec<Duration>) {
    let total: Duration = calls.iter().sum();
    let rate = (calls.len() * size) as f64 / total.as_secs_f64();
    calls.sort();
    let micros = |share: usize| calls[(calls.len() - 1) * share / 100].as_micros();
    println!("{what:<22} {rate:>8.0} events/s   p50 {:>6} µs   p99 {:>6} µs", micros(50), micros(99));
}
