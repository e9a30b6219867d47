//! The command line: one file per subcommand that does more than print.

mod audit;
mod demo;
mod import;
pub(crate) mod output;
mod rebuild;
mod replay;
mod serve;
mod simulate;
mod status;
mod stdio;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use self::output::print;
use crate::{
    config::{self, Config, Given},
    telemetry,
};

/// An order management system whose database is a log of facts, operated by AI assistants through MCP.
#[derive(Debug, Parser)]
#[command(
    name = "orderlog",
    version,
    after_help = "Examples:\n  \
        orderlog demo                                  a simulated shop, ready to be talked to\n  \
        orderlog serve                                 a shop on SQLite in ./orderlog-data\n  \
        orderlog serve --database-url postgres://orderlog@127.0.0.1/orderlog --nats-url nats://127.0.0.1:4222\n  \
        orderlog replay --order 1001                   everything that happened to order 1001\n  \
        orderlog verify                                prove that nothing in the log was altered\n\n\
        Settings can also stand in the environment (ORDERLOG_…) or in a file; `--help` lists them all."
)]
pub(crate) struct Cli {
    #[command(flatten)]
    settings: Given,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP and HTTP
    #[command(after_help = "Example:\n  orderlog serve --listen 127.0.0.1:7400")]
    Serve,
    /// Simulate a year of a shop on SQLite, then serve it
    #[command(after_help = "Example:\n  orderlog demo ./my-demo")]
    Demo(demo::Arguments),
    /// Serve MCP over standard input and output, for hosts that start a local process
    Mcp,
    /// Show what happened, from the log itself
    #[command(
        after_help = "Examples:\n  orderlog replay --order 1001\n  orderlog replay --order 1001 --as-of 2026-11-20T12:00:00+05:30 --json\n  orderlog replay --as-of 2026-11-20T12:00:00+05:30"
    )]
    Replay(replay::Arguments),
    /// Walk the hash chain and prove that nothing was altered; exit code 1 names the first bad position
    Verify(audit::Arguments),
    /// Build read models anew from the log, while the old ones serve
    #[command(after_help = "Examples:\n  orderlog rebuild daily_sales\n  orderlog rebuild all")]
    Rebuild(rebuild::Arguments),
    /// Show the log's head and how far the read models are
    Status(status::Arguments),
    /// Let a simulated shop do business in the log, through the ordinary path of commands
    #[command(after_help = "Example:\n  orderlog simulate --days 30 --orders-per-day 200 --seed 7")]
    Simulate(simulate::Arguments),
    /// Import products, customers or orders from CSV; a trial with errors by row unless --write is given
    #[command(
        after_help = "Examples:\n  orderlog import products products.csv\n  orderlog import orders orders.csv --write"
    )]
    Import(import::Arguments),
    /// Print the catalogue of events
    Events {
        /// As Markdown: the text of docs/EVENTS.md
        #[arg(long)]
        markdown: bool,
    },
    /// Print the reference page of all settings
    Config {
        /// As Markdown: the text of docs/CONFIGURATION.md
        #[arg(long)]
        markdown: bool,
    },
}

impl Cli {
    /// Does what the command line says.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        match self.command {
            // Markdown is the only form yet; the flag names it so that others can follow.
            Command::Config { markdown: _ } => print(&config::markdown())?,
            Command::Events { markdown: _ } => print(&orderlog_messaging::catalogue_markdown()?)?,
            Command::Demo(arguments) => demo::run(self.settings, arguments).await?,
            Command::Serve => serve::run(load(&self.settings)?).await?,
            Command::Mcp => stdio::run(load(&self.settings)?).await?,
            Command::Replay(arguments) => replay::run(&quiet(&self.settings)?, arguments).await?,
            Command::Verify(arguments) => return audit::run(&quiet(&self.settings)?, arguments).await,
            Command::Rebuild(arguments) => rebuild::run(quiet(&self.settings)?, arguments).await?,
            Command::Simulate(arguments) => simulate::run(quiet(&self.settings)?, arguments).await?,
            Command::Import(arguments) => return import::run(quiet(&self.settings)?, arguments).await,
            Command::Status(arguments) => status::run(&quiet(&self.settings)?, arguments).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn load(settings: &Given) -> anyhow::Result<Config> {
    let config = Config::load(settings)?;
    telemetry::start(config.log_format, telemetry::SERVING);
    Ok(config)
}

/// For commands whose answer is what they print: only warnings are logged.
fn quiet(settings: &Given) -> anyhow::Result<Config> {
    let config = Config::load(settings)?;
    telemetry::start(config.log_format, telemetry::QUIET);
    Ok(config)
}

/// The folder of a SQLite database as a URL.
fn sqlite_in(folder: &std::path::Path) -> String {
    format!("sqlite://{}", PathBuf::from(folder).join("log.db").display())
}
