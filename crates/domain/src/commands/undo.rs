//! Undoing a command by recording what takes its facts back. The log keeps both.

use chrono::TimeDelta;

use super::{About, Act, Cancel, ConfirmWhen, preconditions, refund, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{
        Charge, ConvertedRefund, Event, OrderHeld, OrderReleased, OrderUnconfirmed, RefundKind, ShipmentVoided,
        StockReturned, UnitsShipped,
    },
    ids::{OrderId, StreamId, Version},
    limits,
    order::Order,
    rejection::{Code, Rejection},
    states::States,
};

/// Undo the command that recorded these facts about an order, provided that nothing was done to it since. Stock that came
/// in for its waiting units is no obstacle: nothing that can be undone is less so by it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The order's number.
    pub order_id: OrderId,
    /// The order's version right after what the command recorded about it, save for backorders filled on the way.
    pub version: Version,
    /// What the command recorded about the order, in order.
    pub facts: Vec<Event>,
}

impl Act for Undo {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        if order.acted != self.version {
            let (now, then) = (order.version, self.version);
            let message = format!(
                "Order #{} changed since: it is at version {now}, the command left it at {then}, and later events \
                 stand on what it did.",
                order.id
            );
            return Err(Rejection::new(Code::IllegalTransition, message)
                .field("command_id")
                .hint("Look at orders_history and undo the latest command first.")
                .into());
        }
        if matches!(self.facts.first(), Some(Event::OrderPlaced(_))) {
            return Cancel { order_id: order.id, lines: None }.decide(states, context);
        }
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        let mut moves = StockMoves::new(states);
        for fact in self.facts.iter().rev() {
            match fact {
                Event::OrderConfirmed(_) => decision.record(stream, OrderUnconfirmed { order_id: order.id }),
                Event::OrderHeld(_) | Event::OrderReleased(_) => hold_again(order, &mut decision),
                Event::UnitsShipped(shipped) => {
                    check_age(order, shipped, context)?;
                    put_back(order, shipped, &mut moves)?;
                    decision.record(stream, voided(order, shipped));
                }
                Event::PaymentCaptured(payment) => {
                    let (method, reference) = (payment.method.clone(), payment.reference.clone());
                    let kind = RefundKind::Units;
                    let mut back = refund::refunded(order, payment.amount, kind, Charge::default(), method, reference);
                    back.undoes_payment = Some(true);
                    // What came in at one rate goes back at the same: nothing was gained or lost by a mistake.
                    back.converted = payment.converted.map(|cash| ConvertedRefund {
                        by: cash.by,
                        amount: cash.amount,
                        allowance: None,
                    });
                    decision.record(stream, back);
                }
                other => return Err(never(order, other).into()),
            }
        }
        moves.settle(&mut decision)?;
        Ok(decision)
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Always
    }
}

/// The hold that was replaced or released is on again, with its end even where that has passed; without one, none is.
fn hold_again(order: &Order, decision: &mut Decision) {
    let (stream, order_id) = (StreamId::Order(order.id), order.id);
    match order.hold_before {
        Some(hold) => decision.record(stream, OrderHeld { order_id, until: hold.until }),
        None => decision.record(stream, OrderReleased { order_id }),
    }
}

/// A shipment that left long ago has left.
fn check_age(order: &Order, shipped: &UnitsShipped, context: &Context<'_>) -> Result<(), Rejection> {
    let Some(shipment) = order.shipments.iter().find(|shipment| shipment.shipment == shipped.shipment) else {
        return Ok(());
    };
    if context.now - shipment.at <= TimeDelta::hours(limits::VOID_SHIPMENT_HOURS) {
        return Ok(());
    }
    let message = format!(
        "Shipment {} of order #{} left more than {} hours ago and can no longer be voided.",
        shipped.shipment,
        order.id,
        limits::VOID_SHIPMENT_HOURS
    );
    Err(Rejection::new(Code::IllegalTransition, message)
        .field("command_id")
        .hint("Take the units back with orders_return_items once they arrive."))
}

fn voided(order: &Order, shipped: &UnitsShipped) -> ShipmentVoided {
    ShipmentVoided {
        order_id: shipped.order_id,
        customer_id: shipped.customer_id,
        currency: shipped.currency,
        shipment: shipped.shipment,
        lines: shipped.lines.clone(),
        shipping: shipped.shipping,
        last: order.standing_shipments().count() == 1,
        converted: shipped.converted.clone(),
    }
}

/// The units are on hand and set aside for the order again.
fn put_back(order: &Order, shipped: &UnitsShipped, moves: &mut StockMoves<'_>) -> Result<(), Refusal> {
    for moved in &shipped.lines {
        if order.lines.iter().any(|line| line.line == moved.line && line.tracked) {
            let (product_id, order_id, line, units) = (moved.product_id, order.id, moved.line, moved.units);
            moves.record(product_id, StockReturned { product_id, order_id, line, units, reserved: units })?;
        }
    }
    Ok(())
}

fn never(order: &Order, fact: &Event) -> Rejection {
    let (what, instead) = match fact {
        Event::PaymentRefunded(_) => ("Money paid back", "If it was a mistake, record the payment again."),
        Event::LinesChanged(_) => ("A change of lines", "Change the lines again with orders_change_lines."),
        Event::UnitsCancelled(_) => ("A cancellation", "Place a new order with orders_create_order."),
        Event::UnitsReturned(_) => ("A return", "Place a new order for what goes out again."),
        Event::ShipmentVoided(_) => ("An undone shipment", "Ship the units again with orders_ship."),
        Event::UnitsDelivered(_) => ("A delivery", "If units come back, use orders_return_items."),
        _ => ("What this command did", "See orders_history for what can be done now."),
    };
    Rejection::new(Code::IllegalTransition, format!("{what} for order #{} cannot be undone.", order.id))
        .field("command_id")
        .hint(instead)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{Cancel, Command, CreateOrder, RecordPayment, Refund, SetHold, UpdateStatus},
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

    /// Undoes what the decision did to the order.
    fn undo(story: &Story, decision: &Decision) -> Command {
        let of_order = decision.facts.iter().filter(|(stream, _)| *stream == StreamId::Order(ID));
        let facts = of_order.map(|(_, event)| event.clone()).collect();
        Command::Undo(Undo { order_id: ID, version: story.order(ID).version, facts })
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
        let goodwill =
            |amount: &str| input::<Refund>(json!({ "order_id": 1001, "kind": "goodwill", "amount": amount }));
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
        // A hold that had ended is no obstacle after undoing the shipment that released it.
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
}
