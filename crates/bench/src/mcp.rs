//! `create_order` over MCP and HTTP against the real binary, beside a tool that does nothing on the same server.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, Result};
use orderlog_domain::ids::CommandId;
use orderlog_event_log::Log;
use orderlog_testkit::Database;
use serde_json::{Value, json};

use crate::{
    arguments::Arguments,
    correctness,
    http::Connection,
    measure::{self, Round},
    report::Row,
    server::Server,
};

const CONNECTIONS: [usize; 3] = [1, 8, 32];
/// Name of the tool that checks its arguments like `create_order` and does nothing.
const NOOP: &str = "bench_noop";

/// Rows for PostgreSQL and SQLite.
pub(crate) async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let database = Database::on_server(&arguments.postgres_url).await?;
    let folder = tempfile::tempdir()?;
    let sqlite = format!("sqlite://{}", folder.path().join("log.db").display());
    let mut rows = measure_server(arguments, "PostgreSQL", &database.url()).await?;
    rows.extend(measure_server(arguments, "SQLite", &sqlite).await?);
    drop(database);
    Ok(rows)
}

async fn measure_server(arguments: &Arguments, engine: &str, url: &str) -> Result<Vec<Row>> {
    let binary = arguments.binary.as_ref().context("--binary names the orderlog to measure")?;
    let mut server = Server::start(binary, url).await?;
    let order = fill_shop(&server.address).await?;
    let log = Log::open(url).await?;
    let mut rows = Vec::new();
    for connections in CONNECTIONS {
        let (mut noop, mut create, mut verdict) = (Vec::new(), Vec::new(), String::new());
        for _ in 0..arguments.rounds {
            let length = Duration::from_secs_f32(arguments.seconds);
            noop.push(calls(&server.address, NOOP, &order, connections, length).await?.0);
            let since = log.head().await?.position;
            let (round, acknowledged) =
                calls(&server.address, "orders_create_order", &order, connections, length).await?;
            create.push(round);
            let found = correctness::check(&log, since, &acknowledged).await?;
            if verdict.is_empty() || found != "0/0/0" {
                verdict = found;
            }
        }
        rows.push(Row::new(&format!("no-op tool over MCP, {engine}"), connections, &measure::median(&noop), "n/a"));
        let row =
            Row::new(&format!("create_order over MCP, {engine}"), connections, &measure::median(&create), verdict);
        rows.push(row.beside("no-op tool", &create, &noop));
    }
    server.stop().await?;
    Ok(rows)
}

async fn fill_shop(address: &str) -> Result<Value> {
    let mut connection = Connection::open(address).await?;
    let product =
        json!({"sku": "SERVICE", "name": "Service", "price": "499.00", "tax_rate": "18", "policy": "untracked"});
    connection.call("products_upsert", &product).await?;
    connection.call("customers_upsert", &json!({"name": "Bench", "email": "bench@example.com"})).await?;
    // Alike on purpose: the server would otherwise suspect each of being the last one sent twice.
    let lines = json!([{"product": "SERVICE", "quantity": 1}]);
    Ok(json!({"customer": "bench@example.com", "lines": lines, "allow_duplicate": true}))
}

async fn calls(
    address: &str,
    tool: &'static str,
    order: &Value,
    connections: usize,
    length: Duration,
) -> Result<(Round, Vec<CommandId>)> {
    let mut open = Vec::new();
    for _ in 0..connections {
        open.push(Arc::new(tokio::sync::Mutex::new(Connection::open(address).await?)));
    }
    let (open, order) = (Arc::new(open), Arc::new(order.clone()));
    let acknowledged = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&acknowledged);
    let round = measure::callers(connections, length, move |caller, _| {
        let (open, order, kept) = (Arc::clone(&open), Arc::clone(&order), Arc::clone(&kept));
        async move {
            let answer = open[caller].lock().await.call(tool, &order).await?;
            if let Some(id) = answer.pointer("/structuredContent/command_id").and_then(Value::as_str) {
                kept.lock().expect("no caller panics while it holds this").push(CommandId(id.parse()?));
            }
            Ok(())
        }
    })
    .await?;
    let acknowledged = std::mem::take(&mut *acknowledged.lock().expect("no caller panics while it holds this"));
    Ok((round, acknowledged))
}
