//! The writer on both engines: acts once, decides on the present state, shares a log with other nodes.

mod lost_batches;
mod support;

use std::time::Duration;

use orderlog_commands::{Condition, LONGEST_WAIT, Receipt, SubmitError, verify_snapshots};
use orderlog_domain::{ids::Position, rejection::Code, states::State};
use orderlog_testkit::{Database, on_both_engines};
use support::{Node, cancel, place, receive, ship};

on_both_engines!(
    a_receipt_tells_what_was_recorded,
    one_unit_is_sold_once_among_200_callers,
    a_key_acts_once_at_once_and_after_a_restart,
    a_repeated_key_gets_its_receipt_even_where_the_command_would_now_be_refused,
    the_same_order_without_a_key_is_suspected_on_every_node,
    a_repeated_order_of_the_last_unit_is_suspected_rather_than_short_of_stock,
    an_order_that_was_overtaken_is_not_taken_for_its_own_twin,
    a_dry_run_foresees_the_very_events_and_records_nothing,
    a_rejection_is_never_based_on_what_another_node_has_changed,
    two_nodes_share_a_log,
    a_hot_product_is_loaded_from_its_snapshot,
    a_started_node_has_the_states_of_recent_orders_at_hand,
    who_would_wait_for_more_than_a_second_is_refused,
);

pub(crate) fn code(result: Result<Receipt, SubmitError>) -> Code {
    match result {
        Err(SubmitError::Rejected(rejection)) => rejection.code,
        other => panic!("expected a rejection, got {other:?}"),
    }
}

async fn a_receipt_tells_what_was_recorded(database: Database) {
    let node = Node::with_stock(&database, 10).await;
    let placed = node.run(place(3)).await.expect("placed");
    let types: Vec<&str> = placed.events().iter().map(|e| e.event_type.as_str()).collect();
    assert_eq!(types, ["OrderPlaced", "StockReserved"]);
    assert!(placed.before.is_none() && !placed.no_change() && !placed.replayed);
    assert_eq!(placed.subject.to_string(), "order-1001");
    assert_eq!(placed.position, node.position().await);

    let shipped = node.run(ship(1001)).await.expect("shipped");
    assert!(matches!(&shipped.before, Some(State::Order(order)) if order.status().to_string() == "pending"));
    assert!(matches!(&shipped.after, State::Order(order) if order.status().to_string() == "shipped"));
    let again = node.run(ship(1001)).await.expect("nothing to do");
    assert!(again.no_change());
    assert_eq!(again.position, shipped.position);
}

async fn one_unit_is_sold_once_among_200_callers(database: Database) {
    let node = Node::with_stock(&database, 1).await;
    let tries: Vec<_> = (0..200)
        .map(|_| {
            let node = node.clone();
            tokio::spawn(async move { node.run(place(1)).await })
        })
        .collect();
    let mut sold = 0;
    for attempt in tries {
        match attempt.await.expect("no panic") {
            Ok(_) => sold += 1,
            refused => assert_eq!(code(refused), Code::InsufficientStock),
        }
    }
    assert_eq!(sold, 1);
}

async fn a_key_acts_once_at_once_and_after_a_restart(database: Database) {
    let node = Node::with_stock(&database, 100).await;
    let before = node.position().await;
    let at_once: Vec<_> = (0..10)
        .map(|_| {
            let node = node.clone();
            tokio::spawn(async move { node.run_keyed("k", place(1)).await })
        })
        .collect();
    let mut receipts = Vec::new();
    for call in at_once {
        receipts.push(call.await.expect("no panic").expect("placed"));
    }
    assert_eq!(node.position().await, Position(before.0 + 2));
    assert_eq!(receipts.iter().filter(|receipt| !receipt.replayed).count(), 1);

    let restarted = Node::start(&database).await;
    let again = restarted.run_keyed("k", place(1)).await.expect("the original receipt");
    assert!(again.replayed);
    assert_eq!(again.events().len(), 2);
    for receipt in &receipts {
        assert_eq!(receipt.events(), again.events());
        assert_eq!((receipt.subject, receipt.version()), (again.subject, again.version()));
    }
    assert_eq!(code(restarted.run_keyed("k", place(2)).await), Code::IdempotencyMismatch);
    assert_eq!(node.position().await, Position(before.0 + 2));
}

