//! Random histories: whatever is asked in whatever order, units and money keep adding up, and what is undone is undone.

mod asked;
mod checks;

use std::collections::BTreeSet;

use chrono::TimeDelta;
use proptest::{prelude::*, strategy::ValueTree as _, test_runner::TestRunner};
use serde_json::json;

use self::asked::{Dice, SKUS, command, dice};
use super::Story;
use crate::{
    commands::{Command, Undo},
    decide::Decision,
    event::{Event, catalogue},
    ids::{OrderId, ProductId, StreamId},
    order::{Line, Order},
    states::State,
};

fn shop() -> Story {
    let mut story = Story::new();
    let more = json!({ "tax_rate": "18", "low_stock_threshold": 3 });
    story.product("DENY", "33.33", more.clone()).stocked("DENY", 5);
    let more = json!({ "tax_rate": "5", "tax_inclusive": true, "policy": "backorder", "backorder_limit": 8 });
    story.product("WAIT", "10.01", more).stocked("WAIT", 2);
    story.product("FREE", "7.77", json!({ "policy": "untracked" }));
    story
}

/// One command's facts about one order, and the order before, which an undo must restore.
struct Deed {
    undo: Undo,
    before: Option<Order>,
}

/// Lives one history, checking every step of it.
fn live(history: Vec<Dice>) -> Story {
    let mut story = shop();
    let mut deeds: Vec<Deed> = vec![];
    for dice in history {
        story.now += TimeDelta::minutes(7 * dice.amount + 60 * dice.hours);
        let undone = dice.undoes().and_then(|back| deeds.len().checked_sub(1 + back));
        let asked = match undone {
            Some(deed) => Command::Undo(deeds[deed].undo.clone()),
            None => command(dice),
        };
        let orders: Vec<Order> = story.orders().cloned().collect();
        let told = story.told.len();
        match story.ask(&asked) {
            Ok(decision) => {
                if let Some(deed) = undone {
                    checks::is_undone(&story, &deeds[deed].undo, deeds[deed].before.as_ref());
                }
                deeds.extend(deed(&story, &decision, &orders));
            }
            // A refusal is as good as a deed here: it must leave everything as it was.
            Err(_) => {
                assert_eq!(story.told.len(), told);
                assert!(story.orders().eq(orders.iter()), "a refused command changed an order");
            }
        }
        checks::stock_adds_up(&story);
        checks::what_may_follow_is_what_is_decided(&story);
    }
    story
}

/// What can be undone of a decision, found as `orders_undo` finds it in the log.
fn deed(story: &Story, decision: &Decision, before: &[Order]) -> Option<Deed> {
    let about = |(stream, event): &(StreamId, Event)| match stream {
        StreamId::Order(id) if !matches!(event, Event::BackorderFilled(_)) => Some(*id),
        _ => None,
    };
    let order_id = decision.facts.iter().find_map(about)?;
    let of_order: Vec<&Event> = decision
        .facts
        .iter()
        .filter(|(stream, _)| *stream == StreamId::Order(order_id))
        .map(|(_, event)| event)
        .collect();
    let version = story.order(order_id).acted;
    let facts = of_order.into_iter().filter(|event| !matches!(event, Event::BackorderFilled(_))).cloned().collect();
    let before = before.iter().find(|order| order.id == order_id).cloned();
    let lines_before = before.iter().flat_map(|order| &order.lines).map(Line::as_placed).collect();
    Some(Deed { undo: Undo { order_id, version, facts, lines_before }, before })
}

/// Histories tried: 256, or as many as `ORDERLOG_TEST_HISTORIES` says.
fn cases() -> u32 {
    std::env::var("ORDERLOG_TEST_HISTORIES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

/// A fact that no history reaches is not tested.
#[test]
fn histories_reach_every_fact_about_orders_and_stock() {
    const HISTORIES: usize = 120;
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..HISTORIES {
        let history = prop::collection::vec(dice(), 80).new_tree(&mut runner).expect("dice").current();
        reached.extend(live(history).told.iter().map(|(.., event)| event.event_type()));
    }
    let facts = catalogue().into_iter().filter(|kind| ["order", "stock", "rate"].contains(&kind.category));
    let missed: Vec<&str> = facts.map(|kind| kind.name).filter(|name| !reached.contains(name)).collect();
    assert!(missed.is_empty(), "no history has {missed:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn units_stock_and_money_always_add_up(history in prop::collection::vec(dice(), 1..80)) {
        let story = live(history);
        checks::figures_add_up(&story);
        checks::units_are_worth_what_they_were(&story);
    }

    #[test]
    fn what_is_read_back_from_the_log_is_what_was_lived(
        history in prop::collection::vec(dice(), 1..60), snapshot in 0_usize..=100,
    ) {
        checks::rebuilt_is_live(&live(history), snapshot);
    }

    #[test]
    fn a_rollback_returns_to_the_mark(
        kept in prop::collection::vec(dice(), 1..30), lost in prop::collection::vec(dice(), 1..30),
    ) {
        let mut story = shop();
        kept.into_iter().for_each(|dice| drop(story.ask(&command(dice))));
        story.states.commit();
        let state = |story: &Story, stream: StreamId| story.states.get(stream).cloned();
        let orders: Vec<StreamId> = (1001..story.next_order.0).map(|id| StreamId::Order(OrderId(id))).collect();
        let stocks = SKUS.map(|sku| StreamId::Stock(ProductId::from_sku(sku)));
        let streams: Vec<StreamId> = orders.into_iter().chain(stocks).collect();
        let before: Vec<_> = streams.iter().map(|stream| state(&story, *stream)).collect();
        let next = story.next_order;
        lost.into_iter().for_each(|dice| drop(story.ask(&command(dice))));
        story.states.rollback();
        // A stream that was first needed after the mark was loaded empty, and may stay empty.
        let unchanged = |now: Option<State>, before: Option<State>, stream: StreamId| match before {
            Some(_) => now == before,
            None => now.is_none_or(|now| now == State::empty(stream)),
        };
        for (stream, before) in streams.iter().zip(before) {
            prop_assert!(unchanged(state(&story, *stream), before, *stream), "{stream}");
        }
        let next = StreamId::Order(next);
        prop_assert!(unchanged(state(&story, next), None, next));
    }
}
