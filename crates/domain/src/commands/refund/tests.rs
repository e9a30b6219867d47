//! Refunds for units, fees and goodwill, and refused ones.

use serde_json::{Value, json};

use super::*;
use crate::{
    commands::{Cancel, Command, CreateOrder, RecordPayment, ReturnItems, SetRate, Ship},
    event::Event,
    money::Currency,
    order::PaymentStatus,
    postings::{Basis, postings},
    testing::{Story, input},
};

const ID: OrderId = OrderId(1001);

/// Two units at 1,000.00 with 18 % tax and 99.00 shipping, paid.
fn paid() -> Story {
    let mut story = Story::new();
    story.product("A", "1000.00", json!({ "tax_rate": "18" })).stocked("A", 2);
    story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "shipping": "99.00", "lines": [{ "product": "A", "quantity": 2 }],
    })));
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story
}

fn refund(arguments: Value) -> Command {
    let mut all = json!({ "order_id": 1001 });
    arguments.as_object().expect("an object").iter().for_each(|(name, value)| all[name] = value.clone());
    input::<Refund>(all)
}

#[test]
fn what_was_cancelled_goes_back() {
    let mut story = paid();
    assert_eq!(story.refused(refund(json!({ "kind": "units", "amount": "10.00" }))).code, Code::LimitExceeded);
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Overpaid);
    let decision = story.done(refund(json!({ "kind": "units", "lines": [{ "line": 1, "quantity": 1 }] })));
    let Event::PaymentRefunded(fact) = &decision.facts[0].1 else { panic!("a refund") };
    assert_eq!((fact.amount, fact.allowance, fact.method.as_str()), (118_000, Charge::default(), "card"));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::PartiallyRefunded);
    assert_eq!(story.order(ID).due(), 0);
    assert_eq!(story.done(refund(json!({ "kind": "units" }))).facts, vec![]);
}

#[test]
fn the_fee_goes_back_after_a_return_that_took_it_back() {
    let mut story = paid();
    story.done(input::<Ship>(json!({ "order_id": 1001 })));
    story.done(input::<ReturnItems>(json!({ "order_id": 1001, "disposition": "scrap", "shipping": true })));
    story.done(refund(json!({ "kind": "shipping" })));
    assert_eq!(story.order(ID).refunded, 11_682);
    story.done(refund(json!({ "kind": "units" })));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Refunded);
}

/// Refunds the fee of an order with a fee; returns the amounts of the event.
fn fee_refunded(story: &mut Story, arguments: Value) -> (i64, Charge) {
    let mut all = arguments;
    all["kind"] = json!("shipping");
    let decision = story.done(refund(all));
    let Event::PaymentRefunded(fact) = &decision.facts[0].1 else { panic!("a refund") };
    (fact.amount, fact.allowance)
}

#[test]
fn a_fee_that_stands_goes_back_once_and_lowers_the_sale() {
    let mut story = paid();
    story.done(input::<Ship>(json!({ "order_id": 1001 })));
    let fee = Charge { net: 9_900, tax: 1_782 };
    assert_eq!(fee_refunded(&mut story, json!({})), (11_682, fee));
    assert_eq!((story.order(ID).due(), story.order(ID).goodwill), (0, fee));
    let again = story.done(refund(json!({ "kind": "shipping" })));
    assert_eq!(again.warnings, ["The shipping fee of order #1001 went back before."]);
    assert_eq!(story.refused(refund(json!({ "kind": "shipping", "amount": "1.00" }))).code, Code::LimitExceeded);
    assert_eq!([Basis::Booked, Basis::Shipped, Basis::Cash].map(|basis| total(&story, basis)), [236_000; 3]);
    // A return does not take back again what was paid back already.
    let one =
        json!({ "order_id": 1001, "disposition": "scrap", "shipping": true, "lines": [{ "line": 1, "quantity": 1 }] });
    let back = story.done(input::<ReturnItems>(one));
    assert_eq!(back.warnings, ["The shipping fee of order #1001 went back before: it is not taken back again."]);
    assert_eq!(story.order(ID).due(), -118_000, "one unit and nothing else");
    story.done(refund(json!({})));
    assert_eq!([Basis::Booked, Basis::Shipped, Basis::Cash].map(|basis| total(&story, basis)), [118_000; 3]);
}

