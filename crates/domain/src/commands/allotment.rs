//! Divides the units of an order into reserved ones and waiting ones (rule S2).

use serde_json::{Value, json};

use super::stock_moves::StockMoves;
use crate::{
    event::{CatalogueEntry, StockBackordered, StockPolicy, StockReserved},
    ids::{OrderId, ProductId},
    states::Missing,
    stock::Stock,
};

/// The units that one line gets from its product's stock.
#[derive(Clone, Copy, Default)]
pub(super) struct Allotment {
    pub(super) reserved: i64,
    pub(super) backordered: i64,
}

impl Allotment {
    /// Free units are reserved; the other units wait.
    pub(super) fn of(asked: i64, free: i64) -> Allotment {
        let reserved = asked.min(free);
        Allotment { reserved, backordered: asked - reserved }
    }

    /// Records the allotment in the product's stock.
    pub(super) fn record(
        self,
        product_id: ProductId,
        order_id: OrderId,
        line: u32,
        moves: &mut StockMoves<'_>,
    ) -> Result<(), Missing> {
        let Allotment { reserved, backordered } = self;
        if reserved > 0 {
            let set_aside = StockReserved { product_id, order_id, line, units: reserved, from_backorder: false };
            moves.record(product_id, set_aside)?;
        }
        if backordered > 0 {
            moves.record(product_id, StockBackordered { product_id, order_id, line, units: backordered })?;
        }
        Ok(())
    }
}

/// How many more units of the product may wait, over all orders.
pub(super) fn may_wait(entry: &CatalogueEntry, stock: &Stock) -> i64 {
    match entry.policy {
        StockPolicy::Backorder => (entry.backorder_limit - stock.backordered()).max(0),
        StockPolicy::Deny | StockPolicy::Untracked => 0,
    }
}

/// The data of `INSUFFICIENT_STOCK` about one product or one line of an order.
pub(super) fn shortfall(product: &str, sku: &str, line: Option<u32>, requested: i64, available: i64) -> Value {
    let mut shortfall = json!({ "product": product, "sku": sku });
    if let Some(line) = line {
        shortfall["line"] = json!(line);
    }
    shortfall["requested"] = json!(requested);
    shortfall["available"] = json!(available);
    shortfall["shortfall"] = json!(requested - available);
    shortfall
}
