//! `orderlog verify`: walks the hash chain.

use std::process::ExitCode;

use clap::Args;
use orderlog_event_log::{VerifyError, verify};
use serde_json::json;

use super::output::{grouped, print, progress};
use crate::{config::Config, node};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let log = node::open_log(config).await?;
    let head = log.head().await?;
    let bar = progress(u64::try_from(head.position.0)?, "verifying");
    let result = verify(&log, |position| bar.set_position(u64::try_from(position.0).unwrap_or(0))).await;
    bar.finish_and_clear();
    match result {
        Ok(proven) => {
            print(&if arguments.json {
                format!("{}\n", json!({"ok": true, "positions": proven.positions, "head_hash": proven.head_hash}))
            } else {
                format!(
                    "{} events are unaltered. Note this hash elsewhere to prove it again later:\n{}\n",
                    grouped(proven.positions.0),
                    proven.head_hash
                )
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(VerifyError::Broken { position, what }) => {
            print(&if arguments.json {
                format!("{}\n", json!({"ok": false, "position": position, "what": what}))
            } else {
                format!("The log is broken at position {position}: {what}\n")
            })?;
            Ok(ExitCode::FAILURE)
        }
        Err(VerifyError::Log(error)) => Err(error.into()),
    }
}
