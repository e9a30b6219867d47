//! Changing lines as people mean it: by product, another product instead, and the discount on the whole order.

use serde_json::{Value, json};

use super::super::*;
use crate::{
    commands::{Cancel, Command, CreateOrder, Undo},
    event::{Event, PlacedLine},
    pricing::Discount,
    rejection::Code,
    testing::{Story, input, types},
};

const ID: OrderId = OrderId(1001);

/// Two of RED at 100.00, 5 % off, and one of TEA at 50.00; 10 % or 30.00 off the whole order. BLUE costs 120.00.
fn shop(order_discount: &str) -> Story {
    let mut story = Story::new();
    for (sku, price, tax) in [("RED", "100.00", "18"), ("TEA", "50.00", "18"), ("BLUE", "120.00", "5")] {
        story.product(sku, price, json!({ "tax_rate": tax })).stocked(sku, 5);
    }
    story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "order_discount": order_discount,
        "lines": [{ "product": "RED", "quantity": 2, "discount": "5%" }, { "product": "TEA", "quantity": 1 }],
    })));
    story
}

fn change(changes: Value) -> Command {
    input::<ChangeLines>(json!({ "order_id": 1001, "changes": changes }))
}

fn discounted(discount: &str, changes: Value) -> Command {
    input::<ChangeLines>(json!({ "order_id": 1001, "changes": changes, "order_discount": discount }))
}

/// Of each line: number, SKU, units, discount in minor units.
fn lines(story: &Story) -> Vec<(u32, &str, i64, i64)> {
    let lines = story.order(ID).lines.iter();
    lines.map(|line| (line.line, line.sku.as_str(), line.active(), line.amounts.discount)).collect()
}

/// Takes back the latest command, whose facts these are.
fn undo(story: &mut Story, decision: &Decision, before: Vec<PlacedLine>) {
    let of_order = decision.facts.iter().filter(|(stream, _)| *stream == StreamId::Order(ID));
    let facts: Vec<Event> = of_order.map(|(_, event)| event.clone()).collect();
    let version = story.order(ID).acted;
    story.done(Undo { order_id: ID, version, facts, lines_before: before });
}

#[test]
fn a_product_is_the_line_that_has_it_or_else_a_new_line() {
    let mut story = shop("10%");
    story.done(change(json!([{ "product": "RED", "quantity": 3 }])));
    // 10 % of what 5 % leaves.
    assert_eq!(lines(&story), [(1, "RED", 3, 4_350), (2, "TEA", 1, 480)]);
    story.done(change(json!([{ "product": "RED", "more": 1 }, { "product": "BLUE", "more": 1 }])));
    assert_eq!(lines(&story), [(1, "RED", 4, 5_800), (2, "TEA", 1, 480), (3, "BLUE", 1, 0)]);
    story.done(change(json!([{ "product": "TEA", "quantity": 0 }])));
    let gone = story.refused(change(json!([{ "product": "TEA", "quantity": 0 }])));
    assert_eq!(gone.code, Code::NotFound);
    assert_eq!(gone.candidates[1], json!({ "line": 3, "product": "Product BLUE", "quantity": 1 }));
    for wrong in [
        json!([{ "product": "RED", "quantity": 1 }, { "line": 1, "quantity": 2 }]),
        json!([{ "product": "TEA", "quantity": 1 }, { "product": "TEA", "quantity": 2 }]),
        json!([{ "product": "RED", "quantity": 1, "more": 1 }]),
        json!([{ "product": "TEA" }]),
        json!([]),
    ] {
        assert_eq!(story.refused(change(wrong.clone())).code, Code::InvalidArgument, "{wrong}");
    }
}

#[test]
fn of_two_lines_with_the_product_the_user_chooses() {
    let mut story = Story::new();
    story.product("RED", "100.00", json!({})).stocked("RED", 9);
    story.ordered(&[("RED", 2), ("RED", 3)]);
    let asked = story.refused(change(json!([{ "product": "RED", "quantity": 1 }])));
    assert_eq!((asked.code, asked.field.as_deref()), (Code::Ambiguous, Some("changes[0].product")));
    assert_eq!(asked.candidates[1], json!({ "line": 2, "product": "Product RED", "quantity": 3 }));
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] })));
    story.done(change(json!([{ "product": "RED", "quantity": 1 }])));
    assert_eq!(story.order(ID).lines[1].active(), 1);
}

