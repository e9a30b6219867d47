//! Messages to an endpoint that answers well and badly at random, while the node is killed again and again.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use orderlog_testkit::Fixture;
use orderlog_tests::{
    Checks, Endpoint, Engine, Mcp, Received, Reply, SetUp, Shop, check, deliveries, on_both_engines, until,
};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tempfile::TempDir;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const SEED: u64 = 20_261_130;
const TARGETS: usize = 16;
/// The target that wants no more messages after a while.
const LEAVING: &str = "t00";
/// Each order makes one message of each, for each target.
const TOLD: [&str; 4] = ["placed", "confirmed", "shipped", "delivered"];
/// From so many messages on it is the long test: five kills, and an endpoint that sometimes says nothing until it is given up.
const MANY: usize = 5_000;
/// The waits between tries are divided by it.
const PACE: &str = "10000";
/// So often a message is answered badly at most: one that is given up would let those behind it go.
const LENIENT_AFTER: u32 = 6;
/// A kill so soon after a 410 may come before it was recorded.
const UNRECORDED: Duration = Duration::from_millis(250);

on_both_engines!(every_message_arrives_in_order_whatever_the_endpoint_answers);

/// A shop whose messages all go to one moody endpoint.
struct Stormy {
    shop: Shop,
    _endpoint: Endpoint,
    heard: Arc<Mutex<Heard>>,
    orders: usize,
    kills: usize,
    _folder: TempDir,
}

/// The endpoint's knowledge of the messages.
struct Heard {
    random: ChaCha8Rng,
    /// Whether it answers badly at all.
    stormy: bool,
    /// Whether it may say nothing for long.
    silent: bool,
    /// After so many requests to it, [`LEAVING`] answers 410; `None` when it takes messages.
    leaves_after: Option<usize>,
    left: Option<Instant>,
    requests: usize,
    to_leaving: usize,
    /// Requests to [`LEAVING`] after its 410.
    too_late: Vec<Instant>,
    /// By target and order: the positions that were taken, in their order of arrival.
    taken: BTreeMap<(String, i64), Vec<i64>>,
    /// By target: ids of messages that were taken.
    ids: BTreeMap<String, BTreeSet<String>>,
    /// The subject of each id, and how often it came.
    about: BTreeMap<String, (Value, u32)>,
    twice: usize,
    wrong: Vec<String>,
}

impl Heard {
    /// Takes a request note of, and decides how it is answered.
    fn answer(&mut self, received: &Received) -> Reply {
        let (target, message) = (received.path.trim_start_matches('/').to_owned(), received.json());
        let (kind, data) = (message["type"].as_str().unwrap_or_default(), &message["data"]);
        let (order, position) = (data["order_id"].as_i64().unwrap_or(-1), data["position"].as_i64().unwrap_or(-1));
        let id = received.headers.get("webhook-id").cloned().unwrap_or_default();
        self.requests += 1;
        let about = json!([target, order, position, kind]);
        let (known, tries) = self.about.entry(id.clone()).or_insert_with(|| (about.clone(), 0));
        *tries += 1;
        if *known != about {
            self.wrong.push(format!("{id} is about {about} and {known}"));
        }
        let lenient = *tries >= LENIENT_AFTER;
        let reply = self.choose(&target, lenient);
        let taken = self.taken.entry((target.clone(), order)).or_default();
        if !taken.contains(&position) && taken.len() != told_before(taken, position, kind) {
            self.wrong.push(format!("{target}, order {order}: {kind} came after {taken:?} only"));
        }
        if reply == Reply::Status(200) {
            if taken.contains(&position) {
                self.twice += 1;
            } else {
                taken.push(position);
            }
            self.ids.entry(target).or_default().insert(id);
        }
        reply
    }

    fn choose(&mut self, target: &str, lenient: bool) -> Reply {
        if target == LEAVING
            && let Some(after) = self.leaves_after
        {
            self.to_leaving += 1;
            if self.left.is_some() {
                self.too_late.push(Instant::now());
                return Reply::Status(410);
            }
            if self.to_leaving > after {
                self.left = Some(Instant::now());
                return Reply::Status(410);
            }
        }
        if !self.stormy || lenient {
            return Reply::Status(200);
        }
        match self.random.random_range(0..1_000) {
            0..80 => Reply::TooMany(self.random.random_range(1..60)),
            80..200 => Reply::Status(500),
            200..270 => Reply::Nothing,
            270..340 => Reply::Cut,
            340 if self.silent => Reply::Silence,
            _ => Reply::Status(200),
        }
    }
}

