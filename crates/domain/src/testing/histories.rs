//! Random histories: whatever is asked in whatever order, units and money keep adding up.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Story, input};
use crate::{
    commands::{
        AdjustStock, Cancel, ChangeLines, Command, CreateOrder, ReceiveStock, RecordPayment, Refund, ReturnItems,
        SetHold, SetRate, Ship, UpdateStatus, UpsertProduct,
    },
    ids::{OrderId, ProductId, StreamId},
    order::{PaymentStatus, Status},
    postings::{Basis, Figures, Posting, postings},
    world::State,
};

const SKUS: [&str; 3] = ["DENY", "WAIT", "FREE"];

/// A product's index, some units, and an order's index; what a command makes of them.
type Dice = (u8, usize, i64, i64);

fn dice() -> impl Strategy<Value = Dice> {
    (0_u8..27, 0_usize..3, 0_i64..6, 0_i64..8)
}

fn shop() -> Story {
    let mut story = Story::new();
    let more = json!({ "tax_rate": "18", "low_stock_threshold": 3 });
    story.product("DENY", "33.33", more.clone()).stocked("DENY", 5);
    let more = json!({ "tax_rate": "5", "tax_inclusive": true, "policy": "backorder", "backorder_limit": 8 });
    story.product("WAIT", "10.01", more).stocked("WAIT", 2);
    story.product("FREE", "7.77", json!({ "policy": "untracked" }));
    story
}

fn command((kind, product, units, order): Dice) -> Command {
    let (sku, order_id) = (SKUS[product], 1001 + order);
    let other = SKUS[(product + 1) % SKUS.len()];
    let some = |product: usize| json!([{ "line": 1 + product, "quantity": units }]);
    let status = |status: &str| input::<UpdateStatus>(json!({ "order_id": order_id, "status": status }));
    match kind {
        0..=3 => input::<CreateOrder>(json!({
            "customer": "Ann", "shipping": "4.99", "order_discount": format!("{}%", order * 7),
            "lines": [
                { "product": sku, "quantity": units }, { "product": other, "quantity": 1 + order },
                { "product": sku, "quantity": 1, "discount": "10%" },
            ],
        })),
        4 => input::<ReceiveStock>(json!({ "product": sku, "quantity": units })),
        5 => input::<AdjustStock>(json!({ "product": sku, "counted": units })),
        6 => input::<AdjustStock>(json!({ "product": sku, "delta": units - 3 })),
        7 => input::<Ship>(json!({ "order_id": order_id, "lines": some(product) })),
        8 => input::<Ship>(json!({ "order_id": order_id })),
        9 => input::<Cancel>(json!({ "order_id": order_id, "lines": some(product) })),
        10 => input::<Cancel>(json!({ "order_id": order_id })),
        11 => input::<SetHold>(json!({ "order_id": order_id, "on": units % 2 == 0 })),
        12 => {
            input::<RecordPayment>(json!({ "order_id": order_id, "amount": format!("{units}.50"), "method": "card" }))
        }
        13 => status(["confirmed", "processing", "shipped"][product]),
        14 => status(["delivered", "cancelled", "pending"][product]),
        15 => input::<UpdateStatus>(json!({ "order_id": order_id, "status": "delivered", "lines": some(product) })),
        16 => input::<ReturnItems>(json!({
            "order_id": order_id, "lines": some(product), "shipping": units % 2 == 0,
            "disposition": if order % 2 == 0 { "restock" } else { "scrap" },
        })),
        17 => input::<ReturnItems>(json!({ "order_id": order_id, "disposition": "restock", "shipping": true })),
        18 => input::<Refund>(json!({ "order_id": order_id, "kind": "units" })),
        19 => input::<Refund>(json!({ "order_id": order_id, "kind": "goodwill", "amount": format!("{units}.25") })),
        20 => input::<RecordPayment>(json!({ "order_id": order_id, "method": "upi" })),
        21 => input::<ChangeLines>(json!({
            "order_id": order_id, "changes": [{ "line": 1 + product, "quantity": units }],
        })),
        22 => input::<ChangeLines>(json!({
            "order_id": order_id,
            "changes": [{ "product": sku, "quantity": 1 + units }, { "line": 1, "unit_price": "9.99" }],
        })),
        23 => input::<SetRate>(json!({ "currency": "USD", "rate": format!("8{units}.1{order}") })),
        24..=25 => input::<CreateOrder>(json!({
            "customer": "Ann", "currency": "USD", "shipping": "1.01",
            "lines": [{ "product": sku, "quantity": 1 + units, "unit_price": "3.33", "discount": "5%" }],
        })),
        _ => input::<UpsertProduct>(json!({ "sku": sku, "price": format!("{units}.05"), "archived": order == 7 })),
    }
}

