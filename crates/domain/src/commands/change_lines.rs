//! Changing what an order is for, before anything of it is picked.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Reference, ReferenceKind, create_order::LineInput, refuse, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Refusal},
    event::{
        Amounts, Charge, Converted, LineDifference, LinesChanged, PlacedLine, StockBackordered, StockPolicy,
        StockReleased, StockReserved, Totals,
    },
    ids::{OrderId, StreamId},
    limits,
    money::{MAX_AMOUNT_MINOR, parse_amount, round_minor},
    order::{Line, Order, Status},
    pricing::{Discount, EnteredLine, price},
    rejection::{Code, Problems, Rejection},
    text,
    world::World,
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
    /// Discount on the line from now on: "50.00" or "10%"; in proportion as before when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = limits::AMOUNT_CHARS), pattern(r"^[0-9]+(\.[0-9]+)?%?$"))]
    pub discount: Option<String>,
}

impl ChangeLines {
    pub(super) fn references(&self) -> Vec<Reference<'_>> {
        let named = self.changes.iter().enumerate();
        named
            .filter_map(|(i, change)| {
                let text = change.product.as_deref()?;
                Some(Reference { kind: ReferenceKind::Product, text, field: format!("changes[{i}].product") })
            })
            .collect()
    }

    pub(super) fn decide(&self, world: &World, context: &Context<'_>) -> Result<Decision, Refusal> {
        let order = refuse::placed_order(world, self.order_id)?;
        if !matches!(order.status(), Status::Pending | Status::Confirmed) {
            let message =
                format!("Order #{} is {}: its lines can no longer be changed.", order.id, order.status().spoken());
            return Err(refuse::illegal(order, context, message)
                .hint("Cancel unshipped units with orders_cancel, or place another order for what is added.")
                .into());
        }
        self.check()?;
        let mut lines: Vec<PlacedLine> = order.lines.iter().filter(|line| line.active() > 0).map(as_it_is).collect();
        let mut problems = Problems::default();
        for (i, change) in self.changes.iter().enumerate() {
            match change.line {
                Some(number) => change.alter(i, number, order, &mut lines, &mut problems)?,
                None => {
                    let number = next_number(order, &lines);
                    lines.extend(change.add(i, number, order, world, context, &mut problems)?);
                }
            }
        }
        problems.check()?;
        self.conclude(order, lines, world)
    }

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
    fn conclude(&self, order: &Order, mut lines: Vec<PlacedLine>, world: &World) -> Result<Decision, Refusal> {
        let stream = StreamId::Order(order.id);
        let mut decision = Decision::about(stream);
        if lines.iter().map(|line| line.quantity).sum::<i64>() == 0 {
            return Err(Rejection::invalid("changes", "Nothing would remain of the order.")
                .hint("Cancel the order with orders_cancel instead.")
                .into());
        }
        if lines.len() > limits::LINES_PER_ORDER {
            let message = format!("An order has at most {} lines.", limits::LINES_PER_ORDER);
            return Err(Rejection::new(Code::LimitExceeded, message).field("changes").into());
        }
        let differences = differences(order, &lines);
        if differences.is_empty() {
            return Ok(decision);
        }
        let mut moves = StockMoves::new(world);
        release(order, &mut lines, &mut moves)?;
        reserve(order, &mut lines, world, &mut moves)?;
        lines.retain(|line| line.quantity > 0);
        let totals = Totals::of(lines.iter().map(|line| line.amounts), order.current_shipping());
        if totals.gross.max(totals.total) > MAX_AMOUNT_MINOR {
            let message = "The order's total is larger than any amount accepted here.";
            return Err(Rejection::invalid("changes", message).into());
        }
        if lines.iter().any(|line| line.backordered > 0) {
            decision.warn("Some units are not in stock: the order waits for them.");
        }
        let (converted, converted_differences) = converted(order, &lines, &differences);
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
        let Some(line) = lines.iter_mut().find(|line| line.line == number) else {
            let there = lines.iter().map(|line| json!({ "line": line.line, "product": line.name }));
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
        let quantity = self.quantity.unwrap_or(line.quantity);
        if self.unit_price.is_none() && self.discount.is_none() {
            // The price stays: what the units cost so far, in proportion.
            let share = |amount: i64| {
                round_minor(Decimal::from(amount) * Decimal::from(quantity) / Decimal::from(line.quantity))
            };
            let Amounts { gross, discount, tax } = line.amounts;
            if quantity != line.quantity {
                line.amounts = Amounts { gross: share(gross), discount: share(discount), tax: share(tax) };
            }
            line.quantity = quantity;
            return Ok(());
        }
        let unit_price = match self.unit_price.as_deref().map(|text| parse_amount(text, order.currency)) {
            None => line.unit_price,
            Some(Ok(price)) => price,
            Some(Err(error)) => {
                problems.add(format!("changes[{index}].unit_price"), format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        let Some(gross) = unit_price.checked_mul(quantity).filter(|gross| *gross <= MAX_AMOUNT_MINOR) else {
            problems.add(format!("changes[{index}].quantity"), "makes the line larger than any amount accepted here");
            return Ok(());
        };
        let discount = match self.discount.as_deref().map(|text| Discount::parse(text, order.currency)) {
            None if line.amounts.gross == 0 => 0,
            None => round_minor(
                Decimal::from(gross) * Decimal::from(line.amounts.discount) / Decimal::from(line.amounts.gross),
            ),
            Some(Ok(discount)) => discount.of(gross),
            Some(Err(error)) => {
                problems.add(format!("changes[{index}].discount"), format!("cannot be read: {error}"));
                return Ok(());
            }
        };
        if discount > gross {
            problems.add(format!("changes[{index}].discount"), "is more than the line");
            return Ok(());
        }
        let entered = EnteredLine { gross, discount, tax_rate: line.tax_rate, tax_inclusive: entered_with_tax(line) };
        line.amounts = price(&[entered], 0, 0).0[0];
        line.unit_price = unit_price;
        line.quantity = quantity;
        Ok(())
    }

    /// A new line, priced like one of a new order.
    fn add(
        &self,
        index: usize,
        number: u32,
        order: &Order,
        world: &World,
        context: &Context<'_>,
        problems: &mut Problems,
    ) -> Result<Option<PlacedLine>, Refusal> {
        let text = self.product.as_deref().unwrap_or_default();
        let id = context.names.product(text);
        let field = format!("changes[{index}].product");
        let (product, entry) = refuse::registered(world, id, &field, text)?;
        if entry.archived {
            problems.add(field, format!("`{}` is archived and no longer sold", product.sku));
            return Ok(None);
        }
        let quantity = self.quantity.unwrap_or(1);
        let (unit_price, discount) = (self.unit_price.clone(), self.discount.clone());
        let input = LineInput { product: text.to_owned(), quantity, unit_price, line_total: None, discount };
        let (unit_price, gross, discount) = match input.amounts("changes", index, order.currency, entry) {
            Ok(amounts) => amounts,
            Err((field, message)) => {
                problems.add(field, message);
                return Ok(None);
            }
        };
        let entered = EnteredLine { gross, discount, tax_rate: entry.tax_rate, tax_inclusive: entry.tax_inclusive };
        Ok(Some(PlacedLine {
            line: number,
            product_id: id,
            sku: product.sku.clone(),
            name: entry.name.clone(),
            quantity,
            unit_price,
            tax_rate: entry.tax_rate,
            amounts: price(&[entered], 0, 0).0[0],
            tracked: entry.policy != StockPolicy::Untracked,
            reserved: 0,
            backordered: 0,
        }))
    }
}

/// A line with its active units only: cancelled ones are no part of the new agreement.
fn as_it_is(line: &Line) -> PlacedLine {
    PlacedLine {
        line: line.line,
        product_id: line.product_id,
        sku: line.sku.clone(),
        name: line.name.clone(),
        quantity: line.active(),
        unit_price: line.unit_price,
        tax_rate: line.tax_rate,
        amounts: line.kept_amounts(),
        tracked: line.tracked,
        reserved: line.reserved,
        backordered: line.backordered,
    }
}

/// Whether the line's price was entered with tax: its gross, which never includes tax, is then less than its price.
fn entered_with_tax(line: &PlacedLine) -> bool {
    line.amounts.gross < line.unit_price * line.quantity
}

/// Behind the last number of the order as it was and as it becomes.
fn next_number(order: &Order, lines: &[PlacedLine]) -> u32 {
    let numbers = order.lines.iter().map(|line| line.line).chain(lines.iter().map(|line| line.line));
    numbers.max().map_or(1, |last| last + 1)
}

/// Lines and differences in the shop's currency by the order's rate. A line that did not move keeps what it was.
fn converted(
    order: &Order,
    lines: &[PlacedLine],
    differences: &[LineDifference],
) -> (Option<Converted>, Option<Converted>) {
    let Some(by) = order.rate else { return (None, None) };
    let before = |number: u32| {
        let line = order.lines.iter().find(|line| line.line == number);
        line.map(|line| Line { amounts: line.converted, ..line.clone() }.kept_amounts()).unwrap_or_default()
    };
    let after = |line: &PlacedLine| {
        let moved = differences.iter().any(|moved| moved.line == line.line);
        if moved { by.amounts(line.amounts, order.currency) } else { before(line.line) }
    };
    let moves = differences.iter().map(|moved| {
        let now = lines.iter().find(|line| line.line == moved.line).map(after).unwrap_or_default();
        let was = before(moved.line);
        Amounts { gross: now.gross - was.gross, discount: now.discount - was.discount, tax: now.tax - was.tax }
    });
    let moves = Converted { by, lines: moves.collect(), shipping: Charge::default() };
    let lines = lines.iter().map(after).collect();
    (Some(Converted { by, lines, shipping: order.shipping_converted }), Some(moves))
}

fn differences(order: &Order, lines: &[PlacedLine]) -> Vec<LineDifference> {
    let before = |number: u32| {
        let line = order.lines.iter().find(|line| line.line == number);
        line.map(|line| (line.active(), line.kept_amounts())).unwrap_or_default()
    };
    let moved = lines.iter().map(|line| {
        let (units, amounts) = before(line.line);
        LineDifference {
            line: line.line,
            product_id: line.product_id,
            units: line.quantity - units,
            amounts: Amounts {
                gross: line.amounts.gross - amounts.gross,
                discount: line.amounts.discount - amounts.discount,
                tax: line.amounts.tax - amounts.tax,
            },
        }
    });
    moved.filter(|moved| moved.units != 0 || moved.amounts != Amounts::default()).collect()
}

/// First what lines no longer need: units waited for before units set aside.
fn release(order: &Order, lines: &mut [PlacedLine], moves: &mut StockMoves<'_>) -> Result<(), Refusal> {
    for line in lines.iter_mut().filter(|line| line.tracked) {
        let less = line.reserved + line.backordered - line.quantity;
        if less <= 0 {
            continue;
        }
        let backordered = less.min(line.backordered);
        let reserved = less - backordered;
        line.backordered -= backordered;
        line.reserved -= reserved;
        let (product_id, order_id, line) = (line.product_id, order.id, line.line);
        moves.record(product_id, StockReleased { product_id, order_id, line, reserved, backordered })?;
    }
    Ok(())
}

/// Then what they need more, as far as nobody waits for it already.
fn reserve(order: &Order, lines: &mut [PlacedLine], world: &World, moves: &mut StockMoves<'_>) -> Result<(), Refusal> {
    for line in lines.iter_mut().filter(|line| line.tracked) {
        let more = line.quantity - line.reserved - line.backordered;
        if more <= 0 {
            continue;
        }
        let (product_id, order_id, number) = (line.product_id, order.id, line.line);
        let (_, entry) = refuse::registered(world, product_id, "changes", &line.sku)?;
        let stock = moves.stock(product_id)?;
        let (available, waiting) = (stock.available().max(0), stock.backordered());
        let free = if waiting == 0 { available } else { 0 };
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
        commands::{Cancel, Command, CreateOrder, Ship, UpsertProduct},
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
        assert_eq!(differences_of(&added)[0].0, 2);
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
}
