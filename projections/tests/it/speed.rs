//! How fast read models are built; run by hand, since figures on a busy machine prove nothing.

use std::time::Instant;

use orderlog_projections::rebuild;

use crate::{engine::Engine, history::History, on_both};

on_both!(
    #[ignore = "prints a figure; run with --ignored --nocapture"]
    rebuilding_everything
);

async fn rebuilding_everything(engine: Engine) {
    let (log, mut history) = (engine.log().await, History::new(31));
    history.live(200_000);
    history.write(&log).await;
    let node = engine.node("one").await;
    let start = Instant::now();
    let at = rebuild(&node.projections, &log, &[], &node.options, &node.cancel, |_| ()).await.expect("rebuilt");
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("rebuilt {at} events in {seconds:.2} s: {:.0} events/s", at.0 as f64 / seconds);
}
