//! Given, when, then: a shop in memory that decides commands and takes in what follows, as the writer does.

mod histories;
mod oracle;

use chrono::{DateTime, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    commands::{Command, CreateOrder, ReceiveStock, RegisterCustomer, UpsertProduct},
    decide::{Ask, Context, Decision, Names, Refusal, Shop},
    envelope::{Actor, Provenance},
    event::{Event, SealedProfile},
    ids::{CommandId, CustomerId, OrderId, ProductId, StreamId, Version},
    order::{Order, Status},
    rejection::Rejection,
    states::{State, States},
    stock::Stock,
};

pub(crate) const ANN: CustomerId = CustomerId(Uuid::from_u128(7));

/// A shop whose history a test writes step by step.
pub(crate) struct Story {
    pub(crate) states: States,
    pub(crate) now: DateTime<Utc>,
    pub(crate) next_order: OrderId,
    pub(crate) expected_version: Option<Version>,
    /// What it asks before it acts; nothing at first.
    pub(crate) asks: Ask,
    /// All recorded facts, by stream, with their provenance.
    pub(crate) told: Vec<(StreamId, Provenance, Event)>,
    shop: Shop,
    names: Names,
}

/// A command written as the arguments of its tool.
pub(crate) fn input<C: DeserializeOwned + Into<Command>>(arguments: Value) -> Command {
    serde_json::from_value::<C>(arguments).expect("arguments fit the tool's input").into()
}

impl Story {
    /// A shop in Kolkata with one customer, `Ann`.
    pub(crate) fn new() -> Story {
        Story::of_shop(Shop::default())
    }

    /// A shop with these settings and one customer, `Ann`.
    pub(crate) fn of_shop(shop: Shop) -> Story {
        let mut names = Names::default();
        names.customers.insert("Ann".to_owned(), ANN);
        let mut story = Story {
            states: States::default(),
            now: "2026-11-20T12:00:00+05:30".parse().expect("a time"),
            next_order: OrderId::FIRST,
            expected_version: None,
            asks: Ask::default(),
            told: vec![],
            shop,
            names,
        };
        let profile = SealedProfile { name: Some("sealed:1:ann".to_owned()), ..SealedProfile::default() };
        story.done(RegisterCustomer { customer_id: ANN, profile });
        story
    }

    /// Given a product; `more` adds to or overrides its entry.
    pub(crate) fn product(&mut self, sku: &str, price: &str, more: Value) -> &mut Story {
        let mut arguments = json!({ "sku": sku, "name": format!("Product {sku}"), "price": price });
        for (key, value) in more.as_object().expect("an object") {
            arguments[key] = value.clone();
        }
        self.done(input::<UpsertProduct>(arguments));
        self
    }

    /// Given units of it in stock.
    pub(crate) fn stocked(&mut self, sku: &str, quantity: i64) -> &mut Story {
        self.done(input::<ReceiveStock>(json!({ "product": sku, "quantity": quantity })));
        self
    }

    /// Given an order of these lines, each a SKU and a quantity.
    pub(crate) fn ordered(&mut self, lines: &[(&str, i64)]) -> OrderId {
        let lines: Vec<Value> =
            lines.iter().map(|(sku, quantity)| json!({ "product": sku, "quantity": quantity })).collect();
        let order_id = self.next_order;
        self.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": lines })));
        order_id
    }

    /// Sets the present time.
    pub(crate) fn at(&mut self, time: &str) -> &mut Story {
        self.now = time.parse().expect("a time");
        self
    }

    /// When this is asked, and it is done.
    pub(crate) fn done(&mut self, command: impl Into<Command>) -> Decision {
        self.ask(&command.into()).unwrap_or_else(|rejection| panic!("refused: {rejection:?}"))
    }

    /// When this is asked, and it is refused.
    pub(crate) fn refused(&mut self, command: impl Into<Command>) -> Rejection {
        match self.ask(&command.into()) {
            Ok(decision) => panic!("done: {decision:?}"),
            Err(rejection) => rejection,
        }
    }

    /// Decides a command and keeps its facts. A stream that is not loaded has no events, because all states stay
    /// loaded.
    pub(crate) fn ask(&mut self, command: &Command) -> Result<Decision, Rejection> {
        self.ask_of(command, command.occurred_at().unwrap_or(self.now))
    }

