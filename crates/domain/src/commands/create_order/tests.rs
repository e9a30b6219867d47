//! Placing orders: amounts, stock, and everything that can be wrong with the arguments.

use serde_json::{Value, json};

use super::CreateOrder;
use crate::{
    event::{Amounts, Charge, Event, OrderPlaced},
    ids::OrderId,
    order::Status,
    rejection::Code,
    testing::{Story, input, types},
};

fn shop() -> Story {
    let mut story = Story::new();
    story.product("A", "1000.00", json!({ "tax_rate": "18" })).stocked("A", 10);
    story.product("B", "499.00", json!({ "tax_rate": "18" })).stocked("B", 10);
    story
}

fn order(lines: Value, more: Value) -> crate::commands::Command {
    let mut arguments = json!({ "customer": "Ann", "lines": lines });
    for (key, value) in more.as_object().expect("an object") {
        arguments[key] = value.clone();
    }
    input::<CreateOrder>(arguments)
}

fn placed(story: &mut Story, lines: Value, more: Value) -> OrderPlaced {
    let decision = story.done(order(lines, more));
    match &decision.facts[0].1 {
        Event::OrderPlaced(placed) => placed.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_worked_example_is_priced_exactly() {
    let placed = placed(
        &mut shop(),
        json!([{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }]),
        json!({ "order_discount": "10%", "shipping": "99.00" }),
    );
    assert_eq!(placed.order_id, OrderId(1001));
    assert_eq!(placed.lines[0].amounts, Amounts { gross: 300_000, discount: 30_000, tax: 48_600 });
    assert_eq!(placed.lines[1].amounts, Amounts { gross: 49_900, discount: 4_990, tax: 8_084 });
    assert_eq!(placed.shipping, Charge { net: 9_900, tax: 1_782 });
    assert_eq!((placed.totals.revenue, placed.totals.tax, placed.totals.total), (324_810, 58_466, 383_276));
}

#[test]
fn stock_is_reserved_and_the_order_is_pending() {
    let mut story = shop();
    let decision = story.done(order(json!([{ "product": "A", "quantity": 4 }]), json!({})));
    assert_eq!(types(&decision), ["OrderPlaced", "StockReserved"]);
    assert_eq!((story.stock("A").reserved, story.stock("A").available()), (4, 6));
    assert_eq!(story.status(OrderId(1001)), Status::Pending);
}

#[test]
fn quantities_are_summed_over_lines_before_stock_is_judged() {
    let lines = json!([{ "product": "A", "quantity": 6 }, { "product": "a ", "quantity": 6 }]);
    let refused = shop().refused(order(lines, json!({})));
    assert_eq!(refused.code, Code::InsufficientStock);
    let short = json!({ "product": "Product A", "sku": "A", "requested": 12, "available": 10, "shortfall": 2 });
    assert_eq!(refused.candidates, [short]);
}

#[test]
fn backorder_policy_lets_units_wait_up_to_its_limit() {
    let mut story = shop();
    story.product("W", "10.00", json!({ "policy": "backorder", "backorder_limit": 3 })).stocked("W", 2);
    let decision = story.done(order(json!([{ "product": "W", "quantity": 4 }]), json!({})));
    assert_eq!(types(&decision), ["OrderPlaced", "StockReserved", "StockBackordered"]);
    assert_eq!(decision.warnings.len(), 1);
    assert!(story.order(OrderId(1001)).backordered());
    let refused = story.refused(order(json!([{ "product": "W", "quantity": 2 }]), json!({})));
    assert_eq!(refused.code, Code::InsufficientStock);
    story.done(order(json!([{ "product": "W", "quantity": 1 }]), json!({})));
}

#[test]
fn untracked_products_move_no_stock() {
    let mut story = shop();
    story.product("GIFT", "50.00", json!({ "policy": "untracked" }));
    let decision = story.done(order(json!([{ "product": "GIFT", "quantity": 1000 }]), json!({})));
    assert_eq!(types(&decision), ["OrderPlaced"]);
}

#[test]
fn prices_with_tax_add_up_to_what_was_entered() {
    let mut story = shop();
    story.product("T", "118.00", json!({ "tax_rate": "18", "tax_inclusive": true })).stocked("T", 9);
    let lines = json!([{ "product": "T", "quantity": 3, "discount": "0.50" }]);
    let placed = placed(&mut story, lines, json!({ "shipping": "11.80" }));
    assert!(placed.tax_inclusive);
    assert_eq!(placed.totals.total, 35_400 - 50 + 1_180);
    assert_eq!(placed.lines[0].amounts.gross, 30_000);
    assert_eq!(placed.shipping, Charge { net: 1_000, tax: 180 });
}

#[test]
fn a_line_can_be_priced_as_a_whole() {
    let lines = json!([{ "product": "A", "quantity": 3, "line_total": "100.00" }]);
    let placed = placed(&mut shop(), lines, json!({}));
    assert_eq!(placed.lines[0].amounts, Amounts { gross: 10_000, discount: 0, tax: 1_800 });
    assert_eq!(placed.lines[0].unit_price, 3_333);
}

#[test]
fn another_currency_needs_prices() {
    let lines = json!([{ "product": "A", "quantity": 1 }]);
    let refused = shop().refused(order(lines, json!({ "currency": "USD" })));
    assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidArgument, Some("lines[0].unit_price")));
    let lines = json!([{ "product": "A", "quantity": 1, "unit_price": "50.00" }]);
    let placed = placed(&mut shop(), lines, json!({ "currency": "USD" }));
    assert_eq!((placed.currency.code(), placed.totals.gross), ("USD", 5_000));
}

