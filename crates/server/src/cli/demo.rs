//! `orderlog demo`: serves a simulated year of a shop on SQLite, and prints how to talk to it.

use std::{
    fs::{self, File, TryLockError},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use clap::Args;
use orderlog_domain::ids::Position;
use serde_json::json;

use super::{
    loading::{quiet, sqlite_in},
    output::print,
    serve, simulate,
};
use crate::{
    config::{Config, Given},
    http::{Server, recorder},
    node::Node,
};

/// Stands beside a shop that is being simulated, and is locked as long as somebody does.
const UNFINISHED: &str = "demo-unfinished";
/// The files of a shop.
const FILES: [&str; 3] = ["log.db", "keys.db", "projections.db"];
/// If the last event is older, the demo has no last week to ask about.
const OLD_DAYS: i64 = 7;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Where the demo's shop is kept; it is simulated once and found again later
    #[arg(default_value = "orderlog-data/demo", value_name = "FOLDER")]
    folder: PathBuf,
}

pub(super) async fn run(mut settings: Given, arguments: Arguments) -> anyhow::Result<()> {
    settings.set("database-url", sqlite_in(&arguments.folder));
    let config: Config = quiet(&settings)?;
    recorder::start()?;
    let interrupted = clear_unfinished(&arguments.folder)?;
    let node = Arc::new(Node::start(config).await?);
    let server = Server::bind(Arc::clone(&node)).await?;
    if node.shop.log.head().await?.position == Position::START {
        let unfinished = match interrupted {
            Some(unfinished) => unfinished,
            None => hold(&arguments.folder)?,
        };
        simulate::tell(&node, &simulate::Arguments::a_year()).await?;
        fs::remove_file(arguments.folder.join(UNFINISHED)).context("mark the demo as finished")?;
        drop(unfinished);
    }
    let address = server.address()?;
    let head = node.shop.log.head().await?;
    let latest = head.next_order.0 - 1;
    let days = (node.shop.clock.now() - head.recorded_at).num_days();
    if days > OLD_DAYS {
        print(&format!(
            "\nThe last event of this demo is {days} days old: questions about today and last week find nothing. For a fresh \
             one, name another folder:\n  orderlog demo {}-{}\n",
            arguments.folder.display(),
            node.shop.clock.now().format("%Y-%m-%d"),
        ))?;
    }
    let scheme = if server.is_secured() { "https" } else { "http" };
    print(&welcome(&format!("{scheme}://{address}"), &arguments.folder, latest)?)?;
    serve::until_stopped(&node, server).await
}

/// Refuses a shop whose simulation was interrupted: half a year is not a demo, and the next `orderlog demo` deletes it.
pub(super) fn refuse_unfinished(config: &Config) -> anyhow::Result<()> {
    let Some(folder) =
        orderlog_event_log::sqlite_file(&config.database_url).and_then(|log| Some(log.parent()?.to_owned()))
    else {
        return Ok(());
    };
    let marker = folder.join(UNFINISHED);
    anyhow::ensure!(
        !marker.exists(),
        "the demo in {} is not finished: it is being made, or it was interrupted. Let `orderlog demo {}` finish it; to go on with \
         what there is instead, remove {}",
        folder.display(),
        folder.display(),
        marker.display()
    );
    Ok(())
}

/// Removes the files of an interrupted start, and then locks the folder.
fn clear_unfinished(folder: &Path) -> anyhow::Result<Option<File>> {
    if !folder.join(UNFINISHED).exists() {
        return Ok(None);
    }
    let held = hold(folder)?;
    for entry in fs::read_dir(folder).with_context(|| format!("read {}", folder.display()))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if FILES.iter().any(|file| name.starts_with(file)) {
            fs::remove_file(&path).with_context(|| format!("remove {}", path.display()))?;
        }
    }
    print(&format!("The demo in {} was not finished when it was interrupted: it is made anew.\n", folder.display()))?;
    Ok(Some(held))
}

/// Marks the folder as that of an unfinished demo.
fn hold(folder: &Path) -> anyhow::Result<File> {
    let path = folder.join(UNFINISHED);
    let file = File::options().create(true).append(true).open(&path);
    let file = file.with_context(|| format!("create {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => anyhow::bail!(
            "another `orderlog demo` is making the shop in {}: wait for it, or name another folder",
            folder.display()
        ),
        Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("lock {}", path.display())),
    }
}

/// How to connect each host to the running shop. Claude Desktop starts a process of its own on the same log.
fn welcome(pages: &str, folder: &Path, latest: i64) -> anyhow::Result<String> {
    let url = format!("{pages}/mcp");
    let program = std::env::current_exe().context("find this program's path")?;
    let folder = folder.canonicalize().with_context(|| format!("find {}", folder.display()))?;
    let desktop = json!({"mcpServers": {"orderlog": {
        "command": program, "args": ["mcp", "--database-url", sqlite_in(&folder)],
    }}});
    let cursor = json!({"mcpServers": {"orderlog": {"url": url}}});
    let code = json!({"name": "orderlog", "type": "http", "url": url});
    let chat = format!("{} chat --database-url {}", program.display(), sqlite_in(&folder));
    Ok(format!(
        "\nThe shop is open: look at it in a browser at {pages}\nAssistants connect at {url}\n\n\
         Claude Code      claude mcp add --transport http orderlog {url}\n\
         VS Code          code --add-mcp '{code}'\n\
         Cursor           in ~/.cursor/mcp.json: {cursor}\n\
         Claude Desktop   in claude_desktop_config.json: {desktop}\n\n\
         Five sentences to say to an assistant, or to type in a second terminal behind\n\
         {chat}\n\
         \x20 Show me pending orders from last week\n\
         \x20 Update order {latest} to shipped and show me today's revenue\n\
         \x20 Do we have 20 units of Stoneware Mug, Green?\n\
         \x20 Compare last week with the week before\n\
         \x20 Forecast sales for next week\n\
         Ctrl-C closes the shop.\n\n"
    ))
}
