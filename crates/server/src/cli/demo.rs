//! `orderlog demo`: a year of a simulated shop on SQLite, served, with words on how to talk to it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use orderlog_domain::ids::Position;
use serde_json::json;

use super::{output::print, serve, simulate, sqlite_in};
use crate::{
    config::{Config, Given},
    http::{Server, metrics},
    node::Node,
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the demo's shop is kept; it is simulated once and found again later
    #[arg(default_value = "orderlog-data/demo", value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) async fn run(mut settings: Given, arguments: Arguments) -> anyhow::Result<()> {
    settings.set("database-url", sqlite_in(&arguments.folder));
    let config: Config = super::quiet(&settings)?;
    metrics::start()?;
    let node = Arc::new(Node::start(config).await?);
    let server = Server::bind(Arc::clone(&node)).await?;
    if node.log.head().await?.position == Position::START {
        simulate::tell(&node, &simulate::Arguments::a_year()).await?;
    }
    let address = server.address()?;
    let latest = node.log.head().await?.next_order.0 - 1;
    print(&welcome(&format!("http://{address}/mcp"), &arguments.folder, latest)?)?;
    serve::until_stopped(&node, server).await
}

/// How to connect each host to the running shop. Claude Desktop starts a process of its own on the same log.
fn welcome(url: &str, folder: &Path, latest: i64) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("find this program's path")?;
    let folder = folder.canonicalize().with_context(|| format!("find {}", folder.display()))?;
    let desktop = json!({"mcpServers": {"orderlog": {
        "command": program, "args": ["mcp", "--database-url", sqlite_in(&folder)],
    }}});
    let cursor = json!({"mcpServers": {"orderlog": {"url": url}}});
    let code = json!({"name": "orderlog", "type": "http", "url": url});
    Ok(format!(
        "\nThe shop is open at {url}\n\n\
         Claude Code      claude mcp add --transport http orderlog {url}\n\
         VS Code          code --add-mcp '{code}'\n\
         Cursor           in ~/.cursor/mcp.json: {cursor}\n\
         Claude Desktop   in claude_desktop_config.json: {desktop}\n\n\
         Then ask: \"Show me pending orders from last week.\" \"Update order {latest} to shipped and show me today's revenue.\"\n\
         Ctrl-C closes the shop.\n\n"
    ))
}