#[test]
fn a_discount_larger_than_a_line_falls_on_the_others() {
    let lines = json!([
        { "product": "A", "quantity": 1, "discount": "100%" },
        { "product": "B", "quantity": 1 },
    ]);
    let placed = placed(&mut shop(), lines, json!({ "order_discount": "499.00" }));
    assert_eq!(placed.totals.net, 0);
    assert!(placed.lines.iter().all(|line| line.amounts.discount == line.amounts.gross));
}

#[test]
fn all_problems_are_named_at_once() {
    let refused = shop().refused(order(
        json!([
            { "product": "A", "quantity": 0, "unit_price": "1.234" },
            { "product": " ", "quantity": 1_000_001, "discount": "101%" },
        ]),
        json!({ "shipping": "1e3", "order_discount": "-5", "note": "a\u{0}b" }),
    ));
    assert_eq!(refused.code, Code::InvalidArgument);
    let fields: Vec<&str> = refused.problems.iter().map(|problem| problem.field.as_str()).collect();
    let expected = [
        "lines[0].quantity",
        "lines[1].product",
        "lines[1].quantity",
        "note",
        "lines[0].unit_price",
        "lines[1].discount",
        "shipping",
        "order_discount",
    ];
    assert_eq!(fields, expected);
    assert!(refused.problems[5].message.contains("`101%` is not a percentage; it goes from 0 to 100"), "{refused:?}");
}

#[test]
fn strange_but_harmless_text_is_kept() {
    let note = "\u{202e}'; DROP TABLE orders; -- {{ 7*7 }} <script>\n\ttab";
    let placed = placed(&mut shop(), json!([{ "product": "A", "quantity": 1 }]), json!({ "note": note }));
    assert_eq!(placed.note.as_deref(), Some(note));
}

#[test]
fn what_does_not_exist_or_is_archived_cannot_be_ordered() {
    let mut story = shop();
    let refused = story.refused(order(json!([{ "product": "nothing", "quantity": 1 }]), json!({})));
    assert_eq!((refused.code, refused.field.as_deref()), (Code::NotFound, Some("lines[0].product")));
    let refused =
        story.refused(input::<CreateOrder>(json!({ "customer": "Bob", "lines": [{ "product": "A", "quantity": 1 }] })));
    assert_eq!((refused.code, refused.field.as_deref()), (Code::NotFound, Some("customer")));
    story.product("A", "1000.00", json!({ "archived": true }));
    assert_eq!(story.refused(order(json!([{ "product": "A", "quantity": 1 }]), json!({}))).code, Code::InvalidArgument);
}

#[test]
fn an_order_of_the_past_may_hold_what_is_no_longer_sold() {
    let mut story = shop();
    story.product("A", "1000.00", json!({ "archived": true }));
    let lines = json!([{ "product": "A", "quantity": 1 }]);
    assert_eq!(story.refused(order(lines.clone(), json!({}))).field.as_deref(), Some("lines[0].product"));
    let yesterday = story.now - chrono::TimeDelta::days(1);
    let decision = story.ask_of(&order(lines, json!({})), yesterday).expect("it was sold then");
    assert_eq!(types(&decision), ["OrderPlaced", "StockReserved"]);
}

#[test]
fn the_number_of_another_system_is_kept() {
    let lines = json!([{ "product": "A", "quantity": 1 }]);
    let mut story = shop();
    let placed = placed(&mut story, lines.clone(), json!({ "external_reference": "#AA10412" }));
    assert_eq!(placed.external_reference.as_deref(), Some("#AA10412"));
    assert_eq!(story.order(placed.order_id).external_reference, placed.external_reference);
    let refused = story.refused(order(lines, json!({ "external_reference": "x".repeat(101) })));
    assert_eq!(refused.field.as_deref(), Some("external_reference"));
}

#[test]
fn enormous_amounts_are_refused() {
    let lines = json!([{ "product": "A", "quantity": 11, "unit_price": "999999999.00" }]);
    let refused = shop().refused(order(lines, json!({})));
    assert_eq!((refused.code, refused.field.as_deref()), (Code::InvalidArgument, Some("lines[0].quantity")));
}

#[test]
fn low_stock_is_noted_once_until_it_recovers() {
    let mut story = shop();
    story.product("L", "1.00", json!({ "low_stock_threshold": 5 })).stocked("L", 8);
    let one = || order(json!([{ "product": "L", "quantity": 3 }]), json!({}));
    assert_eq!(types(&story.done(one())), ["OrderPlaced", "StockReserved", "LowStockReached"]);
    let one = order(json!([{ "product": "L", "quantity": 1 }]), json!({}));
    assert_eq!(types(&story.done(one)), ["OrderPlaced", "StockReserved"]);
    story.stocked("L", 10);
    assert!(!story.stock("L").low);
    assert!(story.told.iter().any(|(_, _, event)| event.event_type() == "LowStockRecovered"));
}
