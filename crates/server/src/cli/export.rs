//! `orderlog export`: the log as lines of JSON with hashes, without a server.

use clap::Args;
use orderlog_domain::ids::Position;

use super::output::print_on;
use crate::{config::Config, http::events::lines, node};

/// Events read and written at once.
const PAGE: u32 = 500;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Only events after this position: the last one of an earlier export goes on from there
    #[arg(long, value_name = "POSITION", default_value_t = 0, value_parser = clap::value_parser!(i64).range(0..))]
    after: i64,
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<()> {
    let log = node::open_log_to_read(config).await?;
    let head = log.head().await?.position;
    let mut after = Position(arguments.after);
    anyhow::ensure!(after <= head, "the log ends at position {head}; there is nothing after {after}");
    while after < head {
        let page = log.read(after, PAGE).await?;
        let shown: Vec<_> = page.iter().filter(|event| event.position <= head).collect();
        let Some(last) = shown.last() else { break };
        after = last.position;
        if print_on(&lines(&shown))?.is_break() {
            break;
        }
    }
    log.close().await;
    Ok(())
}
