//! Checks for random histories: stock, money and undo agree.

use std::collections::HashMap;

use serde_json::Value;
use uuid::Uuid;

use super::SKUS;
use crate::{
    commands::{Undo, UpdateStatus},
    envelope::{self, Envelope},
    event::{Amounts, Event, Fact, LineUnits, OrderFact, StockFact},
    ids::{OrderId, Position, ProductId, StreamId, Version},
    money::units_value,
    order::{Line, Order, PaymentStatus, Status},
    postings::{Basis, Figures, Posting, postings},
    rejection::Code,
    states::State,
    testing::Story,
};

/// Stock and orders agree, no order waits for units that are available, and the units on hand are those received minus
/// those that left.
pub(super) fn stock_adds_up(story: &Story) {
    for sku in SKUS {
        let id = ProductId::from_sku(sku);
        let Some(State::Stock(stock)) = story.states.get(StreamId::Stock(id)) else { continue };
        let lines = || story.orders().flat_map(|order| &order.lines).filter(|line| line.product_id == id);
        assert_eq!(stock.reserved, lines().map(|line| line.reserved).sum::<i64>(), "{stock:?}");
        assert_eq!(stock.backordered(), lines().map(|line| line.backordered).sum::<i64>(), "{stock:?}");
        assert!(stock.on_hand >= 0, "{stock:?}");
        assert!(stock.available() <= 0 || stock.backorders.is_empty(), "{stock:?}");
        let moved = story.told.iter().filter(|(stream, ..)| *stream == StreamId::Stock(id));
        assert_eq!(stock.on_hand, moved.map(|(.., event)| moved_on_hand(event)).sum::<i64>(), "{stock:?}");
    }
}

/// The allowed next statuses of an order are those that one command can reach (rule O2). Only units that a count found
/// missing can still prevent shipping.
pub(super) fn what_may_follow_is_what_is_decided(story: &Story) {
    for order in story.orders() {
        let allowed = order.allowed_next(story.now);
        for status in Status::ALL.into_iter().filter(|status| *status != order.status()) {
            let (lines, tracking, carrier, occurred_at) = (None, None, None, None);
            let status_name = status.name().to_owned();
            let asked = UpdateStatus { order_id: order.id, status: status_name, lines, tracking, carrier, occurred_at };
            let decided = story.foresee(&asked.into());
            if !matches!(&decided, Err(rejection) if rejection.code == Code::InsufficientStock) {
                assert_eq!(decided.is_ok(), allowed.contains(&status), "{status} of {order:?}: {decided:?}");
            }
        }
    }
}

fn moved_on_hand(event: &Event) -> i64 {
    let Fact::Stock(fact) = event.fact() else { return 0 };
    match fact {
        StockFact::StockReceived(fact) => fact.units,
        StockFact::StockAdjusted(fact) => fact.delta,
        StockFact::StockReturned(fact) => fact.units,
        StockFact::StockConsumed(fact) => -fact.units,
        StockFact::StockReserved(_)
        | StockFact::StockBackordered(_)
        | StockFact::StockReleased(_)
        | StockFact::LowStockReached(_)
        | StockFact::LowStockRecovered(_) => 0,
    }
}

/// The order is what it was before the deed that was undone; an undone placement is a cancelled order.
pub(super) fn is_undone(story: &Story, undo: &Undo, before: Option<&Order>) {
    let now = story.order(undo.order_id);
    let Some(before) = before else {
        assert_eq!((now.status(), now.due()), (Status::Cancelled, 0));
        return;
    };
    assert!(now.lines.iter().map(filled).eq(before.lines.iter().map(filled)), "units are where they were");
    assert_eq!(now.status(), before.status());
    assert_eq!(
        (now.times.held.is_some(), now.times.held_until),
        (before.times.held.is_some(), before.times.held_until)
    );
    assert_eq!(now.due(), before.due());
    assert_eq!(now.payment_status(), before.payment_status(), "what was undone was neither paid nor paid back");
    assert_eq!(now.current_totals(), before.current_totals());
    let standing = |order: &Order| order.standing_shipments().count();
    assert_eq!(standing(now), standing(before));
}

