//! `orderlog import`: a CSV file through the ordinary path of commands, tried before it is written.

use std::{fs::File, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use orderlog_domain::commands::Command;
use serde::Serialize;
use serde_json::Value;

use super::output::print;
use crate::{
    config::Config,
    import::{self, Entry, Input, Kind, MAX_FILE_BYTES, Options, Outcome, preview_table, report_table},
    node::Node,
    tools::{CommandAnswer, Failure, Request, carry_out, register},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What the file holds
    kind: Kind,
    /// The CSV file, with a header line
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
    let file = File::open(&arguments.file).with_context(|| format!("open {}", arguments.file.display()))?;
    let bytes = file.metadata().with_context(|| format!("measure {}", arguments.file.display()))?.len();
    anyhow::ensure!(bytes <= MAX_FILE_BYTES, "the file has {bytes} bytes; at most {MAX_FILE_BYTES} are read");
    // The shop's currency and zone stand in its log.
    let node = Arc::new(Node::start(config).await?);
    let preview = import::parse(arguments.kind, file, &node.config.shop);
    if !arguments.json {
        print(&preview_table(&preview))?;
    }
    let options = Options { write: arguments.write, skip_bad: arguments.skip_bad };
    let report = import::run(preview, options, async |entry, dry_run| submit(&node, entry, dry_run).await).await;
    node.stop().await;
    let report = report?;
    if arguments.json {
        print(&format!("{}\n", serde_json::to_string(&report)?))?;
    } else {
        print(&report_table(&report))?;
    }
    Ok(if report.errors.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn submit(node: &Node, entry: &Entry, dry_run: bool) -> Result<Outcome, import::Failure> {
    let answer = match entry.input.clone() {
        Input::Product(product) => {
            carry_out(
                node,
                request(node, "products.upsert", entry, &product, dry_run)?,
                Command::UpsertProduct(product),
            )
            .await
        }
        Input::Stock(stock) => {
            carry_out(node, request(node, "inventory.adjust", entry, &stock, dry_run)?, Command::AdjustStock(stock))
                .await
        }
        Input::Order(order) => {
            carry_out(node, request(node, "orders.create_order", entry, &order, dry_run)?, Command::CreateOrder(order))
                .await
        }
        Input::Customer(customer) => {
            register(node, request(node, "customers.upsert", entry, &customer, dry_run)?, customer).await
        }
    };
    match answer {
        Ok(CommandAnswer { no_change: true, .. } | CommandAnswer { replayed: true, .. }) => Ok(Outcome::Unchanged),
        Ok(_) => Ok(Outcome::Recorded),
        Err(Failure::Rejected(rejection)) => Err(import::Failure::Rejected(Box::new(rejection))),
        Err(Failure::Failed(error)) => Err(import::Failure::Stopped(error)),
    }
}

fn request(
    node: &Node,
    tool: &'static str,
    entry: &Entry,
    input: &impl Serialize,
    dry_run: bool,
) -> Result<Request, import::Failure> {
    let row = match serde_json::to_value(input) {
        Ok(Value::Object(row)) => row,
        Ok(_) => Default::default(),
        Err(error) => return Err(import::Failure::Stopped(error.into())),
    };
    Request::of_row(node, tool, &entry.key, row, entry.occurred_at, dry_run)
        .map_err(|rejection| import::Failure::Rejected(Box::new(rejection)))
}
