//! Changing lines: prices, stock, conversions, and what is refused.

mod meant;
mod notes;

use serde_json::{Value, json};

use super::*;
use crate::{
    commands::{Cancel, Command, CreateOrder, RecordPayment, Refund, SetRate, Ship, UpsertProduct},
    decide::Shop,
    event::{Amounts, Charge, Event},
    rejection::Code,
    testing::{Story, input, types},
};

const ID: OrderId = OrderId(1001);

/// Three of A at 100.00 and one of B at 50.00, 10 % off, 18 % tax, 10.00 shipping.
fn shop() -> Story {
    let mut story = Story::new();
    for (sku, price) in [("A", "100.00"), ("B", "50.00"), ("C", "20.00")] {
        story.product(sku, price, json!({ "tax_rate": "18" })).stocked(sku, 5);
    }
    story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "shipping": "10.00", "order_discount": "10%",
        "lines": [{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }],
    })));
    story
}

fn change(changes: Value) -> Command {
    input::<ChangeLines>(json!({ "order_id": 1001, "changes": changes }))
}

fn differences_of(decision: &Decision) -> Vec<(u32, i64, Amounts)> {
    let Event::LinesChanged(fact) = &decision.facts[0].1 else { panic!("lines changed") };
    fact.differences.iter().map(|moved| (moved.line, moved.units, moved.amounts)).collect()
}

#[test]
fn fewer_more_and_new_lines_in_one_go() {
    let mut story = shop();
    // The catalogue's new price concerns nobody who ordered before.
    story.done(input::<UpsertProduct>(json!({ "sku": "A", "price": "999.00" })));
    let decision = story.done(change(json!([
        { "line": 1, "quantity": 2 }, { "line": 2, "quantity": 2 }, { "product": "C", "quantity": 1 },
    ])));
    let unit = |gross: i64, discount: i64, tax: i64| Amounts { gross, discount, tax };
    assert_eq!(
        differences_of(&decision),
        [(1, -1, unit(-10_000, -1_000, -1_620)), (2, 1, unit(5_000, 500, 810)), (3, 1, unit(2_000, 0, 360)),]
    );
    assert_eq!(types(&decision), ["LinesChanged", "StockReleased", "StockReserved", "StockReserved"]);
    assert_eq!(story.stock("A").reserved, 2);
    assert_eq!(story.order(ID).current_totals(), story.order(ID).totals);
    story.done(input::<Ship>(json!({ "order_id": 1001 })));
}

#[test]
fn a_new_price_or_discount_prices_the_line_anew() {
    let mut story = shop();
    let decision = story.done(change(json!([{ "line": 1, "unit_price": "80.00", "discount": "0.00" }])));
    assert_eq!(differences_of(&decision), [(1, 0, Amounts { gross: -6_000, discount: -600, tax: -972 })]);
}

#[test]
fn a_line_can_go_but_not_all_of_them() {
    let mut story = shop();
    assert_eq!(
        story.refused(change(json!([{ "line": 1, "quantity": 0 }, { "line": 2, "quantity": 0 }]))).code,
        Code::InvalidArgument
    );
    story.done(change(json!([{ "line": 2, "quantity": 0 }])));
    assert_eq!(story.order(ID).lines.len(), 1);
    let added = story.done(change(json!([{ "product": "C", "quantity": 1 }])));
    assert_eq!(differences_of(&added)[0].0, 3, "2 was given to the line that went");
    assert!(story.done(change(json!([{ "line": 1, "quantity": 3 }]))).facts.is_empty());
}

#[test]
fn what_was_cancelled_before_stays_so() {
    let mut story = shop();
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    story.done(change(json!([{ "line": 1, "quantity": 4 }])));
    let line = &story.order(ID).lines[0];
    assert_eq!((line.ordered, line.cancelled, line.reserved), (4, 0, 4));
    assert_eq!(line.amounts, Amounts { gross: 40_000, discount: 4_000, tax: 6_480 });
}

#[test]
fn of_a_cancelled_line_nothing_is_left_to_change() {
    let mut story = shop();
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 3 }] })));
    let gone = story.refused(change(json!([{ "line": 1, "quantity": 1 }])));
    assert!(gone.message.starts_with("Nothing of line 1 of order #1001 is left"), "{gone}");
    assert!(gone.candidates.iter().all(|line| line["line"] != 1), "{gone:?}");
}

