//! Receiving units into stock; the order that waits longest gets them first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    About, Act, Reference, preconditions,
    repeated::{is_recent, suspected},
    stock_moves::StockMoves,
};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{StockPolicy, StockReceived},
    ids::{ProductId, StreamId},
    limits,
    rejection::{Problems, Rejection},
    states::States,
    stock::{Receipt, Stock},
    text,
};

/// Take units of a product into stock. Orders that wait for the product get them first, the oldest order first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReceiveStock {
    /// SKU or name of the product.
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: String,
    /// Units that came in.
    #[schemars(range(min = 1, max = limits::UNITS))]
    pub quantity: i64,
}

impl Act for ReceiveStock {
    fn about(&self, names: &Names) -> About {
        About::Stock(names.product(&self.product))
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let mut problems = Problems::default();
        text::check_line("product", &self.product, limits::REFERENCE_CHARS, &mut problems);
        text::check_units("quantity", self.quantity, &mut problems);
        problems.check()?;
        let product_id = stocked(states, context, &self.product)?;
        let mut moves = StockMoves::new(states);
        if context.ask.repeated {
            let entry = states.product(product_id)?.entry.as_ref();
            let name = entry.map_or(self.product.as_str(), |entry| &entry.name);
            self.check_repeated(moves.stock(product_id)?, name, context)?;
        }
        if moves.stock(product_id)?.on_hand + self.quantity > limits::UNITS_ON_HAND {
            return Err(Rejection::invalid("quantity", "There would be more on hand than can be counted here.").into());
        }
        moves.record(product_id, StockReceived { product_id, units: self.quantity })?;
        let mut decision = Decision::about(StreamId::Stock(product_id));
        moves.settle(&mut decision)?;
        Ok(decision)
    }

    fn references(&self) -> Vec<Reference<'_>> {
        vec![Reference::product(&self.product, "product")]
    }
}

impl ReceiveStock {
    fn check_repeated(&self, stock: &Stock, name: &str, context: &Context<'_>) -> Result<(), Rejection> {
        let alike = |before: &&Receipt| before.units == self.quantity && is_recent(before.at, context);
        let Some(before) = stock.receipts.iter().rev().find(alike) else { return Ok(()) };
        let units = if before.units == 1 { "unit" } else { "units" };
        let message = format!("{} {units} of `{name}` came in within the last two minutes.", before.units);
        Err(suspected(message, json!({ "product": name, "quantity": before.units, "on_hand": stock.on_hand })))
    }
}

/// The product with this name, if it is registered and its stock is tracked.
pub(super) fn stocked(states: &States, context: &Context<'_>, text: &str) -> Result<ProductId, Refusal> {
    tracked(states, context.names.product(text), text)
}

/// The product, if it is registered and its stock is tracked.
pub(super) fn tracked(states: &States, id: ProductId, text: &str) -> Result<ProductId, Refusal> {
    let (product, entry) = preconditions::registered(states, id, "product", text)?;
    match entry.policy {
        StockPolicy::Deny | StockPolicy::Backorder => Ok(id),
        StockPolicy::Untracked => {
            let message = format!("No stock is kept of {}.", product.called());
            Err(Rejection::invalid("product", message)
                .hint("Change its policy to deny or backorder with products_upsert to keep stock of it.")
                .into())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{
        commands::{AdjustStock, ChangeLines},
        rejection::Code,
        testing::{Story, input, streams, types},
    };

    fn receive(quantity: i64) -> crate::commands::Command {
        input::<ReceiveStock>(json!({ "product": "W", "quantity": quantity }))
    }

    #[test]
    fn receipts_fill_backorders_oldest_order_first() {
        let mut story = Story::new();
        story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 10, "low_stock_threshold": 2 }));
        let (first, second) = (story.ordered(&[("W", 2)]), story.ordered(&[("W", 1), ("W", 2)]));
        let decision = story.done(receive(3));
        let expected = ["StockReceived", "StockReserved", "BackorderFilled", "StockReserved", "BackorderFilled"];
        assert_eq!(types(&decision), expected);
        assert_eq!(streams(&decision).len(), 3);
        assert!(!story.order(first).backordered());
        let waiting: Vec<i64> = story.order(second).lines.iter().map(|line| line.backordered).collect();
        assert_eq!(waiting, [0, 2]);
        story.done(receive(5));
        let stock = story.stock("W");
        assert_eq!((stock.on_hand, stock.reserved, stock.available(), stock.backordered()), (8, 5, 3, 0));
    }

    #[test]
    fn only_possible_receipts_are_taken() {
        let mut story = Story::new();
        assert_eq!(story.refused(receive(1)).code, Code::NotFound);
        story.product("W", "1.00", json!({}));
        for quantity in [0, -1, 1_000_001, i64::MAX, i64::MIN] {
            assert_eq!(story.refused(receive(quantity)).field.as_deref(), Some("quantity"));
        }
        story.product("W", "1.00", json!({ "policy": "untracked" }));
        assert_eq!(story.refused(receive(1)).field.as_deref(), Some("product"));
    }

    #[test]
    fn the_oldest_order_is_filled_first_also_where_it_grew_later() {
        let mut story = Story::new();
        story.product("W", "1.00", json!({ "policy": "backorder", "backorder_limit": 10 }));
        let (first, second) = (story.ordered(&[("W", 1)]), story.ordered(&[("W", 3)]));
        let more = json!({ "order_id": first, "changes": [{ "line": 1, "quantity": 3 }] });
        story.done(input::<ChangeLines>(more));
        story.done(receive(3));
        let reserved = [first, second].map(|order| story.order(order).lines[0].reserved);
        assert_eq!(reserved, [3, 0]);
    }

    #[test]
    fn the_same_receipt_twice_is_asked_about() {
        let mut story = Story::new();
        story.product("W", "1.00", json!({}));
        story.asks.repeated = true;
        story.done(receive(10));
        story.done(receive(5));
        let asked = story.refused(receive(10));
        assert_eq!(asked.code, Code::DuplicateSuspected);
        assert_eq!(asked.candidates, [json!({ "product": "Product W", "quantity": 10, "on_hand": 15 })]);
        story.now += chrono::TimeDelta::seconds(120);
        story.done(receive(10));
        // A user who corrected the stock has looked at it.
        story.done(input::<AdjustStock>(json!({ "product": "W", "delta": -10 })));
        story.done(receive(10));
    }

    #[test]
    fn stock_that_was_never_above_the_threshold_does_not_fall_to_it() {
        let mut story = Story::new();
        story.product("L", "1.00", json!({ "low_stock_threshold": 5 })).stocked("L", 3);
        let reached = |story: &Story| story.told.iter().filter(|told| told.2.event_type() == "LowStockReached").count();
        story.ordered(&[("L", 1)]);
        assert_eq!(reached(&story), 0, "it was low from the first");
        story.stocked("L", 8);
        story.ordered(&[("L", 6)]);
        assert_eq!(reached(&story), 1);
        story.ordered(&[("L", 1)]);
        assert_eq!(reached(&story), 1, "once until it is crossed upwards");
        story.product("L", "1.00", json!({ "low_stock_threshold": 1 }));
        story.ordered(&[("L", 2)]);
        assert_eq!(reached(&story), 2, "it was above the lower threshold");
    }
}
