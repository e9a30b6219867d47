//! `/metrics` for Prometheus. Every series exists from the start, with 0.

mod process;

use std::time::Instant;

use axum::{
    extract::{Request, State},
    http::header,
    response::{IntoResponse, Response},
};
use metrics::{counter, gauge, histogram};
use orderlog_commands::QUEUE_COMMANDS;
use orderlog_messaging::{Nats, RelayState};
use orderlog_tools::Tools;

use super::{app::App, recorder};
use crate::node::Node;

/// Paths that are counted by name; all others are counted as `other`.
const PATHS: [&str; 9] =
    ["/mcp", "/mcp/dotted", "/", "/healthz", "/readyz", "/metrics", "/v1/events", "/v1/head", "/version"];
const STATES: [RelayState; 4] = [RelayState::Starting, RelayState::Running, RelayState::Retrying, RelayState::Stopped];

/// Makes every series of this node known, so that the first error is a change from 0 and not a new series.
pub(super) fn present(node: &Node, tools: &Tools) {
    let database = node.shop.log.engine();
    gauge!("orderlog_build_info", "version" => env!("CARGO_PKG_VERSION"), "database" => database).set(1.0);
    orderlog_tools::metrics::present(tools);
    for path in PATHS.into_iter().chain(["other"]) {
        for status in ["2xx", "4xx", "5xx"] {
            counter!("orderlog_http_requests_total", "path" => path, "status" => status).absolute(0);
        }
    }
    for name in recorder::catalogue::PLAIN_COUNTERS {
        counter!(*name).absolute(0);
    }
    if node.relay.is_some() {
        for name in recorder::catalogue::RELAY_COUNTERS {
            counter!(*name).absolute(0);
        }
    }
    drop((histogram!("orderlog_append_seconds"), histogram!("orderlog_batch_commands")));
    for model in orderlog_projections::MODELS {
        for name in recorder::catalogue::OF_READ_MODELS {
            gauge!(*name, "projection" => model.name).set(0.0);
        }
    }
    gauge!("orderlog_pages_listening").set(0.0);
    gauge!("orderlog_queue_limit_commands").set(QUEUE_COMMANDS as f64);
}

/// The path under which a request is counted.
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

/// The present figures. Figures from the databases are as fresh as the last check.
pub(super) async fn metrics(State(app): State<App>) -> impl IntoResponse {
    let asked = Instant::now();
    databases(&app).await;
    let node = &app.node;
    gauge!("orderlog_writer_streams").set(node.shop.writer.loaded() as f64);
    gauge!("orderlog_queue_commands").set(node.shop.writer.waiting() as f64);
    for (pool, (open, idle)) in
        [("log", node.shop.log.connections()), ("read_models", node.shop.projections.connections())]
    {
        gauge!("orderlog_pool_connections", "pool" => pool, "state" => "open").set(open as f64);
        gauge!("orderlog_pool_connections", "pool" => pool, "state" => "idle").set(idle as f64);
    }
    process::record();
    gauge!("orderlog_scrape_seconds").set(asked.elapsed().as_secs_f64());
    let text = recorder::render();
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
            gauge!("orderlog_relay_state", "state" => state.name()).set(now);
        }
    }
}
