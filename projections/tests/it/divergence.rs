//! Read models know the log from which they follow: one that follows from another past answers nothing and is rebuilt.

use std::time::Duration;

use orderlog_domain::ids::{CustomerId, OrderId, Position, ProductId};
use orderlog_event_log::Log;
use orderlog_projections::{MODELS, catalogue, customers, daily_sales, order_summary, pending_orders, stock};
use orderlog_read_models::{Freshness, PageRequest, Projections, QueryError, rebuild};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    engine::{Engine, Frozen, Node},
    follow::assert_equals_a_rebuild,
    history::History,
};
use orderlog_testkit::on_both_engines;

const DEADLINE: Duration = Duration::from_secs(60);

on_both_engines!(
    an_undone_past_answers_nothing_and_is_built_anew,
    a_rebuild_works_when_the_log_was_put_back,
    a_log_may_go_back_under_a_running_node,
    what_was_folded_of_another_log_is_seen_and_built_anew,
    checkpoints_of_an_earlier_release_are_taken_over,
);

/// The same history twice; the log has the common part. From here on the second one differs.
async fn twice(log: &Log, seed: u64) -> (History, History) {
    let (mut one, mut other) = (History::new(seed), History::new(seed));
    one.live(500);
    other.live(500);
    assert_eq!(one.write(log).await, other.unsaid());
    other.turn(seed + 1);
    (one, other)
}

/// A shop with a node that has taken in 1,000 events more than the log holds now; the history that the log holds.
async fn put_back(engine: &Engine, log: &Log) -> (Node, History) {
    let (mut history, backup) = twice(log, 51).await;
    let mut node = engine.running("one").await;
    history.live(1_000);
    history.write(log).await;
    node.caught_up(history.position()).await;
    node.stop().await;
    engine.undo_after(backup.position()).await;
    (node, backup)
}

/// The error of each way to query a read model; `None` if it answers.
async fn refusals(projections: &Projections) -> Vec<Option<String>> {
    let (page, any) = (PageRequest::first(5), Freshness::Whatever);
    let said = |error: QueryError| match error {
        QueryError::AnotherPast(stranger) => stranger.to_string(),
        error => panic!("{error}"),
    };
    let pending = pending_orders::Filter::default();
    let id = Uuid::from_u128(1);
    vec![
        pending_orders::pending_orders(projections, &pending, page, any).await.err().map(said),
        order_summary::order_summaries(projections, &order_summary::Filter::default(), page, any).await.err().map(said),
        order_summary::by_numbers(projections, &[OrderId(1001)], any).await.err().map(said),
        daily_sales::daily_sales(projections, daily_sales::SalesRequest::default(), page, any).await.err().map(said),
        stock::stock_of(projections, &[ProductId(id)], any).await.err().map(said),
        stock::last_mark(projections, ProductId(id), Position(1)).await.err().map(said),
        stock::low_stock(projections, None, page, any).await.err().map(said),
        catalogue::find_products(projections, "number", 5, any).await.err().map(said),
        customers::customers_by_id(projections, &[CustomerId(id)], any).await.err().map(said),
        customers::find_customers(projections, "asha", 5, any).await.err().map(said),
    ]
}

async fn assert_all_refuse(node: &Node, log: &Log) {
    node.projections.compare(log).await.expect("a comparison");
    for (query, said) in refusals(&node.projections).await.into_iter().enumerate() {
        let said = said.unwrap_or_else(|| panic!("query {query} answered from another past"));
        assert!(said.contains("not in the log") && said.contains("built anew"), "{said}");
    }
    let status = node.projections.status(Position::START).await.expect("status");
    assert!(status.iter().all(|status| status.another_past.is_some()), "{status:?}");
}

/// Somebody else builds everything, so that no node does.
async fn building_elsewhere(engine: &Engine) -> Frozen {
    let frozen = engine.frozen("elsewhere").await;
    for model in MODELS {
        engine
            .execute(&format!(
                "INSERT INTO checkpoints (projection, version, position, owner, lease_until, generation) \
                 SELECT '{0}__build', version, 0, 'elsewhere', {1} + 60000, generation + 1 \
                 FROM checkpoints WHERE projection = '{0}'",
                model.name,
                engine.now()
            ))
            .await;
    }
    frozen
}

