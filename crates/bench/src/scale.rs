//! The cost of queries over MCP in a shop of a million orders, compared with one of ten thousand, and whether the
//! answers are right.

mod filling;
mod queries;
mod truth;

use std::{sync::Arc, time::Duration};

use anyhow::{Context as _, Result};
use chrono::{DateTime, Utc};
use orderlog_event_log::Log;
use serde_json::{Value, json};

use self::{
    queries::{Query, queries},
    truth::{Asked, Truth},
};
use crate::{
    arguments::Arguments,
    http::Connection,
    measure::{self, Round},
    report::Row,
    server::Server,
};

const CONNECTIONS: usize = 8;
/// How long each question is asked before it is measured.
const WARM_UP: Duration = Duration::from_millis(300);
/// Orders of the shop the large one is compared with.
const FEW_ORDERS: u32 = 10_000;
/// Calls of each query whose answers are compared with the log.
const CHECKED: u64 = 40;

/// A shop that is served, and what the log says of it.
struct Shop {
    server: Server,
    about: Arc<queries::Shop>,
    truth: Truth,
    offered: Value,
    name: String,
}

/// Rows for both shops on PostgreSQL.
pub(crate) async fn run(arguments: &Arguments) -> Result<Vec<Row>> {
    let binary = arguments.binary.as_ref().context("--binary names the orderlog to measure")?;
    let (mut rows, mut shops, mut databases) = (Vec::new(), Vec::new(), Vec::new());
    for orders in [FEW_ORDERS, arguments.orders] {
        let database = filling::database(&arguments.postgres_url, arguments.keep.as_deref(), orders).await?;
        rows.extend(filling::fill(binary, &database, orders).await?);
        shops.push(open(binary, &database.url).await?);
        databases.push(database);
    }
    let [few, many] = shops.as_mut_slice() else { unreachable!("two shops were opened") };
    for query in queries() {
        rows.extend(compare(arguments, &query, few, many).await?);
    }
    for shop in &mut shops {
        shop.server.stop().await?;
    }
    drop(databases);
    Ok(rows)
}

async fn open(binary: &std::path::Path, url: &str) -> Result<Shop> {
    let log = Log::open(url).await?;
    let head = log.head().await?;
    let server = Server::start(binary, url).await?;
    let mut connection = Connection::open(&server.address).await?;
    let range = |answer: &Value| -> Result<(String, String)> {
        let part = |end: &str| {
            let text = answer.pointer(&format!("/structuredContent/interpretation/date_range/{end}"));
            text.and_then(Value::as_str).map(str::to_owned).with_context(|| format!("no {end} in {answer}"))
        };
        Ok((part("from")?, part("to")?))
    };
    let mut ranges = Vec::new();
    for phrase in ["last week", "last month", "this month"] {
        ranges.push(range(&connection.call("orders_report_sales", &json!({"date_range": phrase})).await?)?);
    }
    let found = connection.call("products_search", &json!({"limit": 100})).await?;
    let products = found.pointer("/structuredContent/products").and_then(Value::as_array).context("no products")?;
    let skus = products.iter().filter_map(|product| Some(product.get("sku")?.as_str()?.to_owned())).collect();
    // In the middle of last week, and not at the very moment of any event.
    let (monday, _) = &ranges[0];
    let then: DateTime<Utc> =
        format!("{monday}T12:00:00.0005Z").parse::<DateTime<Utc>>()? + Duration::from_secs(259_200);
    let orders = filling::orders(&head);
    let about = Arc::new(queries::Shop { orders, skus, then });
    let asked = Asked {
        last_week: ranges[0].clone(),
        last_month: ranges[1].clone(),
        this_month: ranges[2].clone(),
        then,
        orders: (0..CHECKED).flat_map(|nth| [about.order(nth), about.early_order(nth)]).collect(),
    };
    let truth = truth::read(&log, &asked, head.position).await?;
    let offered = connection.request("tools/list", &json!({})).await?;
    Ok(Shop { server, about, truth, offered, name: format!("{orders} orders, {} events", head.position) })
}

/// Rows for one query in both shops: the ratio is how many times as much it costs in the large one.
async fn compare(arguments: &Arguments, query: &Query, few: &Shop, many: &Shop) -> Result<Vec<Row>> {
    if !query.offered(&many.offered) {
        let what = format!("{}: the server does not offer it", query.what);
        return Ok(vec![Row::new(&what, CONNECTIONS, &Round::default(), "n/a")]);
    }
    let verdicts = [query.check(few).await?, query.check(many).await?];
    let length = Duration::from_secs_f32(arguments.seconds);
    // A server's sessions connect, and prepare each statement, the first time that so many ask at once.
    for shop in [few, many] {
        calls(shop, query, 0, WARM_UP).await?;
    }
    let (mut in_few, mut in_many) = (Vec::new(), Vec::new());
    for round in 0..arguments.rounds {
        let seed = (round as u64 + 1) << 40;
        in_few.push(calls(few, query, seed, length).await?);
        in_many.push(calls(many, query, seed, length).await?);
    }
    let row = |shop: &Shop, rounds: &[Round], verdict: &String| {
        let what = format!("{} [{}]", query.what, shop.name);
        Row::new(&what, CONNECTIONS, &measure::median(rounds), verdict)
    };
    let [of_few, of_many] = &verdicts;
    // Rates the other way round: what costs twice as much is done half as often.
    let large = row(many, &in_many, of_many).beside("cost in the small shop", &in_few, &in_many);
    Ok(vec![row(few, &in_few, of_few), large])
}

async fn calls(shop: &Shop, query: &Query, seed: u64, length: Duration) -> Result<Round> {
    let mut open = Vec::new();
    for _ in 0..CONNECTIONS {
        open.push(Arc::new(tokio::sync::Mutex::new(Connection::open(&shop.server.address).await?)));
    }
    let (open, about, tool, arguments) = (Arc::new(open), Arc::clone(&shop.about), query.tool, query.arguments);
    measure::callers(CONNECTIONS, length, move |caller, nth| {
        let (open, about) = (Arc::clone(&open), Arc::clone(&about));
        async move {
            let arguments = arguments(&about, seed + ((caller as u64) << 32) + nth);
            open[caller].lock().await.call(tool, &arguments).await?;
            Ok(())
        }
    })
    .await
}

impl Query {
    /// Asks some questions and compares the answers with the log: how many were asked, or the first that is wrong.
    async fn check(&self, shop: &Shop) -> Result<String> {
        let mut connection = Connection::open(&shop.server.address).await?;
        for nth in 0..CHECKED {
            let arguments = (self.arguments)(&shop.about, nth);
            let answer = connection.call(self.tool, &arguments).await?;
            let found = answer.get("structuredContent").context("an answer without structure")?;
            let (got, expected) = (self.figures)(&shop.truth, &arguments, found);
            if got.is_null() && expected.is_null() {
                return Ok("not compared".to_owned());
            }
            if got != expected {
                return Ok(format!("WRONG: {arguments}: {got}, the log says {expected}"));
            }
        }
        Ok(format!("{CHECKED} right"))
    }
}
