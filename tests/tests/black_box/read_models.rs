//! Read models beside a log that was put back, a full disk, a wrong clock, and processes that are killed while they
//! work on them.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Oracle, SetUp, Shop, SmallDisk, check, events, free_port, on_both_engines, until};
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::faults::read_models_equal_a_rebuild;

const DEADLINE: Duration = Duration::from_secs(60);
/// For the first commands after a kill. They waited two seconds a name before leases ended with their holder.
const SOON: Duration = Duration::from_secs(2);
/// Lines of an order that fills a disk.
const LINES: usize = 20;
const DAY: i64 = 24 * 60 * 60 * 1_000;

on_both_engines!(
    a_restored_log_is_answered_from_alone,
    what_cannot_be_built_anew_yet_answers_nothing,
    the_first_commands_after_a_kill_do_not_wait,
    an_interrupted_rebuild_can_begin_again_at_once,
);

async fn a_restored_log_is_answered_from_alone(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let backup = sell_beyond_a_backup(&mut shop).await?;
    backup.restore(&mut shop).await?;
    let said = shop.cli(&["status"]).await?.expect_success()?;
    check!(
        checks,
        said.contains("not in the log") && said.contains("built anew"),
        "status says nothing of it:\n{said}"
    );
    let status: Value = serde_json::from_str(&shop.cli(&["status", "--json"]).await?.expect_success()?)?;
    let projections = status["projections"].as_array().context("projections")?;
    check!(checks, projections.len() == 6 && projections.iter().all(|one| one["another_past"].is_string()), "{status}");
    shop.cli(&["rebuild", "all"]).await?.expect_success()?;
    let status = shop.cli(&["status"]).await?.expect_success()?;
    check!(checks, !status.contains("not in the log"), "{status}");

    // Also without a command, and when the log has grown past the positions of the read models.
    shop.node.start_again().await?;
    sell(&shop, 8).await?;
    shop.node.stop().await?;
    backup.restore(&mut shop).await?;
    shop.node.start_again().await?;
    sell(&shop, 20).await?;
    let log = events(&shop.node, 0).await?;
    Oracle::of(&log)?.agree_with(&shop.mcp()).await?;
    let output = shop.node.output();
    check!(checks, output.contains("not in the log"), "nothing was said of it:\n{output}");
    shop.node.stop().await?;
    read_models_equal_a_rebuild(&shop).await?;
    checks.all_hold()
}

async fn what_cannot_be_built_anew_yet_answers_nothing(mut shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let backup = sell_beyond_a_backup(&mut shop).await?;
    backup.restore(&mut shop).await?;
    let builder = shop.behind_its_back().await?.keep_from_building(&shop, "stock").await?;
    shop.node.launch()?;
    let reasons = until("a word of it in /readyz", DEADLINE, async || {
        let Ok(answer) = shop.node.get("/readyz").await else { return Ok(None) };
        let status = answer.status();
        let ready: Value = answer.json().await?;
        let reasons = ready["reasons"].to_string();
        // The others are built meanwhile.
        let only_stock = reasons.contains("read model stock") && !reasons.contains("read model daily_sales");
        Ok((status == StatusCode::SERVICE_UNAVAILABLE && only_stock).then_some(reasons))
    })
    .await?;
    check!(checks, reasons.contains("not in the log"), "{reasons}");
    let refusal = shop.mcp().refused("inventory.check", json!({ "product": "PEN" })).await?;
    check!(checks, refusal.code == "UNAVAILABLE" && refusal.retryable, "{refusal}");
    check!(checks, refusal.message.contains("not in the log"), "{refusal}");
    let sales = shop.mcp().full("orders.report_sales", json!({})).await.context("what follows from the log answers")?;
    // The page of today shows the rest, and says what is missing.
    let answer = shop.node.get("/").await?;
    let (status, page) = (answer.status(), answer.text().await?);
    let revenue = sales["figures"]["revenue"]["formatted"].as_str().context("a revenue")?;
    check!(checks, status == StatusCode::OK && page.contains(revenue), "{status} without {revenue}: {page}");
    check!(checks, page.contains("Being rebuilt") && page.contains("<li>stock: "), "{page}");

    drop(builder);
    shop.node.ready().await?;
    let stock = shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
    check!(checks, stock["available"] == json!(995), "five were sold before the backup: {stock}");
    checks.all_hold()
}

