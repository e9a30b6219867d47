//! `orderlog demo`: a year of a simulated shop on SQLite, served, with words on how to talk to it.

use std::{path::PathBuf, sync::Arc};

use clap::Args;
use orderlog_domain::ids::Position;

use super::{print, serve, simulate, sqlite_in};
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
    print(&welcome(&format!("http://{address}/mcp")));
    serve::until_stopped(&node, server).await
}

/// How to connect each host to the running shop.
fn welcome(url: &str) -> String {
    format!(
        "\nThe shop is open at {url}\n\n\
         Claude Code      claude mcp add --transport http orderlog {url}\n\
         VS Code          code --add-mcp '{{\"name\":\"orderlog\",\"type\":\"http\",\"url\":\"{url}\"}}'\n\
         Cursor           in ~/.cursor/mcp.json: {{\"mcpServers\": {{\"orderlog\": {{\"url\": \"{url}\"}}}}}}\n\
         Claude Desktop   in claude_desktop_config.json: {{\"mcpServers\": {{\"orderlog\": {{\"command\": \"npx\", \"args\": [\"mcp-remote\", \"{url}\"]}}}}}}\n\n\
         Then ask: \"Show me pending orders from last week.\" \"Update order 1234 to shipped and show me today's revenue.\"\n\
         Ctrl-C closes the shop.\n\n"
    )
}
