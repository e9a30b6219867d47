//! Taking a change of lines back: the order gets the lines again that it had before (rule C4).

use super::conclude::conclude;
use crate::{
    decide::{Context, Decision, Refusal},
    event::{Amounts, Charge, LinesChanged, PlacedLine},
    order::{Line, Order},
    rejection::{Code, Rejection},
    states::States,
};

/// What makes the lines of an order those that it had `before` a change. They keep the stock they have; what they need more
/// is set aside or waited for, as for any change.
pub(in crate::commands) fn restored(
    order: &Order,
    before: &[PlacedLine],
    changed: &LinesChanged,
    states: &States,
    context: &Context<'_>,
) -> Result<Decision, Refusal> {
    let now: Vec<PlacedLine> = order.lines.iter().map(Line::as_placed).collect();
    let present = |number: u32| now.iter().find(|line| line.line == number);
    // A line that was changed forgot its cancelled units, and which of them were paid back.
    let forgot =
        |was: &PlacedLine| was.cancelled > 0 && present(was.line).is_none_or(|is| is.cancelled != was.cancelled);
    if changed.goodwill_back != Charge::default() || before.iter().any(forgot) {
        let message = format!("This change of order #{} cannot be undone as a whole.", order.id);
        return Err(Rejection::new(Code::IllegalTransition, message)
            .field("command_id")
            .hint("Goodwill or cancelled units went with it. Change the lines again with orders_change_lines.")
            .into());
    }
    let back = before.iter().map(|was| {
        let (reserved, backordered) = present(was.line).map(|is| (is.reserved, is.backordered)).unwrap_or_default();
        PlacedLine { reserved, backordered, ..was.clone() }
    });
    let added = now.iter().filter(|is| before.iter().all(|was| was.line != is.line));
    let gone = added.map(|is| PlacedLine { quantity: 0, cancelled: 0, amounts: Amounts::default(), ..is.clone() });
    let mut lines: Vec<PlacedLine> = back.chain(gone).collect();
    lines.sort_by_key(|line| line.line);
    conclude(order, lines, states, context)
}