/// How many messages about the order must have been taken before this one: all those that are older.
fn told_before(taken: &[i64], position: i64, kind: &str) -> usize {
    let place = TOLD.iter().position(|told| kind == format!("order.{told}")).unwrap_or(usize::MAX);
    if taken.iter().all(|older| *older < position) { place } else { usize::MAX }
}

impl Fixture for Stormy {
    async fn on(engine: Engine) -> Result<Stormy> {
        let count = deliveries()?;
        let (orders, many) = (count.div_ceil(TARGETS * TOLD.len()), count >= MANY);
        eprintln!("seed {SEED}, {orders} orders, {} messages", orders * TARGETS * TOLD.len());
        let mut random = ChaCha8Rng::seed_from_u64(SEED);
        let all = orders * TOLD.len();
        let leaves_after = Some(random.random_range(all / 3..all));
        let heard = Heard {
            random,
            stormy: true,
            silent: many,
            leaves_after,
            left: None,
            requests: 0,
            to_leaving: 0,
            too_late: vec![],
            taken: BTreeMap::new(),
            ids: BTreeMap::new(),
            about: BTreeMap::new(),
            twice: 0,
            wrong: vec![],
        };
        let heard = Arc::new(Mutex::new(heard));
        let hearing = Arc::clone(&heard);
        let endpoint = Endpoint::start_with(move |request| locked(&hearing).answer(request)).await?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("targets.toml");
        let mut text = String::new();
        for name in names() {
            let url = endpoint.url(&format!("/{name}"));
            writeln!(
                text,
                "[targets.{name}]\nkind = \"webhook\"\nurl = \"{url}\"\nsecrets = [\"{SECRET}\"]\nprivate = true"
            )?;
        }
        std::fs::write(&file, text)?;
        let set_up = match engine {
            Engine::Sqlite => SetUp::Sqlite,
            Engine::Postgres => SetUp::PostgresAndNats,
        };
        let file = file.to_str().context("a path")?;
        let shop = Shop::open_with(set_up, &["--notify-targets-file", file, "--notify-pace", PACE]).await?;
        shop.customer("Asha Rao", "asha@example.com").await?;
        shop.stock("PEN", "Fountain pen", "10.00", i64::try_from(orders)?).await?;
        for name in names() {
            let rule = json!({ "target": name, "when": TOLD, "grace": 0 });
            shop.mcp().ok("notifications.subscribe", rule).await?;
        }
        Ok(Stormy { shop, _endpoint: endpoint, heard, orders, kills: if many { 5 } else { 2 }, _folder: folder })
    }
}

fn names() -> impl Iterator<Item = String> {
    (0..TARGETS).map(|number| format!("t{number:02}"))
}

fn locked(heard: &Mutex<Heard>) -> MutexGuard<'_, Heard> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Does a command until it is done: the node may be dead just now.
async fn insist(mcp: &Mcp, tool: &str, arguments: Value) -> Result<Value> {
    until(tool, Duration::from_secs(60), async || match mcp.call(tool, arguments.clone()).await {
        Ok(Ok(answer)) => Ok(Some(answer)),
        Ok(Err(refusal)) if !refusal.retryable => anyhow::bail!("{tool}: {refusal}"),
        _ => Ok(None),
    })
    .await
}

/// Brings one order through its life.
async fn one_order(mcp: &Mcp, number: usize) -> Result<()> {
    let key = |step: &str| format!("{step}-{number}");
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }],
        "idempotency_key": key("place") });
    let order = insist(mcp, "orders.create_order", order).await?["order_id"].clone();
    for status in &TOLD[1..] {
        let change = json!({ "order_id": order, "status": status, "idempotency_key": key(status) });
        insist(mcp, "orders.update_status", change).await?;
    }
    Ok(())
}

