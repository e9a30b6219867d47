//! A shop's calls over MCP and HTTP against the real binary: many products and customers, orders of one to three lines, reads
//! between writes; beside a tool that does nothing on the same server.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};
use orderlog_domain::ids::CommandId;
use orderlog_event_log::Log;
use orderlog_testkit::Database;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

use crate::{
    arguments::Arguments,
    correctness,
    http::{Connection, Secured},
    measure::{self, Round},
    report::Row,
    server::Server,
    shop::new_id,
};

/// Name of the tool that checks its arguments like `create_order` and does nothing.
const NOOP: &str = "bench_noop";
const PRODUCTS: u32 = 1_000;
const CUSTOMERS: u32 = 10_000;
/// Connections that fill the shop.
const FILLING: u32 = 16;
/// Units of every product, more than any run sells.
const STOCK: u32 = 1_000_000;

/// The calls of a row's callers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mix {
    Noop,
    Create,
    /// An order is placed, then shipped.
    Ship,
    Pending,
    Report,
    /// Of 100 calls, 40 place an order, 30 ship one, 20 list pending orders, 10 report today's sales.
    Mixed,
    /// The mixed calls, of which only those that read are counted, and only right after a command of the same caller.
    ReadOwn,
}

const MIXES: [(Mix, &str, &[usize]); 7] = [
    (Mix::Noop, "no-op tool", &[1, 8, 32]),
    (Mix::Create, "create_order", &[1, 8, 32]),
    (Mix::Ship, "create_order, then ship", &[8]),
    (Mix::Pending, "get_pending of a week", &[8]),
    (Mix::Report, "report_sales of today", &[8]),
    (Mix::Mixed, "mixed", &[8, 32]),
    (Mix::ReadOwn, "read after one's own command, in the mix", &[8]),
];

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
    fill_shop(&server.address, None).await?;
    let log = Log::open(url).await?;
    let mut noop = vec![];
    let mut rows = vec![];
    for (mix, what, callers) in MIXES {
        for connections in callers {
            let (mut rounds, mut verdict) = (vec![], "0/0/0".to_owned());
            for round in 0..arguments.rounds {
                let length = Duration::from_secs_f32(arguments.seconds);
                let since = log.head().await?.position;
                let (round, acknowledged) =
                    calls(&server.address, None, mix, *connections, length, round as u64).await?;
                rounds.push(round);
                let found = correctness::check(&log, since, &acknowledged).await?;
                if found != "0/0/0" {
                    verdict = found;
                }
            }
            let row = Row::new(&format!("{what}, {engine}"), *connections, &measure::median(&rounds), verdict);
            if mix == Mix::Noop {
                noop.push((*connections, rounds));
                rows.push(row);
            } else {
                let beside = noop.iter().find(|(callers, _)| callers == connections).context("a no-op row")?;
                rows.push(row.beside("no-op tool", &rounds, &beside.1));
            }
        }
    }
    server.stop().await?;
    Ok(rows)
}

