//! `orderlog import`: a CSV file through the usual path of commands, tried before it is written.

use std::{fs::File, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args;
use orderlog_exchange::{Kind, Options, parse, read_bytes, run as import};

use super::{
    import_table::{problems_table, summary},
    output::print,
};
use crate::{
    config::Config,
    node::{self, Node},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What the file holds
    kind: Kind,
    /// The CSV file, with a header line; - for standard input
    file: PathBuf,
    /// Write; without it everything is only tried
    #[arg(long)]
    write: bool,
    /// Write the good rows although others are bad
    #[arg(long)]
    skip_bad: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(config: Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let Arguments { kind, file, write, skip_bad, json } = arguments;
    let bytes = if file.as_os_str() == "-" {
        read_bytes(std::io::stdin().lock()).context("read standard input")?
    } else {
        let opened = File::open(&file).with_context(|| format!("open {}", file.display()))?;
        read_bytes(opened).with_context(|| format!("read {}", file.display()))?
    };
    if !write {
        node::refuse_to_begin(&config).await?;
    }
    // The log contains the shop's currency and zone.
    let node = Node::start(config).await?;
    let preview = parse(kind, bytes, &node.shop.settings, node.shop.clock.now());
    let options = Options { write, skip_bad };
    let report = import(&node.shop, preview, options).await;
    node.stop().await;
    let report = report?;
    if json {
        print(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        // Problems are not the result: a user who redirects the result to a file still sees them.
        eprint!("{}", problems_table(&report));
        print(&summary(&report, options))?;
    }
    Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
