//! One random history fed to SQLite and to PostgreSQL: the same verdicts, positions, order numbers and hashes.

use anyhow::{Context, Result};
use chrono::{DateTime, TimeDelta, Utc};
use orderlog_commands::{Options, Origin, Submission, SubmitError, Writer};
use orderlog_domain::{
    commands::{Command, RegisterCustomer},
    decide::{Ask, Names, Shop as Settings},
    envelope::Actor,
    event::SealedProfile,
    ids::{CommandId, CustomerId, Position},
};
use orderlog_event_log::{Hash, Log};
use orderlog_tests::{Checks, Database, Engine, check};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use uuid::Uuid;

const COMMANDS: usize = 1_500;
const SEED: u64 = 1_001;
const CUSTOMER: Uuid = Uuid::from_u128(0xA5A5);
const SKUS: [&str; 4] = ["PEN", "mug", "INK", "nowhere"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_engines_agree_on_one_random_history() -> Result<()> {
    let mut checks = Checks::default();
    let seed = std::env::var("ORDERLOG_TEST_SEED").map_or(Ok(SEED), |text| text.parse())?;
    eprintln!("history with seed {seed}; ORDERLOG_TEST_SEED chooses another");
    let folder = tempfile::tempdir()?;
    let database = Database::fresh(Engine::Postgres).await?;
    let sqlite = live_through(seed, &format!("sqlite://{}/log.db", folder.path().display())).await?;
    let postgres = live_through(seed, &database.url()).await?;
    for (number, (one, other)) in sqlite.verdicts.iter().zip(&postgres.verdicts).enumerate() {
        check!(checks, one == other, "command {number}: SQLite says {one}, PostgreSQL says {other}");
    }
    check!(checks, sqlite.hashes.len() == postgres.hashes.len(), "different numbers of events");
    for (index, (one, other)) in sqlite.hashes.iter().zip(&postgres.hashes).enumerate() {
        check!(checks, one == other, "position {} has another hash", index + 1);
    }
    let refused = sqlite.verdicts.iter().filter(|verdict| verdict.starts_with("refused")).count();
    check!(
        checks,
        refused > COMMANDS / 20 && refused < COMMANDS / 2,
        "{refused} of {COMMANDS} refused: no honest mixture"
    );
    checks.all_hold()
}

struct Outcome {
    verdicts: Vec<String>,
    hashes: Vec<Hash>,
}

async fn live_through(seed: u64, url: &str) -> Result<Outcome> {
    let log = Log::open(url).await?;
    let options = Options { shop: Settings::default(), on_append: Box::new(|_| ()) };
    let (writer, task) = Writer::start(log.clone(), options).await?;
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let mut now: DateTime<Utc> = "2026-11-20T04:30:00Z".parse()?;
    let mut verdicts: Vec<String> = vec![];
    let mut last = None;
    let mut orders = 0;
    for number in 0..COMMANDS {
        now += TimeDelta::milliseconds(random.random_range(0..5_000));
        let again = last.take_if(|_| random.random_ratio(1, 20));
        let submission = match again {
            Some(repeated) => repeated,
            None => submission(command(&mut random, number, orders)?, random.random(), now),
        };
        verdicts.push(match writer.submit(submission.clone()).await {
            Ok(receipt) => {
                orders +=
                    u64::from(receipt.before.is_none() && receipt.subject.category() == "order" && !receipt.replayed);
                format!("{} v{} p{} {}", receipt.subject, receipt.version(), receipt.position, receipt.replayed)
            }
            Err(SubmitError::Rejected(rejection)) => format!("refused {:?} {}", rejection.code, rejection.message),
            Err(SubmitError::Failed(error)) => return Err(error).context("the log failed"),
        });
        last = Some(submission);
    }
    drop(writer);
    task.await?;
    let mut hashes: Vec<Hash> = vec![];
    loop {
        let page = log.read(Position(i64::try_from(hashes.len())?), 1_000).await?;
        if page.is_empty() {
            return Ok(Outcome { verdicts, hashes });
        }
        hashes.extend(page.iter().map(|event| event.hash));
    }
}

fn submission(command: Command, id: u128, now: DateTime<Utc>) -> Submission {
    Submission {
        request_hash: Hash::of(format!("{command:?}").as_bytes()),
        command,
        names: Names::default(),
        command_id: CommandId(Uuid::from_u128(id)),
        keyed: true,
        ask: Ask::default(),
        now,
        occurred_at: now,
        expected_version: None,
        readings: None,
        dry_run: false,
        origin: Origin {
            reason: Some("ein Grund mit Umlaut: ü, और देवनागरी".to_owned()),
            ..Origin::of(Actor { user: "local".to_owned(), role: "owner".to_owned() }, None)
        },
    }
}

/// The `number`th command of a shop that has placed `orders`; the first ones furnish the shop.
fn command(random: &mut ChaCha8Rng, number: usize, orders: u64) -> Result<Command> {
    let sku = SKUS.choose(random).copied().unwrap_or_default();
    let order_id = random.random_range(1_000..=1_002 + orders);
    let kind = match number {
        0 => 0,
        1..=8 => 1,
        _ => random.random_range(0..20),
    };
    Ok(match kind {
        0 => RegisterCustomer {
            customer_id: CustomerId(CUSTOMER),
            profile: SealedProfile {
                name: Some(format!("sealed {}", random.random_range(0..3))),
                ..SealedProfile::default()
            },
        }
        .into(),
        1 => {
            let policy = ["deny", "backorder"].choose(random);
            let price = format!("{}.{:02}", random.random_range(1..500), random.random_range(0..100));
            let known = SKUS[random.random_range(0..3)];
            read(
                json!({ "sku": known, "name": format!("The {known}"), "price": price, "tax_rate": "18",
                "policy": policy, "backorder_limit": 20, "low_stock_threshold": 5 }),
                Command::UpsertProduct,
            )?
        }
        2 | 3 => read(json!({ "product": sku, "quantity": random.random_range(1..60) }), Command::ReceiveStock)?,
        4 => read(json!({ "product": sku, "counted": random.random_range(0..60) }), Command::AdjustStock)?,
        5 => read(json!({ "order_id": order_id, "on": random.random_bool(0.6) }), Command::SetHold)?,
        6 => read(json!({ "order_id": order_id, "method": "card" }), Command::RecordPayment)?,
        7 => read(json!({ "order_id": order_id }), Command::Cancel)?,
        8 | 9 => read(json!({ "order_id": order_id, "lines": [{ "line": 1, "quantity": 1 }] }), Command::Ship)?,
        10 | 11 => {
            let status = ["confirmed", "processing", "dispatched", "delivered", "canceled"].choose(random);
            read(json!({ "order_id": order_id, "status": status }), Command::UpdateStatus)?
        }
        _ => {
            let lines: Vec<Value> = (0..random.random_range(1..4))
                .map(|_| json!({ "product": SKUS[random.random_range(0..3)], "quantity": random.random_range(1..6) }))
                .collect();
            let discount = ["0.50", "10%", "3.33%"].choose(random);
            let order =
                json!({ "customer": CUSTOMER, "lines": lines, "shipping": "49.00", "order_discount": discount });
            read(order, Command::CreateOrder)?
        }
    })
}

fn read<I: serde::de::DeserializeOwned>(input: Value, command: impl Fn(I) -> Command) -> Result<Command> {
    Ok(command(serde_json::from_value(input.clone()).with_context(|| input.to_string())?))
}
