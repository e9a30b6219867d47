//! Random but lawful histories of a shop, written straight into a log.

use chrono::{DateTime, Duration, Utc};
use orderlog_domain::{
    envelope::{self, Actor, Envelope, Provenance},
    event::{
        Amounts, BackorderFilled, CatalogueEntry, Charge, CustomerRegistered, Disposition, Event, LineDifference,
        LineUnits, LinesChanged, OrderConfirmed, OrderHeld, OrderPlaced, OrderReleased, PaymentCaptured,
        PaymentRefunded, PlacedLine, ProcessingStarted, ProductRegistered, RefundKind, SealedProfile, ShipmentVoided,
        StockBackordered, StockConsumed, StockPolicy, StockReceived, StockReleased, StockReserved, StockReturned,
        Totals, UnitsCancelled, UnitsDelivered, UnitsReturned, UnitsShipped,
    },
    ids::{CommandId, CustomerId, OrderId, Position, ProductId, StreamId, Version},
    money::Currency,
    order::{Line, Order, Status},
    states::{State, States},
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

    /// From here on chance goes other ways: what comes is another history.
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

    /// What was lived and not yet written.
    pub(crate) fn unwritten(&self) -> impl Iterator<Item = Envelope<Event>> {
        self.waiting.iter().map(|recorded| envelope::decode(&recorded.json).expect("an envelope"))
    }

    /// The last position lived.
    pub(crate) fn position(&self) -> Position {
        self.head.position
    }

    /// What the next event carries besides its facts.
    pub(crate) fn provenance(&self) -> Provenance {
        let position = self.head.position.next();
        let id = Uuid::from_u128(u128::try_from(position.0).expect("positions are positive"));
        Provenance {
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
        let wanted = lines.clone();
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
            // Some were imported.
            external_reference: (order_id.0 % 5 == 0).then(|| format!("#AA{order_id}")),
        };
        self.record(StreamId::Order(order_id), placed);
        for line in &wanted {
            self.reserve(order_id, line);
        }
        self.open.push(order_id);
        order_id
    }

    fn reserve(&mut self, order_id: OrderId, line: &PlacedLine) {
        let (product_id, stream) = (line.product_id, StreamId::Stock(line.product_id));
        let (line, reserved, backordered) = (line.line, line.reserved, line.backordered);
        if reserved > 0 {
            let fact = StockReserved { product_id, order_id, line, units: reserved, from_backorder: false };
            self.record(stream, fact);
        }
        if backordered > 0 {
            self.record(stream, StockBackordered { product_id, order_id, line, units: backordered });
        }
    }

    fn line(&mut self, line: u32) -> PlacedLine {
        let n = self.chance.random_range(0..PRODUCTS);
        let quantity = self.chance.random_range(1..=5);
        let gross = (1_000 + i64::from(n)) * quantity;
        let discount = if self.chance.random_bool(0.3) { gross / 10 } else { 0 };
        let waiting = if self.chance.random_bool(0.1) { self.chance.random_range(1..=quantity) } else { 0 };
        PlacedLine {
            line,
            product_id: product(n),
            sku: format!("SKU-{n}"),
            name: format!("Product number {n}"),
            quantity,
            unit_price: 1_000 + i64::from(n),
            tax_rate: 18.into(),
            tax_inclusive: false,
            line_total: None,
            discounts: vec![],
            cancelled: 0,
            amounts: Amounts { gross, discount, tax: (gross - discount) * 18 / 100 },
            tracked: true,
            reserved: quantity - waiting,
            backordered: waiting,
        }
    }

    fn finished(&self, id: OrderId) -> bool {
        let order = self.order(id);
        matches!(order.status(), Status::Delivered | Status::Returned | Status::Cancelled) && order.due() <= 0
            || order.status() == Status::Cancelled
    }

    /// The next thing that happens to an order.
    fn step(&mut self, id: OrderId) {
        let order = self.order(id);
        let stream = StreamId::Order(id);
        let status = order.status();
        if order.due() > 0 && self.chance.random_bool(0.2) {
            let amount = if self.chance.random_bool(0.2) { (order.due() / 2).max(1) } else { order.due() };
            self.pay(&order, amount, "upi");
        } else if order.captured > order.refunded && self.chance.random_bool(0.03) {
            self.pay_back(&order);
        } else if order.on_hold() && self.chance.random_bool(0.3) {
            self.record(stream, OrderReleased { order_id: id });
        } else if order.on_hold_at(self.now) {
            // It waits.
        } else if order.backordered() {
            self.fill(&order);
        } else if matches!(status, Status::Pending | Status::Confirmed) && self.chance.random_bool(0.1) {
            self.change(&order);
        } else if matches!(status, Status::Shipped | Status::PartiallyShipped) && self.chance.random_bool(0.1) {
            self.void(&order);
        } else if status == Status::Shipped && self.chance.random_bool(0.05) {
            self.take_back(&order);
        } else if order.unshipped() > 0 && self.chance.random_bool(0.03) {
            let minutes = self.chance.random_range(1..2_000);
            let until = self.chance.random_bool(0.7).then(|| self.now + Duration::minutes(minutes));
            self.record(stream, OrderHeld { order_id: id, until });
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
                    self.pay(&order, order.due(), &format!("line {line}"));
                }
            }
        }
    }

    /// Something comes up about a finished order: its payments were a mistake, more money comes in, or units come back.
    fn look_back(&mut self, id: OrderId) {
        let order = self.order(id);
        if order.captured > order.refunded && self.chance.random_bool(0.7) {
            self.pay_back(&order);
        } else if order.status() == Status::Delivered && self.chance.random_bool(0.5) {
            self.take_back(&order);
        } else {
            self.pay(&order, 4_711, "upi");
        }
    }

    fn pay(&mut self, order: &Order, amount: i64, method: &str) {
        self.record(
            StreamId::Order(order.id),
            PaymentCaptured {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                amount,
                method: method.to_owned(),
                reference: None,
                converted: None,
            },
        );
    }

    /// More money comes in than any shop takes.
    pub(crate) fn pay_hugely(&mut self, id: OrderId) {
        self.pay(&self.order(id), i64::MAX / 3, "card");
    }

    /// A payment was a mistake.
    fn pay_back(&mut self, order: &Order) {
        self.record(
            StreamId::Order(order.id),
            PaymentRefunded {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                amount: order.captured - order.refunded,
                kind: RefundKind::Units,
                allowance: Charge::default(),
                method: "upi".to_owned(),
                reference: None,
                lines: vec![],
                undoes_payment: None,
                converted: None,
            },
        );
    }

    /// Stock came for one line.
    fn fill(&mut self, order: &Order) {
        let waiting = order.lines.iter().find(|line| line.backordered > 0).expect("a line waits");
        let (product_id, line, units) = (waiting.product_id, waiting.line, waiting.backordered);
        self.record(StreamId::Order(order.id), BackorderFilled { order_id: order.id, line, product_id, units });
        let stream = StreamId::Stock(product_id);
        self.record(stream, StockReserved { product_id, order_id: order.id, line, units, from_backorder: true });
    }

    /// The first line makes place for one of another product, or is joined by it.
    fn change(&mut self, order: &Order) {
        if order.lines.iter().any(|line| line.cancelled > 0) {
            return;
        }
        let id = order.id;
        let number = order.lines.iter().map(|line| line.line).max().unwrap_or(0) + 1;
        let added = self.line(number);
        let removed = self.chance.random_bool(0.5).then(|| order.lines[0].clone());
        let kept = order.lines.iter().filter(|line| removed.as_ref().is_none_or(|gone| gone.line != line.line));
        let mut lines: Vec<PlacedLine> = kept.map(as_placed).collect();
        let mut differences = vec![LineDifference {
            line: added.line,
            product_id: added.product_id,
            units: added.quantity,
            amounts: added.amounts,
        }];
        differences.extend(removed.as_ref().map(|gone| LineDifference {
            line: gone.line,
            product_id: gone.product_id,
            units: -gone.ordered,
            amounts: Amounts { gross: -gone.amounts.gross, discount: -gone.amounts.discount, tax: -gone.amounts.tax },
        }));
        let holds = |lines: &[PlacedLine], id: ProductId| lines.iter().any(|line| line.product_id == id);
        let before: Vec<PlacedLine> = order.lines.iter().map(as_placed).collect();
        let joined = Some(added.product_id).filter(|id| !holds(&before, *id));
        lines.push(added.clone());
        let gone = removed.as_ref().map(|line| line.product_id).filter(|id| !holds(&lines, *id));
        let totals = Totals::of(lines.iter().map(|line| line.amounts), order.shipping);
        self.record(
            StreamId::Order(id),
            LinesChanged {
                order_id: id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                differences,
                shipping: order.shipping,
                shipping_difference: Charge::default(),
                totals,
                converted: None,
                converted_differences: None,
                goodwill_back: Charge::default(),
                goodwill_back_converted: None,
                joined: joined.into_iter().collect(),
                gone: gone.into_iter().collect(),
            },
        );
        if let Some(Line { product_id, line, reserved, backordered, .. }) = removed {
            let fact = StockReleased { product_id, order_id: id, line, reserved, backordered };
            self.record(StreamId::Stock(product_id), fact);
        }
        self.reserve(id, &added);
    }

    /// The last shipment never left.
    fn void(&mut self, order: &Order) {
        let untouched = order.lines.iter().all(|line| line.delivered == 0 && line.returned == 0);
        let Some(shipment) = order.standing_shipments().next_back().filter(|_| untouched) else { return };
        let of_line = |number: u32| order.lines.iter().find(|line| line.line == number).expect("it was shipped");
        let lines: Vec<LineUnits> =
            shipment.units.iter().map(|shipped| of_line(shipped.line).last_shipped(shipped.units)).collect();
        self.record(
            StreamId::Order(order.id),
            ShipmentVoided {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                shipment: shipment.shipment,
                lines: lines.clone(),
                shipping: shipment.fee,
                last: order.standing_shipments().count() == 1,
                converted: None,
            },
        );
        for LineUnits { line, product_id, units, .. } in lines {
            let fact = StockReturned { product_id, order_id: order.id, line, units, reserved: units };
            self.record(StreamId::Stock(product_id), fact);
        }
    }

    /// All that was shipped comes back.
    fn take_back(&mut self, order: &Order) {
        let lines: Vec<LineUnits> = order
            .lines
            .iter()
            .filter(|line| line.returnable() > 0)
            .map(|line| line.next_to_return(line.returnable()))
            .collect();
        self.record(
            StreamId::Order(order.id),
            UnitsReturned {
                order_id: order.id,
                customer_id: order.customer_id,
                currency: order.currency,
                lines,
                disposition: Disposition::Scrap,
                shipping: Charge::default(),
                completes: true,
                converted: None,
                goodwill_back: Charge::default(),
                goodwill_back_converted: None,
            },
        );
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
                first: order.standing_shipments().next().is_none(),
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
                gone: gone(order, &lines),
                lines,
                shipping: if completes { order.shipping } else { Charge::default() },
                completes,
                goodwill_back: Charge::default(),
                goodwill_back_converted: None,
            },
        );
    }

    /// An event that fits no stream: nobody placed this order.
    pub(crate) fn record_misfit(&mut self, order_id: OrderId) {
        self.record(StreamId::Order(order_id), BackorderFilled { order_id, line: 1, product_id: product(0), units: 1 });
    }
}

/// Products of which nothing remains once these units are cancelled.
fn gone(order: &Order, cancelled: &[LineUnits]) -> Vec<ProductId> {
    let mut gone: Vec<ProductId> = cancelled.iter().map(|moved| moved.product_id).collect();
    gone.sort_unstable();
    gone.dedup();
    let of = |id: ProductId| order.lines.iter().filter(move |line| line.product_id == id);
    gone.retain(|id| of(*id).all(|line| line.shipped == 0));
    gone
}

fn as_placed(line: &Line) -> PlacedLine {
    PlacedLine {
        line: line.line,
        product_id: line.product_id,
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.ordered,
        unit_price: line.unit_price,
        tax_rate: line.tax_rate,
        tax_inclusive: line.tax_inclusive,
        line_total: line.line_total,
        discounts: line.discounts.clone(),
        cancelled: line.cancelled,
        amounts: line.amounts,
        tracked: line.tracked,
        reserved: line.reserved,
        backordered: line.backordered,
    }
}
