//! `GET /v1/head`: the end of the log, for programs that follow it. Answers whenever the log can be read.

use std::{sync::Arc, time::Duration};

use axum::{
    Json,
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::json;

use crate::node::Node;

/// Longest time the log may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

pub(super) async fn head(State(node): State<Arc<Node>>) -> Response {
    let head = match tokio::time::timeout(PATIENCE, node.shop.log.head()).await {
        Ok(Ok(head)) => head,
        Ok(Err(error)) => {
            tracing::error!(%error, "the head could not be read for a follower of the log");
            return unavailable();
        }
        Err(_) => return unavailable(),
    };
    // An empty log has no time of recording.
    let recorded_at = (head.position.0 > 0).then_some(head.recorded_at);
    let answer = json!({
        "log_id": node.identity.id, "position": head.position, "hash": head.hash, "recorded_at": recorded_at,
    });
    ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

fn unavailable() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read just now\n").into_response()
}
