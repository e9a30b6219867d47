//! `orderlog verify`: proves that nothing was altered, and compares the log with hashes that were noted earlier.

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Args;
use orderlog_commands::verify_snapshots;
use orderlog_domain::ids::Position;
use orderlog_event_log::{Against, Fault, Hash, Report, verify};
use orderlog_notify::alerts::report_whole;
use orderlog_tools::Clock;
use serde_json::{Value, json};

use super::output::{grouped, print, progress};
use crate::{
    config::Config,
    node::{self, Node},
};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What `verify` said earlier and you noted elsewhere: the event at this position must still have this hash. May be
    /// given several times
    #[arg(long, value_name = "POSITION:HASH", value_parser = noted)]
    expect: Vec<(Position, Hash)>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Record what is found, so that whoever watches `verify_failed` is told; without it, nothing is written
    #[arg(long)]
    tell: bool,
}

fn noted(text: &str) -> Result<(Position, Hash), String> {
    let (position, hash) = text.split_once(':').ok_or("write it as it was printed, POSITION:HASH")?;
    match position.parse() {
        Ok(position @ 1..) => Ok((Position(position), hash.parse::<Hash>().map_err(|error| error.to_string())?)),
        _ => Err(format!("`{position}` is no position: it is a whole number, 1 or greater")),
    }
}

pub(super) async fn run(config: &Config, arguments: Arguments) -> anyhow::Result<ExitCode> {
    let log = node::open_log_to_read(config).await?;
    // If the head cannot be read, this is reported with the other faults.
    let events = log.head().await.map_or(0, |head| head.position.0);
    let bar = progress(u64::try_from(events)?, "verifying");
    let against = Against { now: Some(Clock::new(config.clock).now()), noted: arguments.expect };
    let mut report =
        verify(&log, &against, |position| bar.set_position(u64::try_from(position.0).unwrap_or(0))).await?;
    bar.set_message("comparing snapshots");
    report.faults.extend(verify_snapshots(&log).await?);
    bar.finish_and_clear();
    log.close().await;
    print(&if arguments.json { format!("{}\n", as_json(&report)) } else { in_words(&report) })?;
    if arguments.tell {
        record(config, &report.faults).await.context("nobody is told: what was found cannot be recorded")?;
    }
    Ok(if report.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn record(config: &Config, faults: &[Fault]) -> anyhow::Result<()> {
    node::refuse_to_begin(config).await?;
    let node = Node::start(config.clone()).await?;
    let recorded = report_whole(&node.shop, faults).await;
    node.stop().await;
    recorded
}

fn in_words(report: &Report) -> String {
    let Report { positions, head_hash, faults } = report;
    if faults.is_empty() {
        let events = grouped(positions.0);
        if *positions == Position::START {
            return "The log is empty, and nothing is wrong with it.\n".to_owned();
        }
        return format!(
            "{events} events are unaltered, and so are the commands, the snapshots and what protects them.\n\
             Note the position and the hash of the last event where the database's administrator cannot write:\n\n    \
             {positions}:{head_hash}\n\n\
             `orderlog verify --expect {positions}:…` proves later that the history up to there is still the same.\n"
        );
    }
    let line = |fault: &Fault| match fault.position {
        Some(position) => format!("The log is broken at position {position}: {}\n", fault.what),
        None => format!("The log is broken: {}\n", fault.what),
    };
    faults.iter().map(line).collect()
}

fn as_json(report: &Report) -> Value {
    let Report { positions, head_hash, faults } = report;
    match faults.first() {
        None => json!({
            "ok": true, "positions": positions, "head_hash": head_hash, "expect": format!("{positions}:{head_hash}"),
        }),
        Some(first) => {
            let all: Vec<Value> =
                faults.iter().map(|fault| json!({"position": fault.position, "what": fault.what})).collect();
            json!({"ok": false, "position": first.position, "what": first.what, "faults": all})
        }
    }
}
