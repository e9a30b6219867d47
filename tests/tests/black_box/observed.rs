//! What supervisors and Prometheus see: readiness that is true and fast, and metrics with the right names.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use orderlog_tests::{Checks, SetUp, Shop, check, on_both_engines, until};
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection};

const DEADLINE: Duration = Duration::from_secs(60);
/// 100 ms are promised; the rest is for a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(2);

on_both_engines!(figures_are_exposed_by_the_book);

async fn figures_are_exposed_by_the_book(shop: Shop) -> Result<()> {
    let mut checks = Checks::default();
    let nats = shop.nats.is_some();
    let before = figures(&shop).await?;
    let mut expected = vec![
        r#"orderlog_calls_total{tool="orders.get",outcome="failed"}"#,
        r#"orderlog_calls_total{tool="orders.create_order",outcome="ok"}"#,
        r#"orderlog_commands_total{tool="orders.create_order",outcome="refused"}"#,
        r#"orderlog_call_seconds_count{tool="orders.ship"}"#,
        r#"orderlog_call_seconds_bucket{tool="orders.ship",le="+Inf"}"#,
        r#"orderlog_refusals_total{code="unavailable"}"#,
        r#"orderlog_http_requests_total{path="/mcp",status="5xx"}"#,
        r#"orderlog_projection_lag_seconds{projection="stock"}"#,
        r#"orderlog_projection_parked_events{projection="stock"}"#,
        "orderlog_http_connections_refused_total",
        "orderlog_append_failures_total",
        "orderlog_events_appended_total",
        "orderlog_swaps_lost_total",
        "orderlog_append_seconds_count",
        "orderlog_batch_commands_count",
        "orderlog_queue_commands",
        "orderlog_writer_streams",
        "orderlog_log_position",
    ];
    if nats {
        expected.extend(["orderlog_relay_published_total", "orderlog_relay_lag_events"]);
        expected.extend([r#"orderlog_relay_state{state="stopped"}"#]);
    }
    for series in expected {
        check!(checks, before.get(series) == Some(&0.0), "at the start {series} is {:?}", before.get(series));
    }
    for series in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_start_time_seconds",
        "process_threads",
        "orderlog_queue_limit_commands",
        "orderlog_log_up",
        "orderlog_read_models_up",
        "orderlog_http_connections",
    ] {
        check!(checks, before.get(series).is_some_and(|value| *value > 0.0), "{series} is {:?}", before.get(series));
    }
    check!(checks, before.contains_key("process_cpu_seconds_total"), "no CPU time");
    check!(checks, before.keys().any(|series| series.starts_with("orderlog_build_info{")), "no build_info");
    check!(
        checks,
        nats == before.keys().any(|series| series.contains("relay")),
        "the relay is told of where there is one"
    );

    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.mcp().ok("inventory_check", json!({ "product": "PEN" })).await?;
    shop.mcp().refused("inventory_check", json!({ "product": "NOWHERE" })).await?;
    let after = figures(&shop).await?;
    for (series, value) in [
        (r#"orderlog_calls_total{tool="inventory.check",outcome="ok"}"#, 1.0),
        (r#"orderlog_calls_total{tool="inventory.check",outcome="refused"}"#, 1.0),
        (r#"orderlog_call_seconds_count{tool="inventory.check"}"#, 2.0),
        (r#"orderlog_refusals_total{code="not_found"}"#, 1.0),
        (r#"orderlog_commands_total{tool="inventory.receive",outcome="ok"}"#, 1.0),
        (r#"orderlog_http_requests_total{path="/mcp",status="2xx"}"#, 4.0),
    ] {
        check!(checks, after.get(series) == Some(&value), "{series} is {:?}, not {value}", after.get(series));
    }
    let commands = after.keys().filter(|series| series.starts_with("orderlog_commands_total"));
    check!(checks, commands.clone().all(|series| !series.contains("inventory.check")), "queries are no commands");
    checks.all_hold()
}

/// Reads `/metrics` as strictly as `promtool check metrics` does.
async fn figures(shop: &Shop) -> Result<BTreeMap<String, f64>> {
    let text = shop.node.get("/metrics").await?.text().await?;
    let (mut figures, mut help, mut types) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, words) = rest.split_once(' ').with_context(|| format!("a HELP without words: {line}"))?;
            ensure!(!words.trim().is_empty() && help.insert(name.to_owned()), "HELP: {line}");
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').with_context(|| format!("a TYPE without a kind: {line}"))?;
            ensure!(types.insert(name.to_owned(), kind.to_owned()).is_none(), "two types: {line}");
            ensure!((kind == "counter") == name.ends_with("_total"), "a counter ends in _total: {line}");
        } else if !line.starts_with('#') {
            let (series, value) = line.rsplit_once(' ').with_context(|| format!("no value: {line}"))?;
            let value: f64 = value.parse().with_context(|| format!("no number: {line}"))?;
            let name = series.split('{').next().unwrap_or_default();
            let family = ["_bucket", "_sum", "_count"]
                .iter()
                .filter_map(|suffix| name.strip_suffix(suffix))
                .find(|family| types.get(*family).is_some_and(|kind| kind == "histogram"))
                .unwrap_or(name);
            ensure!(types.contains_key(family), "no TYPE before {line}");
            ensure!(help.contains(family), "no HELP before {line}");
            ensure!(value >= 0.0, "a negative figure: {line}");
            if figures.insert(series.to_owned(), value).is_some() {
                bail!("twice: {line}");
            }
        }
    }
    Ok(figures)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_nats_is_degraded_but_ready() -> Result<()> {
    let mut checks = Checks::default();
    let mut shop = Shop::open(SetUp::PostgresAndNats).await?;
    check!(checks, readiness(&shop).await?.1["degraded"] == json!([]), "all is well at the start");
    shop.nats.as_mut().context("a nats-server")?.kill()?;
    let (status, told) = until("the node to notice that NATS is away", DEADLINE, async || {
        let (status, told) = readiness(&shop).await?;
        Ok((told["degraded"] != json!([])).then_some((status, told)))
    })
    .await?;
    check!(checks, status == 200 && told["ready"] == true && told["reasons"] == json!([]), "{status}: {told}");
    check!(checks, told["degraded"].to_string().contains("NATS"), "{told}");
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.nats.as_mut().context("a nats-server")?.start_again().await?;
    until("the node to be well again", DEADLINE, async || {
        Ok((readiness(&shop).await?.1["degraded"] == json!([])).then_some(()))
    })
    .await?;
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn health_is_told_at_once_while_the_database_says_nothing() -> Result<()> {
    let shop = Shop::open(SetUp::PostgresAndNats).await?;
    let mut intruder = PgConnection::connect(&shop.postgres_url().context("a database")?).await?;
    let mut locked = intruder.begin().await?;
    sqlx::query("LOCK TABLE log_head, events IN ACCESS EXCLUSIVE MODE").execute(&mut *locked).await?;
    let told = until("the node to notice that its database is silent", DEADLINE, async || {
        let asked = Instant::now();
        let (status, told) = readiness(&shop).await?;
        ensure!(asked.elapsed() < AT_ONCE, "/readyz took {:?}", asked.elapsed());
        let asked = Instant::now();
        let metrics = figures(&shop).await?;
        ensure!(asked.elapsed() < AT_ONCE, "/metrics took {:?}", asked.elapsed());
        Ok((status == 503 && metrics["orderlog_log_up"] == 0.0).then_some(told))
    })
    .await?;
    ensure!(told["ready"] == false && told["reasons"][0].as_str().is_some_and(|why| why.contains("log")), "{told}");
    locked.rollback().await?;
    until("the node to be ready again", DEADLINE, async || Ok((readiness(&shop).await?.0 == 200).then_some(()))).await
}

async fn readiness(shop: &Shop) -> Result<(u16, Value)> {
    let answer = shop.node.get("/readyz").await?;
    Ok((answer.status().as_u16(), answer.json().await.context("/readyz")?))
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_elsewhere_have_a_listener_of_their_own() -> Result<()> {
    let mut checks = Checks::default();
    let port = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
    let shop = Shop::open_with(SetUp::Sqlite, &["--metrics-listen", &format!("0.0.0.0:{port}")]).await?;
    let ask = async |path: &str, origin: Option<&str>| -> Result<u16> {
        let request = shop.node.http().get(format!("http://127.0.0.1:{port}{path}")).header("Host", "shop.internal");
        let request = origin.into_iter().fold(request, |request, origin| request.header("Origin", origin));
        Ok(request.send().await?.status().as_u16())
    };
    for path in ["/metrics", "/readyz", "/healthz"] {
        check!(checks, ask(path, None).await? == 200, "{path}");
        check!(checks, ask(path, Some("http://shop.internal")).await? == 403, "{path} for a web page");
    }
    for path in ["/mcp", "/v1/events", "/"] {
        check!(checks, ask(path, None).await? == 404, "{path} must not be served there");
    }
    let front = shop.node.get("/").await?.text().await?;
    check!(checks, front.contains("/connect") && front.contains("/readyz"), "{front}");
    let log = shop.node.output();
    let first = log.lines().find(|line| line.contains("serving MCP")).with_context(|| log.clone())?;
    for part in ["version=", "database=", "node=", "address="] {
        check!(checks, first.contains(part), "the first line has no {part} {first}");
    }
    checks.all_hold()
}