#[test]
fn stock_sets_the_bound() {
    let mut story = shop();
    let refused = story.refused(change(json!([{ "line": 1, "quantity": 6 }])));
    assert_eq!(refused.code, Code::InsufficientStock);
    story.product("A", "100.00", json!({ "policy": "backorder", "backorder_limit": 5 }));
    story.done(change(json!([{ "line": 1, "quantity": 6 }])));
    assert!(story.order(ID).backordered());
}

#[test]
fn shipped_orders_stay_and_nonsense_is_named() {
    let mut story = shop();
    assert_eq!(story.refused(change(json!([{ "line": 9, "quantity": 1 }]))).code, Code::NotFound);
    assert_eq!(story.refused(change(json!([{ "line": 1, "product": "A" }]))).code, Code::InvalidArgument);
    assert_eq!(story.refused(change(json!([{ "product": "C" }]))).code, Code::InvalidArgument);
    assert_eq!(story.refused(change(json!([{ "line": 1 }, { "line": 1 }]))).code, Code::InvalidArgument);
    story.done(input::<Ship>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    assert_eq!(story.refused(change(json!([{ "line": 1, "quantity": 1 }]))).code, Code::IllegalTransition);
}

/// A shop with one product, and an order of it as given.
fn priced(currency: &str, price: &str, tax: &str, inclusive: bool, line: Value) -> Story {
    let mut story = Story::of_shop(Shop { currency: currency.parse().expect("a currency"), ..Shop::default() });
    story.product("P", price, json!({ "tax_rate": tax, "tax_inclusive": inclusive })).stocked("P", 5_000);
    let mut line = line;
    line["product"] = json!("P");
    story.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": [line] })));
    story
}

/// Net, tax and total after one change of line 1.
#[track_caller]
fn check(mut story: Story, line: Value, expected: (i64, i64, i64)) {
    let mut line = line;
    line["line"] = json!(1);
    story.done(change(json!([line])));
    let totals = story.order(ID).current_totals();
    assert_eq!((totals.net, totals.tax, totals.total), expected);
    assert_eq!(totals, story.order(ID).totals);
}

#[test]
fn changed_lines_are_priced_and_taxed_anew() {
    let one = || json!({ "quantity": 1 });
    check(priced("JPY", "4", "10", false, one()), json!({ "quantity": 1_000 }), (4_000, 400, 4_400));
    check(priced("JPY", "5", "10", false, one()), json!({ "quantity": 100 }), (500, 50, 550));
    check(priced("JPY", "999", "10", true, one()), json!({ "quantity": 100 }), (90_818, 9_082, 99_900));
    let mut cancelled = priced("JPY", "91336", "18", true, json!({ "quantity": 5 }));
    cancelled.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] })));
    check(cancelled, json!({ "quantity": 4 }), (309_614, 55_730, 365_344));
    let free = priced("INR", "0.00", "18", true, one());
    check(free, json!({ "unit_price": "1180.00" }), (100_000, 18_000, 118_000));
}

/// Five units come to 2.525 (2.53) in the shop's currency, of which three are 1.51; three units come to 1.515 (1.52).
#[test]
fn a_line_priced_anew_for_what_is_left_of_it_moves_in_the_shops_currency_alone() {
    let mut story = Story::new();
    story.done(input::<SetRate>(json!({ "currency": "USD", "rate": "50.5" })));
    story.product("P", "1.00", json!({})).product("Q", "1.00", json!({})).stocked("P", 9).stocked("Q", 9);
    let line = |product: &str| json!({ "product": product, "quantity": 5, "unit_price": "0.01" });
    story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "currency": "USD", "lines": [line("P"), line("Q")],
    })));
    let two = |number: u32| json!({ "line": number, "quantity": 2 });
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [two(1), two(2)] })));
    let decision = story.done(change(json!([{ "line": 1, "unit_price": "0.01" }])));
    // The second line was not named: it moves in no currency.
    assert_eq!(differences_of(&decision), [(1, 0, Amounts::default())]);
    let Event::LinesChanged(fact) = &decision.facts[0].1 else { panic!("lines changed") };
    let moved = fact.converted_differences.as_ref().expect("a rate");
    assert_eq!(moved.lines, [Amounts { gross: 1, ..Amounts::default() }]);
}

#[test]
fn a_line_priced_as_a_whole_stays_so() {
    let three = || priced("INR", "40.00", "0", false, json!({ "quantity": 3, "line_total": "100.00" }));
    check(three(), json!({ "discount": "10%" }), (9_000, 0, 9_000));
    check(three(), json!({ "quantity": 4 }), (13_333, 0, 13_333));
    let ten = priced("JPY", "4", "10", true, json!({ "quantity": 10, "line_total": "9", "discount": "50%" }));
    check(ten, json!({ "discount": "0%" }), (8, 1, 9));
    let mut back = three();
    back.done(change(json!([{ "line": 1, "quantity": 7 }])));
    check(back, json!({ "quantity": 3 }), (10_000, 0, 10_000));
}