/// Stock and orders tell the same story, and nobody waits for what is there.
fn assert_stock_adds_up(story: &Story) {
    let orders = || (OrderId::FIRST.0..story.next_order.0).map(|id| story.order(OrderId(id)));
    for sku in SKUS {
        let id = ProductId::from_sku(sku);
        let Some(State::Stock(stock)) = story.world.get(StreamId::Stock(id)) else { continue };
        let lines = || orders().flat_map(|order| &order.lines).filter(|line| line.product_id == id);
        assert_eq!(stock.reserved, lines().map(|line| line.reserved).sum::<i64>(), "{stock:?}");
        assert_eq!(stock.backordered(), lines().map(|line| line.backordered).sum::<i64>(), "{stock:?}");
        assert!(stock.on_hand >= 0, "{stock:?}");
        assert!(stock.available() <= 0 || stock.backorders.is_empty(), "{stock:?}");
    }
}

/// What was booked for an order is what is part of it now, less goodwill; what was shipped is what left of it and
/// stayed away; cash is what came in and stayed. An order that is finished and balanced has one total (rule R10). Every
/// state survives a snapshot.
fn assert_figures_and_snapshots(story: &Story) {
    let all: Vec<Posting> = story.told.iter().flat_map(|(_, event)| postings(event)).collect();
    for id in (OrderId::FIRST.0..story.next_order.0).map(OrderId) {
        let order = story.order(id);
        let sum = |basis: Basis| {
            let mut sum = Figures::default();
            all.iter().filter(|p| p.order_id == id && p.basis == basis).for_each(|posting| sum.add(posting.own));
            sum.total()
        };
        let goodwill = order.goodwill.net + order.goodwill.tax;
        assert_eq!(sum(Basis::Booked), order.current_totals().total - goodwill);
        assert_eq!(sum(Basis::Cash), order.captured - order.refunded);
        let finished = matches!(order.status(), Status::Shipped | Status::Delivered | Status::Returned);
        if finished {
            assert_eq!(sum(Basis::Shipped), sum(Basis::Booked), "order {id} is finished: {order:?}");
        }
        let balanced = order.due() == 0 && order.payment_status() != PaymentStatus::Unpaid;
        if finished && balanced {
            assert_eq!(sum(Basis::Cash), sum(Basis::Booked), "order {id} is finished and balanced");
        }
        for basis in Basis::ALL {
            let units = |posting: &&Posting| posting.order_id == id && posting.basis == basis;
            let counted: i64 = all.iter().filter(units).map(|posting| posting.units).sum();
            let now: i64 = match basis {
                Basis::Booked => order.lines.iter().map(|line| line.active() - line.returned).sum(),
                Basis::Shipped => order.lines.iter().map(|line| line.shipped - line.returned).sum(),
                Basis::Cash => 0,
            };
            assert_eq!(counted, now, "{basis:?}");
        }
        if order.status() == Status::Cancelled && order.goodwill == crate::event::Charge::default() {
            let mut home = Figures::default();
            all.iter().filter(|p| p.order_id == id && p.basis == Basis::Booked).for_each(|p| home.add(p.home));
            assert_eq!(home, Figures::default(), "converted amounts cancel out too");
        }
        let state = story.world.get(StreamId::Order(id)).expect("the order is at hand");
        let snapshot = serde_json::to_string(state).expect("a state is JSON");
        assert_eq!(&serde_json::from_str::<State>(&snapshot).expect("a snapshot is a state"), state);
        let shown: Value = serde_json::to_value(order.view()).expect("a view is JSON");
        assert_eq!(shown["status"], story.status(id).name());
    }
}

/// Histories tried: 256, or as many as `ORDERLOG_TEST_HISTORIES` says.
fn cases() -> u32 {
    std::env::var("ORDERLOG_TEST_HISTORIES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(256)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn units_stock_and_money_always_add_up(history in prop::collection::vec(dice(), 1..80)) {
        let mut story = shop();
        for dice in history {
            // A refusal is as good as a deed here: it must leave everything as it was.
            let before = story.told.len();
            if story.ask(&command(dice)).is_err() {
                prop_assert_eq!(story.told.len(), before);
            }
            assert_stock_adds_up(&story);
        }
        assert_figures_and_snapshots(&story);
    }

    #[test]
    fn a_rollback_returns_to_the_mark(
        kept in prop::collection::vec(dice(), 1..30), lost in prop::collection::vec(dice(), 1..30),
    ) {
        let mut story = shop();
        kept.into_iter().for_each(|dice| drop(story.ask(&command(dice))));
        story.world.mark();
        let state = |story: &Story, stream: StreamId| story.world.get(stream).cloned();
        let orders: Vec<StreamId> = (1001..story.next_order.0).map(|id| StreamId::Order(OrderId(id))).collect();
        let stocks = SKUS.map(|sku| StreamId::Stock(ProductId::from_sku(sku)));
        let streams: Vec<StreamId> = orders.into_iter().chain(stocks).collect();
        let before: Vec<_> = streams.iter().map(|stream| state(&story, *stream)).collect();
        let next = story.next_order;
        lost.into_iter().for_each(|dice| drop(story.ask(&command(dice))));
        story.world.rollback();
        // What was first asked for after the mark was loaded empty, and may stay so.
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