/// The line as if all it waits for had come in, which may have happened in between.
fn filled(line: &Line) -> Line {
    Line { reserved: line.reserved + line.backordered, backordered: 0, ..line.clone() }
}

/// The booked amount of an order is that of its remaining parts, minus goodwill; the shipped amount is that of units
/// that left and stayed away; cash is the money received and kept. An order that is finished and balanced has one total
/// (rule R10).
pub(super) fn figures_add_up(story: &Story) {
    let all: Vec<Posting> = story.told.iter().flat_map(|(.., event)| postings(event)).collect();
    for order in story.orders() {
        let id = order.id;
        let of = |basis: Basis| all.iter().filter(move |p| p.order_id == id && p.basis == basis);
        let sum = |basis: Basis, amounts: fn(&Posting) -> Figures| {
            let mut sum = Figures::default();
            of(basis).for_each(|posting| sum.add(amounts(posting)));
            sum
        };
        let (own, home) = (|p: &Posting| p.own, |p: &Posting| p.home);
        let total = |basis: Basis| sum(basis, own).total();
        let goodwill = order.goodwill.net + order.goodwill.tax;
        assert_eq!(total(Basis::Booked), order.current_totals().total - goodwill);
        assert_eq!(total(Basis::Cash), order.captured - order.refunded);
        let finished = matches!(order.status(), Status::Shipped | Status::Delivered | Status::Returned);
        if finished {
            assert_eq!(sum(Basis::Shipped, own), sum(Basis::Booked, own), "order {id} is finished: {order:?}");
            assert_eq!(sum(Basis::Shipped, home), sum(Basis::Booked, home), "order {id} is converted once: {order:?}");
        }
        assert!(order.due() >= order.refunded - order.captured, "no more is owed back than came in: {order:?}");
        assert!(goodwill <= order.current_totals().total, "goodwill takes no order below nothing: {order:?}");
        let balanced = order.due() == 0 && order.payment_status() != PaymentStatus::Unpaid;
        if finished && balanced {
            assert_eq!(total(Basis::Cash), total(Basis::Booked), "order {id} is finished and balanced");
        }
        let shipped: i64 = of(Basis::Shipped).map(|posting| posting.orders).sum();
        assert_eq!(
            shipped,
            i64::from(order.standing_shipments().next().is_some()),
            "order {id} counts as shipped once"
        );
        for basis in Basis::ALL {
            let counted: i64 = of(basis).map(|posting| posting.units).sum();
            let now: i64 = match basis {
                Basis::Booked => order.lines.iter().map(|line| line.active() - line.returned).sum(),
                Basis::Shipped => order.lines.iter().map(|line| line.shipped - line.returned).sum(),
                Basis::Cash => 0,
            };
            assert_eq!(counted, now, "{basis:?}");
        }
        if order.status() == Status::Cancelled {
            assert_eq!(sum(Basis::Booked, own), Figures::default(), "nothing is left");
            assert_eq!(sum(Basis::Booked, home), Figures::default(), "converted amounts cancel out too");
        }
        let shown: Value = serde_json::to_value(order.view(story.now)).expect("a view is JSON");
        assert_eq!(shown["status"], order.status().name());
    }
}

