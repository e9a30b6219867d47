//! A shop whose commands read like sentences.

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, TimeZone, Utc};
use orderlog_commands::{Options, Origin, Receipt, Submission, SubmitError, Writer, verify_snapshots};
use orderlog_domain::{
    commands::{Command, RegisterCustomer},
    decide::{Ask, Names, Shop as Settings},
    envelope::Actor,
    event::SealedProfile,
    ids::{CommandId, CustomerId, Position, ProductId},
};
use orderlog_event_log::{Against, Hash, Log, Report, chain, verify};
use orderlog_testkit::Database;
use serde_json::{Value, json};
use uuid::Uuid;

/// One node: a log and its writer.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) log: Log,
    pub(crate) writer: Writer,
    names: Names,
}

pub(crate) const CUSTOMER: CustomerId = CustomerId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001));

impl Node {
    pub(crate) async fn start(database: &Database) -> Node {
        let log = Log::open(&database.url()).await.expect("the log opens");
        let shop = Settings::default();
        let options = Options { shop, on_append: Box::new(|_| {}) };
        let (writer, _) = Writer::start(log.clone(), options).await.expect("the writer starts");
        let mut names = Names::default();
        names.products.insert("A".to_owned(), ProductId::from_sku("A"));
        names.customers.insert("asha".to_owned(), CUSTOMER);
        Node { log, writer, names }
    }

    /// A node whose shop has a customer and `units` of product A at ₹499.
    pub(crate) async fn with_stock(database: &Database, units: i64) -> Node {
        let node = Node::start(database).await;
        node.run(RegisterCustomer {
            customer_id: CUSTOMER,
            profile: SealedProfile { name: Some("sealed".to_owned()), ..SealedProfile::default() },
        })
        .await
        .expect("a customer");
        let product = json!({"sku": "A", "name": "Product A", "price": "499.00", "tax_rate": "18"});
        node.run(Command::UpsertProduct(from(product))).await.expect("a product");
        if units > 0 {
            node.run(receive(units)).await.expect("stock");
        }
        node
    }

    pub(crate) async fn run(&self, command: impl Into<Command>) -> Result<Receipt, SubmitError> {
        self.writer.submit(self.submission(command.into())).await
    }

    pub(crate) async fn run_keyed(&self, key: &str, command: Command) -> Result<Receipt, SubmitError> {
        self.writer.submit(self.keyed(key, command)).await
    }

    pub(crate) fn submission(&self, command: Command) -> Submission {
        Submission {
            command,
            names: self.names.clone(),
            command_id: CommandId(fresh_id()),
            keyed: false,
            ask: Ask::default(),
            request_hash: Hash::ZERO,
            now: now(),
            occurred_at: now(),
            expected_version: None,
            readings: None,
            dry_run: false,
            origin: Origin::of(Actor { user: "test".to_owned(), role: "owner".to_owned() }, None),
        }
    }

    pub(crate) fn keyed(&self, key: &str, command: Command) -> Submission {
        let arguments = format!("{command:?}");
        Submission {
            command_id: CommandId(Uuid::new_v5(&Uuid::NAMESPACE_OID, key.as_bytes())),
            keyed: true,
            request_hash: chain(&Hash::ZERO, &arguments),
            ..self.submission(command)
        }
    }

    /// An order placed without a key `seconds` after the others, as the tool hands it over.
    pub(crate) async fn place_unkeyed(&self, quantity: i64, seconds: i64) -> Result<Receipt, SubmitError> {
        let at = now() + chrono::TimeDelta::seconds(seconds);
        let arguments = format!("{quantity} A");
        self.writer
            .submit(Submission {
                command_id: CommandId(uuid_v7()),
                ask: Ask { repeated: true, too_much: true },
                request_hash: chain(&Hash::ZERO, &arguments),
                now: at,
                occurred_at: at,
                ..self.submission(place(quantity))
            })
            .await
    }

    pub(crate) async fn position(&self) -> Position {
        self.log.head().await.expect("the head").position
    }
}

/// The log is sound.
pub(crate) async fn verified(log: &Log) -> Report {
    let report = verify(log, &Against::default(), |_| {}).await.expect("the log can be read");
    assert_eq!(report.faults, []);
    assert_eq!(verify_snapshots(log).await.expect("the log can be read"), []);
    report
}

pub(crate) fn place(quantity: i64) -> Command {
    Command::CreateOrder(from(json!({"customer": "asha", "lines": [{"product": "A", "quantity": quantity}]})))
}

pub(crate) fn ship(order: i64) -> Command {
    Command::UpdateStatus(from(json!({"order_id": order, "status": "shipped"})))
}

pub(crate) fn cancel(order: i64) -> Command {
    Command::Cancel(from(json!({"order_id": order})))
}

pub(crate) fn receive(units: i64) -> Command {
    Command::ReceiveStock(from(json!({"product": "A", "quantity": units})))
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("arguments of the command")
}

fn now() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 11, 22, 9, 0, 0).single().expect("a moment")
}

#[expect(clippy::disallowed_methods, reason = "tests are an edge: they play the callers")]
fn uuid_v7() -> Uuid {
    Uuid::now_v7()
}

/// Unique within the machine for as long as a test runs.
fn fresh_id() -> Uuid {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    #[expect(clippy::disallowed_methods, reason = "tests are an edge: they play the callers")]
    let nanos = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_nanos();
    Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{nanos}-{nth}-{}", std::process::id()).as_bytes())
}
