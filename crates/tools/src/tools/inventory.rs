//! inventory.check: what is there of a product, and whether it is enough.

use std::sync::Arc;

use orderlog_domain::{
    event::StockPolicy,
    ids::ProductId,
    rejection::{Code, Rejection},
};
use orderlog_projections::stock;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    answer::{Short, Told},
    echo::shown,
    failure::Failure,
    history,
    principal::Caller,
    query::{Frame, read_filters},
    sentences,
    shop::OpenShop,
    tool::Tool,
};

/// What is in stock of a product, and whether it is enough.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Input {
    /// SKU or name.
    #[schemars(length(min = 1, max = 254))]
    product: String,
    /// Units wanted.
    #[serde(default)]
    #[schemars(range(min = 1, max = 1_000_000))]
    quantity: Option<i64>,
    /// A time (RFC 3339), a day (its end) or a log position.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    as_of: Option<String>,
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
    /// Available units at or below which it counts as low.
    #[serde(skip_serializing_if = "Option::is_none")]
    threshold: Option<i64>,
    #[serde(flatten)]
    frame: Frame,
}

impl Told for Output {
    fn short(mut self) -> Short {
        let short = self.frame.open().fact("sku", self.sku).said("name", self.name).said("enough", self.enough);
        let short = if self.tracked {
            let short = short.said("available", self.available).said("on_hand", self.on_hand);
            short.said("reserved", self.reserved).some("backordered", Some(self.backordered).filter(|units| *units > 0))
        } else {
            short.said("tracked", false)
        };
        self.frame.close(short)
    }
}

pub(super) fn check() -> Tool {
    Tool::query("inventory.check", "Check stock", run)
}

async fn run(shop: Arc<OpenShop>, input: Input, _: Caller) -> Result<Output, Failure> {
    let read = read_filters(&shop, None, None, Some(&input.product)).await?;
    let ids: Vec<_> = read.product.into_iter().collect();
    let answer = stock::stock_of(&shop.projections, &ids, shop.moments.fresh().await?).await?;
    let Some(level) = answer.found.first() else {
        let message = format!("Nothing is known of the stock of `{}`.", shown(&input.product));
        return Err(Rejection::new(Code::NotFound, message)
            .field("product")
            .hint("Look for it with products_search.")
            .into());
    };
    let mut level = level.clone();
    let mut interpretation = read.interpretation;
    let mut then = String::new();
    if let Some(text) = &input.as_of {
        let as_of = shop.moments.as_of(text).await?;
        interpretation.as_of_position = Some(as_of.position.0);
        let stock =
            history::stock_at(&shop.log, &shop.projections, ProductId(level.product_id), as_of.position).await?;
        (level.on_hand, level.reserved, level.backordered) = (stock.on_hand, stock.reserved, stock.backordered);
        // Whether stock was kept of it, and whether it was sold, may have been otherwise then.
        let product = history::product_at(&shop.log, ProductId(level.product_id), as_of.position).await?;
        if let Some(entry) = product.entry {
            (level.tracked, level.archived) = (entry.policy != StockPolicy::Untracked, entry.archived);
        }
        then = format!(" This is how it stood {}.", as_of.in_words(shop.settings.calendar.timezone));
    }
    let available = level.on_hand - level.reserved;
    let enough = !level.tracked || available >= input.quantity.unwrap_or(1);
    let name = &level.name;
    let levels = format!("{} on hand, {} set aside", level.on_hand, level.reserved);
    let are = if available == 1 { "is" } else { "are" };
    let text = match (level.tracked, input.quantity, enough) {
        (false, _, _) => format!("No stock is kept of {name}; there is always enough."),
        (true, None, _) => format!("{} ({levels}).", there_are(available, name)),
        (true, Some(n), true) => {
            format!("Yes, {} of {name} can be had: {available} {are} available ({levels}).", sentences::units(n))
        }
        (true, Some(n), false) => {
            format!("No, {} of {name} cannot be had: {available} {are} available ({levels}).", sentences::units(n))
        }
    };
    let archived = if level.archived { " It is archived and can no longer be ordered." } else { "" };
    Ok(Output {
        sku: level.sku.clone(),
        name: name.clone(),
        tracked: level.tracked,
        enough,
        available,
        on_hand: level.on_hand,
        reserved: level.reserved,
        backordered: level.backordered,
        threshold: level.threshold.filter(|_| level.tracked),
        frame: Frame::of(&answer, None, interpretation, text + archived + &then),
    })
}

/// `8 units of Mug are available`, `No unit of Mug is available`.
fn there_are(available: i64, name: &str) -> String {
    match available {
        1 => format!("1 unit of {name} is available"),
        2.. => format!("{} of {name} are available", sentences::units(available)),
        _ => format!("No unit of {name} is available"),
    }
}