#[test]
fn parts_of_a_fee_sum_to_the_fee() {
    let mut story = paid();
    let parts = ["0.01", "33.33", "50.00"].map(|amount| fee_refunded(&mut story, json!({ "amount": amount })).1);
    let (amount, rest) = fee_refunded(&mut story, json!({}));
    assert_eq!(amount, 11_682 - 8_334);
    let sum = |part: fn(&Charge) -> i64| parts.iter().chain([&rest]).map(part).sum::<i64>();
    assert_eq!((sum(|part| part.net), sum(|part| part.tax)), (9_900, 1_782));
}

#[test]
fn cancelling_after_the_fee_went_back_owes_the_rest_alone() {
    let mut story = paid();
    fee_refunded(&mut story, json!({}));
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    assert_eq!(story.order(ID).due(), 11_682 - story.order(ID).captured);
    story.done(refund(json!({ "kind": "shipping" })));
    assert_eq!(story.order(ID).refunded, 11_682, "not once more");
    story.done(refund(json!({})));
    assert_eq!(Basis::ALL.map(|basis| total(&story, basis)), [0, 0, 0]);
}

#[test]
fn a_fee_cannot_go_back_that_was_not_paid_or_is_not_there() {
    let mut story = Story::new();
    story.product("A", "100.00", json!({ "policy": "untracked" }));
    story.ordered(&[("A", 1)]);
    let order = json!({ "customer": "Ann", "shipping": "5.00", "lines": [{ "product": "A", "quantity": 1 }] });
    story.done(input::<CreateOrder>(order));
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    for (order, why) in
        [(1001, "Order #1001 has no shipping fee."), (1002, "Nothing that was paid for order #1002 is still here.")]
    {
        let nothing = story.done(input::<Refund>(json!({ "order_id": order, "kind": "shipping" })));
        assert_eq!((nothing.facts.len(), nothing.warnings[0].as_str()), (0, why));
    }
}

#[test]
fn goodwill_for_what_came_back_later_is_not_owed_once_more() {
    let mut story = paid();
    let paid = story.order(ID).captured;
    story.done(input::<Ship>(json!({ "order_id": 1001 })));
    story.done(refund(json!({ "kind": "goodwill", "amount": "50.00" })));
    story.done(input::<ReturnItems>(json!({ "order_id": 1001, "disposition": "restock", "shipping": true })));
    assert_eq!(story.order(ID).due(), 5_000 - paid, "all that is left of what came in");
    let decision = story.done(refund(json!({})));
    let Event::PaymentRefunded(fact) = &decision.facts[0].1 else { panic!("a refund") };
    assert_eq!((fact.amount, fact.kind), (paid - 5_000, RefundKind::Owed));
    let order = story.order(ID);
    assert_eq!((order.due(), order.payment_status()), (0, PaymentStatus::Refunded));
}

#[test]
fn goodwill_for_what_was_never_converted_is_not_converted_either() {
    let mut story = Story::new();
    story.product("A", "100.00", json!({})).stocked("A", 2);
    let lines = json!([{ "product": "A", "quantity": 1, "unit_price": "100.00" }]);
    let order = json!({ "customer": "Ann", "currency": "USD", "lines": lines });
    story.done(input::<CreateOrder>(order.clone()));
    story.done(input::<SetRate>(json!({ "currency": "USD", "rate": "84.125" })));
    story.done(input::<CreateOrder>(order));
    for (id, home, minor) in [(1001, "USD", -3_000), (1002, "INR", -252_375)] {
        story.done(input::<RecordPayment>(json!({ "order_id": id, "method": "card" })));
        let goodwill = json!({ "order_id": id, "kind": "goodwill", "amount": "30.00" });
        let decision = story.done(input::<Refund>(goodwill));
        let posted = postings(&decision.facts[0].1);
        let booked = posted.iter().find(|posting| posting.basis == Basis::Booked).expect("goodwill is booked");
        assert_eq!((booked.home_currency.code(), booked.home.total()), (home, minor), "order {id}");
        let cash = posted.iter().find(|posting| posting.basis == Basis::Cash).expect("money moved");
        assert_eq!((cash.home_currency.code(), cash.home.total()), ("INR", -252_375), "cash goes by its own day");
    }
}

