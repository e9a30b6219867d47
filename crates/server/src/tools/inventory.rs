//! inventory.check: what is there of a product.

use std::sync::Arc;

use orderlog_domain::rejection::{Code, Rejection};
use orderlog_projections::stock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Failure, Tool, query::Frame};
use crate::{node::Node, principal::Caller, sentences};

/// What is in stock of a product, and whether it is enough.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// SKU or name.
    #[schemars(length(min = 1, max = 254))]
    product: String,
    /// Units wanted.
    #[serde(default)]
    #[schemars(with = "i64", range(min = 1, max = 1_000_000))]
    quantity: Option<i64>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Output {
    sku: String,
    name: String,
    /// Whether stock is kept of it; if not, there is always enough.
    tracked: bool,
    /// Whether `quantity` is available; 1 unit when none was given.
    enough: bool,
    /// Units that can still be promised.
    available: i64,
    /// Units physically there.
    on_hand: i64,
    /// Units set aside for orders.
    reserved: i64,
    /// Units that orders wait for.
    backordered: i64,
    #[serde(flatten)]
    frame: Frame,
}

pub(super) fn check() -> Tool {
    Tool::query("inventory.check", "Check stock", run)
}

async fn run(node: Arc<Node>, input: Input, _: Caller) -> Result<Output, Failure> {
    let read = node.read(None, None, Some(&input.product)).await?;
    let ids: Vec<_> = read.product.into_iter().collect();
    let answer = stock::stock_of(&node.projections, &ids, node.fresh().await?).await?;
    let Some(level) = answer.found.first() else {
        let message = format!("Nothing is known of the stock of `{}`.", input.product);
        return Err(Rejection::new(Code::NotFound, message)
            .field("product")
            .hint("Look for it with products_search.")
            .into());
    };
    let available = level.on_hand - level.reserved;
    let enough = !level.tracked || available >= input.quantity.unwrap_or(1);
    let name = &level.name;
    let levels = format!("{} on hand, {} set aside", level.on_hand, level.reserved);
    let text = match (level.tracked, input.quantity, enough) {
        (false, _, _) => format!("No stock is kept of {name}; there is always enough."),
        (true, None, _) => format!("{} of {name} are available ({levels}).", sentences::units(available)),
        (true, Some(n), true) => format!("Yes, {n} × {name} can be had: {available} available ({levels})."),
        (true, Some(n), false) => format!("No, {n} × {name} cannot be had: {available} available ({levels})."),
    };
    Ok(Output {
        sku: level.sku.clone(),
        name: name.clone(),
        tracked: level.tracked,
        enough,
        available,
        on_hand: level.on_hand,
        reserved: level.reserved,
        backordered: level.backordered,
        frame: Frame::of(&answer, None, read.interpretation, text),
    })
}
