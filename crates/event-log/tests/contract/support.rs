//! Separate databases for the tests, and batches of a small history.

use std::{collections::HashMap, ops::Deref};

use anyhow::Result;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orderlog_domain::{
    envelope::{Actor, Envelope, Provenance},
    ids::{CommandId, OrderId, Position, ProductId, StreamId, Version},
};
use orderlog_event_log::{Batch, CommandRecord, Hash, Head, Log, Recorded, chain};
use orderlog_testkit::{Engine, Fixture};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::sync::Mutex;
use uuid::Uuid;

/// A fresh database, with a tamperer who is admitted once.
pub(crate) struct Database {
    fresh: orderlog_testkit::Database,
    tamperer: Mutex<Option<Tamperer>>,
}

enum Tamperer {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Lets the tamperer do what the triggers forbid, and spares it waiting for the disk.
const UNPROTECT_POSTGRES: &str =
    "SET synchronous_commit = off; ALTER TABLE events DISABLE TRIGGER events_are_immutable";
const UNPROTECT_SQLITE: &str = "PRAGMA synchronous = OFF; DROP TRIGGER events_refuse_update;
    DROP TRIGGER events_refuse_delete; DROP TRIGGER events_refuse_replace";

impl Fixture for Database {
    async fn on(engine: Engine) -> Result<Database> {
        Ok(Database { fresh: orderlog_testkit::Database::fresh(engine).await?, tamperer: Mutex::new(None) })
    }
}

impl Deref for Database {
    type Target = orderlog_testkit::Database;

    fn deref(&self) -> &Self::Target {
        &self.fresh
    }
}

impl Database {
    /// For what is particular to PostgreSQL.
    pub(crate) async fn postgres() -> Database {
        Database::on(Engine::Postgres).await.expect("a fresh database")
    }

    /// A second one on the same engine.
    pub(crate) async fn another(&self) -> Database {
        Database::on(self.engine()).await.expect("a fresh database")
    }

    pub(crate) async fn open(&self) -> Log {
        Log::open(&self.url()).await.expect("the log opens")
    }

    /// Changes stored events as only somebody with all rights could; the triggers stay away from then on.
    pub(crate) async fn tamper(&self, sql: &str) {
        let mut tamperer = self.tamperer.lock().await;
        if tamperer.is_none() {
            *tamperer = Some(Tamperer::admitted(self).await);
        }
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match tamperer.as_mut().unwrap() {
            Tamperer::Postgres(connection) => _ = sql.execute(connection).await.expect("tampering works"),
            Tamperer::Sqlite(connection) => _ = sql.execute(connection).await.expect("tampering works"),
        }
    }
}

impl Tamperer {
    async fn admitted(database: &Database) -> Tamperer {
        if database.is_postgres() {
            let mut connection = PgConnection::connect(&database.url()).await.unwrap();
            sqlx::raw_sql(UNPROTECT_POSTGRES).execute(&mut connection).await.unwrap();
            return Tamperer::Postgres(connection);
        }
        let mut connection = SqliteConnection::connect(&database.url()).await.unwrap();
        sqlx::raw_sql(UNPROTECT_SQLITE).execute(&mut connection).await.unwrap();
        Tamperer::Sqlite(connection)
    }
}

/// Nothing is wrong with the log.
pub(crate) async fn assert_sound(log: &Log) {
    let report = orderlog_event_log::verify(log, &orderlog_event_log::Against::default(), |_| ()).await;
    assert_eq!(report.expect("the log can be read").faults, []);
}

/// A unique id.
#[expect(clippy::disallowed_methods, reason = "tests share one server and need distinct names")]
pub(crate) fn unique() -> Uuid {
    Uuid::new_v4()
}

/// A new command's id.
pub(crate) fn command() -> CommandId {
    CommandId(unique())
}

pub(crate) fn order(number: i64) -> StreamId {
    StreamId::Order(OrderId(number))
}

pub(crate) fn stock(sku: &str) -> StreamId {
    StreamId::Stock(ProductId::from_sku(sku))
}

/// Makes batches that follow each other. Knows the head and the versions as they will be.
pub(crate) struct Story {
    pub(crate) head: Head,
    versions: HashMap<StreamId, Version>,
}

impl Story {
    pub(crate) fn new() -> Story {
        Story { head: Head::empty(), versions: HashMap::new() }
    }

    /// Continues from a log's head, in new streams.
    pub(crate) fn from(head: Head) -> Story {
        Story { head, versions: HashMap::new() }
    }

    /// One command that records one event in each of `streams`.
    pub(crate) fn batch(&mut self, command_id: CommandId, streams: &[StreamId]) -> Batch {
        let first = self.head.position.next();
        let recorded_at = self.head.recorded_at + TimeDelta::nanoseconds(1_234_567_891);
        let mut events = Vec::new();
        for stream in streams {
            if let StreamId::Order(number) = stream {
                self.head.next_order = self.head.next_order.max(number.next());
            }
            let version = self.versions.entry(*stream).or_default();
            *version = version.next();
            let event = event(&self.head, *stream, *version, command_id, recorded_at);
            (self.head.position, self.head.hash, self.head.recorded_at) = (event.position, event.hash, recorded_at);
            events.push(event);
        }
        let request_hash = Hash::of(command_id.0.as_bytes());
        let told = (streams.len() != 1).then(|| r#"{"warnings":["ä"]}"#.to_owned());
        let command = CommandRecord { command_id, request_hash, first, last: self.head.position, told };
        Batch { events, commands: vec![command], head: self.head.clone() }
    }

    /// One command that places the next order.
    pub(crate) fn place(&mut self, command_id: CommandId) -> Batch {
        let placed = StreamId::Order(self.head.next_order);
        self.batch(command_id, &[placed])
    }
}

fn event(
    head: &Head,
    stream: StreamId,
    version: Version,
    command_id: CommandId,
    recorded_at: DateTime<Utc>,
) -> Recorded {
    let position = head.position.next();
    let event_type = if matches!(stream, StreamId::Stock(_)) { "StockNoted" } else { "OrderNoted" };
    let envelope = Envelope {
        id: unique(),
        stream,
        version,
        position,
        event_type: event_type.into(),
        schema: 1,
        provenance: Provenance {
            occurred_at: recorded_at,
            recorded_at,
            business_date: NaiveDate::from_ymd_opt(2026, 11, 22).expect("a date"),
            actor: Actor { user: "local".to_owned(), role: "owner".to_owned() },
            agent: None,
            confirmed_by: None,
            command_id,
            causation_id: command_id.0,
            correlation_id: command_id.0,
            trace_id: None,
            reason: None,
            request_text: Some("₹1,00,000 \u{0} \"'; DROP TABLE events; -- שלום".to_owned()),
        },
        data: serde_json::json!({ "note": "tab\there" }),
    };
    let json = serde_json::to_string(&envelope).expect("an envelope serialises");
    let hash = chain(&head.hash, &json);
    Recorded { position, stream, version, event_type: event_type.to_owned(), hash, json }
}

/// Positions of events, for short assertions.
pub(crate) fn positions(events: &[Recorded]) -> Vec<i64> {
    events.iter().map(|event| event.position.0).collect()
}

/// `p` as a position.
pub(crate) fn at(p: i64) -> Position {
    Position(p)
}
