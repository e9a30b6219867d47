//! `/metrics`: what happens inside, for Prometheus.

use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use axum::extract::State;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::node::Node;

/// Bounds of latency histograms, seconds.
const SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Bounds of batch sizes, commands.
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];

static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();

/// Starts recording; the first call counts.
pub(crate) fn start() -> anyhow::Result<()> {
    if RECORDER.get().is_some() {
        return Ok(());
    }
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .set_buckets_for_metric(Matcher::Full("orderlog_batch_commands".to_owned()), &COMMANDS)?
        .install_recorder()
        .context("start recording metrics")?;
    RECORDER.get_or_init(|| handle);
    Ok(())
}

/// The present figures. Lags are measured as they are asked for.
pub(super) async fn metrics(State(node): State<Arc<Node>>) -> String {
    if let Ok(head) = node.log.head().await {
        metrics::gauge!("orderlog_log_position").set(head.position.0 as f64);
        if let Ok(all) = node.projections.status(head.position).await {
            for one in all {
                metrics::gauge!("orderlog_projection_lag_events", "projection" => one.name.clone()).set(one.lag as f64);
                metrics::gauge!("orderlog_projection_parked_events", "projection" => one.name).set(one.parked as f64);
            }
        }
        if let Some(relay) = &node.relay {
            let relayed = relay.borrow().position;
            metrics::gauge!("orderlog_relay_position").set(relayed.0 as f64);
            metrics::gauge!("orderlog_relay_lag_events").set((head.position.0 - relayed.0).max(0) as f64);
        }
    }
    RECORDER
        .get()
        .map(|recorder| {
            recorder.run_upkeep();
            recorder.render()
        })
        .unwrap_or_default()
}
