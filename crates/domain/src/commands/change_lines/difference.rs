//! By how much a change moves an order: units and amounts of each line, in both currencies, and the products that it holds.

use crate::{
    event::{Amounts, Charge, Converted, LineDifference, PlacedLine},
    ids::ProductId,
    order::{Line, Order},
};

/// What two lines that are priced alike have in common.
fn as_agreed(line: &Line) -> (i64, i64, Amounts) {
    (line.ordered, line.cancelled, line.amounts)
}

/// Products that the order holds from now on and did not before; products of which nothing remains.
pub(super) fn products_moved(order: &Order, lines: &[PlacedLine]) -> (Vec<ProductId>, Vec<ProductId>) {
    let held = |id: &ProductId| order.lines.iter().any(|line| line.product_id == *id && line.active() > 0);
    let holds = |id: &ProductId| lines.iter().any(|line| line.product_id == *id && line.active() > 0);
    let mut all: Vec<ProductId> = vec![];
    let ids = order.lines.iter().map(|line| line.product_id).chain(lines.iter().map(|line| line.product_id));
    ids.for_each(|id| {
        if !all.contains(&id) {
            all.push(id);
        }
    });
    let joined = all.iter().filter(|id| holds(id) && !held(id)).copied().collect();
    (joined, all.into_iter().filter(|id| held(id) && !holds(id)).collect())
}

/// Lines and differences in the shop's currency by the order's rate. A line that did not move keeps what it was.
pub(super) fn converted(
    order: &Order,
    lines: &[PlacedLine],
    differences: &[LineDifference],
) -> (Option<Converted>, Option<Converted>) {
    let Some(by) = order.rate else { return (None, None) };
    let was = |number: u32| order.lines.iter().find(|line| line.line == number);
    let unmoved = |line: &PlacedLine| {
        was(line.line).filter(|before| as_agreed(before) == (line.quantity, line.cancelled, line.amounts))
    };
    let after = |line: &PlacedLine| match unmoved(line) {
        Some(before) => before.converted,
        None => by.amounts(line.amounts, order.currency),
    };
    let moves = differences.iter().map(|moved| {
        let before = was(moved.line).map(Line::kept_converted).unwrap_or_default();
        match lines.iter().find(|line| line.line == moved.line) {
            Some(line) if unmoved(line).is_some() => Amounts::default(),
            // Of a line that was changed, no unit is cancelled.
            Some(line) => after(line).less(before),
            None => Amounts::default().less(before),
        }
    });
    let moves = Converted { by, lines: moves.collect(), shipping: Charge::default() };
    let lines = lines.iter().map(after).collect();
    (Some(Converted { by, lines, shipping: order.shipping_converted }), Some(moves))
}

/// The lines that move, in both currencies. A line may move in the shop's currency alone: once
/// priced for the units that were left of it, it is converted anew.
pub(super) fn those_that_move(
    mut differences: Vec<LineDifference>,
    mut converted: Option<Converted>,
) -> (Vec<LineDifference>, Option<Converted>) {
    let in_shops = |nth: usize| converted.as_ref().and_then(|converted| converted.lines.get(nth).copied());
    let moves = |(nth, moved): (usize, &LineDifference)| {
        moved.units != 0
            || moved.amounts != Amounts::default()
            || in_shops(nth).unwrap_or_default() != Amounts::default()
    };
    let kept: Vec<bool> = differences.iter().enumerate().map(moves).collect();
    let mut each = kept.iter();
    differences.retain(|_| each.next() == Some(&true));
    if let Some(converted) = &mut converted {
        let mut each = kept.iter();
        converted.lines.retain(|_| each.next() == Some(&true));
    }
    (differences, converted)
}

/// By how much each line moves.
pub(super) fn differences(order: &Order, lines: &[PlacedLine]) -> Vec<LineDifference> {
    let moved = |line: &PlacedLine| {
        let before = order.lines.iter().find(|before| before.line == line.line);
        let (units, amounts) = before.map(|before| (before.active(), before.kept_amounts())).unwrap_or_default();
        LineDifference {
            line: line.line,
            product_id: line.product_id,
            units: line.active() - units,
            amounts: line.kept_amounts().less(amounts),
        }
    };
    lines.iter().map(moved).collect()
}