async fn a_repeated_key_gets_its_receipt_even_where_the_command_would_now_be_refused(database: Database) {
    let node = Node::with_stock(&database, 5).await;
    node.run(place(1)).await.expect("placed");
    let cancelled = node.run_keyed("cancel", cancel(1001)).await.expect("cancelled");
    let again = node.run_keyed("cancel", cancel(1001)).await.expect("the original receipt");
    assert!(again.replayed);
    assert_eq!(again.events(), cancelled.events());

    // The units are gone now: if it were decided again, the same order would be rejected.
    let placed = node.run_keyed("all", place(5)).await.expect("placed");
    assert_eq!(code(node.run(place(5)).await), Code::InsufficientStock);
    let again = node.run_keyed("all", place(5)).await.expect("the original receipt");
    assert!(again.replayed);
    assert_eq!(again.events(), placed.events());

    assert_eq!(code(node.run_keyed("never carried out", ship(9)).await), Code::NotFound);
}

async fn the_same_order_without_a_key_is_suspected_on_every_node(database: Database) {
    let nodes = [Node::with_stock(&database, 100).await, Node::start(&database).await];
    let calls: Vec<_> = (0..40)
        .map(|nth| {
            let node = nodes[nth % 2].clone();
            tokio::spawn(async move { node.place_unkeyed(1, 0).await })
        })
        .collect();
    let mut placed = 0;
    for call in calls {
        match call.await.expect("no panic") {
            Ok(_) => placed += 1,
            refused => assert_eq!(code(refused), Code::DuplicateSuspected),
        }
    }
    assert_eq!(placed, 1);

    // Two minutes are counted on the log, also by a node that starts in between, also from the latest order.
    assert_eq!(code(Node::start(&database).await.place_unkeyed(1, 119).await), Code::DuplicateSuspected);
    nodes[1].place_unkeyed(2, 60).await.expect("another order");
    nodes[0].place_unkeyed(1, 120).await.expect("two minutes later");
    for late in [121, 179, 239] {
        assert_eq!(code(Node::start(&database).await.place_unkeyed(1, late).await), Code::DuplicateSuspected, "{late}");
    }
    assert_eq!(code(nodes[0].place_unkeyed(2, 179).await), Code::DuplicateSuspected);
    nodes[1].run_keyed("k", place(2)).await.expect("a key says that it is meant");
    Node::start(&database).await.place_unkeyed(1, 240).await.expect("two minutes after the second");
}

async fn a_repeated_order_of_the_last_unit_is_suspected_rather_than_short_of_stock(database: Database) {
    let node = Node::with_stock(&database, 1).await;
    node.place_unkeyed(1, 0).await.expect("placed");
    assert_eq!(code(node.place_unkeyed(1, 1).await), Code::DuplicateSuspected);
    assert_eq!(code(node.place_unkeyed(1, 120).await), Code::InsufficientStock);
}

async fn an_order_that_was_overtaken_is_not_taken_for_its_own_twin(database: Database) {
    let nodes = [Node::with_stock(&database, 1_000).await, Node::start(&database).await];
    let calls = (1..=60).map(|quantity| {
        let node = nodes[quantity % 2].clone();
        tokio::spawn(async move { node.place_unkeyed(quantity as i64 % 30 + 1, quantity as i64 / 30 * 200).await })
    });
    let mut placed = 0;
    for call in calls.collect::<Vec<_>>() {
        placed += i64::from(call.await.expect("no panic").is_ok());
    }
    let head = nodes[0].log.head().await.expect("the head");
    assert_eq!(head.next_order.0, 1001 + placed);
    assert!(placed >= 30, "each quantity at least once: {placed}");
}

async fn a_dry_run_foresees_the_very_events_and_records_nothing(database: Database) {
    let node = Node::with_stock(&database, 5).await;
    let before = node.position().await;
    let mut submission = node.submission(place(2));
    submission.dry_run = true;
    let foreseen = node.writer.submit(submission.clone()).await.expect("foreseen");
    assert!(foreseen.dry_run);
    assert_eq!(node.position().await, before);
    submission.dry_run = false;
    let placed = node.writer.submit(submission).await.expect("placed");
    assert_eq!(foreseen.events(), placed.events());
    assert_eq!(foreseen.after, placed.after);
}

async fn a_rejection_is_never_based_on_what_another_node_has_changed(database: Database) {
    let one = Node::with_stock(&database, 0).await;
    assert_eq!(code(one.run(place(1)).await), Code::InsufficientStock);
    let other = Node::start(&database).await;
    other.run(receive(1)).await.expect("received by the other node");
    one.run(place(1)).await.expect("the first node sees the unit");
    assert_eq!(code(other.run(place(1)).await), Code::InsufficientStock);
}

