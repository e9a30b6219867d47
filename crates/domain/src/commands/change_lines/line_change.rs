//! One change of one line: the line priced anew from what was entered, another product in its place, or a new line.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    commands::{
        line_input::{LineInput, PricedLine},
        preconditions,
    },
    decide::{Context, Refusal},
    event::{Amounts, PlacedLine, StockPolicy},
    limits,
    money::parse_amount,
    order::Order,
    pricing::{Discount, EnteredLine, entered_gross, taken_off},
    rejection::{Code, Problems, Rejection},
    states::States,
};

/// One change: of a line, or a new line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineChange {
    /// The line; or `product`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub line: Option<u32>,
    /// SKU or name: the line that has it, else a new line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: Option<String>,
    /// Product to put in its place; price and discount stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub replace: Option<String>,
    /// Units from now on; 0 removes the line. Needed for a new line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::UNITS))]
    pub quantity: Option<i64>,
    /// Instead: units more than now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = limits::UNITS))]
    pub more: Option<i64>,
    /// Price of one unit, such as "999.00"; as before, or the catalogue's, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub unit_price: Option<String>,
    /// Of the line: "50.00" or "10%"; as before when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$"))]
    pub discount: Option<String>,
}

/// What changes are made in: the lines as they stand so far, and what is wrong or to be told.
pub(super) struct Changing<'a> {
    pub(super) order: &'a Order,
    pub(super) states: &'a States,
    pub(super) context: &'a Context<'a>,
    pub(super) lines: Vec<PlacedLine>,
    pub(super) problems: Problems,
    pub(super) warnings: Vec<String>,
}

impl Changing<'_> {
    /// Behind the last number that the order ever had: what is told of a line stays told of it.
    pub(super) fn next_number(&self) -> u32 {
        let last = self.lines.iter().map(|line| line.line).fold(self.order.last_line, u32::max);
        last.saturating_add(1)
    }

    /// The lines that are part of the order, for whoever has to choose.
    fn present(&self) -> impl Iterator<Item = &PlacedLine> {
        self.lines.iter().filter(|line| line.active() > 0)
    }

    fn position(&self, index: usize, number: u32) -> Result<usize, Rejection> {
        let found = self.lines.iter().position(|line| line.line == number && line.active() > 0);
        found.ok_or_else(|| {
            let id = self.order.id;
            let message = if self.order.lines.iter().any(|line| line.line == number) {
                format!("Nothing of line {number} of order #{id} is left to change.")
            } else {
                format!("Order #{id} has no line {number}.")
            };
            Rejection::new(Code::NotFound, message)
                .field(format!("changes[{index}].line"))
                .hint("See orders_get for its lines; name a product instead to add one.")
                .candidates(self.present().map(candidate).take(5).collect())
        })
    }
}

fn candidate(line: &PlacedLine) -> Value {
    json!({ "line": line.line, "product": line.name, "quantity": line.active() })
}

impl LineChange {
    /// The number of the line that is meant; none where no line has the product.
    pub(super) fn meant(&self, index: usize, changing: &Changing<'_>) -> Result<Option<u32>, Rejection> {
        let Some(text) = self.product.as_deref() else { return Ok(self.line) };
        let id = changing.context.names.product(text);
        let found: Vec<&PlacedLine> = changing.present().filter(|line| line.product_id == id).collect();
        let order = changing.order.id;
        let rejection =
            |code, message: String| Rejection::new(code, message).field(format!("changes[{index}].product"));
        match found[..] {
            [one] => Ok(Some(one.line)),
            [] if self.replace.is_some() || self.quantity == Some(0) => {
                let candidates = changing.present().map(candidate).take(5).collect();
                Err(rejection(Code::NotFound, format!("No line of order #{order} has `{text}`."))
                    .hint("product names the line as it is, replace what is put in its place.")
                    .candidates(candidates))
            }
            [] => Ok(None),
            _ => {
                let message = format!("{} lines of order #{order} have `{}`.", found.len(), found[0].name);
                Err(rejection(Code::Ambiguous, message)
                    .hint("Ask the user which one is meant, and give its line instead of product.")
                    .candidates(found.into_iter().map(candidate).take(5).collect()))
            }
        }
    }

    /// Changes a line that is there.
    pub(super) fn alter(&self, index: usize, number: u32, changing: &mut Changing<'_>) -> Result<(), Rejection> {
        let at = changing.position(index, number)?;
        let line = &changing.lines[at];
        if self.units(line) == line.active() && self.unit_price.is_none() && self.discount.is_none() {
            return Ok(());
        }
        changing.lines[at] = self.priced(index, line.clone(), changing.order, &mut changing.problems);
        Ok(())
    }

