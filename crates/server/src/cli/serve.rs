//! `orderlog serve`: a node with its HTTP server, until it is stopped.

use std::{sync::Arc, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use crate::{
    config::Config,
    http::{Server, recorder},
    node::Node,
    signals,
};

/// Longest time a stopping node waits for running requests: longer than any call may take.
const STOP_DEADLINE: Duration = Duration::from_secs(35);

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    recorder::start()?;
    let node = Arc::new(Node::start(config).await?);
    let server = Server::bind(Arc::clone(&node)).await?;
    until_stopped(&node, server).await
}

/// Serves the node, and stops it in order: first new requests, then running calls, then the rest.
pub(super) async fn until_stopped(node: &Arc<Node>, server: Server) -> anyhow::Result<()> {
    let (version, database) = (env!("CARGO_PKG_VERSION"), node.shop.log.engine());
    let (address, https) = (server.address()?, server.is_secured());
    tracing::info!(%address, https, version, database, node = node.id, log = %node.identity.id, "serving MCP at /mcp");
    let scheme = if https { "https" } else { "http" };
    node.shop.projections.say("address", format!("{scheme}://{address}"));
    stop_on_signal(node, !https)?;
    node.attend().await?;
    tokio::select! {
        () = server.serve() => {}
        () = async { node.stopping.cancelled().await; tokio::time::sleep(STOP_DEADLINE).await } => {
            tracing::warn!("some requests did not end in time");
        }
    }
    node.stop().await;
    Ok(())
}

/// Stops the node on SIGTERM and Ctrl-C, and when its terminal closes (SIGHUP), unless that signal has another meaning.
pub(super) fn stop_on_signal(node: &Node, on_hang_up: bool) -> anyhow::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signals::hang_up()?;
    let stopping = node.stopping.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
            () = hang_up.heard(), if on_hang_up => {}
        }
        tracing::info!("stopping");
        stopping.cancel();
    });
    Ok(())
}
