//! Rebuilding beside the serving read models: queries never fail, no answer goes back, newer versions replace older
//! ones.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use orderlog_domain::ids::Position;
use orderlog_projections::{daily_sales, order_summary, pending_orders};
use orderlog_read_models::{Freshness, PageRequest, RebuildError, rebuild};

use crate::{engine::Engine, follow::assert_equals_a_rebuild, history::History};
use orderlog_testkit::on_both_engines;

on_both_engines!(queries_live_through_rebuilds, a_newer_version_is_built_beside_the_old_one, two_builders_do_not_mix);

async fn queries_live_through_rebuilds(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(11));
    history.live(3_000);
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;

    let done = Arc::new(AtomicBool::new(false));
    let asking = tokio::spawn({
        let (projections, done) = (node.projections.clone(), done.clone());
        async move {
            let (mut asked, mut last) = (0, 0);
            let page = PageRequest::first(20);
            while !done.load(Ordering::Relaxed) {
                let pending = pending_orders::Filter::default();
                let answer = pending_orders::pending_orders(&projections, &pending, page, Freshness::Whatever).await;
                let position = answer.expect("a query never fails").position.0;
                assert!(position >= last, "a read model never goes back: {position} after {last}");
                last = position;
                let all = order_summary::Filter::default();
                let answer = order_summary::order_summaries(&projections, &all, page, Freshness::Whatever).await;
                assert!(answer.expect("a query never fails").found.total_count > 0);
                let sales = daily_sales::SalesRequest::default();
                let answer = daily_sales::daily_sales(&projections, sales, page, Freshness::Whatever).await;
                assert!(!answer.expect("a query never fails").found.totals.is_empty());
                asked += 1;
            }
            asked
        }
    });
    // The shop continues: the serving rows move on while the new ones are loaded to replace them.
    let written = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn({
        let (log, bus, written) = (log.clone(), node.bus.clone(), written.clone());
        async move {
            while !written.load(Ordering::Relaxed) {
                history.live(20);
                bus.publish(history.write(&log).await.into());
            }
            history
        }
    });
    let mut before = Position::START;
    for _ in 0..4 {
        let mut seen = vec![];
        let at = rebuild(&node.projections, &log, &[], &node.options, &node.cancel, |progress| seen.push(progress))
            .await
            .expect("the rebuild succeeds");
        assert!(seen.last().is_some_and(|progress| progress.position >= progress.head && progress.head > before));
        before = at;
    }
    written.store(true, Ordering::Relaxed);
    let history = writing.await.expect("the shop goes on");
    node.caught_up(history.position()).await;
    done.store(true, Ordering::Relaxed);
    assert!(asking.await.expect("queries never fail") > 0);
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_newer_version_is_built_beside_the_old_one(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(12));
    history.live(1_000);
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    node.stop().await;

    // As an older program would have left it.
    engine.execute("UPDATE checkpoints SET version = 0 WHERE projection = 'stock'").await;
    engine.execute("UPDATE checkpoints SET version = 0 WHERE projection = 'daily_sales'").await;
    engine.execute("DROP TABLE sales_postings").await;
    history.live(500);
    history.write(&log).await;
    node.start(log);
    node.caught_up(history.position()).await;
    let status = node.projections.status(history.position()).await.expect("status");
    assert!(status.iter().all(|status| status.version >= 1 && status.building.is_none()), "{status:?}");
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn two_builders_do_not_mix(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(13));
    history.live(20_000);
    history.write(&log).await;
    let node = engine.node("one").await;
    let build = || rebuild(&node.projections, &log, &["stock"], &node.options, &node.cancel, |_| ());
    let (first, second) = tokio::join!(build(), build());
    let refused = |result: &Result<_, _>| matches!(result, Err(RebuildError::AlreadyBuilding(_)));
    assert!(first.is_ok() || second.is_ok(), "{first:?} {second:?}");
    assert!(first.is_ok() && second.is_ok() || refused(&first) || refused(&second), "{first:?} {second:?}");
    let unknown = rebuild(&node.projections, &log, &["sotck"], &node.options, &node.cancel, |_| ()).await;
    assert!(matches!(unknown, Err(RebuildError::Unknown(name)) if name == "sotck"));
}