pub(crate) async fn fill_shop(address: &str, secured: Option<&Secured>) -> Result<()> {
    let mut filling = tokio::task::JoinSet::new();
    for nth in 0..FILLING {
        let mut connection = Connection::open_as(address, secured).await?;
        filling.spawn(async move {
            for n in (nth + 1..=PRODUCTS).step_by(FILLING as usize) {
                let (sku, name) = (sku(n), format!("Product {n:04}"));
                let product = json!({ "sku": sku, "name": name, "price": "9.99", "tax_rate": "18", "policy": "deny" });
                connection.call("products_upsert", &product).await?;
                connection.call("inventory_receive", &json!({ "product": sku, "quantity": STOCK })).await?;
            }
            for n in (nth + 1..=CUSTOMERS).step_by(FILLING as usize) {
                let customer = json!({ "name": format!("Customer {n}"), "email": email(n) });
                connection.call("customers_upsert", &customer).await?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(filled) = filling.join_next().await {
        filled??;
    }
    Ok(())
}

fn sku(n: u32) -> String {
    format!("SKU-{n:04}")
}

fn email(n: u32) -> String {
    format!("customer{n}@example.com")
}

/// One caller: its connection, its dice, and the orders it placed and has yet to ship.
struct Caller {
    connection: Connection,
    dice: ChaCha8Rng,
    open: std::collections::VecDeque<i64>,
    /// Whether its last call was a command.
    wrote: bool,
}

impl Caller {
    async fn noop(&mut self) -> Result<Value> {
        let order = self.order();
        self.connection.call(NOOP, &order).await
    }

    async fn create(&mut self) -> Result<CommandId> {
        let order = self.order();
        let answer = self.connection.call("orders_create_order", &order).await?;
        let placed = answer.pointer("/structuredContent/order_id").and_then(Value::as_i64).context("an order")?;
        self.open.push_back(placed);
        let id = answer.pointer("/structuredContent/command_id").and_then(Value::as_str).context("a command")?;
        Ok(CommandId(id.parse()?))
    }

    async fn ship(&mut self) -> Result<()> {
        let order = self.open.pop_front().context("an order to ship")?;
        let shipped = json!({ "order_id": order, "status": "shipped", "idempotency_key": self.key() });
        self.connection.call("orders_update_status", &shipped).await.map(drop)
    }

    async fn pending(&mut self) -> Result<()> {
        self.connection.call("orders_get_pending", &json!({ "date_range": "last 7 days" })).await.map(drop)
    }

    async fn report(&mut self) -> Result<()> {
        self.connection.call("orders_report_sales", &json!({ "date": "today" })).await.map(drop)
    }

    fn order(&mut self) -> Value {
        let lines: Vec<Value> = (0..self.dice.random_range(1..=3))
            .map(|_| json!({ "product": sku(self.dice.random_range(1..=PRODUCTS)), "quantity": self.dice.random_range(1..=3) }))
            .collect();
        json!({ "customer": email(self.dice.random_range(1..=CUSTOMERS)), "lines": lines, "idempotency_key": self.key() })
    }

    /// Not of the dice: they fall alike in every row.
    fn key(&self) -> String {
        new_id().to_string()
    }

    /// Makes one call of the mix; the command it gave, if it placed an order, and how long a read took that is counted.
    async fn step(&mut self, mix: Mix) -> Result<(Option<CommandId>, Option<Duration>)> {
        let (mut placed, mut read) = (None, None);
        match mix {
            Mix::Noop => _ = self.noop().await?,
            Mix::Create => placed = Some(self.create().await?),
            Mix::Ship if self.open.is_empty() => placed = Some(self.create().await?),
            Mix::Ship => self.ship().await?,
            Mix::Pending => self.pending().await?,
            Mix::Report => self.report().await?,
            Mix::Mixed | Mix::ReadOwn => {
                let (wrote, begun) = (self.wrote, Instant::now());
                let dice = self.dice.random_range(0..100);
                self.wrote = dice < 70;
                match dice {
                    40..70 if !self.open.is_empty() => self.ship().await?,
                    0..70 => placed = Some(self.create().await?),
                    70..90 => self.pending().await?,
                    _ => self.report().await?,
                }
                read = (wrote && !self.wrote).then(|| begun.elapsed());
            }
        }
        Ok((placed, read))
    }
}

pub(crate) async fn calls(
    address: &str,
    secured: Option<&Secured>,
    mix: Mix,
    connections: usize,
    length: Duration,
    seed: u64,
) -> Result<(Round, Vec<CommandId>)> {
    let mut callers = vec![];
    for nth in 0..connections {
        let dice = ChaCha8Rng::seed_from_u64(seed * 1_000 + nth as u64);
        let connection = Connection::open_as(address, secured).await?;
        callers.push(Arc::new(tokio::sync::Mutex::new(Caller {
            connection,
            dice,
            open: Default::default(),
            wrote: false,
        })));
    }
    let kept: Arc<Mutex<(Vec<CommandId>, Vec<u64>)>> = Arc::default();
    let (callers, keeping) = (Arc::new(callers), Arc::clone(&kept));
    let all = measure::callers(connections, length, move |caller, _| {
        let (callers, keeping) = (Arc::clone(&callers), Arc::clone(&keeping));
        async move {
            let (placed, read) = callers[caller].lock().await.step(mix).await?;
            let mut kept = keeping.lock().expect("no caller panics while it holds this");
            kept.0.extend(placed);
            kept.1.extend(read.map(|read| u64::try_from(read.as_micros()).unwrap_or(u64::MAX)));
            Ok(())
        }
    })
    .await?;
    let (placed, reads) = std::mem::take(&mut *kept.lock().expect("no caller panics while it holds this"));
    if mix != Mix::ReadOwn {
        return Ok((all, placed));
    }
    ensure!(!reads.is_empty(), "nothing was read after a command");
    Ok((measure::round(reads, length), placed))
}
