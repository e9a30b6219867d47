//! A stop under load: every call that was accepted is answered, and a client that comes back finds another node.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};
use futures::future::try_join_all;
use orderlog_tests::{SetUp, Shop, chain_is_whole, events, on_both_engines, until};
use serde_json::json;

const CLIENTS: usize = 16;
/// Answers before the first stop, and between two.
const ANSWERS_BETWEEN: usize = 40;
/// The terminal or the session that started a server may go away.
const SIGNALS: [&str; 3] = ["TERM", "HUP", "INT"];
const DEADLINE: Duration = Duration::from_secs(60);
const PAUSE_BEFORE_COMING_BACK: Duration = Duration::from_millis(20);

on_both_engines!(no_accepted_call_fails_when_the_node_is_stopped_under_load);

async fn no_accepted_call_fails_when_the_node_is_stopped_under_load(mut shop: Shop) -> Result<()> {
    shop.stock("PEN", "Pen", "10.00", 1).await?;
    let (answered, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let client = Client { mcp: shop.mcp(), answered: Arc::clone(&answered), done: Arc::clone(&done) };
            tokio::spawn(client.work())
        })
        .collect();
    for signal in SIGNALS {
        let wanted = answered.load(SeqCst) + ANSWERS_BETWEEN;
        until("the clients to be at work", DEADLINE, async || {
            let failed = clients.iter().any(tokio::task::JoinHandle::is_finished);
            Ok((failed || answered.load(SeqCst) >= wanted).then_some(()))
        })
        .await?;
        shop.node.stop_by(signal).await?;
        shop.node.start_again().await?;
    }
    done.store(true, SeqCst);
    let received: usize = try_join_all(clients).await?.into_iter().sum::<Result<usize>>()?;

    // As many as were acknowledged, and not one more: nothing was carried out whose answer was thrown away.
    let log = events(&shop.node, 0).await?;
    chain_is_whole(&log)?;
    let recorded = log.iter().filter(|event| event.event_type() == "StockReceived").count() - 1;
    ensure!(recorded == received, "{received} receipts were acknowledged, {recorded} are recorded");
    ensure!(!shop.node.output().contains(" ERROR "), "the log has errors:\n{}", shop.node.output());
    Ok(())
}

/// So that a copy of the files of a stopped shop is whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stopped_node_leaves_is_one_file_each() -> Result<()> {
    let mut shop = Shop::open(SetUp::SqliteAndNats).await?;
    for units in 1..=3 {
        shop.stock("PEN", "Pen", "10.00", units).await?;
        shop.mcp().ok("inventory.check", json!({ "product": "PEN" })).await?;
        shop.node.stop().await?;
        let mut files = vec![];
        for entry in std::fs::read_dir(shop.sqlite_folder())? {
            files.push(entry?.file_name().to_string_lossy().into_owned());
        }
        files.sort();
        ensure!(files == ["keys.db", "log.db", "projections.db"], "{files:?}");
        shop.node.start_again().await?;
    }
    Ok(())
}

struct Client {
    mcp: orderlog_tests::Mcp,
    answered: Arc<AtomicUsize>,
    done: Arc<AtomicBool>,
}

impl Client {
    /// Sends calls until it is stopped, without keys: a lost call cannot be repeated. An answer that breaks off, or any
    /// other than a success, is a failure.
    async fn work(self) -> Result<usize> {
        let mut received = 0;
        while !self.done.load(SeqCst) {
            let arguments = json!({ "product": "PEN", "quantity": 1, "allow_duplicate": true });
            let params = json!({ "name": "inventory_receive", "arguments": arguments });
            let answer = match self.mcp.send("tools/call", params).await {
                Ok(answer) => answer,
                // Refused, or sent on a connection at the moment it was closed: the server has not read it, which the count of
                // receipts at the end proves.
                Err(error) => {
                    eprintln!("no answer: {error:#}");
                    tokio::time::sleep(PAUSE_BEFORE_COMING_BACK).await;
                    continue;
                }
            };
            let status = answer.status();
            let body = answer.text().await.context("an answer broke off")?;
            if status != 200 || !body.contains("structuredContent") {
                bail!("a call was answered {status}: {body}");
            }
            received += 1;
            self.answered.fetch_add(1, SeqCst);
        }
        Ok(received)
    }
}
