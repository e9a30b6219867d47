//! Undoing a command by recording events that reverse its facts. The log keeps both.

#[cfg(test)]
mod tests;

use chrono::TimeDelta;

use super::{About, Act, Cancel, ConfirmWhen, change_lines, preconditions, refund, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{
        Charge, ConvertedRefund, Event, LinesChanged, OrderHeld, OrderReleased, OrderUnconfirmed, PaymentCaptured,
        PlacedLine, RefundKind, ShipmentVoided, StockReturned, UnitsShipped,
    },
    ids::{OrderId, StreamId, Version},
    limits,
    order::Order,
    rejection::{Code, Rejection},
    states::States,
};

/// Undo the command that recorded these facts about an order, if nothing was done to the order since. Stock that
/// arrived for its waiting units does not count: it makes no undo impossible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// Order number.
    pub order_id: OrderId,
    /// The order's version right after the command's facts, not counting backorders that were filled with them.
    pub version: Version,
    /// The facts that the command recorded about the order, in order.
    pub facts: Vec<Event>,
    /// The order's lines before the command: needed if the command changed them.
    pub lines_before: Vec<PlacedLine>,
}

impl Act for Undo {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        // A note stays, also where what was done with it is taken back.
        let (notes, facts): (Vec<&Event>, Vec<&Event>) =
            self.facts.iter().partition(|fact| matches!(fact, Event::OrderNoteAdded(_)));
        if let (Some(note), []) = (notes.first(), &facts[..]) {
            return Err(never(order, note).into());
        }
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
        if matches!(facts.first(), Some(Event::OrderPlaced(_))) {
            return Cancel { order_id: order.id, lines: None }.decide(states, context);
        }
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        let mut moves = StockMoves::new(states);
        for fact in facts.into_iter().rev() {
            match undone(fact).ok_or_else(|| never(order, fact))? {
                // A placement only: no other fact of the order can have been recorded with it.
                Undone::Placed => {}
                // No other fact is recorded with a change of lines.
                Undone::Changed(changed) => {
                    return change_lines::restored(order, &self.lines_before, changed, states, context);
                }
                Undone::Confirmed => decision.record(stream, OrderUnconfirmed { order_id: order.id }),
                Undone::HeldOrReleased => hold_again(order, &mut decision),
                Undone::Shipped(shipped) => {
                    check_age(order, shipped, context)?;
                    put_back(order, shipped, &mut moves)?;
                    decision.record(stream, voided(order, shipped));
                }
                Undone::Paid(payment) => {
                    let (method, reference) = (payment.method.clone(), payment.reference.clone());
                    let kind = RefundKind::Units;
                    let mut back = refund::refunded(order, payment.amount, kind, Charge::default(), method, reference);
                    back.undoes_payment = Some(true);
                    // A payment is undone at the rate at which it was made: a mistake makes no profit or loss.
                    back.converted = payment.converted.map(|cash| ConvertedRefund {
                        by: cash.by,
                        amount: cash.amount,
                        allowance: None,
                    });
                    decision.record(stream, back);
                }
            }
        }
        moves.settle(&mut decision)?;
        Ok(decision)
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::Always
    }
}

/// A fact that can be taken back (rule C4).
enum Undone<'a> {
    Placed,
    Confirmed,
    HeldOrReleased,
    Shipped(&'a UnitsShipped),
    Paid(&'a PaymentCaptured),
    Changed(&'a LinesChanged),
}

/// The undo of a fact; `None` if it cannot be undone.
fn undone(fact: &Event) -> Option<Undone<'_>> {
    match fact {
        Event::OrderPlaced(_) => Some(Undone::Placed),
        Event::OrderConfirmed(_) => Some(Undone::Confirmed),
        Event::OrderHeld(_) | Event::OrderReleased(_) => Some(Undone::HeldOrReleased),
        Event::UnitsShipped(shipped) => Some(Undone::Shipped(shipped)),
        Event::PaymentCaptured(payment) => Some(Undone::Paid(payment)),
        Event::LinesChanged(changed) => Some(Undone::Changed(changed)),
        _ => None,
    }
}

/// The types of all facts that [`undone`] can undo: answers offer an undo without reading the facts again.
const UNDONE: [&str; 7] =
    ["OrderPlaced", "OrderConfirmed", "OrderHeld", "OrderReleased", "UnitsShipped", "PaymentCaptured", "LinesChanged"];

impl Undo {
    /// Whether a command can be undone that recorded facts of these types in streams of orders. Stock follows the order,
    /// filled backorders are other orders' matter, and notes stay; without another fact about an order there is nothing to
    /// undo.
    #[must_use]
    pub fn can_take_back<'a>(types: impl Iterator<Item = &'a str>) -> bool {
        let mut own = types.filter(|of| !["BackorderFilled", "OrderNoteAdded"].contains(of)).peekable();
        own.peek().is_some() && own.all(|of| UNDONE.contains(&of))
    }
}

/// Restores the hold that was replaced or released, with its end even if that has passed; if there was no hold, there
/// is none again.
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

/// Puts the units back on hand and reserves them for the order again.
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
        Event::UnitsCancelled(_) => ("A cancellation", "Place a new order with orders_create_order."),
        Event::UnitsReturned(_) => ("A return", "Place a new order for what goes out again."),
        Event::ShipmentVoided(_) => ("An undone shipment", "Ship the units again with orders_ship."),
        Event::OrderNoteAdded(_) => ("A note", "Add another note that puts it right."),
        Event::UnitsDelivered(_) => ("A delivery", "If units come back, use orders_return_items."),
        _ => ("What this command did", "See orders_history for what can be done now."),
    };
    Rejection::new(Code::IllegalTransition, format!("{what} for order #{} cannot be undone.", order.id))
        .field("command_id")
        .hint(instead)
}
