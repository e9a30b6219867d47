//! `orderlog mcp`: the same tools over standard input and output. Log lines go to standard error.

use std::sync::Arc;

use anyhow::Context as _;
use rmcp::{ServiceExt as _, transport::io::stdio_pipes};

use crate::{
    config::Config,
    mcp::{Mcp, Names},
    node::Node,
    tools::Tools,
};

pub(super) async fn run(config: Config) -> anyhow::Result<()> {
    let tools = Arc::new(Tools::new(config.bench_noop_tool));
    let node = Arc::new(Node::start(config).await?);
    super::serve::stop_on_signal(&node)?;
    let handler = Mcp::new(Arc::clone(&node), tools, Names::Underscored);
    let service = handler
        .serve_with_ct(stdio_pipes(), node.stopping.child_token())
        .await
        .context("greet the MCP host on standard input")?;
    let ended = service.waiting().await;
    node.stop().await;
    ended.context("serve MCP on standard input").map(|_| ())
}
