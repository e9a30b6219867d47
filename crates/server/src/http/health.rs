//! `/readyz` says whether this node can serve, and if not, why. It answers at once, whatever the databases do.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use orderlog_commands::Condition;
use orderlog_domain::ids::Position;
use orderlog_messaging::{Nats, RelayState};
use orderlog_projections::Status;
use serde::Serialize;
use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use super::{
    App,
    limits::{LOOK_INTERVAL, PATIENCE, QUICK},
};
use crate::{log_check, node::Node};

/// Events a read model may be behind and still serve.
const TOLERATED_LAG: i64 = 10_000;

/// How a node is, part by part.
#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    /// What hinders serving; empty when ready.
    reasons: Vec<String>,
    /// What is not well, but hinders no call.
    degraded: Vec<String>,
    log: Value,
    projections: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    nats: Option<Value>,
}

/// What was last seen of the databases.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    at: Instant,
    /// The log's last position, or why it could not be read.
    pub(super) log: Result<Position, String>,
    /// What is wrong with the time of the last event.
    clock: Option<String>,
    pub(super) read_models: Result<Vec<Status>, String>,
    /// Age of the first event that a read model has yet to take in, by the position before it.
    pub(super) ages: BTreeMap<Position, Duration>,
}

/// Looks at the databases again and again, so that nobody who asks has to wait for them.
#[derive(Debug, Clone)]
pub(super) struct Health {
    seen: watch::Receiver<Option<Seen>>,
    wanted: Arc<Notify>,
}

impl Health {
    /// Looks until the node stops.
    pub(super) fn start(node: Arc<Node>) -> Health {
        let (sender, seen) = watch::channel(None);
        let health = Health { seen, wanted: Arc::default() };
        let wanted = Arc::clone(&health.wanted);
        tokio::spawn(async move {
            while !node.stopping.is_cancelled() {
                sender.send_replace(Some(look(&node).await));
                super::metrics::upkeep();
                tokio::select! {
                    () = wanted.notified() => {}
                    () = node.stopping.cancelled() => {}
                    () = tokio::time::sleep(LOOK_INTERVAL) => {}
                }
            }
        });
        health
    }

    /// How the databases are now; after [`QUICK`], how they were last. Nothing when that is too long ago to count.
    pub(super) async fn now(&self) -> Result<Seen, String> {
        let mut seen = self.seen.clone();
        seen.mark_unchanged();
        self.wanted.notify_one();
        // Without news, the last look stands.
        let _ = tokio::time::timeout(QUICK, seen.changed()).await;
        let seen = seen.borrow().clone();
        match seen {
            Some(seen) if seen.at.elapsed() <= PATIENCE => Ok(seen),
            Some(seen) => Err(format!("no answer for {} s", seen.at.elapsed().as_secs())),
            None => Err("no answer yet".to_owned()),
        }
    }
}

async fn look(node: &Node) -> Seen {
    let head = node.log.head().await.map_err(|error| error.to_string());
    let read_models = match &head {
        Ok(head) => node.projections.status(head.position).await.map_err(|error| error.to_string()),
        Err(_) => Err("the log could not be read".to_owned()),
    };
    let mut ages = BTreeMap::new();
    for one in read_models.iter().flatten().filter(|one| one.lag > 0) {
        if let Some(recorded_at) = recorded_after(node, one.position).await {
            ages.insert(one.position, (node.clock.now() - recorded_at).to_std().unwrap_or_default());
        }
    }
    let clock = head.as_ref().ok().and_then(|head| log_check::clock_trouble(head, node.clock.now()));
    Seen { at: Instant::now(), clock, log: head.map(|head| head.position), read_models, ages }
}

async fn recorded_after(node: &Node, position: Position) -> Option<DateTime<Utc>> {
    #[derive(serde::Deserialize)]
    struct Moment {
        recorded_at: DateTime<Utc>,
    }
    let next = node.log.read(position, 1).await.ok()?;
    serde_json::from_str::<Moment>(&next.first()?.json).ok().map(|moment| moment.recorded_at)
}

/// 200, or 503 with the reasons.
pub(super) async fn readyz(State(app): State<App>) -> Response {
    let readiness = readiness(&app).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

async fn readiness(app: &App) -> Readiness {
    let (mut reasons, mut degraded) = (vec![], vec![]);
    if app.node.stopping.is_cancelled() {
        reasons.push("the node is stopping".to_owned());
    }
    let (mut log, mut projections) = (json!({ "id": app.node.identity.id, "position": null }), json!(null));
    match app.health.now().await {
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
    if let Condition::Refusing { reason } = &*app.node.writer.condition().borrow() {
        reasons.push(format!("log: takes no commands: {reason}"));
    }
    degraded.extend(app.node.log_troubles.borrow().iter().cloned());
    degraded.extend(app.node.left_behind.told());
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
        // Without one for a moment, as after a rebuild, it still serves what it has.
        if one.owner.is_none() && one.lag > 0 {
            reasons.push(format!("no node runs the read model {}, which is {} events behind", one.name, one.lag));
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
        "connected": connected, "relayed": relay.position, "state": state_name(relay.state), "last_error": relay.last_error,
    }))
}

/// A state as `/readyz` and metrics name it.
pub(super) fn state_name(state: RelayState) -> &'static str {
    match state {
        RelayState::Starting => "starting",
        RelayState::Running => "running",
        RelayState::Retrying => "retrying",
        RelayState::Stopped => "stopped",
    }
}
