//! `/readyz` says whether this node can serve, and if not, why. It answers at once, even if the databases do not.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use orderlog_access::{Principal, Right};
use orderlog_commands::{Condition, QUEUE_COMMANDS};
use orderlog_messaging::{Nats, RelayState};
use orderlog_projections::MODELS;
use orderlog_read_models::{LivingNode, Status};
use orderlog_tools::local;
use serde::Serialize;
use serde_json::{Value, json};

use super::{app::App, limits::PATIENCE, watcher::Seen};
use crate::node::Node;

/// Events by which a read model may lag and still serve.
const TOLERATED_LAG: i64 = 10_000;

/// How a node is, part by part.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// Reasons why the node cannot serve; empty if it is ready.
    reasons: Vec<String>,
    /// Problems that do not prevent any call.
    degraded: Vec<String>,
    log: Value,
    projections: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    nats: Option<Value>,
}

/// 200, or 503 with the reasons.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let readiness = readiness(&app, app.health.now().await);
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

/// The same state for the page of the node, and more for visitors who may read the log.
pub(super) async fn status(app: &App, visitor: &Principal) -> Value {
    let seen = app.health.now().await;
    let readiness = readiness(app, seen.clone());
    let mut status = serde_json::to_value(readiness).unwrap_or_default();
    status["version"] = env!("CARGO_PKG_VERSION").into();
    status["keys"] = app.node.config.require_keys.into();
    let models: Vec<Status> = seen.and_then(|seen| seen.read_models).unwrap_or_default();
    for (told, one) in status["projections"].as_array_mut().into_iter().flatten().zip(&models) {
        told["building"] = json!(one.building);
        // Tables of another version than this program reads are about to be replaced.
        let read = MODELS.iter().find(|model| model.name == one.name).map(|model| model.version);
        told["outdated"] = json!(read.is_some_and(|version| version != one.version));
        told["another_past"] = json!(one.another_past.as_ref().map(ToString::to_string));
    }
    if !visitor.may(Right::AuditRead) {
        return status;
    }
    for (told, one) in status["projections"].as_array_mut().into_iter().flatten().zip(&models) {
        (told["owner"], told["unwritten"]) = (json!(one.owner), json!(one.unwritten));
    }
    let node = &app.node;
    if let Ok(Ok(head)) = tokio::time::timeout(PATIENCE, node.shop.log.head()).await {
        let zone = node.shop.settings.calendar.timezone;
        status["log"]["recorded_at"] = json!((head.position.0 > 0).then(|| local(head.recorded_at, zone)));
        (status["log"]["hash"], status["log"]["next_order"]) = (json!(head.hash), json!(head.next_order));
    }
    let pools = [("log", node.shop.log.connections()), ("read models", node.shop.projections.connections())];
    let pools = pools.map(|(name, (open, idle))| json!({ "name": name, "open": open, "idle": idle }));
    status["node"] = json!({
        "id": node.id, "database": node.shop.log.engine(), "queue": node.shop.writer.waiting(),
        "queue_limit": QUEUE_COMMANDS, "streams": node.shop.writer.loaded(), "pools": pools,
    });
    if let Ok(Ok(nodes)) = tokio::time::timeout(PATIENCE, node.shop.projections.nodes()).await {
        let told = |one: LivingNode| json!({ "id": one.id, "about": one.about });
        status["nodes"] = nodes.into_iter().map(told).collect();
    }
    // Where no key is asked for, whoever looks sits at this machine.
    if !node.config.require_keys {
        status["node"]["local"] =
            json!({ "binary": std::env::current_exe().ok(), "database": sqlite(&node.config.database_url) });
    }
    status
}

/// The address of a SQLite database, which contains no password.
fn sqlite(url: &str) -> Option<&str> {
    Some(url).filter(|url| url.starts_with("sqlite:"))
}

fn readiness(app: &App, seen: Result<Seen, String>) -> Readiness {
    let (mut reasons, mut degraded) = (vec![], vec![]);
    if app.node.stopping.is_cancelled() {
        reasons.push("the node is stopping".to_owned());
    }
    let (mut log, mut projections) = (json!({ "id": app.node.identity.id, "position": null }), json!(null));
    match seen {
        Ok(seen) => {
            match seen.log {
                Ok(position) => log = json!({ "id": app.node.identity.id, "position": position }),
                Err(error) => reasons.push(format!("log: {error}")),
            }
            degraded.extend(seen.clock);
            match seen.read_models {
                Ok(all) => projections = read_models(&all, &mut reasons, &mut degraded),
                Err(error) => reasons.push(format!("read models: {error}")),
            }
        }
        Err(silence) => reasons.push(format!("log and read models: {silence}")),
    }
    if let Condition::Refusing { reason } = &*app.node.shop.writer.condition().borrow() {
        reasons.push(format!("log: takes no commands: {reason}"));
    }
    degraded.extend(app.node.log_troubles.borrow().iter().cloned());
    degraded.extend(app.node.log_faults.borrow().iter().cloned());
    degraded.extend(app.node.shop.left_behind.told());
    let nats = nats(&app.node, &mut degraded);
    Readiness { ready: reasons.is_empty(), reasons, degraded, log, projections, nats }
}

fn read_models(all: &[Status], reasons: &mut Vec<String>, degraded: &mut Vec<String>) -> Value {
    for one in all {
        if let Some(stranger) = &one.another_past {
            reasons.push(stranger.to_string());
        }
        if one.lag > TOLERATED_LAG {
            reasons.push(format!("read model {} is {} events behind", one.name, one.lag));
        }
        // If it has no owner for a moment, for example after a rebuild, it still serves its present rows.
        if one.owner.is_none() && one.lag > 0 {
            reasons.push(format!("no node runs the read model {}, which is {} events behind", one.name, one.lag));
        }
        if one.owner.is_none() && one.unwritten > TOLERATED_LAG {
            degraded.push(format!(
                "no node writes the tables of the read model {}, which lack {} events",
                one.name, one.unwritten
            ));
        }
        if one.parked > 0 {
            degraded.push(format!("read model {} has {} events parked; see `orderlog status`", one.name, one.parked));
        }
    }
    all.iter()
        .map(|one| json!({"name": one.name, "version": one.version, "position": one.position, "lag": one.lag, "parked": one.parked}))
        .collect()
}

/// Calls go on without NATS: events wait in the log.
fn nats(node: &Node, degraded: &mut Vec<String>) -> Option<Value> {
    let relay = node.relay.as_ref()?.borrow().clone();
    let connected = node.nats.as_ref().is_some_and(Nats::is_connected);
    if !connected {
        degraded.push("NATS: not connected; events wait in the log".to_owned());
    }
    match (relay.state, relay.last_error.as_deref()) {
        (RelayState::Stopped, error) => degraded.push(format!("relay: {}", error.unwrap_or("stopped"))),
        (RelayState::Retrying, Some(error)) => degraded.push(format!("relay, trying again: {error}")),
        _ => {}
    }
    Some(json!({
        "connected": connected, "relayed": relay.position, "state": relay.state.name(), "last_error": relay.last_error,
    }))
}