/// Every unit has one fixed value (rule R4): whatever was shipped, voided, cancelled and returned since the lines were
/// agreed is worth exactly the units it moved, and all units of a line are worth the line.
pub(super) fn units_are_worth_what_they_were(story: &Story) {
    let mut moved: HashMap<(OrderId, u32), Moved> = HashMap::new();
    for (.., event) in &story.told {
        let Fact::Order(fact) = event.fact() else { continue };
        let mut take = |order: OrderId, lines: &[LineUnits], into: fn(&mut Moved) -> &mut Amounts, sign: i64| {
            lines
                .iter()
                .for_each(|units| add(into(moved.entry((order, units.line)).or_default()), units.amounts, sign));
        };
        match fact {
            OrderFact::UnitsShipped(fact) => take(fact.order_id, &fact.lines, |moved| &mut moved.shipped, 1),
            OrderFact::ShipmentVoided(fact) => take(fact.order_id, &fact.lines, |moved| &mut moved.shipped, -1),
            OrderFact::UnitsCancelled(fact) => take(fact.order_id, &fact.lines, |moved| &mut moved.cancelled, 1),
            OrderFact::UnitsReturned(fact) => take(fact.order_id, &fact.lines, |moved| &mut moved.returned, 1),
            // A changed line has a new agreement: units that were cancelled before are no part of it.
            OrderFact::LinesChanged(fact) => moved.retain(|(order, line), _| {
                let kept = fact.lines.iter().any(|now| now.line == *line && now.cancelled > 0);
                *order != fact.order_id || kept
            }),
            _ => {}
        }
    }
    for order in story.orders() {
        for line in &order.lines {
            let moved = moved.remove(&(order.id, line.line)).unwrap_or_default();
            assert_eq!(moved.shipped, worth(line, 0, line.shipped), "{line:?}");
            assert_eq!(moved.returned, worth(line, 0, line.returned), "{line:?}");
            assert_eq!(moved.cancelled, worth(line, line.active(), line.ordered), "{line:?}");
            let mut one_by_one = Amounts::default();
            (0..line.ordered).for_each(|unit| add(&mut one_by_one, worth(line, unit, unit + 1), 1));
            assert_eq!(one_by_one, line.amounts, "{line:?}");
        }
    }
}

/// Values of the units of one line that events moved.
#[derive(Debug, Default)]
struct Moved {
    shipped: Amounts,
    cancelled: Amounts,
    returned: Amounts,
}

fn add(sum: &mut Amounts, Amounts { gross, discount, tax }: Amounts, sign: i64) {
    sum.gross += sign * gross;
    sum.discount += sign * discount;
    sum.tax += sign * tax;
}

fn worth(line: &Line, from: i64, to: i64) -> Amounts {
    let value = |amount| units_value(amount, line.ordered, from, to);
    let Amounts { gross, discount, tax } = line.amounts;
    Amounts { gross: value(gross), discount: value(discount), tax: value(tax) }
}

/// The stored bytes of every event, read back and folded, give the very states; so they do from a snapshot taken after
/// the given per cent of the events.
pub(super) fn rebuilt_is_live(story: &Story, snapshot: usize) {
    let stored = stored(story);
    let cut = stored.len() * snapshot / 100;
    let mut states: HashMap<StreamId, State> = HashMap::new();
    for (index, json) in stored.iter().enumerate() {
        if index == cut {
            states.values_mut().for_each(|state| *state = through_json(state));
        }
        let event = envelope::decode(json).expect("a stored event is read");
        let state = states.entry(event.stream).or_insert_with(|| State::empty(event.stream));
        assert_eq!(state.version().next(), event.version);
        state.evolve(&event.data, &event.provenance);
    }
    for (stream, rebuilt) in &states {
        let lived = story.states.get(*stream).expect("what has events is at hand");
        assert_eq!(rebuilt, lived, "{stream}");
        assert_eq!(&through_json(lived), lived, "a snapshot is a state");
    }
}

fn through_json(state: &State) -> State {
    let snapshot = serde_json::to_string(state).expect("a state is JSON");
    serde_json::from_str(&snapshot).expect("a snapshot is a state")
}

/// The log's bytes of all recorded events.
fn stored(story: &Story) -> Vec<String> {
    let mut versions: HashMap<StreamId, Version> = HashMap::new();
    let mut position = Position::START;
    let told = story.told.iter().map(|(stream, provenance, event)| {
        position = position.next();
        let version = versions.entry(*stream).or_default();
        *version = version.next();
        let envelope = Envelope {
            id: Uuid::nil(),
            stream: *stream,
            version: *version,
            position,
            event_type: event.event_type().into(),
            schema: event.schema(),
            provenance: provenance.clone(),
            data: event,
        };
        serde_json::to_string(&envelope).expect("an envelope is JSON")
    });
    told.collect()
}
