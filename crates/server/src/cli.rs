//! The command line: one file for each subcommand that does more than print.

mod ask;
mod audit;
mod demo;
mod events;
mod export;
mod help;
mod import;
mod import_table;
mod keys;
mod loading;
mod mcp;
mod notifications;
pub(crate) mod output;
mod rebuild;
mod replay;
mod serve;
mod settings;
mod simulate;
mod status;
mod take_stream;

use std::{error::Error, process::ExitCode};

use clap::{CommandFactory as _, FromArgMatches as _, Parser, Subcommand};
use orderlog_event_log::LogError;
use orderlog_read_models::{QueryError, StoreError};

use self::{
    loading::{load, quiet},
    output::{fail, print},
};
use crate::{
    config::{self, Config, ConfigError, Given},
    node,
};

/// Exit code for a wrong command line, as in clap.
const USAGE: u8 = 2;
/// Exit code of a command that could not read the log; 1 means that the log is faulty.
const COULD_NOT_LOOK: u8 = 3;

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
    #[command(
        after_help = "Example:\n  claude mcp add orderlog -- orderlog mcp --database-url sqlite:///path/to/log.db"
    )]
    Mcp,
    /// Say in a sentence what shall be shown or done; changes wait for a Yes
    #[command(after_help = "Examples:\n  \
        orderlog ask \"show me pending orders from last week\"\n  \
        orderlog ask \"update order 1234 to shipped and show me today's revenue\"\n  \
        orderlog ask --yes \"receive 20 units of Tea\"\n\n\
        docs/SENTENCES.md lists what can be said. Without --yes a change is asked about on a terminal, and not made elsewhere. \
        Exit code 1 says that something was not understood, refused or not agreed to.")]
    Ask(ask::Arguments),
    /// The same in a conversation, where "it" and "that order" mean what was spoken of
    #[command(after_help = "Example:\n  orderlog chat")]
    Chat,
    /// Show what happened, from the log itself
    #[command(
        after_help = "Examples:\n  orderlog replay --order 1001\n  orderlog replay --order 1001 --as-of 2026-11-20T12:00:00+05:30 --json\n  orderlog replay --as-of yesterday\n  orderlog replay --as-of @1234"
    )]
    Replay(replay::Arguments),
    /// Prove that nothing in the log was altered
    #[command(
        long_about = "Prove that nothing in the log was altered: the hash chain over every event, commands against events, \
            snapshots against what their events add up to, order numbers, times, the head, and what protects the log in \
            its database.\n\nExit codes: 0 nothing is wrong; 1 the log is broken, and what is wrong is printed, the first \
            bad position first; 2 wrong usage; 3 the log could not be read, so nothing is known.",
        after_help = "Example:\n  orderlog verify --expect 1234:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
    )]
    Verify(audit::Arguments),
    /// Create or update the log's tables, and do nothing else; `serve` does it too where its role may
    #[command(after_help = "Example:\n  orderlog migrate --database-url postgres://owner@127.0.0.1/orderlog")]
    Migrate,
    /// Build read models anew from the log, while the old ones serve
    #[command(after_help = "Examples:\n  orderlog rebuild daily_sales\n  orderlog rebuild all")]
    Rebuild(rebuild::Arguments),
    /// Show the log's head and how far the read models are
    #[command(after_help = "Examples:\n  orderlog status\n  orderlog status --json | jq .position")]
    Status(status::Arguments),
    /// Let a simulated shop do business in the log, through the ordinary path of commands
    #[command(after_help = "Example:\n  orderlog simulate --days 30 --orders-per-day 200 --seed 7")]
    Simulate(simulate::Arguments),
    /// Import products, customers or orders from CSV; a trial with errors by row unless --write is given
    #[command(
        after_help = "Examples:\n  orderlog import products products.csv\n  orderlog import orders orders.csv --write"
    )]
    Import(import::Arguments),
    /// Write the log to standard output, one line of JSON an event with its hash, the same as /v1/events
    #[command(after_help = "Examples:\n  \
        orderlog export > log.ndjson\n  \
        orderlog export --after 82230 >> log.ndjson\n\n\
        Each line is {\"position\":N,\"hash\":\"H\",\"event\":E}. H is the SHA-256 of the 32 bytes of the hash before (zeros \
        before the first) and the bytes of E as they stand.")]
    Export(export::Arguments),
    /// Show the settings the shop counts by, which stand in its log, or change them
    #[command(after_help = "Examples:\n  \
        orderlog settings\n  \
        orderlog settings set timezone=America/New_York\n\n\
        The first start that may write records the settings given to it. Later ones take them from the log and are refused when they \
        are given others. The currency cannot be changed once events stand in it.")]
    Settings(settings::Arguments),
    /// Make, list and revoke the keys with which programs and people call the shop
    #[command(after_help = "Examples:\n  \
        orderlog keys create asha --role staff\n  \
        orderlog keys create asha --role owner --for person\n  \
        orderlog keys create till --role staff --refunds-up-to 2000 --days 90\n  \
        orderlog keys list\n  \
        orderlog keys revoke asha")]
    Keys(keys::Arguments),
    /// Show who can be told of something and which messages failed, and try them again
    #[command(after_help = "Examples:\n  \
        orderlog notifications targets --notify-targets-file targets.toml\n  \
        orderlog notifications templates --preview --file email.txt\n  \
        orderlog notifications failed\n  \
        orderlog notifications replay --target john")]
    Notifications(notifications::Arguments),
    /// Tell the JetStream stream that this log lives here now: once, after the database was moved or restored
    #[command(
        after_help = "Example:\n  orderlog take-stream --database-url postgres://orderlog@new-db/orderlog --nats-url nats://nats:4222"
    )]
    TakeStream,
    /// Print the catalogue of events, their schemas, or the AsyncAPI document
    #[command(
        after_help = "Examples:\n  orderlog events --markdown\n  orderlog events --schemas ./schemas\n  orderlog events --asyncapi > asyncapi.json"
    )]
    Events(events::Arguments),
    /// Print every setting as it is in force, and where it comes from
    #[command(after_help = "Examples:\n  orderlog config --config orderlog.toml\n  orderlog config --markdown\n\n\
        What changes figures stands in the log; `orderlog settings` shows it.")]
    Config {
        /// The reference page of all settings instead: the text of docs/CONFIGURATION.md
        #[arg(long)]
        markdown: bool,
    },
    /// Print a script that lets a shell complete commands and settings
    #[command(after_help = "Examples:\n  \
        orderlog completions bash > ~/.local/share/bash-completion/completions/orderlog\n  \
        orderlog completions zsh > ~/.zfunc/_orderlog\n  \
        orderlog completions fish > ~/.config/fish/completions/orderlog.fish")]
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page of orderlog, or of one of its commands
    #[command(after_help = "Examples:\n  orderlog man | man -l -\n  orderlog man replay > orderlog-replay.1")]
    Man {
        /// Such as `replay`
        command: Option<String>,
    },
}

