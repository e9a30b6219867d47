//! One change of one line: the line priced anew from what was entered, or a new line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    commands::{
        line_input::{LineInput, PricedLine},
        preconditions,
    },
    decide::{Context, Refusal},
    event::PlacedLine,
    limits,
    money::parse_amount,
    order::Order,
    pricing::{Discount, EnteredLine, entered_gross, taken_off},
    rejection::{Code, Problems, Rejection},
    states::States,
};

/// One change: of the line with this number, or a new line for this product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineChange {
    /// The line to change. This or `product`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// SKU or name of a product for a new line. This or `line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: Option<String>,
    /// Units from now on; 0 removes the line. Needed for a new line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::UNITS))]
    pub quantity: Option<i64>,
    /// Price of one unit, such as "999.00"; as before, or the catalogue's, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub unit_price: Option<String>,
    /// Of the line: "50.00" or "10%"; as before when left out, an amount up to the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$"))]
    pub discount: Option<String>,
}

impl LineChange {
    /// Changes a line that is there.
    pub(super) fn alter(
        &self,
        index: usize,
        number: u32,
        order: &Order,
        lines: &mut [PlacedLine],
        problems: &mut Problems,
    ) -> Result<(), Rejection> {
        let Some(line) = lines.iter_mut().find(|line| line.line == number && line.active() > 0) else {
            let there = lines.iter().filter(|line| line.active() > 0);
            let there = there.map(|line| json!({ "line": line.line, "product": line.name }));
            let message = if order.lines.iter().any(|line| line.line == number) {
                format!("Nothing of line {number} of order #{} is left to change: all of it is cancelled.", order.id)
            } else {
                format!("Order #{} has no line {number}.", order.id)
            };
            return Err(Rejection::new(Code::NotFound, message)
                .field(format!("changes[{index}].line"))
                .hint("See orders_get for its lines; name a product instead to add one.")
                .candidates(there.take(5).collect()));
        };
        let quantity = self.quantity.unwrap_or(line.active());
        if quantity == line.active() && self.unit_price.is_none() && self.discount.is_none() {
            return Ok(());
        }
        let (unit_price, line_total) = match self.unit_price.as_deref().map(|text| parse_amount(text, order.currency)) {
            None => (line.unit_price, line.line_total),
            Some(Ok(price)) => (price, None),
            Some(Err(error)) => {
                problems.add(format!("changes[{index}].unit_price"), format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        let discounts = match self.discount.as_deref().map(|text| Discount::parse(text, order.currency)) {
            None => line.discounts.clone(),
            Some(Ok(discount)) => vec![discount],
            Some(Err(error)) => {
                problems.add(format!("changes[{index}].discount"), format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        let Some(gross) = entered_gross(quantity, unit_price, line_total) else {
            problems.add(format!("changes[{index}].quantity"), "makes the line larger than any amount accepted here");
            return Ok(());
        };
        if self.discount.is_some() && discounts.iter().any(|discount| discount.of(gross) > gross) {
            problems.add(format!("changes[{index}].discount"), "is more than the line");
            return Ok(());
        }
        let discount = taken_off(gross, &discounts);
        let entered = EnteredLine { gross, discount, tax_rate: line.tax_rate, tax_inclusive: line.tax_inclusive };
        line.amounts = entered.amounts(0);
        (line.unit_price, line.line_total, line.discounts) = (unit_price, line_total, discounts);
        // Units cancelled before are no part of what is agreed now.
        (line.quantity, line.cancelled) = (quantity, 0);
        Ok(())
    }

    /// A new line, priced like one of a new order.
    pub(super) fn add(
        &self,
        index: usize,
        number: u32,
        order: &Order,
        states: &States,
        context: &Context<'_>,
        problems: &mut Problems,
    ) -> Result<Option<PlacedLine>, Refusal> {
        let text = self.product.as_deref().unwrap_or_default();
        let id = context.names.product(text);
        let field = format!("changes[{index}].product");
        let (product, entry) = preconditions::registered(states, id, &field, text)?;
        if entry.archived {
            problems.add(field, format!("`{}` is archived and no longer sold", product.sku));
            return Ok(None);
        }
        let quantity = self.quantity.unwrap_or(1);
        let (unit_price, discount) = (self.unit_price.clone(), self.discount.clone());
        let input = LineInput { product: text.to_owned(), quantity, unit_price, line_total: None, discount };
        let price = match input.price("changes", index, order.currency, entry) {
            Ok(price) => price,
            Err((field, message)) => {
                problems.add(field, message);
                return Ok(None);
            }
        };
        let line = PricedLine { id, product, entry, quantity, price };
        Ok(Some(line.placed(number, line.price.entered.amounts(0), None)))
    }
}

/// Behind the last number that the order ever had: what is told of a line stays told of it.
pub(super) fn next_number(order: &Order, lines: &[PlacedLine]) -> u32 {
    let last = lines.iter().map(|line| line.line).fold(order.last_line, u32::max);
    last.saturating_add(1)
}
