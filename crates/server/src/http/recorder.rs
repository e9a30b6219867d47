//! Stores the values of all metrics until `/metrics` is read.

pub(super) mod catalogue;

use std::sync::OnceLock;

use anyhow::Context as _;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

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
    catalogue::describe();
    Ok(())
}

/// Aggregates samples, which would grow without limit if nobody reads them.
pub(super) fn upkeep() {
    if let Some(recorder) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

/// All figures in the format of Prometheus.
pub(super) fn render() -> Option<String> {
    upkeep();
    RECORDER.get().map(PrometheusHandle::render)
}