    /// Decides a command about an event at a time that the command does not contain.
    pub(crate) fn ask_of(&mut self, command: &Command, occurred_at: DateTime<Utc>) -> Result<Decision, Rejection> {
        let decision = loop {
            let context = Context {
                now: self.now,
                occurred_at,
                next_order: self.next_order,
                shop: &self.shop,
                names: &self.names,
                expected_version: self.expected_version,
                ask: self.asks,
            };
            match command.decide(&self.states, &context) {
                Ok(decision) => break decision,
                Err(Refusal::Rejected(rejection)) => return Err(rejection),
                Err(Refusal::Missing(stream)) => {
                    assert!(!self.states.contains(stream), "{stream} is asked for although it is at hand");
                    self.states.insert(State::empty(stream));
                }
            }
        };
        let first = decision.facts.first().map(|(stream, _)| *stream);
        assert!(
            first.is_none_or(|stream| stream == decision.subject),
            "the first fact is about the subject: {decision:?}"
        );
        let provenance = self.provenance(occurred_at);
        for (stream, event) in &decision.facts {
            if matches!(event, Event::OrderPlaced(_)) {
                self.next_order = self.next_order.next();
            }
            self.states.evolve(*stream, event, &provenance);
            if let StreamId::Order(id) = stream {
                assert_units_add_up(self.order(*id));
            }
            if let Some(State::Stock(stock)) = self.states.get(*stream) {
                assert_stock_is_sound(stock);
            }
            self.told.push((*stream, provenance.clone(), event.clone()));
        }
        Ok(decision)
    }

    /// What would be decided now. Nothing is recorded; every state that it needs must be loaded.
    pub(crate) fn foresee(&self, command: &Command) -> Result<Decision, Rejection> {
        let context = Context {
            now: self.now,
            occurred_at: command.occurred_at().unwrap_or(self.now),
            next_order: self.next_order,
            shop: &self.shop,
            names: &self.names,
            expected_version: None,
            ask: Ask::default(),
        };
        match command.decide(&self.states, &context) {
            Ok(decision) => Ok(decision),
            Err(Refusal::Rejected(rejection)) => Err(rejection),
            Err(Refusal::Missing(stream)) => panic!("{stream} is not at hand"),
        }
    }

    /// Every order placed so far.
    pub(crate) fn orders(&self) -> impl Iterator<Item = &Order> {
        (OrderId::FIRST.0..self.next_order.0).map(|id| self.order(OrderId(id)))
    }

    pub(crate) fn order(&self, id: OrderId) -> &Order {
        self.states.order(id).expect("the order is at hand")
    }

    pub(crate) fn status(&self, id: OrderId) -> Status {
        self.order(id).status()
    }

    pub(crate) fn stock(&self, sku: &str) -> &Stock {
        self.states.stock(ProductId::from_sku(sku)).expect("the stock is at hand")
    }

    pub(crate) fn provenance(&self, occurred_at: DateTime<Utc>) -> Provenance {
        Provenance {
            occurred_at,
            recorded_at: self.now,
            business_date: self.shop.calendar.business_date(occurred_at),
            actor: Actor { user: "test".to_owned(), role: "owner".to_owned() },
            agent: None,
            confirmed_by: None,
            command_id: CommandId(Uuid::nil()),
            causation_id: Uuid::nil(),
            correlation_id: Uuid::nil(),
            trace_id: None,
            reason: None,
            request_text: None,
        }
    }
}

/// Checks of every order at every version (domain rules §1).
fn assert_units_add_up(order: &Order) {
    for line in &order.lines {
        let counts = [
            line.ordered,
            line.cancelled,
            line.reserved,
            line.backordered,
            line.shipped,
            line.delivered,
            line.returned,
        ];
        assert!(counts.iter().all(|count| *count >= 0), "{line:?}");
        assert!(line.delivered + line.returned <= line.shipped && line.shipped <= line.active(), "{line:?}");
        if line.tracked {
            assert_eq!(line.reserved + line.backordered + line.shipped, line.active(), "{line:?}");
        } else {
            assert_eq!((line.reserved, line.backordered), (0, 0), "{line:?}");
        }
    }
}

/// Checks of every stock at every version.
fn assert_stock_is_sound(stock: &Stock) {
    assert!(stock.on_hand >= 0 && stock.reserved >= 0, "{stock:?}");
    assert!(stock.backorders.iter().all(|waiting| waiting.units > 0), "{stock:?}");
}

/// The types of the facts of a decision, in order.
pub(crate) fn types(decision: &Decision) -> Vec<&'static str> {
    decision.facts.iter().map(|(_, event)| event.event_type()).collect()
}

/// The streams written to, without doublets.
pub(crate) fn streams(decision: &Decision) -> Vec<StreamId> {
    let mut streams: Vec<StreamId> = decision.facts.iter().map(|(stream, _)| *stream).collect();
    streams.sort_by_key(ToString::to_string);
    streams.dedup();
    streams
}
