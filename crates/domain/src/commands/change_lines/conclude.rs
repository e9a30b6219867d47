//! What a change of lines comes to: stock released and set aside, and the change recorded.

use super::{
    difference::{converted, differences, products_moved, those_that_move},
    stock::{release, reserve},
};
use crate::{
    commands::{conversion, stock_moves::StockMoves},
    decide::{Context, Decision, Refusal},
    event::{Charge, LinesChanged, PlacedLine, Totals},
    ids::StreamId,
    limits,
    money::MAX_AMOUNT_MINOR,
    order::{Line, Order},
    rejection::{Code, Rejection},
    states::States,
};

/// Reserves and releases what the new lines need, and records the change.
pub(super) fn conclude(
    order: &Order,
    mut lines: Vec<PlacedLine>,
    states: &States,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let stream = StreamId::Order(order.id);
    let mut decision = Decision::about(stream);
    if lines.iter().map(PlacedLine::active).sum::<i64>() == 0 {
        return Err(Rejection::invalid("changes", "Nothing would remain of the order.")
            .hint("Cancel the order with orders_cancel instead.")
            .into());
    }
    if lines.len() > limits::LINES_PER_ORDER {
        let message = format!("An order has at most {} lines.", limits::LINES_PER_ORDER);
        return Err(Rejection::new(Code::LimitExceeded, message).field("changes").into());
    }
    if lines.iter().eq(order.lines.iter().map(Line::as_placed).collect::<Vec<_>>().iter()) {
        return Ok(decision);
    }
    let differences = differences(order, &lines);
    let mut moves = StockMoves::new(states);
    let mut freed = release(order, &mut lines, &mut moves)?;
    reserve(order, &mut lines, &mut freed, states, &mut moves)?;
    let (joined, gone) = products_moved(order, &lines);
    lines.retain(|line| line.quantity > 0);
    let totals = Totals::of(lines.iter().map(PlacedLine::kept_amounts), order.current_shipping());
    if totals.gross.max(totals.total) > MAX_AMOUNT_MINOR {
        let message = "The order's total is larger than any amount accepted here.";
        return Err(Rejection::invalid("changes", message).into());
    }
    if lines.iter().any(|line| line.backordered > 0) {
        decision.warn("Some units are not in stock: the order waits for them.");
    }
    let (converted, converted_differences) = converted(order, &lines, &differences);
    let (differences, converted_differences) = those_that_move(differences, converted_differences);
    if let Some(converted) = &converted {
        conversion::check_converted_totals(&converted.lines, converted.shipping, "changes", context)?;
    }
    let (goodwill_back, goodwill_back_converted) = order.goodwill_beyond(totals.total);
    let changed = LinesChanged {
        order_id: order.id,
        customer_id: order.customer_id,
        currency: order.currency,
        lines,
        differences,
        shipping: order.shipping,
        shipping_difference: Charge::default(),
        totals,
        converted,
        converted_differences,
        goodwill_back,
        goodwill_back_converted,
        joined,
        gone,
    };
    decision.record(stream, changed);
    moves.settle(&mut decision)?;
    Ok(decision)
}
