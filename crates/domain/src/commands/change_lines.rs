//! Changing what an order is for, before anything of it is picked (rule O5).

mod conclude;
mod difference;
mod line_change;
mod restore;
mod stock;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::line_change::LineChange;
pub(super) use self::restore::restored;
use self::{conclude::conclude, line_change::next_number};
use super::{About, Act, ConfirmWhen, Reference, ReferenceKind, preconditions, product_and_stock};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::PlacedLine,
    ids::{OrderId, StreamId},
    limits,
    order::{Line, Status},
    rejection::{Problems, Rejection},
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
        conclude(order, lines, states, context)
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
}
