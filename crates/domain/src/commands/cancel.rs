//! Cancelling units that have not left: their value is taken back, their stock is free again.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    lines::{LineSelection, Selected, select},
    refuse,
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Refusal},
    event::{Charge, StockReleased, UnitsCancelled},
    ids::{OrderId, StreamId},
    limits,
    order::{Line, Order, Status},
    rejection::Rejection,
    world::World,
};

/// Cancel an order, or some of its units. Only units that have not been shipped can be cancelled; shipped ones have to
/// be returned. Cancelling everything takes back the shipping fee too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cancel {
    /// The order's number.
    #[schemars(with = "i64", range(min = 1))]
    pub order_id: OrderId,
    /// What is cancelled; every unit not yet shipped when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Vec<LineSelection>", length(min = 1, max = limits::LINES_PER_ORDER))]
    pub lines: Option<Vec<LineSelection>>,
}

impl Cancel {
    pub(super) fn decide(&self, world: &World, _context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = refuse::placed_order(world, self.order_id)?;
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        if self.lines.is_none() && order.status() == Status::Cancelled {
            return Ok(decision);
        }
        if order.unshipped() == 0 {
            let message = format!("Order #{} is {}: no unit of it can be cancelled.", order.id, order.status());
            return Err(instead(order, refuse::illegal(order, message)).into());
        }
        let selected = select(order, self.lines.as_deref(), Line::unshipped)?;
        check_unshipped(order, &selected)?;
        let shipped: i64 = order.lines.iter().map(|line| line.shipped).sum();
        if self.lines.is_none() && shipped > 0 {
            decision.warn(format!("{shipped} shipped units stay part of the order; they can only be returned."));
        }
        let mut moves = StockMoves::new(world);
        for Selected { line, units } in selected.iter().filter(|s| s.line.tracked) {
            let (product_id, order_id, released) = (line.product_id, order.id, line.released_by_cancelling(*units));
            let (reserved, backordered) = (released.reserved, released.backordered);
            moves.record(product_id, StockReleased { product_id, order_id, line: line.line, reserved, backordered })?;
        }
        decision.record(stream, cancelled(order, &selected));
        moves.settle(&mut decision)?;
        Ok(decision)
    }
}

/// What cannot be cancelled can be returned.
fn instead(order: &Order, rejection: Rejection) -> Rejection {
    match order.status() {
        Status::PartiallyShipped | Status::Shipped | Status::Delivered => {
            rejection.hint("Shipped units cannot be cancelled; use orders_return_items once they come back.")
        }
        Status::Pending | Status::Confirmed | Status::Processing | Status::Returned | Status::Cancelled => rejection,
    }
}

fn check_unshipped(order: &Order, selected: &[Selected<'_>]) -> Result<(), Rejection> {
    let Some(Selected { line, units }) = selected.iter().find(|s| s.units > s.line.unshipped()) else { return Ok(()) };
    let left = line.unshipped();
    let message = format!("Only {left} of line {} ({}) can be cancelled, not {units}.", line.line, line.name);
    Err(instead(order, refuse::illegal(order, message).field("lines")))
}

fn cancelled(order: &Order, selected: &[Selected<'_>]) -> UnitsCancelled {
    let active: i64 = order.lines.iter().map(Line::active).sum();
    let completes = selected.iter().map(|s| s.units).sum::<i64>() == active;
    UnitsCancelled {
        order_id: order.id,
        customer_id: order.customer_id,
        currency: order.currency,
        lines: selected.iter().map(|s| s.line.next_to_cancel(s.units)).collect(),
        shipping: if completes { order.shipping } else { Charge::default() },
        completes,
    }
}
