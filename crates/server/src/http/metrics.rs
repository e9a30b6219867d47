//! `/metrics`: what happens inside, for Prometheus. Every series is there from the start, with 0.

mod catalogue;
mod process;

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use metrics::{counter, gauge, histogram};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use orderlog_commands::QUEUE_COMMANDS;
use orderlog_messaging::{Nats, RelayState};

use super::{App, health};
use crate::{
    node::Node,
    tools::{self, Failure, Tool, Tools},
};

/// Bounds of latency histograms, seconds.
const SECONDS: [f64; 12] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Bounds of batch sizes, commands.
const COMMANDS: [f64; 10] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// How a call can end.
const OUTCOMES: [&str; 3] = ["ok", "refused", "failed"];
/// Paths that are counted by name; whatever else is asked for is `other`.
const PATHS: [&str; 9] =
    ["/mcp", "/mcp/dotted", "/", "/healthz", "/readyz", "/metrics", "/v1/events", "/v1/head", "/version"];
const STATES: [RelayState; 4] = [RelayState::Starting, RelayState::Running, RelayState::Retrying, RelayState::Stopped];

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

/// Takes samples together, which would grow without end where nobody scrapes.
pub(super) fn upkeep() {
    if let Some(recorder) = RECORDER.get() {
        recorder.run_upkeep();
    }
}

/// Makes every series of this node known, so that the first error is a change from 0 and not a new series.
pub(super) fn present(node: &Node, tools: &Tools) {
    let database = node.log.engine();
    gauge!("orderlog_build_info", "version" => env!("CARGO_PKG_VERSION"), "database" => database).set(1.0);
    for tool in tools.all() {
        for outcome in OUTCOMES {
            counter!("orderlog_calls_total", "tool" => tool.name, "outcome" => outcome).absolute(0);
            if tool.is_command() {
                counter!("orderlog_commands_total", "tool" => tool.name, "outcome" => outcome).absolute(0);
            }
        }
        drop(histogram!("orderlog_call_seconds", "tool" => tool.name));
    }
    for code in tools::CODES {
        counter!("orderlog_refusals_total", "code" => tools::code_name(code)).absolute(0);
    }
    for path in PATHS.into_iter().chain(["other"]) {
        for status in ["2xx", "4xx", "5xx"] {
            counter!("orderlog_http_requests_total", "path" => path, "status" => status).absolute(0);
        }
    }
    for name in catalogue::PLAIN_COUNTERS {
        counter!(*name).absolute(0);
    }
    if node.relay.is_some() {
        for name in catalogue::RELAY_COUNTERS {
            counter!(*name).absolute(0);
        }
    }
    drop((histogram!("orderlog_append_seconds"), histogram!("orderlog_batch_commands")));
    for model in orderlog_projections::MODELS {
        for name in catalogue::OF_READ_MODELS {
            gauge!(*name, "projection" => model.name).set(0.0);
        }
    }
    gauge!("orderlog_queue_limit_commands").set(QUEUE_COMMANDS as f64);
}

/// Counts one call of a tool.
pub(crate) fn called<T>(tool: &Tool, answer: &Result<T, Failure>, took: Duration) {
    let outcome = match answer {
        Ok(_) => "ok",
        Err(Failure::Rejected(rejection)) => {
            counter!("orderlog_refusals_total", "code" => tools::code_name(rejection.code)).increment(1);
            "refused"
        }
        Err(Failure::Failed(_)) => "failed",
    };
    counter!("orderlog_calls_total", "tool" => tool.name, "outcome" => outcome).increment(1);
    if tool.is_command() {
        counter!("orderlog_commands_total", "tool" => tool.name, "outcome" => outcome).increment(1);
    }
    histogram!("orderlog_call_seconds", "tool" => tool.name).record(took);
}

/// As what a request is counted.
pub(super) fn path(request: &Request) -> &'static str {
    PATHS.into_iter().find(|path| *path == request.uri().path()).unwrap_or("other")
}

/// Counts an answered request.
pub(super) fn count(path: &'static str, answer: &Response) {
    let status = match answer.status().as_u16() {
        ..400 => "2xx",
        400..500 => "4xx",
        _ => "5xx",
    };
    counter!("orderlog_http_requests_total", "path" => path, "status" => status).increment(1);
}

/// The present figures. What only the databases know is as fresh as the last look at them.
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let asked = Instant::now();
    databases(&app).await;
    let node = &app.node;
    gauge!("orderlog_queue_commands").set(node.writer.waiting() as f64);
    for (pool, (open, idle)) in [("log", node.log.connections()), ("read_models", node.projections.connections())] {
        gauge!("orderlog_pool_connections", "pool" => pool, "state" => "open").set(open as f64);
        gauge!("orderlog_pool_connections", "pool" => pool, "state" => "idle").set(idle as f64);
    }
    process::record();
    gauge!("orderlog_scrape_seconds").set(asked.elapsed().as_secs_f64());
    upkeep();
    let text = RECORDER.get().map(PrometheusHandle::render);
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text.unwrap_or_default())
}

async fn databases(app: &App) {
    let seen = app.health.now().await;
    gauge!("orderlog_log_up").set(f64::from(u8::from(seen.as_ref().is_ok_and(|seen| seen.log.is_ok()))));
    let models = seen.as_ref().is_ok_and(|seen| seen.read_models.is_ok());
    gauge!("orderlog_read_models_up").set(f64::from(u8::from(models)));
    let Ok(seen) = seen else { return };
    for one in seen.read_models.into_iter().flatten() {
        let age = seen.ages.get(&one.position).copied().unwrap_or_default();
        gauge!("orderlog_projection_lag_seconds", "projection" => one.name.clone()).set(age.as_secs_f64());
        gauge!("orderlog_projection_lag_events", "projection" => one.name.clone()).set(one.lag as f64);
        gauge!("orderlog_projection_parked_events", "projection" => one.name).set(one.parked as f64);
    }
    let Ok(position) = seen.log else { return };
    gauge!("orderlog_log_position").set(position.0 as f64);
    if let Some(relay) = &app.node.relay {
        let relay = relay.borrow().clone();
        gauge!("orderlog_relay_position").set(relay.position.0 as f64);
        gauge!("orderlog_relay_lag_events").set((position.0 - relay.position.0).max(0) as f64);
        let connected = app.node.nats.as_ref().is_some_and(Nats::is_connected);
        gauge!("orderlog_nats_connected").set(f64::from(u8::from(connected)));
        for state in STATES {
            let now = f64::from(u8::from(state == relay.state));
            gauge!("orderlog_relay_state", "state" => health::state_name(state)).set(now);
        }
    }
}
