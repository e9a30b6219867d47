//! Random but lawful histories of a shop, written straight into a log.

use chrono::{DateTime, Duration, Utc};
use orderlog_domain::{
    envelope::{Actor, Envelope, Provenance},
    event::{
        Amounts, BackorderFilled, CatalogueEntry, Charge, CustomerRegistered, Event, LineUnits, OrderConfirmed,
        OrderHeld, OrderPlaced, OrderReleased, PaymentCaptured, PlacedLine, ProcessingStarted, ProductRegistered,
        SealedProfile, StockConsumed, StockPolicy, StockReceived, StockReserved, Totals, UnitsCancelled,
        UnitsDelivered, UnitsShipped,
    },
    ids::{CommandId, CustomerId, OrderId, Position, ProductId, StreamId, Version},
    money::Currency,
    order::{Line, Order, Status},
    world::{State, World},
};
use orderlog_event_log::{Batch, Head, Log, Recorded, Swap, chain};
use rand::{Rng, SeedableRng, seq::IndexedRandom};
use rand_chacha::ChaCha8Rng;
use uuid::Uuid;

const PRODUCTS: u32 = 40;
const CUSTOMERS: u32 = 25;
/// Events of one append.
const BATCH: usize = 500;

/// A shop that lives by chance.
pub(crate) struct History {
    chance: ChaCha8Rng,
    head: Head,
    waiting: Vec<Recorded>,
    /// Everything recorded so far.
    pub(crate) told: Vec<(Position, Event)>,
    pub(crate) world: World,
    open: Vec<OrderId>,
    now: DateTime<Utc>,
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
            world: World::default(),
            open: vec![],
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
            } else {
                let i = self.chance.random_range(0..self.open.len());
                let id = self.open[i];
                self.step(id);
                if self.finished(id) {
                    self.open.swap_remove(i);
                }
            }
        }
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

    /// The last position lived.
    pub(crate) fn position(&self) -> Position {
        self.head.position
    }

    /// Records any event, lawful or not.
    pub(crate) fn record(&mut self, stream: StreamId, event: impl Into<Event>) {
        let event = event.into();
        let version = self.world.get(stream).map_or(Version::NONE, State::version).next();
        let position = self.head.position.next();
        let id = Uuid::from_u128(u128::try_from(position.0).expect("positions are positive"));
        let provenance = Provenance {
            occurred_at: self.now,
            recorded_at: self.now,
            business_date: self.now.date_naive(),
            actor: Actor { user: "local".into(), role: "owner".into() },
            agent: None,
            command_id: CommandId(id),
            causation_id: id,
            correlation_id: id,
            trace_id: None,
            reason: None,
            request_text: None,
        };
        self.world.evolve(stream, &event, &provenance);
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
        self.world.order(id).expect("the order was placed").clone()
    }

    /// Places an order of one to three lines.
    pub(crate) fn place(&mut self) -> OrderId {
        let order_id = self.head.next_order;
        self.head.next_order = order_id.next();
        let customer_id = customer(self.chance.random_range(0..CUSTOMERS));
        let count = self.chance.random_range(1..=3);
        let lines: Vec<PlacedLine> = (1..=count).map(|line| self.line(line)).collect();
        let currency = if self.chance.random_bool(0.1) { "USD".parse().expect("a currency") } else { Currency::INR };
        let shipping = Charge { net: 9_900, tax: 1_782 };
        let totals = Totals::of(lines.iter().map(|line| line.amounts), shipping);
        let reserved: Vec<StockReserved> = lines
            .iter()
            .map(|line| StockReserved {
                product_id: line.product_id,
                order_id,
                line: line.line,
                units: line.reserved,
                from_backorder: false,
            })
            .collect();
        let placed = OrderPlaced {
            order_id,
            customer_id,
            currency,
            tax_inclusive: false,
            lines,
            shipping,
            totals,
            note: None,
            converted: None,
        };
        self.record(StreamId::Order(order_id), placed);
        for fact in reserved {
            self.record(StreamId::Stock(fact.product_id), fact);
        }
        self.open.push(order_id);
        order_id
    }

    fn line(&mut self, line: u32) -> PlacedLine {
        let n = self.chance.random_range(0..PRODUCTS);
        let quantity = self.chance.random_range(1..=5);
        let gross = (1_000 + i64::from(n)) * quantity;
        let discount = if self.chance.random_bool(0.3) { gross / 10 } else { 0 };
        PlacedLine {
            line,
            product_id: product(n),
            sku: format!("SKU-{n}"),
            name: format!("Product number {n}"),
            quantity,
            unit_price: 1_000 + i64::from(n),
            tax_rate: 18.into(),
            amounts: Amounts { gross, discount, tax: (gross - discount) * 18 / 100 },
            tracked: true,
            reserved: quantity,
            backordered: 0,
        }
    }

    fn finished(&self, id: OrderId) -> bool {
        let order = self.order(id);
        matches!(order.status(), Status::Delivered | Status::Cancelled) && order.due() <= 0
            || order.status() == Status::Cancelled
    }

    /// The next thing that happens to an order.
    fn step(&mut self, id: OrderId) {
        let order = self.order(id);
        let stream = StreamId::Order(id);
        let status = order.status();
        if order.due() > 0 && self.chance.random_bool(0.2) {
            let amount = if self.chance.random_bool(0.2) { (order.due() / 2).max(1) } else { order.due() };
            let (customer_id, currency) = (order.customer_id, order.currency);
            let method = "upi".to_owned();
            self.record(
                stream,
                PaymentCaptured {
                    order_id: id,
                    customer_id,
                    currency,
                    amount,
                    method,
                    reference: None,
                    converted: None,
                },
            );
        } else if order.on_hold() {
            self.record(stream, OrderReleased { order_id: id });
        } else if order.unshipped() > 0 && self.chance.random_bool(0.03) {
            self.record(stream, OrderHeld { order_id: id, until: None });
        } else if order.unshipped() > 0 && self.chance.random_bool(0.05) {
            self.cancel(&order);
        } else {
            match status {
                Status::Pending => self.record(stream, OrderConfirmed { order_id: id }),
                Status::Confirmed => self.record(stream, ProcessingStarted { order_id: id }),
                Status::Processing | Status::PartiallyShipped => self.ship(&order),
                Status::Shipped => self.deliver(&order),
                Status::Delivered | Status::Returned | Status::Cancelled => {
                    let line = order.lines.choose(&mut self.chance).expect("an order has lines").line;
                    if order.due() <= 0 {
                        return;
                    }
                    let (customer_id, currency, amount) = (order.customer_id, order.currency, order.due());
                    let method = format!("line {line}");
                    self.record(
                        stream,
                        PaymentCaptured {
                            order_id: id,
                            customer_id,
                            currency,
                            amount,
                            method,
                            reference: None,
                            converted: None,
                        },
                    );
                }
            }
        }
    }

    fn ship(&mut self, order: &Order) {
        let all = self.chance.random_bool(0.7);
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.unshipped() > 0)
            .take(if all { usize::MAX } else { 1 })
            .map(|line| line.next_to_ship(line.unshipped()))
            .collect();
        let units: i64 = lines.iter().map(|line| line.units).sum();
        let shipment = u32::try_from(order.shipments.len()).expect("few shipments") + 1;
        let moved = lines.clone();
        self.record(
            StreamId::Order(order.id),
            UnitsShipped {
                converted: None,
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                shipment,
                lines,
                shipping: if shipment == 1 { order.shipping } else { Charge::default() },
                completes: units == order.unshipped(),
                carrier: None,
                tracking: None,
            },
        );
        for LineUnits { line, product_id, units, .. } in moved {
            self.record(StreamId::Stock(product_id), StockConsumed { product_id, order_id: order.id, line, units });
        }
    }

    fn deliver(&mut self, order: &Order) {
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.undelivered() > 0)
            .map(|line| line.next_to_deliver(line.undelivered()))
            .collect();
        self.record(
            StreamId::Order(order.id),
            UnitsDelivered {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                completes: true,
            },
        );
    }

    fn cancel(&mut self, order: &Order) {
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.unshipped() > 0)
            .map(|line| line.next_to_cancel(line.unshipped()))
            .collect();
        let completes = order.lines.iter().map(Line::active).sum::<i64>() == order.unshipped();
        self.record(
            StreamId::Order(order.id),
            UnitsCancelled {
                converted: None,
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                shipping: if completes { order.shipping } else { Charge::default() },
                completes,
            },
        );
    }

    /// An event that fits no stream: nobody placed this order.
    pub(crate) fn record_misfit(&mut self, order_id: OrderId) {
        self.record(StreamId::Order(order_id), BackorderFilled { order_id, line: 1, product_id: product(0), units: 1 });
    }
}