/// Waits until every read model follows from the log and has taken in `position`.
async fn well_again(node: &Node, log: &Log, position: Position) {
    let wait = async {
        loop {
            node.projections.compare(log).await.expect("a comparison");
            let status = node.projections.status(position).await.expect("status");
            if status.iter().all(|one| one.another_past.is_none() && one.position == position) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await; // between two looks
        }
    };
    tokio::time::timeout(DEADLINE, wait).await.expect("the read models are built anew");
}

async fn an_undone_past_answers_nothing_and_is_built_anew(engine: Engine) {
    let log = engine.log().await;
    let (mut node, mut backup) = put_back(&engine, &log).await;
    let elsewhere = building_elsewhere(&engine).await;
    node.start(log.clone());
    assert_all_refuse(&node, &log).await;
    // Also when the log has grown past their positions.
    backup.live(1_500);
    let events = backup.write(&log).await;
    node.bus.publish(events.into());
    assert_all_refuse(&node, &log).await;

    drop(elsewhere);
    well_again(&node, &log, backup.position()).await;
    assert!(refusals(&node.projections).await.iter().all(Option::is_none));
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_rebuild_works_when_the_log_was_put_back(engine: Engine) {
    let log = engine.log().await;
    let (node, backup) = put_back(&engine, &log).await;
    assert_all_refuse(&node, &log).await;
    // Somebody waited for tables as the log went then; nothing may be written early for ever because of it.
    engine.execute("INSERT INTO asked_for (projection, position) SELECT projection, 1000000 FROM checkpoints").await;
    let never = CancellationToken::new();
    let at = rebuild(&node.projections, &log, &[], &node.options, &never, |_| ()).await.expect("a rebuild");
    assert_eq!(at, backup.position());
    assert_eq!(engine.count("SELECT COUNT(*) FROM asked_for").await, 0);
    well_again(&node, &log, backup.position()).await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_log_may_go_back_under_a_running_node(engine: Engine) {
    let log = engine.log().await;
    let (mut history, mut backup) = twice(&log, 53).await;
    let mut node = engine.running("one").await;
    history.live(1_000);
    let events = history.write(&log).await;
    node.bus.publish(events.into());
    node.caught_up(history.position()).await;
    let head = node.projections.head(&log).await.expect("a head");
    assert_eq!(head.position, history.position());

    engine.undo_after(backup.position()).await;
    // The very next query sees it: it reads the head first.
    let head = node.projections.head(&log).await.expect("a head");
    assert_eq!(head.position, backup.position());
    for asked in 0..20 {
        let freshness = Freshness::AtLeast(head.position);
        match stock::low_stock(&node.projections, None, PageRequest::first(5), freshness).await {
            Ok(answer) => assert!(answer.position <= head.position, "query {asked} answered from an undone past"),
            Err(QueryError::AnotherPast(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    // The log grows past its former end, and no query read the head in the meantime.
    backup.live(1_500);
    let events = backup.write(&log).await;
    node.bus.publish(events.into());
    well_again(&node, &log, backup.position()).await;
    backup.live(100);
    let events = backup.write(&log).await;
    node.bus.publish(events.into());
    node.caught_up(backup.position()).await;
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn what_was_folded_of_another_log_is_seen_and_built_anew(engine: Engine) {
    let log = engine.log().await;
    let (mut history, mut copy) = twice(&log, 55).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;

    // A copy of the shop announces what it alone recorded, and this goes on at the same positions.
    copy.live(50);
    node.bus.publish(copy.unsaid().into());
    history.live(100);
    let events = history.write(&log).await;
    node.bus.publish(events.into());
    well_again(&node, &log, history.position()).await;
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn checkpoints_of_an_earlier_release_are_taken_over(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(57));
    history.live(300);
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    node.stop().await;
    drop(node);
    engine.execute("ALTER TABLE checkpoints DROP COLUMN place").await;

    history.live(300);
    history.write(&log).await;
    let mut node = engine.running("two").await;
    node.caught_up(history.position()).await;
    well_again(&node, &log, history.position()).await;
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}
