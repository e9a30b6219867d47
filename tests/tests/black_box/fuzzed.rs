//! Whatever anybody sends: an answer in time that is no fault of the server, bounded memory, and a log that verifies.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use orderlog_tests::{Checks, Fuzzed, Fuzzer, SetUp, Shop, check, fuzzed_requests};
use serde_json::{Value, json};

/// Longest that an answer may take, on a machine that does much else.
const DEADLINE: Duration = Duration::from_secs(15);
/// Requests under way at once.
const AT_ONCE: usize = 8;
/// Most memory that the server may hold, in bytes.
const MEMORY: f64 = 512.0 * 1024.0 * 1024.0;
/// Text in requests that must never be in a page unescaped.
const SCRIPT: &str = "<script>alert(1)</script>";

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_is_answered_on_sqlite() -> Result<()> {
    answered(SetUp::Sqlite).await
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_is_sent_is_answered_on_postgres() -> Result<()> {
    answered(SetUp::PostgresAndNats).await
}

async fn answered(set_up: SetUp) -> Result<()> {
    let seed: u64 = rand::random();
    eprintln!("requests with seed {seed}");
    let unlimited = ["--calls-per-second=1000000", "--calls-per-second-in-all=1000000"];
    let shop = Shop::open_with(set_up, &unlimited).await?;
    shop.with_orders(8).await?;
    shop.stock("PEN", "Blue Pen", "10.00", 500).await?;
    shop.stock("MUG", "Blue Mug", "250.00", 20).await?;
    let tools = shop.mcp().request("tools/list", json!({})).await?["tools"].clone();
    let each = fuzzed_requests()? / AT_ONCE;
    let sending = (0..AT_ONCE).map(|nth| {
        let fuzzer = Fuzzer::new(seed.wrapping_add(nth as u64), &tools);
        send(&shop, fuzzer, each)
    });
    let mut checks = Checks::default();
    for faults in futures::future::try_join_all(sending).await? {
        for fault in faults {
            check!(checks, false, "{fault}");
        }
    }
    let ready = shop.node.get("/readyz").await?;
    check!(checks, ready.status() == 200, "{}", ready.text().await?);
    let metrics = shop.node.get("/metrics").await?.text().await?;
    let memory = metrics.lines().find_map(|line| line.strip_prefix("process_resident_memory_bytes "));
    let memory: f64 = memory.context("a figure of memory")?.parse()?;
    let head = shop.node.get("/v1/head").await?.text().await?;
    eprintln!("{each} requests by each of {AT_ONCE} senders, {:.0} MB, {head}", memory / 1e6);
    check!(checks, memory < MEMORY, "the server holds {memory} bytes");
    let log = shop.node.output();
    let complaints: Vec<&str> =
        log.lines().filter(|line| line.contains("panicked") || line.contains(" ERROR ")).collect();
    check!(checks, complaints.is_empty(), "the server's log: {:#?}", &complaints[..complaints.len().min(10)]);
    shop.cli(&["verify"]).await?.expect_success()?;
    checks.all_hold()
}

/// Sends so many requests, one after another; what was wrong with their answers.
async fn send(shop: &Shop, mut fuzzer: Fuzzer, count: usize) -> Result<Vec<String>> {
    let mut faults = vec![];
    for _ in 0..count {
        let request = fuzzer.request();
        let started = Instant::now();
        match tokio::time::timeout(DEADLINE, exchange(shop, &request)).await {
            Ok(Ok((status, cookie, body))) => {
                fuzzer.hear(cookie.as_deref(), &body);
                faults.extend(fault(&request, status, &body));
            }
            Ok(Err(error)) => faults.push(format!("no answer to {request:?}: {error:#}")),
            Err(_) => faults.push(format!("no answer within {:?} to {request:?}", started.elapsed())),
        }
        if faults.len() > 5 {
            break;
        }
    }
    Ok(faults)
}

async fn exchange(shop: &Shop, request: &Fuzzed) -> Result<(u16, Option<String>, String)> {
    let url = format!("{}{}", shop.node.url(), request.path);
    let http = shop.node.http();
    let mut sent = if request.post { http.post(url).body(request.body.clone()) } else { http.get(url) };
    for (name, value) in &request.headers {
        sent = sent.header(*name, value);
    }
    let answer = sent.send().await?;
    let cookie = answer.headers().get("set-cookie").and_then(|cookie| cookie.to_str().ok()).map(str::to_owned);
    // The stream of what happens has no end.
    if request.path.starts_with("/live") && answer.status() == 200 {
        return Ok((200, cookie, String::new()));
    }
    Ok((answer.status().as_u16(), cookie, String::from_utf8_lossy(&answer.bytes().await?).into_owned()))
}

/// The fault of an answer.
fn fault(request: &Fuzzed, status: u16, body: &str) -> Option<String> {
    const INTERNAL: i64 = -32_603;
    let shown = |what: &str| {
        Some(format!("{what}: {request:?} answered {status}: {}", &body[..body.floor_char_boundary(1_000)]))
    };
    if status >= 500 {
        return shown("a fault of the server");
    }
    if request.path == "/mcp" {
        let told: Option<Value> = serde_json::from_str(body).ok();
        if told.is_some_and(|told| told["error"]["code"] == INTERNAL) {
            return shown("an internal error");
        }
    } else if body.contains("<!DOCTYPE") && body.contains(SCRIPT) {
        return shown("a script that was sent stands in a page");
    }
    None
}
