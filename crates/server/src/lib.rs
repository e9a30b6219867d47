//! The code of the binary `orderlog`: configuration, composition, HTTP, subcommands.
//!
//! A call's path: `http` → crate mcp → crate tools → the writer (crate commands) or a read model (crate projections) →
//! crate tools.

mod cli;
mod config;
mod http;
mod log_check;
mod log_rounds;
mod node;
mod origins;
mod shop_settings;
mod signals;
mod simulate;
mod telemetry;

use std::process::ExitCode;

use self::cli::output::fail;

/// Calls and folds are many small, short-lived pieces of memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Carries out the command line.
#[must_use]
pub fn main() -> ExitCode {
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
