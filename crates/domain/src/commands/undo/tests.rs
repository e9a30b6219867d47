//! Undoing commands: the effect, and commands that cannot be undone.

use serde_json::json;

use super::*;
use crate::{
    commands::{
        Cancel, ChangeLines, Command, CreateOrder, ReceiveStock, RecordPayment, Refund, ReturnItems, SetHold, Ship,
        UpdateStatus,
    },
    order::{PaymentStatus, Status},
    testing::{Story, input, types},
};

const ID: OrderId = OrderId(1001);

fn shop() -> Story {
    let mut story = Story::new();
    story.product("A", "100.00", json!({})).stocked("A", 10);
    story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "shipping": "5.00", "lines": [{ "product": "A", "quantity": 3 }],
    })));
    story
}

/// Undoes the decision's facts about the order.
fn undo(story: &Story, decision: &Decision) -> Command {
    let of_order = decision.facts.iter().filter(|(stream, _)| *stream == StreamId::Order(ID));
    let facts = of_order.map(|(_, event)| event.clone()).collect();
    Command::Undo(Undo { order_id: ID, version: story.order(ID).version, facts, lines_before: vec![] })
}

fn to(status: &str) -> Command {
    input::<UpdateStatus>(json!({ "order_id": 1001, "status": status }))
}

#[test]
fn a_shipment_is_voided_and_the_confirmation_with_it() {
    let mut story = shop();
    let shipped = story.done(to("shipped"));
    let back = story.done(undo(&story, &shipped));
    assert_eq!(types(&back), ["ShipmentVoided", "OrderUnconfirmed", "StockReturned"]);
    assert_eq!(story.status(ID), Status::Pending);
    assert_eq!((story.stock("A").on_hand, story.stock("A").reserved), (10, 3));
    let again = story.done(to("shipped"));
    let Some((_, Event::UnitsShipped(fact))) = again.facts.get(1) else { panic!("shipped again") };
    assert_eq!((fact.shipment, fact.shipping.net), (2, 500), "the fee is earned with the first that stands");
    assert_eq!(story.status(ID), Status::Shipped);
}

#[test]
fn a_day_later_a_shipment_has_left() {
    let mut story = shop();
    let shipped = story.done(to("shipped"));
    let undo = undo(&story, &shipped);
    story.at("2026-11-21T12:00:01+05:30");
    assert_eq!(story.refused(undo).code, Code::IllegalTransition);
}

#[test]
fn nothing_is_undone_under_later_events() {
    let mut story = shop();
    let confirmed = story.done(to("confirmed"));
    let undo = undo(&story, &confirmed);
    story.done(to("processing"));
    let refused = story.refused(undo);
    assert_eq!((refused.code, refused.field.as_deref()), (Code::IllegalTransition, Some("command_id")));
    assert_eq!(story.status(ID), Status::Processing);
}

#[test]
fn holds_payments_and_placements_are_undone() {
    let mut story = shop();
    let held = story.done(SetHold { order_id: ID, on: true, until: None });
    story.done(undo(&story, &held));
    assert!(!story.order(ID).on_hold());
    let paid = story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
    story.done(undo(&story, &paid));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Unpaid);
    let mut story = Story::new();
    story.product("A", "100.00", json!({})).stocked("A", 10);
    let placed = story.done(input::<CreateOrder>(json!({
        "customer": "Ann", "lines": [{ "product": "A", "quantity": 3 }],
    })));
    story.done(undo(&story, &placed));
    assert_eq!(story.status(ID), Status::Cancelled);
}

fn pay(amount: &str) -> Command {
    input::<RecordPayment>(json!({ "order_id": 1001, "method": "card", "amount": amount }))
}

