//! Changing what an order is for, before anything of it is picked.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    About, Act, ConfirmWhen, Reference, ReferenceKind, create_order::LineInput, product_and_stock, refuse,
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{
        Amounts, Charge, Converted, LineDifference, LineTotal, LinesChanged, PlacedLine, StockBackordered, StockPolicy,
        StockReleased, StockReserved, Totals,
    },
    ids::{OrderId, ProductId, StreamId},
    limits,
    money::{MAX_AMOUNT_MINOR, parse_amount, round_minor, units_value},
    order::{Line, Order, Status},
    pricing::{Discount, EnteredLine, taken_off},
    rejection::{Code, Problems, Rejection},
    states::States,
    text,
};

/// Change, add or remove lines of an order that is pending or confirmed. The shipping fee stays. Prices of lines that
/// are not named stay as placed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeLines {
    /// The order's number.
    #[schemars(with = "i64", range(min = 1))]
    pub order_id: OrderId,
    /// What changes, each line at most once.
    #[schemars(length(min = 1, max = limits::LINES_PER_ORDER))]
    pub changes: Vec<LineChange>,
}

/// One change: of the line with this number, or a new line for this product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LineChange {
    /// Number of the line to change. Give this or `product`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "u32", range(min = 1))]
    pub line: Option<u32>,
    /// SKU or name of a product to add as a new line. Give this or `line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: Option<String>,
    /// Units from now on; 0 removes the line. As before when left out; needed for a new line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64", range(min = 0, max = limits::UNITS))]
    pub quantity: Option<i64>,
    /// Price of one unit from now on, such as "999.00"; as before, or the catalogue's, when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?$"))]
    pub unit_price: Option<String>,
    /// Discount on the line from now on: "50.00" or "10%"; as before when left out, an amount up to the line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$"))]
    pub discount: Option<String>,
}

