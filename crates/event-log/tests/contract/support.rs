//! Databases of the tests' own, and batches that tell a small story.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use orderlog_domain::{
    envelope::{Actor, Envelope, Provenance},
    ids::{CommandId, OrderId, Position, ProductId, StreamId, Version},
};
use orderlog_event_log::{Batch, CommandRecord, Hash, Head, Log, Recorded, chain};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};
use tokio::sync::Mutex;
use uuid::Uuid;

/// Runs each test on both engines, each with a database of its own.
macro_rules! on_both_engines {
    ($($test:ident),* $(,)?) => {
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let database = crate::support::Database::postgres().await;
                super::$test(&database).await;
                database.drop().await;
            })*
        }
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                let database = crate::support::Database::sqlite();
                super::$test(&database).await;
                database.drop().await;
            })*
        }
    };
}
pub(crate) use on_both_engines;

/// A fresh database.
pub(crate) enum Database {
    Postgres { admin: String, name: String, url: String, tamperer: Mutex<Option<PgConnection>> },
    Sqlite { folder: tempfile::TempDir, tamperer: Mutex<Option<SqliteConnection>> },
}

/// Lets the tamperer do what the triggers forbid, and spares it waiting for the disk.
const UNPROTECT_POSTGRES: &str =
    "SET synchronous_commit = off; ALTER TABLE events DISABLE TRIGGER events_are_immutable";
const UNPROTECT_SQLITE: &str = "PRAGMA synchronous = OFF; DROP TRIGGER events_refuse_update;
    DROP TRIGGER events_refuse_delete; DROP TRIGGER events_refuse_replace";

impl Database {
    pub(crate) async fn postgres() -> Database {
        let admin = std::env::var("ORDERLOG_TEST_POSTGRES_URL")
            .expect("ORDERLOG_TEST_POSTGRES_URL is not set: these tests need PostgreSQL, run tests/run");
        let name = format!("log_{}", unique().simple());
        let mut connection = PgConnection::connect(&admin).await.expect("PostgreSQL answers");
        let create = format!("CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0");
        sqlx::raw_sql(AssertSqlSafe(create)).execute(&mut connection).await.expect("a database can be created");
        let (server, _) = admin.rsplit_once('/').expect("the URL ends in /database");
        Database::Postgres { url: format!("{server}/{name}"), admin: admin.clone(), name, tamperer: Mutex::new(None) }
    }

    pub(crate) fn sqlite() -> Database {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        Database::Sqlite { folder, tamperer: Mutex::new(None) }
    }

    /// A second one on the same engine.
    pub(crate) async fn another(&self) -> Database {
        match self {
            Database::Postgres { .. } => Database::postgres().await,
            Database::Sqlite { .. } => Database::sqlite(),
        }
    }

    pub(crate) fn url(&self) -> String {
        match self {
            Database::Postgres { url, .. } => url.clone(),
            Database::Sqlite { folder, .. } => format!("sqlite://{}/shop/log.db", folder.path().display()),
        }
    }

    pub(crate) async fn open(&self) -> Log {
        Log::open(&self.url()).await.expect("the log opens")
    }

    /// Runs SQL behind the log's back.
    pub(crate) async fn execute(&self, sql: &str) -> Result<u64, sqlx::Error> {
        match self {
            Database::Postgres { url, .. } => {
                let mut connection = PgConnection::connect(url).await?;
                let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
                connection.close().await?;
                Ok(done?.rows_affected())
            }
            Database::Sqlite { .. } => {
                let mut connection = SqliteConnection::connect(&self.url()).await?;
                let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
                connection.close().await?;
                Ok(done?.rows_affected())
            }
        }
    }

    /// Changes stored events as only somebody with all rights could; the triggers stay away from then on.
    pub(crate) async fn tamper(&self, sql: &str) {
        let done = match self {
            Database::Postgres { url, tamperer, .. } => {
                let mut tamperer = tamperer.lock().await;
                if tamperer.is_none() {
                    let mut connection = PgConnection::connect(url).await.unwrap();
                    sqlx::raw_sql(UNPROTECT_POSTGRES).execute(&mut connection).await.unwrap();
                    *tamperer = Some(connection);
                }
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(tamperer.as_mut().unwrap()).await.map(|_| ())
            }
            Database::Sqlite { tamperer, .. } => {
                let mut tamperer = tamperer.lock().await;
                if tamperer.is_none() {
                    let mut connection = SqliteConnection::connect(&self.url()).await.unwrap();
                    sqlx::raw_sql(UNPROTECT_SQLITE).execute(&mut connection).await.unwrap();
                    *tamperer = Some(connection);
                }
                sqlx::raw_sql(AssertSqlSafe(sql)).execute(tamperer.as_mut().unwrap()).await.map(|_| ())
            }
        };
        done.expect("tampering works");
    }

    pub(crate) async fn drop(self) {
        if let Database::Postgres { admin, name, .. } = self {
            let mut connection = PgConnection::connect(&admin).await.expect("PostgreSQL answers");
            let drop = format!("DROP DATABASE {name} WITH (FORCE)");
            sqlx::raw_sql(AssertSqlSafe(drop)).execute(&mut connection).await.expect("the database can be dropped");
        }
    }
}

/// Nothing is wrong with the log.
pub(crate) async fn assert_sound(log: &Log) {
    let report = orderlog_event_log::verify(log, &orderlog_event_log::Against::default(), |_| ()).await;
    assert_eq!(report.expect("the log can be read").faults, []);
}

/// An id nobody else has.
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

    /// Goes on from a log's head, in streams nobody has written to.
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
