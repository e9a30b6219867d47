//! Taking units into stock; whoever waits for them longest gets them first.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{refuse, stock_moves::StockMoves};
use crate::{
    decide::{Context, Decision, Refusal},
    event::{StockPolicy, StockReceived},
    ids::{ProductId, StreamId},
    limits,
    rejection::{Problems, Rejection},
    text,
    world::World,
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

impl ReceiveStock {
    pub(super) fn decide(&self, world: &World, context: &Context<'_>) -> Result<Decision, Refusal> {
        let mut problems = Problems::default();
        text::check_line("product", &self.product, limits::REFERENCE_CHARS, &mut problems);
        text::check_units("quantity", self.quantity, &mut problems);
        problems.check()?;
        let product_id = stocked(world, context, &self.product)?;
        let mut moves = StockMoves::new(world);
        if moves.stock(product_id)?.on_hand + self.quantity > limits::UNITS_ON_HAND {
            return Err(Rejection::invalid("quantity", "There would be more on hand than can be counted here.").into());
        }
        moves.record(product_id, StockReceived { product_id, units: self.quantity })?;
        let mut decision = Decision::about(StreamId::Stock(product_id));
        moves.settle(&mut decision)?;
        Ok(decision)
    }
}

/// The product named, if it is registered and stock is kept of it.
pub(super) fn stocked(world: &World, context: &Context<'_>, text: &str) -> Result<ProductId, Refusal> {
    let id = context.names.product(text);
    let (product, entry) = refuse::registered(world, id, "product", text)?;
    match entry.policy {
        StockPolicy::Deny | StockPolicy::Backorder => Ok(id),
        StockPolicy::Untracked => {
            let message = format!("No stock is kept of `{}`.", product.sku);
            Err(Rejection::invalid("product", message)
                .hint("Change its policy to deny or backorder with products_upsert to keep stock of it.")
                .into())
        }
    }
}