    /// Puts another product in the place of a line's. That is a line of its own: what is told of a line stays told of it.
    pub(super) fn swap(
        &self,
        index: usize,
        number: u32,
        text: &str,
        changing: &mut Changing<'_>,
    ) -> Result<(), Refusal> {
        let at = changing.position(index, number)?;
        let (context, next) = (changing.context, changing.next_number());
        let field = format!("changes[{index}].replace");
        let id = context.names.product(text);
        if id == changing.lines[at].product_id {
            return Ok(self.alter(index, number, changing)?);
        }
        let (product, entry) = preconditions::registered(changing.states, id, &field, text)?;
        if entry.archived {
            changing.problems.add(field, format!("{} is archived and no longer sold", product.called()));
        }
        if self.quantity == Some(0) {
            changing.problems.add(format!("changes[{index}].quantity"), "must be at least 1 with replace");
        }
        let order = changing.order;
        let was = &mut changing.lines[at];
        // The price that was agreed stays as it was agreed, with tax or without.
        let tax_inclusive = if self.unit_price.is_some() { entry.tax_inclusive } else { was.tax_inclusive };
        let put = PlacedLine {
            line: next,
            product_id: id,
            sku: product.sku.clone(),
            name: entry.name.clone(),
            tax_rate: entry.tax_rate,
            tax_inclusive,
            tracked: entry.policy != StockPolicy::Untracked,
            reserved: 0,
            backordered: 0,
            ..was.clone()
        };
        (was.quantity, was.cancelled, was.amounts) = (0, 0, Amounts::default());
        let put = self.priced(index, put, order, &mut changing.problems);
        let keeps = self.unit_price.is_none() && put.line_total.is_none();
        if keeps && entry.currency == order.currency && entry.price != put.unit_price {
            let shown = |minor| context.shop.locale.money_in_words(minor, order.currency);
            let (price, listed) = (shown(put.unit_price), shown(entry.price));
            changing.warnings.push(format!("{} keeps the price of {price}; the catalogue has {listed}.", put.name));
        }
        changing.lines.push(put);
        Ok(())
    }

    /// How many units the line is to have.
    fn units(&self, line: &PlacedLine) -> i64 {
        self.quantity.unwrap_or_else(|| line.active().saturating_add(self.more.unwrap_or(0)))
    }

    /// The line with what is told of it, priced anew. As it is, where something is wrong.
    fn priced(&self, index: usize, line: PlacedLine, order: &Order, problems: &mut Problems) -> PlacedLine {
        let at = |name: &str| format!("changes[{index}].{name}");
        let quantity = self.units(&line);
        if quantity > limits::UNITS {
            problems.add(at("more"), format!("makes the line larger than {} units", limits::UNITS));
            return line;
        }
        let (unit_price, line_total) = match self.unit_price.as_deref().map(|text| parse_amount(text, order.currency)) {
            None => (line.unit_price, line.line_total),
            Some(Ok(price)) => (price, None),
            Some(Err(error)) => {
                problems.add(at("unit_price"), format!("cannot be read: {error}"));
                return line;
            }
        };
        let Some(gross) = entered_gross(quantity, unit_price, line_total) else {
            problems.add(at("quantity"), "makes the line larger than any amount accepted here");
            return line;
        };
        let discounts = match self.discount.as_deref().map(|text| Discount::parse(text, order.currency)) {
            None => line.discounts.clone(),
            Some(Ok(discount)) if discount.of(gross) > gross => {
                problems.add(at("discount"), "is more than the line");
                return line;
            }
            // The line's part of a discount on the whole order stays.
            Some(Ok(discount)) => std::iter::once(discount).chain(line.part_of_order_discount()).collect(),
            Some(Err(error)) => {
                problems.add(at("discount"), format!("cannot be read: {error}"));
                return line;
            }
        };
        let discount = taken_off(gross, &discounts);
        let entered = EnteredLine { gross, discount, tax_rate: line.tax_rate, tax_inclusive: line.tax_inclusive };
        // Units cancelled before are no part of what is agreed now.
        PlacedLine { quantity, cancelled: 0, unit_price, line_total, discounts, amounts: entered.amounts(0), ..line }
    }

    /// A new line, priced like one of a new order.
    pub(super) fn add(&self, index: usize, changing: &mut Changing<'_>) -> Result<(), Refusal> {
        let text = self.product.as_deref().unwrap_or_default();
        let Some(quantity) = self.quantity.or(self.more).filter(|quantity| *quantity >= 1) else {
            changing.problems.add(format!("changes[{index}].quantity"), "is needed for a new line: 1 where the user named one (\"a blue mug\"); where they did not say how many, ask");
            return Ok(());
        };
        let id = changing.context.names.product(text);
        let field = format!("changes[{index}].product");
        let (product, entry) = preconditions::registered(changing.states, id, &field, text)?;
        if entry.archived {
            changing.problems.add(field, format!("{} is archived and no longer sold", product.called()));
            return Ok(());
        }
        let (unit_price, discount) = (self.unit_price.clone(), self.discount.clone());
        let input = LineInput { product: text.to_owned(), quantity, unit_price, line_total: None, discount };
        match input.price("changes", index, changing.order.currency, entry) {
            Ok(price) => {
                let line = PricedLine { id, product, entry, quantity, price };
                let (number, amounts) = (changing.next_number(), line.price.entered.amounts(0));
                changing.lines.push(line.placed(number, amounts, None));
            }
            Err((field, message)) => changing.problems.add(field, message),
        }
        Ok(())
    }
}
