//! `orderlog mcp`: the same tools over standard input and output. Log lines go to standard error.

use std::sync::Arc;

use orderlog_mcp::serve_stdio;

use super::serve::stop_on_signal;
use crate::{config::Config, node::Node};

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let tools = Arc::new(config.tools());
    let node = Arc::new(Node::start(config).await?);
    stop_on_signal(&node, true)?;
    node.attend().await?;
    let served = serve_stdio(Arc::clone(&node.shop), tools, node.stopping.clone()).await;
    node.stop().await;
    served
}
