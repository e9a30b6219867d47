//! The binary `orderlog`: configuration, MCP tools, HTTP, subcommands.
//!
//! A call's path: `http` → `mcp` → `tools` → the writer (crate commands) or a read model (crate projections) → `tools`.

mod as_of;
mod cli;
mod clock;
mod config;
mod echo;
mod history;
mod http;
mod import;
mod keyring;
mod left_behind;
mod log_check;
mod mcp;
mod node;
mod people;
mod principal;
mod resolve;
mod sentences;
mod shop_settings;
mod signals;
mod simulate;
mod telemetry;
mod tools;

use std::process::ExitCode;

/// Calls and folds are many small, short-lived pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::of_command_line();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    runtime.block_on(run(cli)).unwrap_or_else(|error| fail(&error))
}

async fn run(cli: cli::Cli) -> anyhow::Result<ExitCode> {
    signals::survive_the_limit_of_files()?;
    cli.run().await
}

/// Says what went wrong.
fn fail(error: &anyhow::Error) -> ExitCode {
    use std::io::Write as _;
    let _ = writeln!(std::io::stderr(), "orderlog: {}", in_words(error));
    ExitCode::FAILURE
}

/// An error with its causes, outermost first, and nothing twice: some errors tell what their causes tell again.
fn in_words(error: &anyhow::Error) -> String {
    let mut told = String::new();
    for cause in error.chain() {
        let database = cause.downcast_ref::<sqlx::Error>();
        let said = database.map_or_else(|| cause.to_string(), orderlog_event_log::database_words);
        if !told.contains(&said) {
            told = if told.is_empty() { said } else { format!("{told}: {said}") };
        }
        if database.is_some() {
            break; // What comes below it says the same once more.
        }
    }
    told
}
