//! `orderlog serve`: a node with its HTTP server, until it is told to stop.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use crate::{config::Config, http::Server, node::Node, telemetry};

/// Longest time a stopping node waits for calls under way.
const STOP_DEADLINE: Duration = Duration::from_secs(10);

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    telemetry::start(config.log_format);
    let node = Arc::new(Node::start(config).await?);
    until_stopped(&node).await
}

/// Serves the node, and stops it in order: no new requests, then the calls under way, then the rest.
pub(super) async fn until_stopped(node: &Arc<Node>) -> anyhow::Result<()> {
    let server = Server::bind(Arc::clone(node)).await?;
    tracing::info!(address = %server.address()?, "serving MCP at /mcp");
    let stopping = node.stopping.clone();
    tokio::spawn(async move {
        if let Err(error) = stop_signal().await {
            tracing::error!(%error, "signals cannot be received; stop the process by force");
            return;
        }
        tracing::info!("stopping");
        stopping.cancel();
    });
    tokio::select! {
        served = server.serve() => served?,
        () = async { node.stopping.cancelled().await; tokio::time::sleep(STOP_DEADLINE).await } => {
            tracing::warn!("some requests did not end in time");
        }
    }
    node.stop().await;
    Ok(())
}

async fn stop_signal() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    Ok(())
}