#[test]
fn another_product_takes_the_place_and_keeps_price_and_discounts() {
    let mut story = shop("10%");
    let before: Vec<PlacedLine> = story.order(ID).lines.iter().map(Line::as_placed).collect();
    let decision = story.done(change(json!([{ "product": "RED", "replace": "BLUE" }])));
    assert_eq!(types(&decision), ["LinesChanged", "StockReleased", "StockReserved"]);
    assert_eq!(decision.warnings, ["Product BLUE keeps the price of ₹100; the catalogue has ₹120."]);
    assert_eq!(lines(&story), [(2, "TEA", 1, 480), (3, "BLUE", 2, 2_900)]);
    let put = &story.order(ID).lines[1];
    assert_eq!((put.unit_price, put.amounts.tax), (10_000, 855), "5 % of 171.00");
    assert_eq!((story.stock("RED").reserved, story.stock("BLUE").reserved), (0, 2));
    undo(&mut story, &decision, before.clone());
    assert!(story.order(ID).lines.iter().map(Line::as_placed).eq(before));

    let told = json!([{ "line": 1, "replace": "BLUE", "quantity": 1, "unit_price": "110.00", "discount": "0" }]);
    assert_eq!(story.done(change(told)).warnings, Vec::<String>::new());
    // The order's discount stays.
    assert_eq!(lines(&story), [(2, "TEA", 1, 480), (4, "BLUE", 1, 1_100)]);
    let turned = story.refused(change(json!([{ "product": "RED", "replace": "TEA" }])));
    assert_eq!(turned.code, Code::NotFound, "no line has it any more");
    let none = story.refused(change(json!([{ "line": 4, "replace": "TEA", "quantity": 0 }])));
    assert_eq!(none.code, Code::InvalidArgument);
    assert!(story.done(change(json!([{ "line": 4, "replace": "BLUE" }]))).facts.is_empty());
}

#[test]
fn a_price_with_tax_stays_a_price_with_tax() {
    let mut story = Story::new();
    story.product("RED", "118.00", json!({ "tax_rate": "18", "tax_inclusive": true })).stocked("RED", 5);
    story.product("BLUE", "118.00", json!({ "tax_rate": "5" })).stocked("BLUE", 5);
    story.ordered(&[("RED", 1)]);
    story.done(change(json!([{ "product": "RED", "replace": "BLUE" }])));
    let totals = story.order(ID).current_totals();
    assert_eq!((totals.total, totals.net), (11_800, 11_238));
}

#[test]
fn a_lines_own_discount_leaves_the_orders_alone() {
    let mut story = shop("10%");
    story.done(change(json!([{ "line": 1, "discount": "20.00" }])));
    let line = &story.order(ID).lines[0];
    assert_eq!(line.discounts, [Discount::Amount(2_000), Discount::Percent(10.into())]);
    assert_eq!(line.amounts.discount, 2_000 + 1_800);
}

#[test]
fn a_discount_on_the_whole_order_is_set_moved_and_taken_away() {
    let mut story = shop("10%");
    // 190.00 and 50.00 are left of 200.00 and 50.00: shares by gross.
    story.done(discounted("24.00", json!([])));
    assert_eq!(lines(&story), [(1, "RED", 2, 1_000 + 1_920), (2, "TEA", 1, 480)]);
    assert_eq!(story.order(ID).discount(), 3_400);
    // A share goes with its line, and that is told; moved, all of it stays.
    let told = "₹4.80 of the order's discount went with its lines; order_discount \"same\" keeps it.";
    let removed = json!([{ "product": "TEA", "quantity": 0 }]);
    assert_eq!(story.ask(&change(removed.clone())).expect("done").warnings, [told]);
    let mut story = shop("24.00");
    assert!(story.done(discounted("same", removed)).warnings.is_empty());
    assert_eq!(lines(&story), [(1, "RED", 2, 1_000 + 2_400)]);
    story.done(discounted("0", json!([])));
    assert_eq!(lines(&story), [(1, "RED", 2, 1_000)]);
    assert_eq!(story.refused(discounted("same", json!([]))).field.as_deref(), Some("order_discount"));
    assert_eq!(story.refused(discounted("190.01", json!([]))).field.as_deref(), Some("order_discount"));
    assert!(story.done(discounted("0%", json!([]))).facts.is_empty());
}

#[test]
fn what_is_added_gets_the_orders_percentage_when_it_is_said() {
    let mut story = shop("10%");
    let added = json!([{ "product": "BLUE", "quantity": 1 }]);
    let told = "The order's discount of 10 % is not on what was added; order_discount \"same\" puts it there.";
    assert_eq!(story.done(change(added)).warnings, [told]);
    story.done(discounted("same", json!([])));
    // 10 % of 190.00, 50.00 and 120.00, spread by gross.
    assert_eq!(lines(&story), [(1, "RED", 2, 1_000 + 1_946), (2, "TEA", 1, 486), (3, "BLUE", 1, 1_168)]);
    assert!(story.done(discounted("same", json!([]))).facts.is_empty());
}

#[test]
fn what_was_cancelled_of_a_line_is_no_part_of_a_new_discount() {
    let mut story = shop("24.00");
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    story.done(discounted("10%", json!([])));
    // 10 % of 95.00 and 50.00, spread by gross.
    assert_eq!(lines(&story), [(1, "RED", 1, 500 + 967), (2, "TEA", 1, 483)]);
    let line = &story.order(ID).lines[0];
    assert_eq!((line.ordered, line.cancelled), (1, 0));
}
