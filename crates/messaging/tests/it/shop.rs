//! A log on SQLite in a temporary folder, filled with receipts of stock, and a bus that announces them.

use chrono::DateTime;
use orderlog_domain::{
    envelope::{Actor, Envelope, Provenance},
    event::{Event, StockReceived},
    ids::{CommandId, Position, ProductId, StreamId, Version},
};
use orderlog_event_log::{Batch, Hash, Head, Identity, Log, LogWriter, Recorded, Swap, chain};
use orderlog_messaging::Bus;
use tempfile::TempDir;
use uuid::Uuid;

/// A shop with one product. Two shops with different seeds have different histories.
pub(crate) struct Shop {
    pub(crate) log: Log,
    pub(crate) identity: Identity,
    pub(crate) bus: Bus,
    writer: LogWriter,
    head: Head,
    seed: u64,
    _folder: TempDir,
}

impl Shop {
    pub(crate) async fn open(seed: u64) -> Shop {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let log = Log::open(&format!("sqlite://{}/log.db", folder.path().display())).await.expect("opening the log");
        let writer = log.writer().await.expect("a writer");
        let head = log.head().await.expect("the head");
        let identity = log.identity().await.expect("the log answers").expect("an id");
        Shop { log, identity, bus: Bus::new(), writer, head, seed, _folder: folder }
    }

    /// A copy of a shop's log, elsewhere: staging, or a restore drill.
    pub(crate) async fn copy_of(other: &Shop) -> Shop {
        let mut copy = Shop::open(other.seed).await;
        copy.identity.id = other.identity.id;
        copy.append_quietly(other.head().0).await;
        copy
    }

    /// A shop whose database was restored in place, with `count` events of its own history.
    pub(crate) async fn restored_over(other: &Shop, seed: u64, count: i64) -> Shop {
        let mut restored = Shop::open(seed).await;
        restored.identity = other.identity.clone();
        restored.append_quietly(count).await;
        restored
    }

    /// Appends `count` events at once and announces them.
    pub(crate) async fn append(&mut self, count: i64) -> Vec<Recorded> {
        let events = self.append_quietly(count).await;
        self.bus.publish(events.clone().into());
        events
    }

    /// Appends without a word, as another node would.
    pub(crate) async fn append_quietly(&mut self, count: i64) -> Vec<Recorded> {
        let expected = self.head.position;
        let mut previous = self.head.hash;
        let events: Vec<Recorded> = (1..=count)
            .map(|n| {
                let event = self.receipt(Position(expected.0 + n), &previous);
                previous = event.hash;
                event
            })
            .collect();
        let head = Head { position: Position(expected.0 + count), hash: previous, ..self.head.clone() };
        let batch = Batch { events: events.clone(), commands: Vec::new(), head: head.clone() };
        assert_eq!(self.writer.append(expected, &batch).await.expect("appending"), Swap::Done);
        self.head = head;
        events
    }

    /// Appends quietly what no copy of this shop has.
    pub(crate) async fn append_differently(&mut self, count: i64) -> Vec<Recorded> {
        self.seed += 1_000;
        self.append_quietly(count).await
    }

    pub(crate) fn head(&self) -> Position {
        self.head.position
    }

    fn receipt(&self, position: Position, previous: &Hash) -> Recorded {
        let product_id = ProductId::from_sku("TEA-1");
        let event = Event::from(StockReceived { product_id, units: 1 });
        let id = Uuid::from_u64_pair(self.seed, position.0.cast_unsigned());
        let now = DateTime::from_timestamp(1_795_000_000, 0).expect("a time");
        let envelope = Envelope {
            id,
            stream: StreamId::Stock(product_id),
            version: Version(position.0),
            position,
            event_type: event.event_type().into(),
            schema: event.schema(),
            provenance: Provenance {
                occurred_at: now,
                recorded_at: now,
                business_date: now.date_naive(),
                actor: Actor { user: "local".to_owned(), role: "admin".to_owned() },
                agent: None,
                confirmed_by: None,
                command_id: CommandId(id),
                causation_id: id,
                correlation_id: id,
                trace_id: None,
                reason: None,
                request_text: Some("ten boxes of \"tea\"\r\n — naïve \u{202e}text".to_owned()),
            },
            data: event,
        };
        let json = serde_json::to_string(&envelope).expect("an envelope is JSON");
        let hash = chain(previous, &json);
        let event_type = envelope.event_type.into_owned();
        Recorded { position, stream: envelope.stream, version: envelope.version, event_type, hash, json }
    }
}
