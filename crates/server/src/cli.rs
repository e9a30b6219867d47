//! The command line.

mod serve;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, Given};

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
    Serve,
    /// Print the reference page of all settings
    Config {
        /// As Markdown: the text of docs/CONFIGURATION.md
        #[arg(long)]
        markdown: bool,
    },
}

impl Cli {
    /// Does what the command line says.
    pub(crate) async fn run(self) -> anyhow::Result<std::process::ExitCode> {
        match self.command {
            Command::Config { .. } => {
                print(&config::markdown());
                return Ok(std::process::ExitCode::SUCCESS);
            }
            Command::Serve => serve::run(self.load()?).await?,
        }
        Ok(std::process::ExitCode::SUCCESS)
    }

    fn load(&self) -> anyhow::Result<Config> {
        Ok(Config::load(&self.settings)?)
    }
}

/// Answers of commands go to standard output, and nothing else does.
#[expect(clippy::print_stdout, reason = "this is the command line")]
fn print(text: &str) {
    print!("{text}");
}