async fn the_first_commands_after_a_kill_do_not_wait(mut shop: Shop) -> Result<()> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 1_000).await?;
    shop.stock("MUG", "Blue mug", "12.00", 1_000).await?;
    // As the clock is, and as one a day ahead or behind left the leases.
    for lease in [4_900, DAY, -DAY] {
        let again =
            |product: &str, quantity: i64| json!({ "product": product, "quantity": quantity, "allow_duplicate": true });
        shop.mcp().ok("inventory.receive", again("PEN", 1)).await?;
        shop.node.kill()?;
        shop.behind_its_back().await?.end_leases_in(lease).await?;
        shop.node.launch()?;
        until("the node to answer", DEADLINE, async || Ok(shop.node.get("/healthz").await.ok())).await?;
        let started = Instant::now();
        let lines = json!([{ "product": "Fountain pen", "quantity": 1 }, { "product": "Blue mug", "quantity": 1 }]);
        for product in ["PEN", "MUG"] {
            shop.mcp().ok("inventory.receive", again(product, 2)).await?;
        }
        shop.mcp()
            .ok("orders.create_order", json!({ "customer": "Asha Rao", "lines": lines, "allow_duplicate": true }))
            .await?;
        let took = started.elapsed();
        eprintln!("leases that end in {lease} ms: the first three commands took {took:?}");
        ensure!(took < SOON, "the first three commands took {took:?}");
        shop.node.ready().await?;
    }
    Ok(())
}

async fn an_interrupted_rebuild_can_begin_again_at_once(mut shop: Shop) -> Result<()> {
    shop.node.stop().await?;
    let simulate = ["simulate", "--days", "20", "--orders-per-day", "20", "--seed", "3"];
    shop.cli(&simulate).await?.expect_success()?;
    for signal in ["KILL", "INT"] {
        interrupt_a_rebuild(&shop, signal).await?;
        let status: Value = serde_json::from_str(&shop.cli(&["status", "--json"]).await?.expect_success()?)?;
        let projections = status["projections"].as_array().context("projections")?;
        let shown = projections.iter().filter(|one| !one["building"].is_null()).count();
        ensure!(projections.len() == 6 && shown == 0, "a dead build is shown: {status}");
        shop.cli(&["rebuild", "all"]).await?.expect_success().context("right after it was interrupted")?;
    }
    shop.node.start_again().await?;
    shop.node.stop().await?;
    read_models_equal_a_rebuild(&shop).await
}