impl Cli {
    /// Reads the command line; ends the program if it asks for help or is wrong.
    pub(crate) fn of_command_line() -> Cli {
        let matches = help::command(Cli::command()).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Carries out the command line. The exit code of a command that only reads shows the kind of failure.
    pub(crate) async fn run(self) -> anyhow::Result<ExitCode> {
        let reads = matches!(
            self.command,
            Command::Verify(_) | Command::Status(_) | Command::Replay(_) | Command::Export(_) | Command::Settings(_)
        );
        match self.carry_out().await {
            Err(error) if reads => {
                fail(&error);
                Ok(exit_code(&error))
            }
            done => done,
        }
    }

    async fn carry_out(self) -> anyhow::Result<ExitCode> {
        match self.command {
            Command::Config { markdown: true } => print(&config::markdown())?,
            Command::Config { markdown: false } => print(&in_force(&self.settings)?)?,
            Command::Completions { shell } => print(&help::completions(help::command(Cli::command()), shell)?)?,
            Command::Man { command } => print(&help::manual(help::command(Cli::command()), command.as_deref())?)?,
            Command::Export(arguments) => export::run(&quiet(&self.settings)?, arguments).await?,
            Command::Settings(arguments) => settings::run(&quiet(&self.settings)?, arguments).await?,
            Command::Events(arguments) => events::run(&arguments)?,
            Command::Demo(arguments) => demo::run(self.settings, arguments).await?,
            Command::Serve => serve::run(finished(load(&self.settings)?)?).await?,
            Command::Migrate => {
                node::open_log(&quiet(&self.settings)?).await?.close().await;
                print("The log's tables are up to date.\n")?;
            }
            Command::Mcp => mcp::run(finished(load(&self.settings)?)?).await?,
            Command::Ask(arguments) => return ask::ask(finished(quiet(&self.settings)?)?, arguments).await,
            Command::Chat => ask::chat(finished(quiet(&self.settings)?)?).await?,
            Command::Replay(arguments) => replay::run(&quiet(&self.settings)?, arguments).await?,
            Command::Verify(arguments) => return audit::run(&quiet(&self.settings)?, arguments).await,
            Command::Rebuild(arguments) => rebuild::run(quiet(&self.settings)?, arguments).await?,
            Command::Simulate(arguments) => simulate::run(finished(quiet(&self.settings)?)?, arguments).await?,
            Command::Import(arguments) => return import::run(finished(quiet(&self.settings)?)?, arguments).await,
            Command::Keys(arguments) => keys::run(&quiet(&self.settings)?, arguments).await?,
            Command::Notifications(arguments) => {
                notifications::run(finished(quiet(&self.settings)?)?, arguments).await?;
            }
            Command::TakeStream => take_stream::run(&quiet(&self.settings)?).await?,
            Command::Status(arguments) => status::run(&quiet(&self.settings)?, arguments).await?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The exit code of a command that only reads, when it fails.
fn exit_code(error: &anyhow::Error) -> ExitCode {
    let is = |test: fn(&(dyn Error + 'static)) -> bool| error.chain().any(test);
    if is(is_wrong_usage) {
        ExitCode::from(USAGE)
    } else if is(|cause| cause.downcast_ref::<LogError>().is_some_and(LogError::is_damage)) {
        ExitCode::FAILURE
    } else if is(|cause| cause.is::<LogError>() || cause.is::<StoreError>() || cause.is::<QueryError>()) {
        ExitCode::from(COULD_NOT_LOOK)
    } else {
        ExitCode::FAILURE
    }
}

/// Whether the input of the command cannot be used: settings, files they name, or the place for its answer.
fn is_wrong_usage(cause: &(dyn Error + 'static)) -> bool {
    cause.is::<ConfigError>()
        || cause.is::<output::CannotPrint>()
        || matches!(cause.downcast_ref(), Some(LogError::Url(_)))
        || matches!(cause.downcast_ref(), Some(StoreError::UnknownUrl(_)))
}

/// For commands that do business in a shop.
fn finished(config: Config) -> anyhow::Result<Config> {
    demo::refuse_unfinished(&config)?;
    Ok(config)
}

/// Every setting with its present value.
fn in_force(settings: &Given) -> anyhow::Result<String> {
    Config::load(settings)?;
    let mut table = output::table(&["setting", "value", "from"]);
    for one in settings.effective()? {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        table.add_row([one.setting.name.to_owned(), or_none(one.value), or_none(one.origin)]);
    }
    Ok(format!("{table}\n"))
}