#[test]
fn a_percentage_stays_one_and_an_amount_stays_one_up_to_the_line() {
    let with = |discount: &str| priced("INR", "10.00", "0", false, json!({ "quantity": 3, "discount": discount }));
    check(with("10%"), json!({ "quantity": 5 }), (4_500, 0, 4_500));
    check(with("7.50"), json!({ "quantity": 5 }), (4_250, 0, 4_250));
    check(with("7.50"), json!({ "quantity": 1, "unit_price": "5.00" }), (0, 0, 0));
    // The same of an order discount: a share of an amount stays that amount.
    let shared = |discount: &str| {
        let mut story = Story::new();
        story.product("P", "10.00", json!({})).stocked("P", 50);
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "order_discount": discount, "lines": [{ "product": "P", "quantity": 3 }],
        })));
        story
    };
    check(shared("6.00"), json!({ "quantity": 5 }), (4_400, 0, 4_400));
    check(shared("20%"), json!({ "quantity": 5 }), (4_000, 0, 4_000));
}

#[test]
fn whether_the_price_includes_tax_is_stored_with_the_line() {
    // Net of the price of ten by one minor unit: from the amounts it could be either.
    let story = priced("JPY", "0", "10", true, json!({ "quantity": 10 }));
    assert!(story.order(ID).lines[0].tax_inclusive);
    check(story, json!({ "quantity": 1, "unit_price": "110" }), (100, 10, 110));
}

#[test]
fn a_line_that_is_not_named_keeps_its_units_and_what_was_cancelled_of_it() {
    let mut story = Story::new();
    story.product("D", "40.00", json!({})).stocked("D", 3).product("B", "5.00", json!({})).stocked("B", 5);
    story.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": [
        { "product": "D", "quantity": 3, "line_total": "100.00" }, { "product": "B", "quantity": 1 },
    ] })));
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    let before = story.order(ID).lines[0].clone();
    let decision = story.done(change(json!([{ "line": 2, "quantity": 2 }])));
    assert_eq!(differences_of(&decision).len(), 1);
    assert_eq!(story.order(ID).lines[0], before);
    let back = |story: &mut Story| {
        let lines = json!([{ "line": 1, "quantity": 1 }]);
        story.ask(&input::<Refund>(json!({ "order_id": 1001, "lines": lines })))
    };
    // Of the 33.34 that the cancelled unit cost, 5.00 went into the mug that was added.
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card", "amount": "5.00" })));
    let refunded = back(&mut story).expect("it is owed");
    let Event::PaymentRefunded(fact) = &refunded.facts[0].1 else { panic!("a refund") };
    assert_eq!(fact.amount, 3_334);
    story.done(change(json!([{ "line": 2, "quantity": 1 }])));
    assert_eq!(back(&mut story).expect_err("it went back").code, Code::IllegalTransition);
}

#[test]
fn freed_units_go_first_to_the_same_orders_other_lines() {
    let mut story = Story::new();
    story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 9 })).stocked("W", 3);
    let ours = story.ordered(&[("W", 3), ("W", 1)]);
    let other = story.ordered(&[("W", 1)]);
    story.done(change(json!([{ "line": 1, "quantity": 1 }, { "line": 2, "more": 1 }])));
    let reserved: Vec<i64> = story.order(ours).lines.iter().map(|line| line.reserved).collect();
    assert_eq!(reserved, [1, 2], "one to the unit that waited, one to the new one");
    assert!(story.order(other).backordered());
    story.done(change(json!([{ "line": 2, "quantity": 1 }])));
    assert!(!story.order(other).backordered(), "what nobody here needs goes to the next");
}

#[test]
fn goodwill_for_a_line_that_becomes_cheaper_is_posted_back() {
    let mut story = priced("INR", "100.00", "10", false, json!({ "quantity": 2 }));
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "goodwill", "amount": "220.00" })));
    let decision = story.done(change(json!([{ "line": 1, "quantity": 1 }])));
    let Event::LinesChanged(fact) = &decision.facts[0].1 else { panic!("lines changed") };
    assert_eq!(fact.goodwill_back, Charge { net: 10_000, tax: 1_000 });
    assert_eq!(story.order(ID).due(), 0);
}
