//! Correcting the units on hand: by a difference, or by what was counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{receive_stock::stocked, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Refusal},
    event::StockAdjusted,
    ids::StreamId,
    limits,
    rejection::{Problems, Rejection},
    text,
    world::World,
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
    #[schemars(with = "i64", range(min = -limits::UNITS, max = limits::UNITS))]
    pub delta: Option<i64>,
    /// Units that were counted on the shelf; the difference is recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i64", range(min = 0, max = limits::UNITS_ON_HAND))]
    pub counted: Option<i64>,
}

impl AdjustStock {
    pub(super) fn decide(&self, world: &World, context: &Context<'_>) -> Result<Decision, Refusal> {
        self.check()?;
        let product_id = stocked(world, context, &self.product)?;
        let mut decision = Decision::about(StreamId::Stock(product_id));
        let mut moves = StockMoves::new(world);
        let on_hand = moves.stock(product_id)?.on_hand;
        let delta = self.counted.map_or(self.delta.unwrap_or(0), |counted| counted - on_hand);
        if delta == 0 {
            return Ok(decision);
        }
        if on_hand + delta < 0 {
            let message = format!("Only {on_hand} are on hand; {} cannot be taken away.", -delta);
            return Err(Rejection::invalid("delta", message).into());
        }
        if on_hand + delta > limits::UNITS_ON_HAND {
            return Err(Rejection::invalid("delta", "There would be more on hand than can be counted here.").into());
        }
        moves.record(product_id, StockAdjusted { product_id, delta, counted: self.counted })?;
        let oversold = -moves.stock(product_id)?.available();
        if oversold > 0 {
            decision.warn(format!("The product is oversold: {oversold} reserved units are not on hand."));
        }
        moves.settle(&mut decision)?;
        Ok(decision)
    }

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
