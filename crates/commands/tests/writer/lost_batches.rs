//! Batches that PostgreSQL did not take: another node was first, or the connection broke.

use std::time::Duration;

use orderlog_commands::SubmitError;
use orderlog_domain::{
    ids::{Position, Version},
    rejection::Code,
};
use orderlog_testkit::{Database, Engine};

use crate::{
    code,
    support::{self, Node, place, ship},
};

/// One thread, so that the writer has decided what is queued once this task has yielded to it.
#[tokio::test]
async fn what_was_decided_on_a_batch_that_falls_is_decided_again() {
    let database = Database::fresh(Engine::Postgres).await.expect("a fresh database");
    let node = Node::with_stock(&database, 5).await;
    let mut foreign = node.log.writer().await.expect("a foreign writer");
    let head = foreign.lock_head().await.expect("the head");
    let first = node.writer.enqueue(node.submission(place(3))).await.expect("queued");
    until_somebody_waits_for_a_lock(&database).await;
    // On top of the first: an order of the units that are left, one that finds none, and a shipment.
    let second = node.writer.enqueue(node.submission(place(2))).await.expect("queued");
    let third = node.writer.enqueue(node.submission(place(4))).await.expect("queued");
    let fourth = node.writer.enqueue(node.submission(ship(1001))).await.expect("queued");
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    let batch = more_of_the_same(&node, head).await;
    let swap = foreign.append(Position(batch.head.position.0 - 1), &batch).await.expect("appended");
    assert_eq!(swap, orderlog_event_log::Swap::Done, "ten units came in before all of them");
    assert_eq!(first.await.expect("placed").position.0, batch.head.position.0 + 2);
    second.await.expect("placed");
    third.await.expect("there are ten units left for it");
    fourth.await.expect("shipped");
    let verified = support::verified(&node.log).await;
    assert_eq!(verified.positions, node.position().await);
    let fresh = Node::start(&database).await;
    for order in 1001..=1003 {
        let stream = orderlog_domain::ids::StreamId::Order(orderlog_domain::ids::OrderId(order));
        let events = node.log.read_stream(stream, Version::NONE, 100).await.expect("events");
        let versions: Vec<i64> = events.iter().map(|event| event.version.0).collect();
        assert!(
            !versions.is_empty() && versions == (1..=events.len() as i64).collect::<Vec<_>>(),
            "{stream}: {versions:?}"
        );
    }
    for one in [&node, &fresh] {
        assert_eq!(code(one.run(place(7)).await), Code::InsufficientStock);
    }
    fresh.run(place(6)).await.expect("exactly what is left");
}

async fn until_somebody_waits_for_a_lock(database: &Database) {
    use sqlx::Connection;
    let mut admin = sqlx::PgConnection::connect(&database.url()).await.expect("a connection");
    let waiting = async {
        loop {
            let waits = "select exists (select 1 from pg_stat_activity
                         where datname = current_database() and wait_event_type = 'Lock')";
            if sqlx::query_scalar(waits).fetch_one(&mut admin).await.expect("an answer") {
                break;
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(10), waiting).await.expect("somebody waits");
}

/// Twice the units that came in first, behind `head`.
async fn more_of_the_same(node: &Node, head: orderlog_event_log::Head) -> orderlog_event_log::Batch {
    use orderlog_domain::{envelope, event::Event};
    let received = node.log.read(Position::START, 100).await.expect("events");
    let received = received.iter().rfind(|event| event.event_type == "StockReceived").expect("stock came in");
    let mut envelope = envelope::decode(&received.json).expect("an envelope");
    envelope.position = head.position.next();
    envelope.version = envelope.version.next();
    let command_id = orderlog_domain::ids::CommandId(uuid::Uuid::from_u128(7));
    envelope.provenance.command_id = command_id;
    let Event::StockReceived(fact) = &mut envelope.data else { panic!("stock came in") };
    fact.units *= 2;
    let json = serde_json::to_string(&envelope).expect("JSON");
    let hash = orderlog_event_log::chain(&head.hash, &json);
    let head = orderlog_event_log::Head { position: envelope.position, hash, ..head };
    let event = orderlog_event_log::Recorded {
        position: envelope.position,
        stream: envelope.stream,
        version: envelope.version,
        event_type: envelope.event_type.clone().into_owned(),
        hash,
        json,
    };
    let (first, request_hash) = (event.position, hash);
    let command = orderlog_event_log::CommandRecord { command_id, request_hash, first, last: first, told: None };
    orderlog_event_log::Batch { events: vec![event], commands: vec![command], head }
}

#[tokio::test]
async fn an_append_cut_off_by_the_database_is_settled_before_the_answer() {
    use sqlx::{Connection, Executor};
    let database = Database::fresh(Engine::Postgres).await.expect("a fresh database");
    let node = Node::with_stock(&database, 1_000_000).await;
    let mut admin = sqlx::PgConnection::connect(&database.url()).await.expect("a connection");
    let cutter = tokio::spawn(async move {
        for _ in 0..20 {
            admin
                .execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity
                     where datname = current_database() and pid <> pg_backend_pid()",
                )
                .await
                .expect("terminated");
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let node = node.clone();
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for _ in 0..100 {
                    let order = node.submission(place(1));
                    let receipt = loop {
                        match node.writer.submit(order.clone()).await {
                            Ok(receipt) => break receipt,
                            // It was cut off for a whole second: what every caller does then.
                            Err(SubmitError::Failed(_)) => tokio::time::sleep(Duration::from_millis(10)).await,
                            Err(SubmitError::Rejected(rejection)) => {
                                assert_eq!(rejection.code, Code::Unavailable, "{rejection:?}");
                                tokio::time::sleep(Duration::from_millis(10)).await;
                            }
                        }
                    };
                    acknowledged.push(receipt.command_id);
                }
                acknowledged
            })
        })
        .collect();
    let mut acknowledged = Vec::new();
    for caller in callers {
        acknowledged.extend(caller.await.expect("no panic"));
    }
    cutter.await.expect("no panic");
    let log = orderlog_event_log::Log::open(&database.url()).await.expect("the log opens");
    assert_eq!(log.head().await.expect("the head").next_order.0, 1001 + 800);
    assert_eq!(log.find_commands(&acknowledged).await.expect("commands").len(), 800);
    support::verified(&log).await;
}
