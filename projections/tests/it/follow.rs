//! Following the log: exactly once in effect, one runner at a time, whatever dies.

use std::time::Duration;

use orderlog_domain::{
    ids::{OrderId, Position},
    postings::Basis,
};
use orderlog_projections::{
    MODELS,
    daily_sales::{self, SalesRequest},
    order_summary,
};
use orderlog_read_models::{Freshness, PageRequest, rebuild};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{Engine, Node},
    history::History,
};
use orderlog_testkit::on_both_engines;

on_both_engines!(
    live_folding_equals_a_rebuild,
    a_crash_loses_and_doubles_nothing,
    two_nodes_write_once,
    tables_are_written_for_another_node_in_busy_times_too,
    a_node_whose_lease_was_taken_writes_nothing,
    a_stopped_node_is_followed_at_once,
    a_misfit_parks_its_stream_only,
    a_query_sees_what_was_just_appended,
    what_the_sums_have_no_room_for_is_parked,
);

/// Rebuilds everything on `node` and compares the rows with those before.
pub(crate) async fn assert_equals_a_rebuild(engine: &Engine, node: &Node) {
    let before = engine.dump().await;
    let log = engine.log().await;
    let never = CancellationToken::new();
    rebuild(&node.projections, &log, &[], &node.options, &never, |_| ()).await.expect("the rebuild succeeds");
    let after = engine.dump().await;
    assert!(!before.is_empty());
    assert_eq!(before.len(), after.len(), "as many rows as before the rebuild");
    for (before, after) in before.iter().zip(&after) {
        assert_eq!(before, after, "each row as before the rebuild");
    }
}

async fn live_folding_equals_a_rebuild(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(1));
    let mut node = engine.running("one").await;
    for _ in 0..30 {
        history.live(100);
        let events = history.write(&log).await;
        node.bus.publish(events.into());
        node.caught_up(history.position()).await;
    }
    node.stop().await;
    assert_equals_a_rebuild(&engine, &engine.node("two").await).await;
}

async fn a_crash_loses_and_doubles_nothing(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(2));
    history.live(30_000);
    history.write(&log).await;
    let node = engine.running("one").await;
    // Somewhere between the first page and the last.
    while node.projections.position("daily_sales").await.expect("position") == Position::START {
        tokio::task::yield_now().await;
    }
    node.crash().await;
    engine.execute("UPDATE checkpoints SET lease_until = 0").await;
    let mut node = engine.running("two").await;
    node.caught_up(history.position()).await;
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn two_nodes_write_once(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(3));
    let (mut one, mut two) = (engine.running("one").await, engine.running("two").await);
    for _ in 0..10 {
        history.live(200);
        let events = history.write(&log).await;
        one.bus.publish(events.into());
        one.caught_up(history.position()).await;
        two.caught_up(history.position()).await;
    }
    let owners = one.projections.status(history.position()).await.expect("status");
    assert!(owners.iter().all(|status| status.owner.is_some() && status.lag == 0), "{owners:?}");
    one.stop().await;
    two.stop().await;
    assert_equals_a_rebuild(&engine, &one).await;
}

async fn tables_are_written_for_another_node_in_busy_times_too(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(7));
    let mut one = engine.running("one").await;
    history.live(200);
    one.bus.publish(history.write(&log).await.into());
    one.caught_up(history.position()).await;
    let mut two = engine.running("two").await;
    for round in 0..3 {
        history.live(1);
        one.bus.publish(history.write(&log).await.into());
        let asking = two.projections.wait_until_written("order_summary", history.position());
        tokio::pin!(asking);
        // Meanwhile it is never quiet for long enough that node one would write by itself.
        let written = loop {
            tokio::select! {
                written = &mut asking => break written,
                () = tokio::time::sleep(Duration::from_millis(20)) => {
                    history.live(1);
                    one.bus.publish(history.write(&log).await.into());
                }
            }
        };
        assert!(written.expect("wait"), "node one writes when node two asks, round {round}");
    }
    one.caught_up(history.position()).await;
    one.stop().await;
    two.stop().await;
    assert_equals_a_rebuild(&engine, &one).await;
}

async fn a_node_whose_lease_was_taken_writes_nothing(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(4));
    history.live(500);
    let events = history.write(&log).await;
    let mut node = engine.running("zombie").await;
    node.bus.publish(events.into());
    node.caught_up(history.position()).await;
    let stood = history.position();

    let another = engine.frozen("another").await;
    let now = engine.now();
    engine.execute(&format!("UPDATE checkpoints SET owner = 'another', lease_until = {now} + 4900")).await;
    history.live(500);
    let events = history.write(&log).await;
    node.bus.publish(events.into());
    // The zombie tries, is refused, and learns that it no longer runs anything.
    let seen = node.projections.wait_until_written("stock", history.position()).await.expect("wait");
    assert!(!seen, "nobody may have written");
    for model in MODELS {
        assert_eq!(node.projections.position(model.name).await.expect("position"), stood);
    }

    drop(another);
    node.caught_up(history.position()).await;
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_stopped_node_is_followed_at_once(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(5));
    history.live(300);
    history.write(&log).await;
    let mut one = engine.running("one").await;
    one.caught_up(history.position()).await;
    let mut two = engine.running("two").await;
    one.stop().await;
    history.live(300);
    history.write(&log).await;
    // Well within the lease that node one gave back.
    tokio::time::timeout(Duration::from_secs(4), two.caught_up(history.position())).await.expect("taken over in time");
    two.stop().await;
    assert_equals_a_rebuild(&engine, &two).await;
}

