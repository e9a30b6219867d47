//! Stock for a new order: each product is checked by its sum over all lines, then divided among the lines.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    commands::{
        allotment::{Allotment, may_wait, shortfall},
        line_input::PricedLine,
    },
    decide::Refusal,
    event::StockPolicy,
    ids::ProductId,
    rejection::{Code, Rejection},
    states::States,
};

/// Divides the available units among the lines, first line first, after it checked each product's sum over all lines.
pub(super) fn allot(items: &[PricedLine<'_>], states: &States) -> Result<Vec<Allotment>, Refusal> {
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
        if requested > available + may_wait(item.entry, stock) {
            shortfalls.push(shortfall(&item.entry.name, &item.product.sku, None, requested, available));
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
                let allotment = Allotment::of(item.quantity, *free);
                *free -= allotment.reserved;
                allotment
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