#[test]
fn goodwill_lowers_the_sale_by_its_share_of_tax() {
    let mut story = paid();
    assert_eq!(story.refused(refund(json!({ "kind": "goodwill" }))).code, Code::InvalidArgument);
    let decision = story.done(refund(json!({ "kind": "goodwill", "amount": "50.00" })));
    let Event::PaymentRefunded(fact) = &decision.facts[0].1 else { panic!("a refund") };
    assert_eq!(fact.allowance, Charge { net: 4_237, tax: 763 });
    assert_eq!(story.order(ID).due(), 0);
    let with_tax = story.done(refund(json!({ "kind": "goodwill", "amount": "10.00", "tax": "0.00" })));
    let Event::PaymentRefunded(fact) = &with_tax.facts[0].1 else { panic!("a refund") };
    assert_eq!(fact.allowance, Charge { net: 1_000, tax: 0 });
    assert_eq!(story.refused(refund(json!({ "kind": "goodwill", "amount": "99999.00" }))).code, Code::LimitExceeded);
}

#[test]
fn goodwill_carries_the_tax_of_what_is_still_part_of_the_order() {
    for (cancelled, tax) in [(1, 0), (2, 763)] {
        let mut story = Story::new();
        story.product("A", "100.00", json!({ "tax_rate": "18" })).stocked("A", 1);
        story.product("B", "100.00", json!({})).stocked("B", 1);
        let id = story.ordered(&[("A", 1), ("B", 1)]);
        story.done(input::<RecordPayment>(json!({ "order_id": id, "method": "card" })));
        let lines = json!([{ "line": cancelled, "quantity": 1 }]);
        story.done(input::<Cancel>(json!({ "order_id": id, "lines": lines })));
        let kindness = json!({ "order_id": id, "kind": "goodwill", "amount": "50.00" });
        let decision = story.done(input::<Refund>(kindness));
        let allowance = decision.facts.iter().find_map(|(_, event)| match event {
            Event::PaymentRefunded(fact) => Some(fact.allowance),
            _ => None,
        });
        assert_eq!(allowance, Some(Charge { net: 5_000 - tax, tax }), "line {cancelled} cancelled");
    }
}

#[test]
fn too_much_goodwill_is_told_how_much_would_do_and_never_to_try_goodwill() {
    let goodwill = || refund(json!({ "kind": "goodwill", "amount": "99999.00" }));
    let mut story = paid();
    let refused = story.refused(goodwill());
    assert_eq!(refused.message, "At most ₹2,476.82 can go back out of goodwill for order #1001, not ₹99,999.");
    assert!(!refused.hint.expect("a hint").contains("goodwill"));
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    let refused = story.refused(goodwill());
    assert!(refused.hint.expect("a hint").contains("kind owed"), "all of it is owed back");
    story.done(refund(json!({ "kind": "owed" })));
    assert!(story.refused(goodwill()).message.contains("nothing that was paid for it is still here"));
}

#[test]
fn what_does_not_fit_together_is_named() {
    let mut story = paid();
    let both = story.refused(refund(json!({
        "kind": "units", "amount": "1.00", "tax": "0.50", "lines": [{ "line": 1, "quantity": 1 }],
    })));
    assert_eq!(both.problems.len(), 2);
}

/// A paid order that was cancelled completely.
fn cancelled(price: &str, quantity: i64, shipping: &str) -> Story {
    let mut story = Story::new();
    story.product("A", price, json!({})).stocked("A", quantity);
    story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "shipping": shipping, "lines": [{ "product": "A", "quantity": quantity }],
    })));
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    story
}

#[test]
fn the_shipping_fee_goes_back_once() {
    let mut story = cancelled("100.00", 1, "20.00");
    story.done(refund(json!({ "kind": "shipping" })));
    assert_eq!(story.order(ID).refunded, 2_000);
    let again = story.done(refund(json!({ "kind": "shipping" })));
    assert_eq!(
        (again.facts.len(), again.warnings.as_slice()),
        (0, &["The shipping fee of order #1001 went back before.".to_owned()][..])
    );
    assert_eq!(story.refused(refund(json!({ "kind": "shipping", "amount": "1.00" }))).code, Code::LimitExceeded);
    story.done(refund(json!({})));
    assert_eq!((story.order(ID).refunded, story.order(ID).due()), (12_000, 0));
}

