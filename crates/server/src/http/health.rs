//! `/healthz` says that the process lives; `/readyz` says whether it can serve, and if not, why.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use orderlog_messaging::RelayState;
use serde::Serialize;
use serde_json::{Value, json};

use crate::node::Node;

/// Longest time a part may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);
/// Events a read model may be behind and still serve.
const TOLERATED_LAG: i64 = 10_000;

/// How a node is, part by part.
#[derive(Debug, Serialize)]
pub(crate) struct Readiness {
    pub(crate) ready: bool,
    /// What is wrong; empty when ready.
    pub(crate) reasons: Vec<String>,
    pub(crate) log: Value,
    pub(crate) projections: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) nats: Option<Value>,
}

/// 200, or 503 with the reasons.
pub(super) async fn readyz(State(node): State<Arc<Node>>) -> Response {
    let readiness = readiness(&node).await;
    let status = if readiness.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(readiness)).into_response()
}

async fn readiness(node: &Node) -> Readiness {
    let mut reasons = vec![];
    if node.stopping.is_cancelled() {
        reasons.push("the node is stopping".to_owned());
    }
    let head = match tokio::time::timeout(PATIENCE, node.log.head()).await {
        Ok(Ok(head)) => Some(head.position),
        Ok(Err(error)) => {
            reasons.push(format!("log: {error}"));
            None
        }
        Err(_) => {
            reasons.push("log: no answer in time".to_owned());
            None
        }
    };
    let projections = match head {
        Some(head) => projections(node, head, &mut reasons).await,
        None => json!(null),
    };
    let nats = nats(node, &mut reasons);
    Readiness {
        ready: reasons.is_empty(),
        reasons,
        log: json!({ "id": node.identity.id, "position": head }),
        projections,
        nats,
    }
}

async fn projections(node: &Node, head: orderlog_domain::ids::Position, reasons: &mut Vec<String>) -> Value {
    let all = match tokio::time::timeout(PATIENCE, node.projections.status(head)).await {
        Ok(Ok(all)) => all,
        Ok(Err(error)) => {
            reasons.push(format!("read models: {error}"));
            return json!(null);
        }
        Err(_) => {
            reasons.push("read models: no answer in time".to_owned());
            return json!(null);
        }
    };
    for one in &all {
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
    }
    all.iter()
        .map(|one| json!({"name": one.name, "version": one.version, "position": one.position, "lag": one.lag, "parked": one.parked}))
        .collect()
}

fn nats(node: &Node, reasons: &mut Vec<String>) -> Option<Value> {
    let relay = node.relay.as_ref()?.borrow().clone();
    let connected = node.nats.as_ref().is_some_and(orderlog_messaging::Nats::is_connected);
    if !connected {
        reasons.push("NATS: not connected; events wait in the log".to_owned());
    }
    if relay.state == RelayState::Stopped {
        reasons.push(format!("relay: {}", relay.last_error.as_deref().unwrap_or("stopped")));
    }
    Some(json!({
        "connected": connected, "relayed": relay.position, "state": format!("{:?}", relay.state).to_lowercase(),
        "last_error": relay.last_error,
    }))
}
