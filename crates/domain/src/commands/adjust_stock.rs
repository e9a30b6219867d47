//! Correcting the units on hand: by a difference, or by a count.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act, Reference, receive_stock::stocked, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::StockAdjusted,
    ids::{ProductId, StreamId},
    limits,
    rejection::{Problems, Rejection},
    states::States,
    text,
};

/// Correct the units on hand of a product after damage, loss or a count. Give either `delta` or `counted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AdjustStock {
    /// SKU or name of the product.
    #[schemars(length(min = 1, max = limits::REFERENCE_CHARS))]
    pub product: String,
    /// Units to add, or to take away when negative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -limits::UNITS, max = limits::UNITS))]
    pub delta: Option<i64>,
    /// Units that were counted on the shelf; the difference is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = limits::UNITS_ON_HAND))]
    pub counted: Option<i64>,
}

impl Act for AdjustStock {
    fn about(&self, names: &Names) -> About {
        About::Stock(names.product(&self.product))
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        self.check()?;
        let product_id = stocked(states, context, &self.product)?;
        let on_hand = states.stock(product_id)?.on_hand;
        let delta = self.counted.map_or(self.delta.unwrap_or(0), |counted| counted - on_hand);
        adjusted(product_id, delta, self.counted, states)
    }

    fn references(&self) -> Vec<Reference<'_>> {
        vec![Reference::product(&self.product, "product")]
    }
}

/// Corrects the units on hand by `delta`, which must not take more than there are.
pub(super) fn adjusted(
    product_id: ProductId,
    delta: i64,
    counted: Option<i64>,
    states: &States,
) -> Result<Decision, Refusal> {
    let mut decision = Decision::about(StreamId::Stock(product_id));
    let mut moves = StockMoves::new(states);
    let on_hand = moves.stock(product_id)?.on_hand;
    if delta == 0 {
        return Ok(decision);
    }
    if on_hand + delta < 0 {
        let there = match on_hand {
            0 => "No unit is".to_owned(),
            1 => "Only 1 unit is".to_owned(),
            units => format!("Only {units} units are"),
        };
        let message = format!("{there} on hand; {} cannot be taken away.", -delta);
        return Err(Rejection::invalid("delta", message).into());
    }
    if on_hand + delta > limits::UNITS_ON_HAND {
        return Err(Rejection::invalid("delta", "There would be more on hand than can be counted here.").into());
    }
    moves.record(product_id, StockAdjusted { product_id, delta, counted })?;
    let oversold = -moves.stock(product_id)?.available();
    if oversold > 0 {
        let (units, are) = if oversold == 1 { ("unit", "is") } else { ("units", "are") };
        decision.warn(format!("The product is oversold: {oversold} reserved {units} {are} not on hand."));
    }
    moves.settle(&mut decision)?;
    Ok(decision)
}

impl AdjustStock {
    fn check(&self) -> Result<(), Rejection> {
        let mut problems = Problems::default();
        text::check_line("product", &self.product, limits::REFERENCE_CHARS, &mut problems);
        match (self.delta, self.counted) {
            (Some(0), None) => problems.add("delta", "must not be 0"),
            (Some(delta), None) if delta.unsigned_abs() > limits::UNITS.unsigned_abs() => {
                problems.add("delta", format!("must be from -{0} to {0}; it is {delta}", limits::UNITS));
            }
            (None, Some(counted)) if !(0..=limits::UNITS_ON_HAND).contains(&counted) => {
                problems.add("counted", format!("must be from 0 to {}; it is {counted}", limits::UNITS_ON_HAND));
            }
            (Some(_), None) | (None, Some(_)) => {}
            (None, None) | (Some(_), Some(_)) => problems.add("delta", "or counted is needed, and not both"),
        }
        problems.check()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{Story, input, types};

    fn adjust(arguments: Value) -> crate::commands::Command {
        let mut arguments = arguments;
        arguments["product"] = json!("A");
        input::<AdjustStock>(arguments)
    }

    fn shop() -> Story {
        let mut story = Story::new();
        story.product("A", "1.00", json!({})).stocked("A", 10);
        story
    }

    #[test]
    fn a_count_becomes_a_difference() {
        let mut story = shop();
        let decision = story.done(adjust(json!({ "counted": 7 })));
        let expected = StockAdjusted { product_id: story.stock("A").product_id, delta: -3, counted: Some(7) };
        assert_eq!(decision.facts[0].1, expected.into());
        assert!(story.done(adjust(json!({ "counted": 7 }))).facts.is_empty());
    }

    #[test]
    fn a_count_below_what_is_reserved_is_believed() {
        let mut story = shop();
        story.ordered(&[("A", 8)]);
        let decision = story.done(adjust(json!({ "counted": 5 })));
        assert_eq!(decision.warnings, ["The product is oversold: 3 reserved units are not on hand."]);
        assert_eq!(story.stock("A").available(), -3);
        assert_eq!(types(&story.done(adjust(json!({ "delta": 3 })))), ["StockAdjusted"]);
    }

    #[test]
    fn no_more_can_be_taken_than_is_there() {
        let mut story = shop();
        assert_eq!(story.refused(adjust(json!({ "delta": -11 }))).field.as_deref(), Some("delta"));
        story.done(adjust(json!({ "delta": -10 })));
        assert_eq!(story.stock("A").on_hand, 0);
    }

    #[test]
    fn exactly_one_way_of_saying_it_is_needed() {
        let mut story = shop();
        for wrong in [
            json!({}),
            json!({ "delta": 1, "counted": 1 }),
            json!({ "delta": 0 }),
            json!({ "counted": -1 }),
            json!({ "delta": i64::MIN }),
        ] {
            story.refused(adjust(wrong));
        }
    }
}