async fn every_message_arrives_in_order_whatever_the_endpoint_answers(mut stormy: Stormy) -> Result<()> {
    let mut checks = Checks::default();
    let (each, started) = (stormy.orders * TOLD.len(), Instant::now());
    let all = each * TARGETS;
    let patience = Duration::from_secs(60) + Duration::from_millis(60) * u32::try_from(all)?;
    let (mcp, orders) = (stormy.shop.mcp(), stormy.orders);
    let business = async {
        let orders = stream::iter(0..orders).map(|number| one_order(&mcp, number)).buffer_unordered(4);
        orders.try_for_each(async |()| Ok(())).await
    };
    let mut killed = vec![];
    let killing = async {
        for kill in 1..=stormy.kills {
            let wanted = all * kill / (stormy.kills + 1);
            let heard = Arc::clone(&stormy.heard);
            until("the next kill", patience, async || Ok((locked(&heard).requests >= wanted).then_some(()))).await?;
            stormy.shop.node.kill()?;
            killed.push(Instant::now());
            stormy.shop.node.start_again().await?;
        }
        anyhow::Ok(())
    };
    tokio::try_join!(business, killing)?;
    locked(&stormy.heard).stormy = false;

    // All but the target that left have taken everything; what it did not take is listed.
    let heard = Arc::clone(&stormy.heard);
    let arrived = until("the messages", patience, async || {
        let heard = locked(&heard);
        Ok(names().filter(|name| name != LEAVING).all(|name| heard.count(&name) == each).then_some(()))
    });
    arrived.await.with_context(|| format!("{}\n{}", locked(&heard).summary(), stormy.shop.node.output()))?;
    let mcp = stormy.shop.mcp();
    let given_up = async || -> Result<usize> {
        let list = mcp.full("notifications.list", json!({})).await?;
        Ok(usize::try_from(list["given_up"].as_u64().unwrap_or_default())?)
    };
    let missing = each - locked(&heard).count(LEAVING);
    // A message that was accepted right before a kill, but not recorded, may be given up when it is sent again.
    until("the log to list what was given up", patience, async || {
        Ok((missing..=each).contains(&given_up().await?).then_some(()))
    })
    .await
    .with_context(|| format!("{missing} are missing, {} are listed", locked(&heard).summary()))?;
    {
        let heard = locked(&heard);
        let left = heard.left.context("nobody left")?;
        let late: Vec<Duration> = heard.too_late.iter().map(|at| *at - left).collect();
        let excused = killed.iter().filter(|kill| **kill > left && **kill - left < UNRECORDED).count();
        check!(checks, late.len() <= excused, "requests after 410: {late:?}");
    }

    // It comes back, and gets what it missed.
    locked(&heard).leaves_after = None;
    stormy.shop.cli(&["notifications", "enable", LEAVING]).await?.expect_success()?;
    stormy.shop.cli(&["notifications", "replay"]).await?.expect_success()?;
    let replayed =
        until("the replay", patience, async || Ok((locked(&heard).count(LEAVING) == each).then_some(()))).await;
    replayed.with_context(|| locked(&heard).summary())?;
    until("the log to list nothing", patience, async || Ok((given_up().await? == 0).then_some(()))).await?;

    stormy.shop.cli(&["verify"]).await?.expect_success()?;
    let heard = locked(&heard);
    eprintln!("{} in {:.1?}, killed {} times", heard.summary(), started.elapsed(), killed.len());
    check!(checks, heard.wrong.is_empty(), "{:#?}", heard.wrong);
    check!(checks, heard.about.len() == all, "{} messages have an id, {all} were to be sent", heard.about.len());
    for (about, positions) in &heard.taken {
        check!(checks, positions.is_sorted(), "{about:?}: {positions:?}");
    }
    drop(heard);
    checks.all_hold()
}

impl Heard {
    /// How many messages a target has taken.
    fn count(&self, target: &str) -> usize {
        self.ids.get(target).map_or(0, BTreeSet::len)
    }

    fn summary(&self) -> String {
        let taken: usize = self.ids.values().map(BTreeSet::len).sum();
        let counts: Vec<String> = names().map(|name| format!("{name} {}", self.count(&name))).collect();
        format!(
            "{taken} messages taken with {} requests, {} of them twice, {} after a 410; {}",
            self.requests,
            self.twice,
            self.too_late.len(),
            counts.join(", ")
        )
    }
}
