//! Leases end with their holder: after its death another node takes over at once, after a freeze within seconds, with
//! any clock.

use std::time::{Duration, Instant};

use orderlog_projections::MODELS;
use orderlog_read_models::{LEASE, RebuildError, rebuild};

use crate::{engine::Engine, follow::assert_equals_a_rebuild, history::History};
use orderlog_testkit::on_both_engines;

/// A free lease is seen within a second, and the machine may be busy. Well below [`LEASE`].
const AT_ONCE: Duration = Duration::from_secs(3);
const DAY: i64 = 24 * 60 * 60 * 1_000;

on_both_engines!(
    a_dead_owner_is_followed_at_once,
    a_lease_of_a_clock_that_was_ahead_is_void,
    a_frozen_owner_is_followed_when_its_lease_ends,
    a_build_of_the_dead_hinders_nobody,
    a_build_of_a_living_one_is_left_alone,
);

/// A shop whose read models are just before its last events, and belong to `owner` until so many milliseconds from now.
async fn left_behind(engine: &Engine, owner: &str, millis: i64) -> History {
    let (log, mut history) = (engine.log().await, History::new(41));
    history.live(300);
    history.write(&log).await;
    let mut node = engine.running("one").await;
    node.caught_up(history.position()).await;
    node.stop().await;
    history.live(100);
    history.write(&log).await;
    let now = engine.now();
    engine.execute(&format!("UPDATE checkpoints SET owner = '{owner}', lease_until = {now} + {millis}")).await;
    history
}

async fn follows_at_once(engine: Engine, history: History) {
    let started = Instant::now();
    let mut node = engine.running("two").await;
    node.caught_up(history.position()).await;
    let took = started.elapsed();
    assert!(took < AT_ONCE, "it took {took:?}");
    node.stop().await;
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_dead_owner_is_followed_at_once(engine: Engine) {
    let history = left_behind(&engine, "dead", 4_900).await;
    follows_at_once(engine, history).await;
}

async fn a_lease_of_a_clock_that_was_ahead_is_void(engine: Engine) {
    let _lives = engine.frozen("ahead").await;
    let history = left_behind(&engine, "ahead", DAY).await;
    follows_at_once(engine, history).await;
}

async fn a_frozen_owner_is_followed_when_its_lease_ends(engine: Engine) {
    let _lives = engine.frozen("frozen").await;
    let history = left_behind(&engine, "frozen", 4_900).await;
    let lapses = Instant::now() + Duration::from_millis(4_900);
    let mut node = engine.running("two").await;
    let owners = async || node.projections.status(history.position()).await.expect("status");
    let frozen = owners().await.iter().all(|status| status.owner.as_deref() == Some("frozen"));
    assert!(frozen || Instant::now() > lapses, "its lease still counts");
    node.caught_up(history.position()).await;
    assert!(Instant::now() + AT_ONCE > lapses, "nobody takes a lease long before it ends");
    assert!(owners().await.iter().all(|status| status.owner.as_deref() == Some("two")));
    node.stop().await;
}

/// As if `owner` were building everything.
async fn building(engine: &Engine, owner: &str) {
    for model in MODELS {
        engine
            .execute(&format!(
                "INSERT INTO checkpoints (projection, version, position, owner, lease_until, generation) \
                 SELECT '{0}__build', version, 7, '{owner}', {1} + 60000, generation + 1 \
                 FROM checkpoints WHERE projection = '{0}'",
                model.name,
                engine.now()
            ))
            .await;
    }
}

async fn a_build_of_the_dead_hinders_nobody(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(42));
    history.live(3_000);
    history.write(&log).await;
    let node = engine.node("one").await;
    // Left as kill -9 leaves it.
    building(&engine, "dead").await;
    let status = node.projections.status(history.position()).await.expect("status");
    assert!(status.iter().all(|status| status.building.is_none()), "{status:?}");

    // And once more in the middle.
    let (began, mut beginning) = tokio::sync::mpsc::unbounded_channel();
    let interrupted = {
        let (projections, log, options) = (node.projections.clone(), log.clone(), node.options.clone());
        let cancel = node.cancel.clone();
        tokio::spawn(async move {
            let progress = |progress| _ = began.send(progress);
            rebuild(&projections, &log, &[], &options, &cancel, progress).await
        })
    };
    beginning.recv().await.expect("progress");
    interrupted.abort();
    _ = interrupted.await;
    let at = rebuild(&node.projections, &log, &[], &node.options, &node.cancel, |_| ()).await.expect("a rebuild");
    assert_eq!(at, history.position());
    assert_equals_a_rebuild(&engine, &node).await;
}

async fn a_build_of_a_living_one_is_left_alone(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(43));
    history.live(100);
    history.write(&log).await;
    let node = engine.node("one").await;
    let lives = engine.frozen("builder").await;
    building(&engine, "builder").await;
    let status = node.projections.status(history.position()).await.expect("status");
    assert!(status.iter().all(|status| status.building.is_some()), "{status:?}");
    let refused = rebuild(&node.projections, &log, &[], &node.options, &node.cancel, |_| ()).await;
    assert!(matches!(refused, Err(RebuildError::AlreadyBuilding(_))), "{refused:?}");
    drop(lives);
    let released = async {
        // A session that was closed is gone a moment later.
        while rebuild(&node.projections, &log, &[], &node.options, &node.cancel, |_| ()).await.is_err() {}
    };
    tokio::time::timeout(LEASE, released).await.expect("the next rebuild begins at once");
}
