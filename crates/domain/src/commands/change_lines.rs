//! Changing what an order is for, before anything of it is picked (rule O5), and adding a note to it at any time (rule O5a).

mod conclude;
mod difference;
mod line_change;
mod noted;
mod order_discount;
mod restore;
mod stock;
#[cfg(test)]
mod tests;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::line_change::LineChange;
pub(super) use self::restore::restored;
use self::{conclude::conclude, line_change::Changing, noted::noted};
use super::{About, Act, ConfirmWhen, Reference, preconditions, product_and_stock};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    ids::{OrderId, StreamId},
    limits,
    order::{Line, Order, Status},
    rejection::{Problems, Rejection},
    states::States,
    text,
    typed::{self, Typed},
};

/// Change, swap, add or remove lines of an order that is pending or confirmed, or its discount. The shipping fee and what
/// is not named stay. Or add a note to any order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLines {
    /// Its number.
    #[schemars(range(min = 1))]
    pub order_id: OrderId,
    /// What changes, each line at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = limits::LINES_PER_ORDER))]
    pub changes: Vec<LineChange>,
    /// On the whole order, spread anew: "50.00", "10%" or "same"; as it is when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$|^same$"))]
    pub order_discount: Option<String>,
    /// Added to those it has; alone, nothing else changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::NOTE_CHARS), pattern(r"\S"))]
    pub note: Option<String>,
}

impl Act for ChangeLines {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = preconditions::placed_order(states, self.order_id)?;
        let mut decision = Decision::about(StreamId::Order(order.id));
        if let Some(note) = &self.note {
            // First, so that an undo of the lines finds nothing that came after them.
            noted(order, note, &mut decision)?;
        }
        if self.is_about_lines() {
            let Decision { facts, warnings, .. } = self.decide_lines(order, states, context)?;
            decision.facts.extend(facts);
            decision.warnings.extend(warnings);
        }
        Ok(decision)
    }

    fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        typed::words("note", &mut self.note).collect()
    }

    fn references(&self) -> Vec<Reference<'_>> {
        let named = self.changes.iter().enumerate();
        named
            .flat_map(|(i, change)| {
                let order = Some(self.order_id);
                let texts = [("product", &change.product, order), ("replace", &change.replace, None)].into_iter();
                texts.filter_map(move |(name, text, of_order)| {
                    let reference = Reference::product(text.as_deref()?, format!("changes[{i}].{name}"));
                    Some(Reference { of_order, ..reference })
                })
            })
            .collect()
    }

    fn also_needs(&self, names: &Names) -> Vec<StreamId> {
        let named = self.changes.iter().flat_map(|change| [change.product.as_deref(), change.replace.as_deref()]);
        named.flatten().flat_map(|text| product_and_stock(names.product(text))).collect()
    }

    fn confirm_when(&self) -> ConfirmWhen {
        if self.is_about_lines() { ConfirmWhen::IfPaid } else { ConfirmWhen::Never }
    }
}

impl ChangeLines {
    /// Whether it is about more than a note.
    fn is_about_lines(&self) -> bool {
        !self.changes.is_empty() || self.order_discount.is_some() || self.note.is_none()
    }

    fn decide_lines(&self, order: &Order, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        self.check()?;
        if !matches!(order.status(), Status::Pending | Status::Confirmed) {
            let message =
                format!("Order #{} is {}: its lines can no longer be changed.", order.id, order.status().spoken());
            return Err(preconditions::illegal(order, context, message)
                .hint("Cancel unshipped units with orders_cancel, or place another order for what is added.")
                .into());
        }
        let Changing { mut lines, problems, warnings, .. } = self.changed(order, states, context)?;
        problems.check()?;
        let lost = match &self.order_discount {
            Some(text) => {
                order_discount::spread(text, order, &mut lines)?;
                None
            }
            None => order_discount::lost(order, &lines, context),
        };
        let mut decision = conclude(order, lines, states, context)?;
        if !decision.facts.is_empty() {
            decision.warnings.extend(warnings.into_iter().chain(lost));
        }
        Ok(decision)
    }

    /// The lines after every change, each priced, before the discount on the whole order is spread anew.
    fn changed<'a>(
        &self,
        order: &'a Order,
        states: &'a States,
        context: &'a Context<'a>,
    ) -> Result<Changing<'a>, Refusal> {
        let lines = order.lines.iter().map(Line::as_placed).collect();
        let (problems, warnings) = (Problems::default(), vec![]);
        let mut changing = Changing { order, states, context, lines, problems, warnings };
        let mut done: Vec<u32> = vec![];
        for (i, change) in self.changes.iter().enumerate() {
            let before = changing.lines.len();
            match (change.meant(i, &changing)?, &change.replace) {
                (Some(number), _) if done.contains(&number) => {
                    changing.problems.add(format!("changes[{i}]"), format!("changes line {number} a second time"));
                }
                (Some(number), replace) => {
                    done.push(number);
                    match replace {
                        Some(text) => change.swap(i, number, text, &mut changing)?,
                        None => change.alter(i, number, &mut changing)?,
                    }
                }
                (None, _) => change.add(i, &mut changing)?,
            }
            done.extend(changing.lines.get(before).map(|line| line.line));
        }
        Ok(changing)
    }

    fn check(&self) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        if self.changes.len() > limits::LINES_PER_ORDER || (self.changes.is_empty() && self.order_discount.is_none()) {
            problems.add(
                "changes",
                format!(
                    "must have 1 to {} entries, unless a note or an order_discount is given",
                    limits::LINES_PER_ORDER
                ),
            );
        }
        for (i, change) in self.changes.iter().enumerate().take(limits::LINES_PER_ORDER) {
            if change.line.is_some() == change.product.is_some() {
                problems.add(format!("changes[{i}]"), "needs exactly one of line and product");
            }
            for (name, text) in [("product", &change.product), ("replace", &change.replace)] {
                if let Some(text) = text {
                    text::check_line(&format!("changes[{i}].{name}"), text, limits::REFERENCE_CHARS, &mut problems);
                }
            }
            for (name, units, least) in [("quantity", change.quantity, 0), ("more", change.more, 1)] {
                if units.is_some_and(|units| !(least..=limits::UNITS).contains(&units)) {
                    problems.add(format!("changes[{i}].{name}"), format!("must be {least} to {}", limits::UNITS));
                }
            }
            if change.quantity.is_some() && change.more.is_some() {
                problems.add(format!("changes[{i}].more"), "cannot be given together with quantity");
            }
        }
        problems.check()
    }
}