#[test]
fn units_go_back_once_and_nothing_of_the_fee_with_them() {
    let mut story = cancelled("20.00", 2, "50.00");
    let both = || refund(json!({ "lines": [{ "line": 1, "quantity": 2 }] }));
    story.done(both());
    assert_eq!(story.order(ID).refunded, 4_000);
    let refused = story.refused(both());
    assert_eq!((refused.code, refused.field.as_deref()), (Code::IllegalTransition, Some("lines")));
    assert!(refused.hint.expect("a hint").contains("2 of its units went back"));
    assert!(story.done(refund(json!({ "kind": "units" }))).facts.is_empty());
    story.done(refund(json!({ "kind": "owed" })));
    assert_eq!((story.order(ID).refunded, story.order(ID).due()), (9_000, 0));
}

#[test]
fn units_of_one_line_do_not_go_back_out_of_another() {
    let mut story = Story::new();
    story.product("A", "20.00", json!({})).stocked("A", 2).product("B", "50.00", json!({})).stocked("B", 1);
    story.ordered(&[("A", 2), ("B", 1)]);
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    let one = |quantity: i64| refund(json!({ "lines": [{ "line": 1, "quantity": quantity }] }));
    story.done(one(1));
    assert_eq!(story.refused(one(2)).code, Code::IllegalTransition);
    story.done(one(1));
    assert_eq!(story.refused(one(1)).code, Code::IllegalTransition);
}

/// Total on one basis, in the shop's currency.
fn total(story: &Story, basis: Basis) -> i64 {
    let all = story.told.iter().flat_map(|(.., event)| postings(event));
    all.filter(|posting| posting.basis == basis).map(|posting| posting.home.total()).sum()
}

#[test]
fn goodwill_takes_no_order_below_nothing() {
    // 110.00 with goodwill for all of it, cancelled.
    let mut story = Story::new();
    story.product("A", "100.00", json!({ "tax_rate": "10", "policy": "untracked" }));
    story.ordered(&[("A", 1)]);
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(refund(json!({ "kind": "goodwill", "amount": "110.00" })));
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    assert_eq!(Basis::ALL.map(|basis| total(&story, basis)), [0, 0, 0]);
    assert_eq!(story.order(ID).due(), 0);
    // Two units of 55.00 with goodwill of 30.00: one is returned, then the other.
    let mut story = Story::new();
    story.product("A", "50.00", json!({ "tax_rate": "10", "policy": "untracked" }));
    story.ordered(&[("A", 2)]);
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(input::<Ship>(json!({ "order_id": 1001 })));
    story.done(refund(json!({ "kind": "goodwill", "amount": "30.00" })));
    let one = json!({ "order_id": 1001, "disposition": "scrap", "lines": [{ "line": 1, "quantity": 1 }] });
    story.done(input::<ReturnItems>(one.clone()));
    assert_eq!([Basis::Booked, Basis::Shipped].map(|basis| total(&story, basis)), [2_500, 2_500]);
    story.done(input::<ReturnItems>(one));
    assert_eq!([Basis::Booked, Basis::Shipped].map(|basis| total(&story, basis)), [0, 0]);
    story.done(refund(json!({})));
    assert_eq!(total(&story, Basis::Cash), 0);
}

#[test]
fn goodwill_that_converts_to_nothing_is_converted() {
    let mut story = Story::new();
    story.product("A", "100.00", json!({})).stocked("A", 2);
    story.done(input::<SetRate>(json!({ "currency": "JPY", "rate": "0.001" })));
    let lines = json!([{ "product": "A", "quantity": 1, "unit_price": "500" }]);
    story.done(input::<CreateOrder>(json!({ "customer": "Ann", "currency": "JPY", "lines": lines })));
    story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    let decision = story.done(refund(json!({ "kind": "goodwill", "amount": "3" })));
    for posting in postings(&decision.facts[0].1) {
        assert_eq!((posting.home_currency, posting.home.total()), (Currency::INR, 0), "{posting:?}");
    }
}