#[test]
fn a_payment_that_was_undone_was_never_paid_nor_refunded() {
    let mut story = shop();
    let reads = |story: &Story| (story.order(ID).payment_status(), story.order(ID).due());
    let paid = story.done(pay("305.00"));
    assert_eq!(reads(&story), (PaymentStatus::Paid, 0));
    story.done(undo(&story, &paid));
    assert_eq!(reads(&story), (PaymentStatus::Unpaid, 30_500), "all of it is owed again");
    let order = story.order(ID);
    assert_eq!((order.captured, order.refunded, order.undone), (30_500, 30_500, 30_500));
    assert!(order.payments[0].undone.is_some());
    story.done(pay("100.00"));
    assert_eq!(reads(&story), (PaymentStatus::PartiallyPaid, 20_500));
    let rest = story.done(pay("205.00"));
    assert_eq!(reads(&story), (PaymentStatus::Paid, 0), "the mistake is no refund");
    story.done(undo(&story, &rest));
    assert_eq!(reads(&story), (PaymentStatus::PartiallyPaid, 20_500));
    let undone: Vec<bool> = story.order(ID).payments.iter().map(|payment| payment.undone.is_some()).collect();
    assert_eq!(undone, [true, false, true]);
}

#[test]
fn what_was_sold_and_paid_back_is_refunded_whatever_was_undone_before() {
    let mut story = shop();
    let paid = story.done(pay("305.00"));
    story.done(undo(&story, &paid));
    story.done(pay("305.00"));
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Overpaid);
    let back = |kind: &str| input::<Refund>(json!({ "order_id": 1001, "kind": kind }));
    story.done(back("owed"));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::PartiallyRefunded);
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    story.done(back("owed"));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Refunded);
    assert_eq!((story.order(ID).captured, story.order(ID).refunded), (61_000, 61_000));
}

#[test]
fn a_refund_of_as_much_as_was_paid_is_a_refund_where_something_happened_in_between() {
    let mut story = shop();
    story.done(pay("305.00"));
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "owed" })));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Refunded);
    assert_eq!(story.order(ID).undone, 0);
}

#[test]
fn goodwill_that_leaves_the_rest_owed_is_no_refund_of_the_order() {
    let mut story = shop();
    story.done(pay("100.00"));
    let goodwill = |amount: &str| input::<Refund>(json!({ "order_id": 1001, "kind": "goodwill", "amount": amount }));
    story.done(goodwill("40.00"));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::PartiallyPaid);
    story.done(goodwill("60.00"));
    let order = story.order(ID);
    assert_eq!((order.payment_status(), order.due(), order.undone), (PaymentStatus::Unpaid, 20_500, 0));
}

#[test]
fn goodwill_for_units_that_are_then_cancelled_ends_refunded() {
    let mut story = shop();
    story.done(pay("305.00"));
    story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "goodwill", "amount": "50.00" })));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::PartiallyRefunded);
    story.done(input::<Cancel>(json!({ "order_id": 1001 })));
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Overpaid);
    story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "owed" })));
    let order = story.order(ID);
    assert_eq!((order.payment_status(), order.captured - order.refunded), (PaymentStatus::Refunded, 0));
}

#[test]
fn a_hold_comes_back_with_its_own_end() {
    let mut story = shop();
    let hold = |until: &str| SetHold { order_id: ID, on: true, until: until.parse().ok() };
    let held_until = |story: &Story| story.order(ID).times.held_until.map(|until| until.to_rfc3339());
    story.done(hold("2026-11-21T09:00:00Z"));
    let longer = story.done(hold("2026-11-22T09:00:00Z"));
    assert_eq!(types(&story.done(undo(&story, &longer))), ["OrderHeld"], "it was held before");
    assert_eq!(held_until(&story).as_deref(), Some("2026-11-21T09:00:00+00:00"));
    let released = story.done(SetHold { order_id: ID, on: false, until: None });
    story.done(undo(&story, &released));
    assert_eq!(held_until(&story).as_deref(), Some("2026-11-21T09:00:00+00:00"));
    // A hold that had ended does not prevent anything after an undo of the shipment that released it.
    story.at("2026-11-21T15:00:00+05:30");
    let shipped = story.done(to("shipped"));
    assert_eq!(types(&shipped)[..2], ["OrderReleased", "OrderConfirmed"]);
    story.done(undo(&story, &shipped));
    assert!(!story.order(ID).on_hold_at(story.now));
    story.done(to("shipped"));
}

