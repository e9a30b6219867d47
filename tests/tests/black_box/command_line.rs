//! What a person at a terminal, a pipe or a script sees of the command line.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use orderlog_tests::{SetUp, Shop};
use serde_json::json;

/// Runs a command whose reader has already gone away, and says how it ended and what stood on standard error.
async fn unread(mut command: Command) -> Result<(bool, String)> {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped());
    let output = tokio::task::spawn_blocking(move || command.spawn()?.wait_with_output()).await??;
    Ok((output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned()))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_has_seen_enough_ends_a_command_quietly() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    shop.mcp().ok("orders.create_order", order).await?;
    let commands = [
        "events",
        "config",
        "status",
        "status --json",
        "verify",
        "verify --json",
        "replay",
        "replay --json",
        "replay --order 1001",
        "replay --order 1001 --json",
        "rebuild stock",
        "--help",
        "status --help",
        "--version",
    ];
    for command in commands {
        let arguments: Vec<&str> = command.split(' ').collect();
        let (success, errors) = unread(shop.command(&arguments)?).await?;
        ensure!(success && errors.is_empty(), "{command} into a closed pipe: {errors}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_to_read_the_log_lines() -> Result<()> {
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.node.stop().await?;
    for format in ["text", "json"] {
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let mut command =
            shop.command(&["simulate", "--days", "1", "--orders-per-day", "1", "--log-format", format])?;
        command.env("RUST_LOG", "info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
        let status = tokio::task::spawn_blocking(move || command.spawn()?.wait()).await??;
        ensure!(status.success(), "log lines as {format} into a closed pipe: {status}");
    }
    Ok(())
}