async fn two_nodes_share_a_log(database: Database) {
    let per_caller = if database.is_postgres() { 20 } else { 5 };
    // Just enough, and each node orders other quantities: what a lost swap took back must be free again.
    let quantities = [1, 3];
    let units = 8 * per_caller * quantities.iter().sum::<i64>();
    let nodes = [Node::with_stock(&database, units).await, Node::start(&database).await];
    let callers: Vec<_> = (0..16)
        .map(|nth| {
            let node = nodes[nth % 2].clone();
            tokio::spawn(async move {
                for _ in 0..per_caller {
                    node.run(place(quantities[nth % 2])).await.expect("placed");
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no panic");
    }
    let head = nodes[0].log.head().await.expect("the head");
    assert_eq!(head.next_order.0, 1001 + 16 * per_caller);
    for node in &nodes {
        assert_eq!(code(node.run(place(1)).await), Code::InsufficientStock);
    }
    let verified = support::verified(&nodes[0].log).await;
    assert_eq!(verified.positions, head.position);
}

async fn a_hot_product_is_loaded_from_its_snapshot(database: Database) {
    let node = Node::with_stock(&database, 1_000).await;
    for _ in 0..30 {
        let batch = (0..20).map(|_| {
            let node = node.clone();
            tokio::spawn(async move { node.run(place(1)).await.expect("placed") })
        });
        for order in batch.collect::<Vec<_>>() {
            order.await.expect("no panic");
        }
    }
    let stock = orderlog_domain::ids::StreamId::Stock(orderlog_domain::ids::ProductId::from_sku("A"));
    let found = tokio::time::timeout(std::time::Duration::from_secs(10), async {
        loop {
            if let Some(snapshot) = node.log.load_snapshots(&[stock]).await.expect("snapshots").pop() {
                break snapshot;
            }
            tokio::task::yield_now().await;
        }
    });
    assert!(found.await.expect("a snapshot was saved").version.0 >= 256);
    assert_eq!(verify_snapshots(&node.log).await.expect("the log can be read"), []);
    let cold = Node::start(&database).await;
    assert_eq!(code(cold.run(place(401)).await), Code::InsufficientStock);
    cold.run(place(400)).await.expect("exactly what is left");

    // Units that never arrived would be sold: only folding the events again shows the difference.
    let raised = r#"update snapshots set state = replace(state, '"on_hand":', '"on_hand":9')"#;
    database.execute(raised).await.expect("the statement runs");
    let faults = verify_snapshots(&node.log).await.expect("the log can be read");
    assert!(faults.len() == 1 && faults[0].what.contains("not what its events add up to"), "{faults:?}");
    database.execute("update snapshots set version = 1000000").await.expect("the statement runs");
    let faults = verify_snapshots(&node.log).await.expect("the log can be read");
    assert!(faults.len() == 1 && faults[0].what.contains("ahead of its events"), "{faults:?}");
}

/// The first batch waits for the head, the second is decided on top of it; who comes behind them waits in the queue.
async fn who_would_wait_for_more_than_a_second_is_refused(database: Database) {
    let node = Node::with_stock(&database, 1).await;
    let before = node.position().await;
    let mut holder = node.log.writer().await.expect("another node");
    holder.lock_head().await.expect("the head");
    let calls: Vec<_> = (0..2_000)
        .map(|_| {
            let node = node.clone();
            tokio::spawn(async move { node.run(receive(1)).await })
        })
        .collect();
    tokio::time::sleep(LONGEST_WAIT + Duration::from_millis(300)).await; // how long the head is held
    holder.unlock().await.expect("free again");
    let (mut done, mut shed) = (0, 0);
    for call in calls {
        match call.await.expect("no panic") {
            Ok(_) => done += 1,
            Err(SubmitError::Rejected(rejection)) => {
                assert_eq!((rejection.code, rejection.retryable), (Code::Unavailable, true));
                assert!(rejection.retry_after_seconds.is_some(), "{rejection:?}");
                shed += 1;
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(done >= 500 && shed >= 500, "{done} carried out, {shed} refused");
    assert_eq!(node.position().await.0, before.0 + done, "what was refused is not recorded");
    assert_eq!(*node.writer.condition().borrow(), Condition::Taking);
    node.run(receive(1)).await.expect("the queue is short again");
}

async fn a_started_node_has_the_states_of_recent_orders_at_hand(database: Database) {
    let first = Node::with_stock(&database, 10).await;
    first.run(place(3)).await.expect("placed");
    let second = Node::start(&database).await;
    // The customer, the product and its stock; no command was sent to the second node.
    let at_hand = async {
        while second.writer.loaded() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), at_hand).await.expect("the states are loaded by themselves");
    // States that were loaded in advance are updated like any other state.
    first.run(place(6)).await.expect("placed");
    assert_eq!(code(second.run(place(2)).await), Code::InsufficientStock);
    second.run(place(1)).await.expect("the last one");
    assert_eq!(code(first.run(place(1)).await), Code::InsufficientStock);
}
