//! Callers that keep a shop busy and remember what they were promised.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{mcp::Mcp, shop::Shop};

/// How long one command may go unanswered while parts are killed and started again.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);
const PAUSE_BEFORE_REPEAT: Duration = Duration::from_millis(20);
const PRODUCTS: [&str; 5] = ["PEN", "MUG", "INK", "PAD", "BAG"];

/// A command that was acknowledged.
#[derive(Debug, Clone)]
pub struct Acknowledged {
    /// Index of the client that sent it.
    pub client: usize,
    /// The tool.
    pub tool: &'static str,
    /// As the answer gave it.
    pub command_id: String,
    /// Position of its last event.
    pub position: i64,
}

/// Callers that work until they are stopped.
#[derive(Debug)]
pub struct Load {
    stopping: Arc<AtomicBool>,
    callers: JoinSet<Result<Vec<Acknowledged>>>,
}

impl Load {
    /// Puts `callers` on each client. What they do follows from `seed`, which is printed.
    ///
    /// # Errors
    /// When the shop cannot be stocked.
    pub async fn start(shop: &Shop, clients: &[Mcp], callers: usize, seed: u64) -> Result<Load> {
        eprintln!("load with seed {seed}");
        shop.customer("Asha Rao", "asha@example.com").await?;
        for product in PRODUCTS {
            shop.stock(product, &format!("The {product}"), "99.90", 500_000).await?;
        }
        let stopping = Arc::new(AtomicBool::new(false));
        let mut tasks = JoinSet::new();
        for (client, mcp) in clients.iter().enumerate() {
            for number in 0..callers {
                let caller = Caller {
                    client,
                    name: format!("caller-{client}-{number}"),
                    mcp: mcp.clone(),
                    random: ChaCha8Rng::seed_from_u64(seed ^ (((client * callers + number) as u64 + 1) << 32)),
                    orders: vec![],
                };
                tasks.spawn(caller.work(Arc::clone(&stopping)));
            }
        }
        Ok(Load { stopping, callers: tasks })
    }

    /// Lets every caller finish what it is at, and hands over everything acknowledged.
    ///
    /// # Errors
    /// When a caller got no answer in time, or a wrong one.
    pub async fn stop(mut self) -> Result<Vec<Acknowledged>> {
        self.stopping.store(true, Ordering::Relaxed);
        let mut all = vec![];
        while let Some(caller) = self.callers.join_next().await {
            all.extend(caller.context("a caller broke off")??);
        }
        Ok(all)
    }
}

struct Caller {
    client: usize,
    name: String,
    mcp: Mcp,
    random: ChaCha8Rng,
    /// Orders of its own that may still be shipped or cancelled.
    orders: Vec<i64>,
}

impl Caller {
    async fn work(mut self, stopping: Arc<AtomicBool>) -> Result<Vec<Acknowledged>> {
        let mut acknowledged = vec![];
        let mut number = 0;
        while !stopping.load(Ordering::Relaxed) {
            number += 1;
            let (tool, mut arguments) = self.next_command();
            arguments["idempotency_key"] = json!(format!("{}-{number}", self.name));
            if let Some(answer) = self.insist(tool, &arguments).await? {
                if tool == "orders.create_order" {
                    self.orders.push(answer["order_id"].as_i64().context("order_id")?);
                }
                acknowledged.push(Acknowledged {
                    client: self.client,
                    tool,
                    command_id: answer["command_id"].as_str().context("command_id")?.to_owned(),
                    position: answer["position"].as_i64().context("position")?,
                });
            }
        }
        Ok(acknowledged)
    }

    fn next_command(&mut self) -> (&'static str, Value) {
        let product = PRODUCTS.choose(&mut self.random).copied().unwrap_or_default();
        match self.random.random_range(0..10) {
            0 => ("inventory.receive", json!({ "product": product, "quantity": self.random.random_range(1..50) })),
            1..=3 if !self.orders.is_empty() => {
                let order = self.orders.swap_remove(self.random.random_range(0..self.orders.len()));
                ("orders.update_status", json!({ "order_id": order, "status": "shipped" }))
            }
            4 if !self.orders.is_empty() => {
                let order = self.orders.swap_remove(self.random.random_range(0..self.orders.len()));
                ("orders.cancel", json!({ "order_id": order, "reason": "changed their mind" }))
            }
            _ => {
                let lines: Vec<Value> = (0..self.random.random_range(1..=3))
                    .map(|_| json!({ "product": PRODUCTS.choose(&mut self.random), "quantity": self.random.random_range(1..5) }))
                    .collect();
                ("orders.create_order", json!({ "customer": "asha@example.com", "lines": lines, "shipping": "49.00" }))
            }
        }
    }

    /// Repeats the call under its key until there is an answer, as an assistant would, and confirms what must be confirmed.
    /// `None` when the shop refuses.
    async fn insist(&self, tool: &'static str, arguments: &Value) -> Result<Option<Value>> {
        let started = Instant::now();
        let mut arguments = arguments.clone();
        loop {
            let unanswered = match self.mcp.call(tool, arguments.clone()).await {
                Ok(Ok(answer)) => return Ok(Some(answer)),
                Ok(Err(refusal)) if refusal.confirm_token.is_some() => {
                    arguments["confirm_token"] = refusal.confirm_token.into();
                    continue;
                }
                Ok(Err(refusal)) if refusal.retryable => refusal.to_string(),
                Ok(Err(refusal)) => bail!("{tool} refused {arguments}: {refusal}"),
                Err(broken) => format!("{broken:#}"),
            };
            if started.elapsed() > ANSWER_DEADLINE {
                bail!("{tool} {arguments} got no answer in {ANSWER_DEADLINE:?}; the last was {unanswered}");
            }
            tokio::time::sleep(PAUSE_BEFORE_REPEAT).await;
        }
    }
}