#[test]
fn what_can_never_be_undone_says_what_to_do() {
    let mut story = shop();
    let cancelled = story.done(to("cancelled"));
    let refused = story.refused(undo(&story, &cancelled));
    assert!(refused.hint.expect("a hint").contains("orders_create_order"));
}

#[test]
fn a_backorder_filled_meanwhile_does_not_stop_an_undo() {
    let mut story = Story::new();
    story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 9 }));
    story.ordered(&[("W", 2)]);
    let confirmed = story.done(to("confirmed"));
    let undo_confirmed = undo(&story, &confirmed);
    story.stocked("W", 1);
    story.done(undo_confirmed);
    assert_eq!(story.status(ID), Status::Pending);
    let paid = story.done(pay("2.00"));
    let undo_paid = undo(&story, &paid);
    story.stocked("W", 1);
    story.done(undo_paid);
    assert_eq!(story.order(ID).payment_status(), PaymentStatus::Unpaid);
    assert_eq!(story.order(ID).undone, 200, "it was never a payment");
}

#[test]
fn a_refund_that_equals_the_payment_before_it_is_no_undone_payment() {
    let mut story = shop();
    story.done(pay("305.00"));
    story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
    story.done(pay("100.00"));
    story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "units" })));
    let order = story.order(ID);
    assert_eq!((order.undone, order.refunded_units, order.due()), (0, 10_000, -10_000));
    assert_eq!(order.payment_status(), PaymentStatus::Overpaid);
    let again = story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "units" })));
    assert!(again.facts.is_empty(), "the unit was paid back");
}

/// Rule C4: which commands can be undone.
#[test]
fn an_undo_is_offered_for_what_can_be_taken_back() {
    let mut story = Story::new();
    story.product("A", "100.00", json!({})).stocked("A", 10);
    let order = json!({ "customer": "Ann", "lines": [{ "product": "A", "quantity": 3 }] });
    let one = json!([{ "line": 1, "quantity": 1 }]);
    for (command, offered) in [
        (input::<CreateOrder>(order), true),
        (SetHold { order_id: ID, on: true, until: None }.into(), true),
        (SetHold { order_id: ID, on: false, until: None }.into(), true),
        (input::<ChangeLines>(json!({ "order_id": 1001, "changes": [{ "line": 1, "quantity": 4 }] })), true),
        (input::<ChangeLines>(json!({ "order_id": 1001, "note": "gift" })), false),
        (
            input::<ChangeLines>(
                json!({ "order_id": 1001, "note": "three", "changes": [{ "line": 1, "quantity": 3 }] }),
            ),
            true,
        ),
        (to("confirmed"), true),
        (input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })), true),
        (to("processing"), false),
        (input::<Ship>(json!({ "order_id": 1001, "lines": one })), true),
        (input::<Cancel>(json!({ "order_id": 1001, "lines": one })), false),
        (input::<Refund>(json!({ "order_id": 1001 })), false),
        (to("shipped"), true),
        (to("delivered"), false),
        (input::<ReturnItems>(json!({ "order_id": 1001, "disposition": "restock" })), false),
        (input::<ReceiveStock>(json!({ "product": "A", "quantity": 1 })), false),
    ] {
        let facts = story.done(command).facts;
        let of_orders = facts.iter().filter(|(stream, _)| matches!(stream, StreamId::Order(_)));
        assert_eq!(Undo::can_take_back(of_orders.map(|(_, fact)| fact.event_type())), offered, "{facts:?}");
    }
}

#[test]
fn what_is_offered_to_be_undone_is_what_the_decision_undoes() {
    for fact in crate::event::examples() {
        assert_eq!(UNDONE.contains(&fact.event_type()), undone(&fact).is_some(), "{fact:?}");
    }
}
