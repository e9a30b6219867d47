//! Stock for a new order: each product judged by its sum over all lines, then divided among them.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Item;
use crate::{
    commands::stock_moves::StockMoves,
    decide::Refusal,
    event::{PlacedLine, StockBackordered, StockPolicy, StockReserved},
    ids::{OrderId, ProductId},
    rejection::{Code, Rejection},
    states::States,
};

/// What one line gets of its product's stock.
#[derive(Clone, Copy, Default)]
pub(super) struct Allotment {
    pub(super) reserved: i64,
    pub(super) backordered: i64,
}

/// Divides what is available among the lines, first come first served, after judging each product's sum over all lines.
pub(super) fn allot(items: &[Item<'_>], states: &States) -> Result<Vec<Allotment>, Refusal> {
    let mut requested: BTreeMap<ProductId, i64> = BTreeMap::new();
    for item in items.iter().filter(|item| item.entry.policy != StockPolicy::Untracked) {
        *requested.entry(item.id).or_default() += item.quantity;
    }
    let mut free = BTreeMap::new();
    let mut shortfalls: Vec<Value> = vec![];
    for (id, requested) in requested {
        let stock = states.stock(id)?;
        let available = stock.available().max(0);
        let Some(item) = items.iter().find(|item| item.id == id) else { continue };
        let may_wait = match item.entry.policy {
            StockPolicy::Backorder => (item.entry.backorder_limit - stock.backordered()).max(0),
            StockPolicy::Deny | StockPolicy::Untracked => 0,
        };
        if requested > available + may_wait {
            shortfalls.push(json!({
                "product": item.entry.name, "sku": item.product.sku,
                "requested": requested, "available": available, "shortfall": requested - available,
            }));
        }
        free.insert(id, available);
    }
    if !shortfalls.is_empty() {
        return Err(insufficient(shortfalls).into());
    }
    Ok(items
        .iter()
        .map(|item| match free.get_mut(&item.id) {
            None => Allotment::default(),
            Some(free) => {
                let reserved = item.quantity.min(*free);
                *free -= reserved;
                Allotment { reserved, backordered: item.quantity - reserved }
            }
        })
        .collect())
}

fn insufficient(shortfalls: Vec<Value>) -> Rejection {
    let described: Vec<String> = shortfalls
        .iter()
        .map(|short| {
            format!("{} of {} available, {} asked for", short["available"], short["product"], short["requested"])
        })
        .collect();
    Rejection::new(Code::InsufficientStock, format!("Not enough in stock: {}.", described.join("; ")))
        .field("lines")
        .hint("Order fewer units, or receive stock first with inventory_receive.")
        .candidates(shortfalls)
}

/// Records what [`allot`] gave each line.
pub(super) fn set_aside(lines: &[PlacedLine], order_id: OrderId, moves: &mut StockMoves<'_>) -> Result<(), Refusal> {
    for placed in lines {
        let PlacedLine { product_id, line, .. } = *placed;
        if placed.reserved > 0 {
            let units = placed.reserved;
            moves.record(product_id, StockReserved { product_id, order_id, line, units, from_backorder: false })?;
        }
        if placed.backordered > 0 {
            let units = placed.backordered;
            moves.record(product_id, StockBackordered { product_id, order_id, line, units })?;
        }
    }
    Ok(())
}
