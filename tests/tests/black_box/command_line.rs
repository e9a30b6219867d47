//! The command line as a person at a terminal, a pipe or a script sees it.

use std::process::{Command, Stdio};

use anyhow::{Result, ensure};
use orderlog_tests::{Checks, SetUp, Shop, check, orderlog};
use serde_json::{Value, json};

/// Runs a command whose reader has already closed the pipe, and returns its exit and standard error.
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
        "export",
        "settings",
        "settings --json",
        "completions bash",
        "man",
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
    for format in ["text", "json"] {
        let folder = tempfile::tempdir()?;
        let (reader, writer) = std::io::pipe()?;
        drop(reader);
        let mut command = orderlog(folder.path())?;
        command.args(["simulate", "--days", "1", "--orders-per-day", "1", "--log-format", format]);
        command.env("RUST_LOG", "info").stdin(Stdio::null()).stdout(Stdio::null()).stderr(writer);
        let status = tokio::task::spawn_blocking(move || command.spawn()?.wait()).await??;
        ensure!(status.success(), "log lines as {format} into a closed pipe: {status}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_shop_is_not_simulated_into() -> Result<()> {
    let mut checks = Checks::default();
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.node.stop().await?;
    let simulate = ["simulate", "--days", "2", "--orders-per-day", "3"];
    shop.cli(&simulate).await?.expect_success()?;
    shop.cli(&["simulate", "--days", "1", "--orders-per-day", "1", "--seed", "2"]).await?.expect_success()?;

    shop.node.start_again().await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.node.stop().await?;
    let position = async || {
        let status: Value = serde_json::from_str(&shop.cli(&["status", "--json"]).await?.expect_success()?)?;
        anyhow::Ok(status["position"].clone())
    };
    let before = position().await?;
    let refused = shop.cli(&simulate).await?;
    check!(checks, !refused.success && refused.stderr.contains("--into-existing"), "{}", refused.stderr);
    check!(checks, position().await? == before, "nothing may be recorded");
    shop.cli(&["simulate", "--days", "1", "--orders-per-day", "1", "--seed", "3", "--into-existing"])
        .await?
        .expect_success()?;
    check!(checks, position().await? != before, "it was asked for");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_fit_the_terminal() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "A pen with a rather long name that needs room", "10.00", 5).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 2 }] });
    shop.mcp().ok("orders.create_order", order).await?;
    let bad = shop.folder().join("bad.csv");
    std::fs::write(&bad, "sku,name,price\nA,A,1.005\nB,B,twelve\n")?;
    let import = format!("import products {}", bad.display());
    for columns in [80, 100] {
        for command in ["status", "replay", "replay --order 1001", "settings", "config", import.as_str()] {
            let arguments: Vec<&str> = command.split(' ').collect();
            let mut command = shop.command(&arguments)?;
            command.env("COLUMNS", columns.to_string()).stdin(Stdio::null());
            let output = tokio::task::spawn_blocking(move || command.output()).await??;
            // The problems of an import are printed on standard error.
            let text = String::from_utf8([output.stdout, output.stderr].concat())?;
            let table = text.lines().filter(|line| line.contains('─') || line.contains('┆'));
            let widest = table.map(|line| line.chars().count()).max().unwrap_or(0);
            ensure!((1..=columns).contains(&widest), "{arguments:?} is {widest} wide, not {columns}:\n{text}");
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_names_the_user_of_the_machine_and_whoever_repeats_it_changes_nothing() -> Result<()> {
    let mut checks = Checks::default();
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.node.stop().await?;
    let file = shop.folder().join("products.csv");
    std::fs::write(&file, "sku,name,price\nCUP,Cup,5.00\n")?;
    let import = ["import", "products", &file.display().to_string(), "--write"];
    shop.cli(&import).await?.expect_success()?;
    let exported = shop.cli(&["export"]).await?.expect_success()?;
    let event: Value = serde_json::from_str(exported.lines().next().unwrap_or_default())?;
    let user = String::from_utf8(Command::new("id").arg("-un").output()?.stdout)?;
    check!(checks, event["event"]["provenance"]["actor"]["user"] == user.trim(), "{event}");

    // As a user without a name on the machine.
    let mut nameless = shop.command(&import)?;
    let nowhere = shop.folder().join("empty");
    nameless.env("PATH", nowhere).stdin(Stdio::null());
    let again = tokio::task::spawn_blocking(move || nameless.output()).await??;
    check!(checks, again.status.success(), "{}", String::from_utf8_lossy(&again.stderr));
    check!(checks, shop.cli(&["export"]).await?.expect_success()? == exported, "the same file is the same commands");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_is_what_v1_events_answers_and_can_go_on() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    let all = shop.node.get("/v1/events").await?.text().await?;
    check!(checks, shop.cli(&["export"]).await?.expect_success()? == all, "the same lines");
    let rest: String = all.lines().skip(2).map(|line| format!("{line}\n")).collect();
    check!(
        checks,
        shop.cli(&["export", "--after", "2"]).await?.expect_success()? == rest,
        "the lines after the second"
    );
    let refused = shop.cli(&["export", "--after", "99"]).await?;
    check!(checks, !refused.success && refused.stderr.contains("ends at position 3"), "{}", refused.stderr);
    checks.all_hold()
}
