//! inventory.check: how many units of a product there are, and whether they are enough.

use std::sync::Arc;

use orderlog_domain::{
    event::StockPolicy,
    ids::{Position, ProductId},
    rejection::{Code, Rejection},
};
use orderlog_projections::stock::{self, StockLevel};
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
    table::{Row, Table},
    tool::Tool,
};

/// What is in stock of a product, or of a kind ("mugs"), and whether it is enough.
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
    /// Of a single product.
    #[serde(skip_serializing_if = "Option::is_none")]
    sku: Option<String>,
    /// Its name, or the word for several.
    name: String,
    /// Each of several products, which the other figures add up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    products: Vec<OfProduct>,
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

#[derive(Debug, Serialize, JsonSchema)]
struct OfProduct {
    sku: String,
    name: String,
    tracked: bool,
    available: i64,
    on_hand: i64,
    reserved: i64,
    backordered: i64,
}

impl OfProduct {
    fn of(level: &StockLevel) -> OfProduct {
        let StockLevel { sku, name, tracked, on_hand, reserved, backordered, .. } = level.clone();
        OfProduct { sku, name, tracked, available: level.available(), on_hand, reserved, backordered }
    }

    fn in_short(self) -> Row {
        let row = Row::default().cell("sku", self.sku).cell("name", self.name);
        let row = if self.tracked { row.cell("available", self.available) } else { row.cell("available", "always") };
        row.json("on_hand", self.on_hand).json("reserved", self.reserved).count("backordered", self.backordered)
    }
}

impl Told for Output {
    fn short(mut self) -> Short {
        let several = !self.products.is_empty();
        let table: Table = self.products.into_iter().map(OfProduct::in_short).collect();
        let short = self.frame.open().some("sku", self.sku).said("name", self.name).said("enough", self.enough);
        let short = if several { short.lines(table.in_words(None)).said("products", table.into_json()) } else { short };
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
    let answer = stock::stock_of(&shop.projections, &read.products, shop.moments.fresh().await?).await?;
    let mut levels = answer.found.clone();
    if levels.is_empty() {
        let message = format!("Nothing is known of the stock of `{}`.", shown(&input.product));
        return Err(Rejection::new(Code::NotFound, message)
            .field("product")
            .hint("Look for it with products_search.")
            .into());
    }
    let several = read.is_of_a_kind();
    let mut interpretation = read.interpretation;
    let mut then = String::new();
    if let Some(text) = &input.as_of {
        let as_of = shop.moments.as_of(text).await?;
        interpretation.as_of_position = Some(as_of.position.0);
        for level in &mut levels {
            stood(&shop, level, as_of.position).await?;
        }
        then = format!(" This is how it stood {}.", as_of.in_words(shop.settings.calendar.timezone));
    }
    // Archived products do not help a caller who asks for a kind of products.
    if several && levels.iter().any(|level| !level.archived) {
        levels.retain(|level| !level.archived);
    }
    levels.sort_by_key(|level| std::cmp::Reverse(level.available()));
    let sum = |of: fn(&StockLevel) -> i64| levels.iter().filter(|level| level.tracked).map(of).sum::<i64>();
    let tracked = levels.iter().all(|level| level.tracked);
    let [on_hand, reserved, backordered] =
        [sum(|level| level.on_hand), sum(|level| level.reserved), sum(|level| level.backordered)];
    let available = on_hand - reserved;
    let enough = !tracked || available >= input.quantity.unwrap_or(1);
    let name = match levels.as_slice() {
        [only] => only.name.clone(),
        _ => read.called.unwrap_or_default(),
    };
    let counted = format!("{on_hand} on hand, {reserved} set aside");
    let text = match (tracked, input.quantity, enough) {
        (false, _, _) if several => {
            let always = levels.iter().filter(|level| !level.tracked).count();
            format!("Of {always} of the {} no stock is kept; there is always enough.", kind(&levels, &name))
        }
        (false, _, _) => format!("No stock is kept of {name}; there is always enough."),
        (true, None, _) => format!("{} ({counted}).", there_are(available, &name)),
        (true, Some(n), true) => {
            format!("Yes, {} of {name} can be had: {} ({counted}).", sentences::units(n), so_many(available))
        }
        (true, Some(n), false) => {
            format!("No, {} of {name} cannot be had: {} ({counted}).", sentences::units(n), so_many(available))
        }
    };
    let archived = if levels.iter().all(|level| level.archived) {
        " It is archived and can no longer be ordered.".to_owned()
    } else if several && tracked {
        let most = levels.first().map(|most| format!("{} of {}", most.available(), most.name)).unwrap_or_default();
        format!(" These are {} together; the most are {most}.", kind(&levels, ""))
    } else {
        String::new()
    };
    let products = if several { levels.iter().map(OfProduct::of).collect() } else { vec![] };
    let only = levels.first().filter(|_| !several);
    Ok(Output {
        sku: only.map(|level| level.sku.clone()),
        name,
        products,
        tracked,
        enough,
        available,
        on_hand,
        reserved,
        backordered,
        threshold: only.and_then(|level| level.threshold).filter(|_| tracked),
        frame: Frame::of(&answer, None, interpretation, text + &archived + &then),
    })
}

/// `5 products`, `5 products called mugs`
fn kind(levels: &[StockLevel], name: &str) -> String {
    let called = if name.is_empty() { String::new() } else { format!(" called {name}") };
    format!("{}{called}", sentences::plural(levels.len() as i64, "product"))
}

/// The level as it was right after a position: whether the stock was tracked, and whether the product was sold, may
/// have been different then.
async fn stood(shop: &OpenShop, level: &mut StockLevel, then: Position) -> Result<(), Failure> {
    let id = ProductId(level.product_id);
    let stock = history::stock_at(&shop.log, &shop.projections, id, then).await?;
    (level.on_hand, level.reserved, level.backordered) = (stock.on_hand, stock.reserved, stock.backordered);
    if let Some(entry) = history::product_at(&shop.log, id, then).await?.entry {
        (level.tracked, level.archived) = (entry.policy != StockPolicy::Untracked, entry.archived);
    }
    Ok(())
}

/// `8 units of Mug are available`, `No unit of Mug is available`.
fn there_are(available: i64, name: &str) -> String {
    match available {
        1 => format!("1 unit of {name} is available"),
        2.. => format!("{} of {name} are available", sentences::units(available)),
        0 => format!("No unit of {name} is available"),
        _ => format!("No unit of {name} is available: {} fewer are there than were promised", -available),
    }
}

/// `8 are available`, `none is available`; if more was promised than is there, says how many units are missing.
fn so_many(available: i64) -> String {
    match available {
        0 => "none is available".to_owned(),
        1 => "1 is available".to_owned(),
        2.. => format!("{available} are available"),
        _ => format!("none is available, {} fewer are there than were promised", -available),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_nothing_is_never_available() {
        for (available, there, many) in [
            (2, "2 units of Mug are available", "2 are available"),
            (1, "1 unit of Mug is available", "1 is available"),
            (0, "No unit of Mug is available", "none is available"),
            (
                -6,
                "No unit of Mug is available: 6 fewer are there than were promised",
                "none is available, 6 fewer are there than were promised",
            ),
        ] {
            assert_eq!((there_are(available, "Mug").as_str(), so_many(available).as_str()), (there, many));
        }
    }
}
