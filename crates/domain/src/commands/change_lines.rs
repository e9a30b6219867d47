//! Changing what an order is for, before anything of it is picked (rule O5).

mod difference;
mod line_change;
mod stock;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::line_change::LineChange;
use self::{
    difference::{converted, differences, products_moved},
    line_change::next_number,
    stock::{release, reserve},
};
use super::{
    About, Act, ConfirmWhen, Reference, ReferenceKind, conversion, preconditions, product_and_stock,
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Charge, LinesChanged, PlacedLine, Totals},
    ids::{OrderId, StreamId},
    limits,
    money::MAX_AMOUNT_MINOR,
    order::{Line, Order, Status},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
};

/// Change, add or remove lines of an order that is pending or confirmed. The shipping fee stays. Prices of lines that
/// are not named stay as placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLines {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// What changes, each line at most once.
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub changes: Vec<LineChange>,
}

impl Act for ChangeLines {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        if !matches!(order.status(), Status::Pending | Status::Confirmed) {
            let message =
                format!("Order #{} is {}: its lines can no longer be changed.", order.id, order.status().spoken());
            return Err(preconditions::illegal(order, context, message)
                .hint("Cancel unshipped units with orders_cancel, or place another order for what is added.")
                .into());
        }
        self.check()?;
        let mut lines: Vec<PlacedLine> = order.lines.iter().map(Line::as_placed).collect();
        let mut problems = Problems::default();
        for (i, change) in self.changes.iter().enumerate() {
            match change.line {
                Some(number) => change.alter(i, number, order, &mut lines, &mut problems)?,
                None => {
                    let number = next_number(order, &lines);
                    lines.extend(change.add(i, number, order, states, context, &mut problems)?);
                }
            }
        }
        problems.check()?;
        self.conclude(order, lines, states, context)
    }

    fn references(&self) -> Vec<Reference<'_>> {
        let named = self.changes.iter().enumerate();
        named
            .filter_map(|(i, change)| {
                let text = change.product.as_deref()?;
                Some(Reference { kind: ReferenceKind::Product, text, field: format!("changes[{i}].product") })
            })
            .collect()
    }

    fn also_needs(&self, names: &Names) -> Vec<StreamId> {
        let added = self.changes.iter().filter_map(|change| change.product.as_deref());
        added.flat_map(|text| product_and_stock(names.product(text))).collect()
    }

    fn confirm_when(&self) -> ConfirmWhen {
        ConfirmWhen::IfPaid
    }
}

impl ChangeLines {
    fn check(&self) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        if self.changes.is_empty() || self.changes.len() > limits::LINES_PER_ORDER {
            problems.add("changes", format!("must have 1 to {} entries", limits::LINES_PER_ORDER));
        }
        for (i, change) in self.changes.iter().enumerate().take(limits::LINES_PER_ORDER) {
            match (&change.line, &change.product) {
                (Some(line), None) => {
                    if self.changes[..i].iter().any(|earlier| earlier.line == Some(*line)) {
                        problems.add(format!("changes[{i}].line"), "stands here a second time");
                    }
                }
                (None, Some(product)) => {
                    let field = format!("changes[{i}].product");
                    text::check_line(&field, product, limits::REFERENCE_CHARS, &mut problems);
                    if change.quantity.is_none_or(|quantity| quantity < 1) {
                        problems.add(format!("changes[{i}].quantity"), "is needed for a new line, at least 1");
                    }
                }
                (None, None) | (Some(_), Some(_)) => {
                    problems.add(format!("changes[{i}]"), "needs exactly one of line and product");
                }
            }
            if let Some(quantity) = change.quantity
                && !(0..=limits::UNITS).contains(&quantity)
            {
                problems.add(format!("changes[{i}].quantity"), format!("must be 0 to {}", limits::UNITS));
            }
        }
        problems.check()
    }

    /// Reserves and releases what the new lines need, and records the change.
    fn conclude(
        &self,
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
}