impl Act for ChangeLines {
    fn about(&self, _: &Names) -> About {
        About::Order(self.order_id)
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = refuse::placed_order(states, self.order_id)?;
        if !matches!(order.status(), Status::Pending | Status::Confirmed) {
            let message =
                format!("Order #{} is {}: its lines can no longer be changed.", order.id, order.status().spoken());
            return Err(refuse::illegal(order, context, message)
                .hint("Cancel unshipped units with orders_cancel, or place another order for what is added.")
                .into());
        }
        self.check()?;
        let mut lines: Vec<PlacedLine> = order.lines.iter().map(as_it_is).collect();
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
        if lines.iter().eq(order.lines.iter().map(as_it_is).collect::<Vec<_>>().iter()) {
            return Ok(decision);
        }
        let differences = differences(order, &lines);
        let mut moves = StockMoves::new(states);
        let mut freed = release(order, &mut lines, &mut moves)?;
        reserve(order, &mut lines, &mut freed, states, &mut moves)?;
        let (joined, gone) = products_moved(order, &lines);
        lines.retain(|line| line.quantity > 0);
        let totals = Totals::of(lines.iter().map(kept), order.current_shipping());
        if totals.gross.max(totals.total) > MAX_AMOUNT_MINOR {
            let message = "The order's total is larger than any amount accepted here.";
            return Err(Rejection::invalid("changes", message).into());
        }
        if lines.iter().any(|line| line.backordered > 0) {
            decision.warn("Some units are not in stock: the order waits for them.");
        }
        let (converted, converted_differences) = converted(order, &lines, &differences);
        if let Some(converted) = &converted {
            refuse::check_converted_totals(&converted.lines, converted.shipping, "changes", context)?;
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

impl LineChange {
    /// Changes a line that is there.
    fn alter(
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
        let Some(gross) = entered_price(quantity, unit_price, line_total) else {
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
    fn add(
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
        let (product, entry) = refuse::registered(states, id, &field, text)?;
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
        Ok(Some(PlacedLine {
            line: number,
            product_id: id,
            sku: product.sku.clone(),
            name: entry.name.clone(),
            quantity,
            unit_price: price.unit_price,
            tax_rate: entry.tax_rate,
            tax_inclusive: entry.tax_inclusive,
            line_total: price.line_total,
            discounts: price.discount.into_iter().collect(),
            amounts: price.entered.amounts(0),
            cancelled: 0,
            tracked: entry.policy != StockPolicy::Untracked,
            reserved: 0,
            backordered: 0,
        }))
    }
}

/// What so many units cost as entered: the line's total, where it was entered, in proportion to the units it was entered
/// for. None where that is more than is accepted.
fn entered_price(quantity: i64, unit_price: i64, line_total: Option<LineTotal>) -> Option<i64> {
    let price = match line_total {
        None => unit_price.checked_mul(quantity)?,
        Some(LineTotal { amount, units }) => {
            round_minor(Decimal::from(amount) * Decimal::from(quantity) / Decimal::from(units))
        }
    };
    Some(price).filter(|price| *price <= MAX_AMOUNT_MINOR)
}

/// A line with all of its units, cancelled ones too: unless it is changed, each keeps its value.
fn as_it_is(line: &Line) -> PlacedLine {
    PlacedLine {
        line: line.line,
        product_id: line.product_id,
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.ordered,
        unit_price: line.unit_price,
        tax_rate: line.tax_rate,
        tax_inclusive: line.tax_inclusive,
        line_total: line.line_total,
        discounts: line.discounts.clone(),
        amounts: line.amounts,
        tracked: line.tracked,
        cancelled: line.cancelled,
        reserved: line.reserved,
        backordered: line.backordered,
    }
}

/// What two lines that are priced alike have in common.
fn as_agreed(line: &Line) -> (i64, i64, Amounts) {
    (line.ordered, line.cancelled, line.amounts)
}

/// Amounts of the units that are part of the order.
fn kept(line: &PlacedLine) -> Amounts {
    let value = |amount: i64| match line.quantity {
        0 => 0,
        quantity => units_value(amount, quantity, 0, line.active()),
    };
    let Amounts { gross, discount, tax } = line.amounts;
    Amounts { gross: value(gross), discount: value(discount), tax: value(tax) }
}

/// Behind the last number that the order ever had: what is told of a line stays told of it.
fn next_number(order: &Order, lines: &[PlacedLine]) -> u32 {
    let last = lines.iter().map(|line| line.line).fold(order.last_line, u32::max);
    last.saturating_add(1)
}

/// Products that the order holds from now on and did not before; products of which nothing remains.
fn products_moved(order: &Order, lines: &[PlacedLine]) -> (Vec<ProductId>, Vec<ProductId>) {
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
fn converted(
    order: &Order,
    lines: &[PlacedLine],
    differences: &[LineDifference],
) -> (Option<Converted>, Option<Converted>) {
    let Some(by) = order.rate else { return (None, None) };
    let was = |number: u32| order.lines.iter().find(|line| line.line == number);
    let after = |line: &PlacedLine| match was(line.line) {
        Some(before) if as_agreed(before) == (line.quantity, line.cancelled, line.amounts) => before.converted,
        Some(_) | None => by.amounts(line.amounts, order.currency),
    };
    let moves = differences.iter().map(|moved| {
        let before = was(moved.line).map(|line| Line { amounts: line.converted, ..line.clone() }.kept_amounts());
        // Of a line that was changed, no unit is cancelled.
        let now = lines.iter().find(|line| line.line == moved.line).map(after);
        now.unwrap_or_default().less(before.unwrap_or_default())
    });
    let moves = Converted { by, lines: moves.collect(), shipping: Charge::default() };
    let lines = lines.iter().map(after).collect();
    (Some(Converted { by, lines, shipping: order.shipping_converted }), Some(moves))
}

fn differences(order: &Order, lines: &[PlacedLine]) -> Vec<LineDifference> {
    let moved = lines.iter().map(|line| {
        let before = order.lines.iter().find(|before| before.line == line.line);
        let (units, amounts) = before.map(|before| (before.active(), before.kept_amounts())).unwrap_or_default();
        LineDifference {
            line: line.line,
            product_id: line.product_id,
            units: line.active() - units,
            amounts: kept(line).less(amounts),
        }
    });
    moved.filter(|moved| moved.units != 0 || moved.amounts != Amounts::default()).collect()
}

/// First what lines no longer need: units waited for before units set aside. Gives how many units of each product that
/// frees.
fn release(
    order: &Order,
    lines: &mut [PlacedLine],
    moves: &mut StockMoves<'_>,
) -> Result<BTreeMap<ProductId, i64>, Refusal> {
    let mut freed = BTreeMap::new();
    for line in lines.iter_mut().filter(|line| line.tracked) {
        let less = line.reserved + line.backordered - line.active();
        if less <= 0 {
            continue;
        }
        let backordered = less.min(line.backordered);
        let reserved = less - backordered;
        line.backordered -= backordered;
        line.reserved -= reserved;
        let (product_id, order_id, line) = (line.product_id, order.id, line.line);
        moves.record(product_id, StockReleased { product_id, order_id, line, reserved, backordered })?;
        *freed.entry(product_id).or_default() += reserved;
    }
    Ok(freed)
}

/// Then what they need more, or wait for: first what this change freed, then what nobody else waits for.
fn reserve(
    order: &Order,
    lines: &mut [PlacedLine],
    freed: &mut BTreeMap<ProductId, i64>,
    states: &States,
    moves: &mut StockMoves<'_>,
) -> Result<(), Refusal> {
    for line in lines.iter_mut().filter(|line| line.tracked) {
        let (product_id, order_id, number) = (line.product_id, order.id, line.line);
        let own = freed.entry(product_id).or_default();
        let units = line.backordered.min(*own);
        if units > 0 {
            *own -= units;
            line.backordered -= units;
            line.reserved += units;
            let reserved = StockReserved { product_id, order_id, line: number, units, from_backorder: true };
            moves.record(product_id, reserved)?;
        }
        let more = line.active() - line.reserved - line.backordered;
        if more <= 0 {
            continue;
        }
        let (_, entry) = refuse::registered(states, product_id, "changes", &line.sku)?;
        let stock = moves.stock(product_id)?;
        let (available, waiting) = (stock.available().max(0), stock.backordered());
        let free = match entry.policy {
            // There is always enough of it.
            StockPolicy::Untracked => more,
            StockPolicy::Deny | StockPolicy::Backorder if waiting == 0 => available.max(*own),
            StockPolicy::Deny | StockPolicy::Backorder => *own,
        };
        *own -= more.min(*own);
        let may_wait = match entry.policy {
            StockPolicy::Backorder => (entry.backorder_limit - waiting).max(0),
            StockPolicy::Deny | StockPolicy::Untracked => 0,
        };
        if more > free + may_wait {
            let message = format!("Not enough in stock: {free} of {} available, {more} more asked for.", line.name);
            return Err(Rejection::new(Code::InsufficientStock, message)
                .field("changes")
                .hint("Ask for fewer units, or receive stock first with inventory_receive.")
                .candidates(vec![json!({
                    "product": line.name, "sku": line.sku, "line": number,
                    "requested": more, "available": free, "shortfall": more - free,
                })])
                .into());
        }
        let reserved = more.min(free);
        let backordered = more - reserved;
        line.reserved += reserved;
        line.backordered += backordered;
        if reserved > 0 {
            let set_aside =
                StockReserved { product_id, order_id, line: number, units: reserved, from_backorder: false };
            moves.record(product_id, set_aside)?;
        }
        if backordered > 0 {
            moves.record(product_id, StockBackordered { product_id, order_id, line: number, units: backordered })?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::{
        commands::{Cancel, Command, CreateOrder, RecordPayment, Refund, Ship, UpsertProduct},
        decide::Shop,
        event::Event,
        testing::{Story, input, types},
    };

    const ID: OrderId = OrderId(1001);

    /// Three of A at 100.00 and one of B at 50.00, 10 % off, 18 % tax, 10.00 shipping.
    fn shop() -> Story {
        let mut story = Story::new();
        for (sku, price) in [("A", "100.00"), ("B", "50.00"), ("C", "20.00")] {
            story.product(sku, price, json!({ "tax_rate": "18" })).stocked(sku, 5);
        }
        story.done(input::<CreateOrder>(json!({
            "customer": "Ann", "shipping": "10.00", "order_discount": "10%",
            "lines": [{ "product": "A", "quantity": 3 }, { "product": "B", "quantity": 1 }],
        })));
        story
    }

    fn change(changes: Value) -> Command {
        input::<ChangeLines>(json!({ "order_id": 1001, "changes": changes }))
    }

    fn differences_of(decision: &Decision) -> Vec<(u32, i64, Amounts)> {
        let Event::LinesChanged(fact) = &decision.facts[0].1 else { panic!("lines changed") };
        fact.differences.iter().map(|moved| (moved.line, moved.units, moved.amounts)).collect()
    }

    #[test]
    fn fewer_more_and_new_lines_in_one_go() {
        let mut story = shop();
        // The catalogue's new price concerns nobody who ordered before.
        story.done(input::<UpsertProduct>(json!({ "sku": "A", "price": "999.00" })));
        let decision = story.done(change(json!([
            { "line": 1, "quantity": 2 }, { "line": 2, "quantity": 2 }, { "product": "C", "quantity": 1 },
        ])));
        let unit = |gross: i64, discount: i64, tax: i64| Amounts { gross, discount, tax };
        assert_eq!(
            differences_of(&decision),
            [(1, -1, unit(-10_000, -1_000, -1_620)), (2, 1, unit(5_000, 500, 810)), (3, 1, unit(2_000, 0, 360)),]
        );
        assert_eq!(types(&decision), ["LinesChanged", "StockReleased", "StockReserved", "StockReserved"]);
        assert_eq!(story.stock("A").reserved, 2);
        assert_eq!(story.order(ID).current_totals(), story.order(ID).totals);
        story.done(input::<Ship>(json!({ "order_id": 1001 })));
    }

    #[test]
    fn a_new_price_or_discount_prices_the_line_anew() {
        let mut story = shop();
        let decision = story.done(change(json!([{ "line": 1, "unit_price": "80.00", "discount": "0.00" }])));
        assert_eq!(differences_of(&decision), [(1, 0, Amounts { gross: -6_000, discount: -3_000, tax: -540 })]);
    }

    #[test]
    fn a_line_can_go_but_not_all_of_them() {
        let mut story = shop();
        assert_eq!(
            story.refused(change(json!([{ "line": 1, "quantity": 0 }, { "line": 2, "quantity": 0 }]))).code,
            Code::InvalidArgument
        );
        story.done(change(json!([{ "line": 2, "quantity": 0 }])));
        assert_eq!(story.order(ID).lines.len(), 1);
        let added = story.done(change(json!([{ "product": "C", "quantity": 1 }])));
        assert_eq!(differences_of(&added)[0].0, 3, "2 was given to the line that went");
        assert!(story.done(change(json!([{ "line": 1, "quantity": 3 }]))).facts.is_empty());
    }

    #[test]
    fn what_was_cancelled_before_stays_so() {
        let mut story = shop();
        story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
        story.done(change(json!([{ "line": 1, "quantity": 4 }])));
        let line = &story.order(ID).lines[0];
        assert_eq!((line.ordered, line.cancelled, line.reserved), (4, 0, 4));
        assert_eq!(line.amounts, Amounts { gross: 40_000, discount: 4_000, tax: 6_480 });
    }

    #[test]
    fn of_a_cancelled_line_nothing_is_left_to_change() {
        let mut story = shop();
        story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 3 }] })));
        let gone = story.refused(change(json!([{ "line": 1, "quantity": 1 }])));
        assert!(gone.message.starts_with("Nothing of line 1 of order #1001 is left"), "{gone}");
        assert!(gone.candidates.iter().all(|line| line["line"] != 1), "{gone:?}");
    }

    #[test]
    fn stock_sets_the_bound() {
        let mut story = shop();
        let refused = story.refused(change(json!([{ "line": 1, "quantity": 6 }])));
        assert_eq!(refused.code, Code::InsufficientStock);
        story.product("A", "100.00", json!({ "policy": "backorder", "backorder_limit": 5 }));
        story.done(change(json!([{ "line": 1, "quantity": 6 }])));
        assert!(story.order(ID).backordered());
    }

    #[test]
    fn shipped_orders_stay_and_nonsense_is_named() {
        let mut story = shop();
        assert_eq!(story.refused(change(json!([{ "line": 9, "quantity": 1 }]))).code, Code::NotFound);
        assert_eq!(story.refused(change(json!([{ "line": 1, "product": "A" }]))).code, Code::InvalidArgument);
        assert_eq!(story.refused(change(json!([{ "product": "C" }]))).code, Code::InvalidArgument);
        assert_eq!(story.refused(change(json!([{ "line": 1 }, { "line": 1 }]))).code, Code::InvalidArgument);
        story.done(input::<Ship>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
        assert_eq!(story.refused(change(json!([{ "line": 1, "quantity": 1 }]))).code, Code::IllegalTransition);
    }

    /// A shop with one product, and an order of it as given.
    fn priced(currency: &str, price: &str, tax: &str, inclusive: bool, line: Value) -> Story {
        let mut story = Story::of_shop(Shop { currency: currency.parse().expect("a currency"), ..Shop::default() });
        story.product("P", price, json!({ "tax_rate": tax, "tax_inclusive": inclusive })).stocked("P", 5_000);
        let mut line = line;
        line["product"] = json!("P");
        story.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": [line] })));
        story
    }

    /// Net, tax and total after one change of line 1.
    #[track_caller]
    fn check(mut story: Story, line: Value, expected: (i64, i64, i64)) {
        let mut line = line;
        line["line"] = json!(1);
        story.done(change(json!([line])));
        let totals = story.order(ID).current_totals();
        assert_eq!((totals.net, totals.tax, totals.total), expected);
        assert_eq!(totals, story.order(ID).totals);
    }

    #[test]
    fn changed_lines_are_priced_and_taxed_anew() {
        let one = || json!({ "quantity": 1 });
        check(priced("JPY", "4", "10", false, one()), json!({ "quantity": 1_000 }), (4_000, 400, 4_400));
        check(priced("JPY", "5", "10", false, one()), json!({ "quantity": 100 }), (500, 50, 550));
        check(priced("JPY", "999", "10", true, one()), json!({ "quantity": 100 }), (90_818, 9_082, 99_900));
        let mut cancelled = priced("JPY", "91336", "18", true, json!({ "quantity": 5 }));
        cancelled.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 2 }] })));
        check(cancelled, json!({ "quantity": 4 }), (309_614, 55_730, 365_344));
        let free = priced("INR", "0.00", "18", true, one());
        check(free, json!({ "unit_price": "1180.00" }), (100_000, 18_000, 118_000));
    }

    #[test]
    fn a_line_priced_as_a_whole_stays_so() {
        let three = || priced("INR", "40.00", "0", false, json!({ "quantity": 3, "line_total": "100.00" }));
        check(three(), json!({ "discount": "10%" }), (9_000, 0, 9_000));
        check(three(), json!({ "quantity": 4 }), (13_333, 0, 13_333));
        let ten = priced("JPY", "4", "10", true, json!({ "quantity": 10, "line_total": "9", "discount": "50%" }));
        check(ten, json!({ "discount": "0%" }), (8, 1, 9));
        let mut back = three();
        back.done(change(json!([{ "line": 1, "quantity": 7 }])));
        check(back, json!({ "quantity": 3 }), (10_000, 0, 10_000));
    }

    #[test]
    fn a_percentage_stays_one_and_an_amount_stays_one_up_to_the_line() {
        let with = |discount: &str| priced("INR", "10.00", "0", false, json!({ "quantity": 3, "discount": discount }));
        check(with("10%"), json!({ "quantity": 5 }), (4_500, 0, 4_500));
        check(with("7.50"), json!({ "quantity": 5 }), (4_250, 0, 4_250));
        check(with("7.50"), json!({ "quantity": 1, "unit_price": "5.00" }), (0, 0, 0));
        // The same of an order discount: a share of an amount stays that amount.
        let shared = |discount: &str| {
            let mut story = Story::new();
            story.product("P", "10.00", json!({})).stocked("P", 50);
            story.done(input::<CreateOrder>(json!({
                "customer": "Ann", "order_discount": discount, "lines": [{ "product": "P", "quantity": 3 }],
            })));
            story
        };
        check(shared("6.00"), json!({ "quantity": 5 }), (4_400, 0, 4_400));
        check(shared("20%"), json!({ "quantity": 5 }), (4_000, 0, 4_000));
    }

    #[test]
    fn whether_the_price_includes_tax_is_stored_with_the_line() {
        // Net of the price of ten by one minor unit: from the amounts it could be either.
        let story = priced("JPY", "0", "10", true, json!({ "quantity": 10 }));
        assert!(story.order(ID).lines[0].tax_inclusive);
        check(story, json!({ "quantity": 1, "unit_price": "110" }), (100, 10, 110));
    }

    #[test]
    fn a_line_that_is_not_named_keeps_its_units_and_what_was_cancelled_of_it() {
        let mut story = Story::new();
        story.product("D", "40.00", json!({})).stocked("D", 3).product("B", "5.00", json!({})).stocked("B", 5);
        story.done(input::<CreateOrder>(json!({ "customer": "Ann", "lines": [
            { "product": "D", "quantity": 3, "line_total": "100.00" }, { "product": "B", "quantity": 1 },
        ] })));
        story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
        story.done(input::<Cancel>(json!({ "order_id": 1001, "lines": [{ "line": 1, "quantity": 1 }] })));
        let before = story.order(ID).lines[0].clone();
        let decision = story.done(change(json!([{ "line": 2, "quantity": 2 }])));
        assert_eq!(differences_of(&decision).len(), 1);
        assert_eq!(story.order(ID).lines[0], before);
        let back = |story: &mut Story| {
            let lines = json!([{ "line": 1, "quantity": 1 }]);
            story.ask(&input::<Refund>(json!({ "order_id": 1001, "lines": lines })))
        };
        // Of the 33.34 that the cancelled unit cost, 5.00 went into the mug that was added.
        story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card", "amount": "5.00" })));
        let refunded = back(&mut story).expect("it is owed");
        let Event::PaymentRefunded(fact) = &refunded.facts[0].1 else { panic!("a refund") };
        assert_eq!(fact.amount, 3_334);
        story.done(change(json!([{ "line": 2, "quantity": 1 }])));
        assert_eq!(back(&mut story).expect_err("it went back").code, Code::IllegalTransition);
    }

    #[test]
    fn freed_units_go_first_to_the_same_orders_other_lines() {
        let mut story = Story::new();
        story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 9 })).stocked("W", 3);
        let ours = story.ordered(&[("W", 3), ("W", 1)]);
        let other = story.ordered(&[("W", 1)]);
        story.done(change(json!([{ "line": 1, "quantity": 1 }, { "product": "W", "quantity": 1 }])));
        let reserved: Vec<i64> = story.order(ours).lines.iter().map(|line| line.reserved).collect();
        assert_eq!(reserved, [1, 1, 1], "one to the line that waited, one to the new one");
        assert!(story.order(other).backordered());
        story.done(change(json!([{ "line": 3, "quantity": 0 }])));
        assert!(!story.order(other).backordered(), "what nobody here needs goes to the next");
    }

    #[test]
    fn goodwill_for_a_line_that_becomes_cheaper_is_posted_back() {
        let mut story = priced("INR", "100.00", "10", false, json!({ "quantity": 2 }));
        story.done(input::<RecordPayment>(json!({ "order_id": 1001, "method": "card" })));
        story.done(input::<Refund>(json!({ "order_id": 1001, "kind": "goodwill", "amount": "220.00" })));
        let decision = story.done(change(json!([{ "line": 1, "quantity": 1 }])));
        let Event::LinesChanged(fact) = &decision.facts[0].1 else { panic!("lines changed") };
        assert_eq!(fact.goodwill_back, Charge { net: 10_000, tax: 1_000 });
        assert_eq!(story.order(ID).due(), 0);
    }
}