/// Ends a rebuild while it builds.
async fn interrupt_a_rebuild(shop: &Shop, signal: &str) -> Result<()> {
    let mut behind = shop.behind_its_back().await?;
    for _ in 0..20 {
        let mut rebuild = shop.start_cli(&["rebuild", "all"])?;
        until("the rebuild to begin", DEADLINE, async || Ok(behind.is_building().await?.then_some(()))).await?;
        rebuild.signal(signal)?;
        let ended = rebuild.ended(DEADLINE).await?;
        if behind.is_building().await? {
            ensure!(!ended.success(), "it was interrupted");
            return Ok(());
        }
    }
    anyhow::bail!("every rebuild was over before it could be interrupted")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_nothing_for_longer_than_it_is_full() -> Result<()> {
    let disk = SmallDisk::of_megabytes(48)?;
    let mut shop = Shop::open_at(disk.path()).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    let skus: Vec<String> = (0..LINES).map(|n| format!("PEN-{n}")).collect();
    for sku in &skus {
        shop.stock(sku, &format!("Fountain {sku}"), "10.00", 100_000).await?;
    }
    // Many lines: the log's write-ahead log has room of its own for a while.
    let lines: Vec<Value> = skus.iter().map(|sku| json!({ "product": sku, "quantity": 1 })).collect();
    let order = json!({ "customer": "asha@example.com", "lines": lines, "allow_duplicate": true });
    let receive = json!({ "product": "PEN-0", "quantity": 1, "allow_duplicate": true });
    let failures = |shop: &Shop| shop.node.output().matches("cannot write the tables of a read model").count();
    for _ in 0..2 {
        let before = failures(&shop);
        disk.fill()?;
        until("the read models to be full", DEADLINE, async || {
            _ = shop.mcp().call("inventory.receive", receive.clone()).await?;
            Ok((failures(&shop) > before).then_some(()))
        })
        .await?;
        until("the log to be full", DEADLINE * 3, async || {
            Ok(shop.mcp().call("orders.create_order", order.clone()).await?.is_err().then_some(()))
        })
        .await?;
        disk.make_room()?;
        let received = until("commands to go on", DEADLINE, async || {
            Ok(shop.mcp().call("inventory.receive", receive.clone()).await?.ok())
        })
        .await?;
        let head = received["position"].as_i64().context("a position")?;
        until("the read models to go on", DEADLINE, async || {
            let Ok(stock) = shop.mcp().call("inventory.check", json!({ "product": "PEN-0" })).await? else {
                return Ok(None);
            };
            Ok(stock["position"].as_i64().is_some_and(|position| position >= head).then_some(()))
        })
        .await?;
    }
    // Each catches up by itself.
    until("every read model to have caught up", DEADLINE, async || {
        let ready: Value = shop.node.get("/readyz").await?.json().await?;
        let lags = ready["projections"].as_array().context("projections")?;
        Ok((lags.len() >= 6 && lags.iter().all(|one| one["lag"] == 0)).then_some(()))
    })
    .await?;
    let log = events(&shop.node, 0).await?;
    Oracle::of(&log)?.agree_with(&shop.mcp()).await?;
    shop.node.stop().await?;
    read_models_equal_a_rebuild(&shop).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_demo_is_never_taken_for_finished() -> Result<()> {
    let mut checks = Checks::default();
    let mut shop = Shop::open(SetUp::Sqlite).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 1_000).await?;
    sell(&shop, 1).await?;
    shop.node.stop().await?;
    let folder = shop.folder().join("demo");
    let (path, listen) = (folder.display().to_string(), format!("127.0.0.1:{}", free_port()?));
    let begin = || shop.start_cli(&["demo", &path, "--listen", &listen]);
    for (start, signal) in ["KILL", "INT", "KILL"].into_iter().enumerate() {
        let mut demo = begin()?;
        let anew = "was not finished";
        until("the demo to begin", DEADLINE, async || {
            let begun = folder.join("demo-unfinished").exists() && folder.join("log.db").exists();
            Ok((begun && demo.output().matches(anew).count() == start).then_some(()))
        })
        .await?;
        demo.signal(signal)?;
        demo.ended(DEADLINE).await?;
        check!(checks, folder.join("demo-unfinished").exists(), "nothing says that it is not finished");
    }
    // Business done in it would be deleted with it.
    let log = format!("sqlite://{}", folder.join("log.db").display());
    for command in ["serve", "mcp"] {
        let refused = shop.cli_on(&log, &[command]).await?;
        let said = refused.stderr;
        check!(
            checks,
            !refused.success && said.contains("is not finished") && said.contains("orderlog demo"),
            "{command}: {said}"
        );
    }

    // A shop that is not an unfinished demo is never deleted, and a demo that is weeks old is reported.
    let data = shop.sqlite_folder().display().to_string();
    let mut demo = shop.start_cli(&["demo", &data, "--listen", &listen, "--clock", "2032-01-15T12:00:00Z"])?;
    until("the demo to open", DEADLINE, async || Ok(demo.output().contains("The shop is open").then_some(()))).await?;
    let said = demo.output();
    check!(checks, said.contains("days old"), "{said}");
    demo.signal("TERM")?;
    demo.ended(DEADLINE).await?;
    let status = shop.cli(&["status"]).await?.expect_success()?;
    check!(checks, status.contains("next order #1002"), "{status}");
    checks.all_hold()
}

/// Sells five pens, keeps a backup, and sells eight more.
async fn sell_beyond_a_backup(shop: &mut Shop) -> Result<Backup> {
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Fountain pen", "10.00", 1_000).await?;
    sell(shop, 5).await?;
    let log = events(&shop.node, 0).await?;
    let position = log.last().context("an event")?.position;
    shop.node.stop().await?;
    let backup = Backup::take(shop, position)?;
    shop.node.start_again().await?;
    sell(shop, 8).await?;
    shop.node.stop().await?;
    Ok(backup)
}

/// Places and ships orders of one pen.
async fn sell(shop: &Shop, orders: usize) -> Result<()> {
    for _ in 0..orders {
        let lines = json!([{ "product": "PEN", "quantity": 1 }]);
        let order = json!({ "customer": "asha@example.com", "lines": lines, "allow_duplicate": true });
        let placed = shop.mcp().ok("orders.create_order", order).await?;
        let id = placed["order_id"].as_i64().context("an order's number")?;
        shop.mcp().ok("orders.update_status", json!({ "order_id": id, "status": "shipped" })).await?;
    }
    Ok(())
}

/// The log and the keys as they were, without the read models.
struct Backup {
    position: i64,
    files: Vec<(PathBuf, Vec<u8>)>,
}

impl Backup {
    /// A backup of a shop whose nodes are stopped.
    fn take(shop: &Shop, position: i64) -> Result<Backup> {
        let mut files = vec![];
        if shop.postgres_url().is_none() {
            for path in files_of_the_log(&shop.sqlite_folder())? {
                let bytes = fs::read(&path)?;
                files.push((path, bytes));
            }
        }
        Ok(Backup { position, files })
    }

    async fn restore(&self, shop: &mut Shop) -> Result<()> {
        let Some(nats) = &mut shop.nats else {
            for path in files_of_the_log(&shop.sqlite_folder())? {
                fs::remove_file(path)?;
            }
            for (path, bytes) in &self.files {
                fs::write(path, bytes)?;
            }
            return Ok(());
        };
        // Consumers are a different matter: here the stream starts again.
        nats.kill()?;
        nats.delete_storage()?;
        nats.start_again().await?;
        shop.behind_its_back().await?.undo_after(self.position).await
    }
}

fn files_of_the_log(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = vec![];
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name.starts_with("log.db") || name.starts_with("keys.db") {
            files.push(path);
        }
    }
    Ok(files)
}
