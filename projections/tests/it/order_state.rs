//! An order that loses its words after every event, and is written and read again, goes on like the whole one.

use std::collections::HashMap;

use orderlog_domain::{ids::StreamId, order::Order, states::State};
use orderlog_projections::CompactOrder;

use crate::history::History;

/// Everything that read models derive of an order.
fn readings(order: &Order) -> impl PartialEq + std::fmt::Debug {
    let lines: Vec<_> = order.lines.iter().map(|line| (line.product_id, line.active(), line.unshipped())).collect();
    let status = (order.status(), order.payment_status(), order.on_hold(), order.times.held_until, order.backordered());
    let money = (order.due(), order.current_totals(), order.captured);
    (order.version, order.customer_id, order.placed_on, order.times.placed, lines, status, money)
}

#[test]
fn a_compact_order_goes_on_like_the_whole_one() {
    let mut history = History::new(41);
    history.live(30_000);
    let mut compact: HashMap<StreamId, State> = HashMap::new();
    let mut whole: HashMap<StreamId, State> = HashMap::new();
    let mut seen: HashMap<String, u32> = HashMap::new();
    for event in history.unwritten().filter(|event| matches!(event.stream, StreamId::Order(_))) {
        for orders in [&mut compact, &mut whole] {
            let state = orders.entry(event.stream).or_insert_with(|| State::empty(event.stream));
            state.evolve(&event.data, &event.provenance);
        }
        let (Some(State::Order(compact)), Some(State::Order(whole))) =
            (compact.get_mut(&event.stream), whole.get(&event.stream))
        else {
            panic!("{} holds no order", event.stream)
        };
        assert_eq!(readings(compact), readings(whole), "after {} at {}", event.event_type, event.position);
        let stripped = CompactOrder::of((**compact).clone());
        let written = serde_json::to_string(&stripped).expect("JSON");
        let read: CompactOrder = serde_json::from_str(&written).expect("an order");
        assert_eq!(read, stripped, "{written}");
        assert_eq!(CompactOrder::of((**whole).clone()), stripped, "whoever strips it, and when, the same is left");
        **compact = read.0;
        *seen.entry(event.event_type.into_owned()).or_default() += 1;
    }
    assert!(seen.len() >= 13 && seen.values().all(|&times| times > 10), "all kinds of events were met: {seen:?}");
}
