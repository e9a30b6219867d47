//! Random but lawful histories of a shop, written straight into a log.

use chrono::{DateTime, Duration, Utc};
use orderlog_domain::{
    envelope::{self, Actor, Envelope, Provenance},
    event::{
        BackorderFilled, CatalogueEntry, CustomerRegistered, Event, ProductRegistered, SealedProfile, StockPolicy,
        StockReceived,
    },
    ids::{CommandId, CustomerId, OrderId, Position, ProductId, StreamId, Version},
    money::Currency,
    order::Order,
    states::{State, States},
};
use orderlog_event_log::{Batch, Head, Log, Recorded, Swap, chain};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

mod facts;
mod orders;

const PRODUCTS: u32 = 40;
const CUSTOMERS: u32 = 25;
/// Events of one append.
const BATCH: usize = 500;

/// A shop that lives by chance.
pub(crate) struct History {
    chance: ChaCha8Rng,
    head: Head,
    waiting: Vec<Recorded>,
    /// All recorded events.
    pub(crate) told: Vec<(Position, Event)>,
    pub(crate) states: States,
    open: Vec<OrderId>,
    finished: Vec<OrderId>,
    pub(crate) now: DateTime<Utc>,
}

pub(crate) fn product(n: u32) -> ProductId {
    ProductId::from_sku(&format!("SKU-{n}"))
}

pub(crate) fn customer(n: u32) -> CustomerId {
    CustomerId(Uuid::from_u128(0xc000 + u128::from(n)))
}

impl History {
    /// A shop with products, stock and customers, nothing of it written yet.
    pub(crate) fn new(seed: u64) -> History {
        let mut history = History {
            chance: ChaCha8Rng::seed_from_u64(seed),
            head: Head::empty(),
            waiting: vec![],
            told: vec![],
            states: States::default(),
            open: vec![],
            finished: vec![],
            now: DateTime::UNIX_EPOCH + Duration::days(20_000),
        };
        for n in 0..PRODUCTS {
            let product_id = product(n);
            let entry = CatalogueEntry {
                name: format!("Product number {n}"),
                price: 1_000 + i64::from(n),
                currency: Currency::INR,
                tax_rate: 18.into(),
                tax_inclusive: false,
                policy: StockPolicy::Deny,
                backorder_limit: 0,
                low_stock_threshold: Some(5),
                cost: Some(40),
                lead_time_days: None,
                archived: false,
            };
            let sku = format!("SKU-{n}");
            history.record(StreamId::Product(product_id), ProductRegistered { product_id, sku, entry });
            history.record(StreamId::Stock(product_id), StockReceived { product_id, units: 1_000_000 });
        }
        for n in 0..CUSTOMERS {
            let customer_id = customer(n);
            let profile = SealedProfile {
                name: Some(format!("sealed:Asha Number{n}")),
                email: Some(format!("sealed:asha{n}@example.com")),
                ..SealedProfile::default()
            };
            history.record(StreamId::Customer(customer_id), CustomerRegistered { customer_id, profile });
        }
        history
    }

    /// Lives on for at least `events` more events.
    pub(crate) fn live(&mut self, events: usize) {
        let goal = self.waiting.len() + events;
        while self.waiting.len() < goal {
            self.now += Duration::minutes(self.chance.random_range(1..30));
            if self.open.len() < 5 || self.chance.random_bool(0.15) {
                self.place();
            } else if self.finished.len() > 3 && self.chance.random_bool(0.05) {
                let i = self.chance.random_range(0..self.finished.len());
                self.look_back(self.finished[i]);
                if !self.finished(self.finished[i]) {
                    let again = self.finished.swap_remove(i);
                    self.open.push(again);
                }
            } else {
                let i = self.chance.random_range(0..self.open.len());
                let id = self.open[i];
                self.step(id);
                if self.finished(id) {
                    self.open.swap_remove(i);
                    self.finished.push(id);
                }
            }
        }
    }

    /// From here on, other random numbers: the rest is another history.
    pub(crate) fn turn(&mut self, seed: u64) {
        self.chance = ChaCha8Rng::seed_from_u64(seed);
        self.now += Duration::seconds(1);
    }

    /// Takes what was lived and not yet written, so that it is not.
    pub(crate) fn unsaid(&mut self) -> Vec<Recorded> {
        std::mem::take(&mut self.waiting)
    }

    /// Appends what was lived and not yet written; the events, as a writer would announce them.
    pub(crate) async fn write(&mut self, log: &Log) -> Vec<Recorded> {
        let written = std::mem::take(&mut self.waiting);
        let mut writer = log.writer().await.expect("a writer");
        for events in written.chunks(BATCH) {
            let last = events.last().expect("chunks are not empty");
            let head = Head {
                position: last.position,
                hash: last.hash,
                next_order: self.head.next_order,
                recorded_at: self.now,
            };
            let expected = Position(events[0].position.0 - 1);
            let batch = Batch { events: events.to_vec(), commands: vec![], head };
            assert_eq!(writer.append(expected, &batch).await.expect("append"), Swap::Done);
        }
        written
    }

    /// Events that happened and are not yet written.
    pub(crate) fn unwritten(&self) -> impl Iterator<Item = Envelope<Event>> {
        self.waiting.iter().map(|recorded| envelope::decode(&recorded.json).expect("an envelope"))
    }

    /// The last position lived.
    pub(crate) fn position(&self) -> Position {
        self.head.position
    }

    /// The provenance of the next event.
    pub(crate) fn provenance(&self) -> Provenance {
        let position = self.head.position.next();
        let id = Uuid::from_u128(u128::try_from(position.0).expect("positions are positive"));
        Provenance {
            occurred_at: self.now,
            recorded_at: self.now,
            business_date: self.now.date_naive(),
            actor: Actor { user: "local".into(), role: "owner".into() },
            agent: None,
            confirmed_by: None,
            command_id: CommandId(id),
            causation_id: id,
            correlation_id: id,
            trace_id: None,
            reason: None,
            request_text: None,
        }
    }

    /// Records any event, lawful or not.
    pub(crate) fn record(&mut self, stream: StreamId, event: impl Into<Event>) {
        let event = event.into();
        let version = self.states.get(stream).map_or(Version::NONE, State::version).next();
        let position = self.head.position.next();
        let provenance = self.provenance();
        let id = provenance.command_id.0;
        self.states.evolve(stream, &event, &provenance);
        self.told.push((position, event.clone()));
        let event_type = event.event_type();
        let schema = event.schema();
        let envelope =
            Envelope { id, stream, version, position, event_type: event_type.into(), schema, provenance, data: event };
        let json = serde_json::to_string(&envelope).expect("an envelope is JSON");
        let hash = chain(&self.head.hash, &json);
        self.head.position = position;
        self.head.hash = hash;
        self.waiting.push(Recorded { position, stream, version, event_type: event_type.into(), hash, json });
    }

    pub(crate) fn order(&self, id: OrderId) -> Order {
        self.states.order(id).expect("the order was placed").clone()
    }

    /// An event that fits no stream: this order was never placed.
    pub(crate) fn record_misfit(&mut self, order_id: OrderId) {
        self.record(StreamId::Order(order_id), BackorderFilled { order_id, line: 1, product_id: product(0), units: 1 });
    }
}