async fn a_misfit_parks_its_stream_only(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(6));
    history.live(200);
    history.record_misfit(OrderId(900_001));
    history.live(200);
    history.record_misfit(OrderId(900_001));
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    node.stop().await;

    let status = node.projections.status(history.position()).await.expect("status");
    let summary = status.iter().find(|status| status.name == "order_summary").expect("a status");
    assert_eq!((summary.parked, summary.lag), (2, 0), "both events wait, nothing else does");
    let parked = node.projections.parked("order_summary", 10).await.expect("parked");
    assert_eq!(parked[0].stream, "order-900001");
    assert!(parked[0].reason.contains("never placed"), "{parked:?}");
    assert!(parked[1].reason.contains("earlier event"), "{parked:?}");

    // A rebuild tries again and, as nothing changed, parks again.
    assert_equals_a_rebuild(&engine, &node).await;
    assert_eq!(node.projections.parked("order_summary", 10).await.expect("parked").len(), 2);
}

async fn what_the_sums_have_no_room_for_is_parked(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(8));
    history.live(200);
    let [first, second, third] = [history.place(), history.place(), history.place()];
    // A third of what 64 bits hold, in the order's currency and as converted: there is room for one of them.
    history.pay_hugely(first);
    history.pay_hugely(second);
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    // Earlier sums limit later ones.
    history.pay_hugely(third);
    let events = history.write(&log).await;
    node.bus.publish(events.into());
    node.caught_up(history.position()).await;
    node.stop().await;

    let parked = node.projections.parked("daily_sales", 1_000).await.expect("parked");
    let streams: std::collections::BTreeSet<&str> = parked.iter().map(|parked| parked.stream.as_str()).collect();
    assert_eq!(streams, [format!("order-{second}"), format!("order-{third}")].iter().map(String::as_str).collect());
    assert!(parked[0].reason.contains("larger than can be kept"), "{parked:?}");
    let request = SalesRequest { basis: Basis::Cash, ..SalesRequest::default() };
    let freshness = Freshness::AtLeast(history.position());
    let answer = daily_sales::daily_sales(&node.projections, request, PageRequest::default(), freshness).await;
    let cash: i64 = answer.expect("an answer").found.totals.iter().map(|sales| sales.own.cash).sum();
    assert!(cash >= i64::MAX / 3 && cash < i64::MAX / 3 + i64::from(u32::MAX), "{cash}");
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_query_sees_what_was_just_appended(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(7));
    let (mut here, there) = (engine.running("here").await, engine.node("there").await);
    // The other node waits for the next write of the tables each time.
    for _ in 0..20 {
        let id = history.place();
        let events = history.write(&log).await;
        here.bus.publish(events.into());
        for node in [&here, &there] {
            let freshness = Freshness::AtLeast(history.position());
            let answer = order_summary::by_numbers(&node.projections, &[id], freshness).await.expect("an answer");
            assert_eq!((answer.behind, answer.found.len()), (0, 1));
        }
    }
    here.stop().await;

    // Without a runner, the query answers after its patience and says how far behind it is.
    let id = history.place();
    history.write(&log).await;
    let page = PageRequest::first(10);
    let freshness = Freshness::AtLeast(history.position());
    let answer = order_summary::order_summaries(&there.projections, &order_summary::Filter::default(), page, freshness)
        .await
        .expect("an answer");
    assert!(answer.behind > 0);
    assert!(answer.found.orders.iter().all(|order| order.order_id != id.0));
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_replace_the_sessions_they_lost() {
    let engine = Engine::postgres().await;
    let node = engine.node("one").await;
    let position = async || node.projections.position("daily_sales").await.expect("an answer");
    let used = futures::future::join_all((0..8).map(|_| position())).await;
    assert_eq!(used, [Position::START; 8]);
    let lose = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity \
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    engine.execute(lose).await;
    assert_eq!(position().await, Position::START);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_starts_while_another_writes_tables() {
    let engine = Engine::postgres().await;
    drop(engine.node("one").await);
    let mut writing = engine.postgres_connection().await;
    sqlx::raw_sql("BEGIN; UPDATE checkpoints SET lease_until = 1").execute(&mut writing).await.expect("write");
    let node = engine.node("two").await;
    assert_eq!(node.projections.position("stock").await.expect("an answer"), Position::START);
    sqlx::raw_sql("ROLLBACK").execute(&mut writing).await.expect("roll back");
}
