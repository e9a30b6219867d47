//! HTTP: MCP and, beside it, health, metrics, version and the log for auditors.

mod events;
mod guard;
mod head;
mod health;
pub(crate) mod metrics;
mod whole;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use axum::{Json, Router, middleware, routing::get, serve::ListenerExt as _};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::json;
use tokio::net::TcpListener;

use crate::{
    mcp::{Mcp, Names},
    node::Node,
    tools::Tools,
};

/// Largest request to MCP, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;

/// A bound port, not yet served.
pub(crate) struct Server {
    listener: TcpListener,
    router: Router,
    node: Arc<Node>,
}

impl Server {
    /// Takes the port.
    pub(crate) async fn bind(node: Arc<Node>) -> anyhow::Result<Server> {
        let address = node.config.listen;
        let listener = TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))?;
        let router = router(&node);
        Ok(Server { listener, router, node })
    }

    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("read the address listened on")
    }

    /// Serves until the node stops; requests under way are answered first.
    pub(crate) async fn serve(self) -> anyhow::Result<()> {
        let stopping = self.node.stopping.clone();
        // Without it, an answer written in two parts waits 40 ms for the client's acknowledgement.
        let listener = self.listener.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "TCP_NODELAY could not be set");
            }
        });
        let stopped = async move { stopping.cancelled().await };
        axum::serve(listener, self.router).with_graceful_shutdown(stopped).await.context("serve HTTP")
    }
}

fn router(node: &Arc<Node>) -> Router {
    let tools = Arc::new(Tools::new(node.config.bench_noop_tool));
    let beside = Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
        .route("/v1/events", get(events::events))
        .route("/v1/head", get(head::head))
        .route("/version", get(async || Json(json!({"name": "orderlog", "version": env!("CARGO_PKG_VERSION")}))))
        .route_layer(middleware::from_fn_with_state(Arc::clone(node), guard::same_house))
        .with_state(Arc::clone(node));
    Router::new()
        .route_service("/mcp", mcp(node, &tools, Names::Underscored))
        .route_service("/mcp/dotted", mcp(node, &tools, Names::Dotted))
        .route_layer(middleware::from_fn(whole::read_whole))
        .merge(beside)
}

fn mcp(node: &Arc<Node>, tools: &Arc<Tools>, names: Names) -> StreamableHttpService<Mcp, NeverSessionManager> {
    let config = StreamableHttpServerConfig::default()
        .with_legacy_session_mode(false)
        .with_json_response(true)
        .with_max_request_body_bytes(MAX_BODY_BYTES)
        .with_allowed_hosts(node.config.allowed_hosts.clone())
        .with_allowed_origins(node.config.allowed_origins.clone())
        .enforce_origin_validation()
        .with_cancellation_token(node.stopping.child_token());
    let handler = Mcp::new(Arc::clone(node), Arc::clone(tools), names);
    StreamableHttpService::new(move || Ok(handler.clone()), Arc::new(NeverSessionManager::default()), config)
}
