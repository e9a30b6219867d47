//! Stock for changed lines: what they no longer need is released, what they need more is set aside or waited for.

use std::collections::BTreeMap;

use crate::{
    commands::{
        allotment::{Allotment, may_wait, shortfall},
        preconditions,
        stock_moves::StockMoves,
    },
    decide::Refusal,
    event::{PlacedLine, StockPolicy, StockReleased, StockReserved},
    ids::ProductId,
    order::{Order, Released},
    rejection::{Code, Rejection},
    states::States,
};

/// First what lines no longer need: units waited for before units set aside. Gives how many units of each product that
/// frees.
pub(super) fn release(
    order: &Order,
    lines: &mut [PlacedLine],
    moves: &mut StockMoves<'_>,
) -> Result<BTreeMap<ProductId, i64>, Refusal> {
    let mut freed = BTreeMap::new();
    for line in lines.iter_mut().filter(|line| line.tracked) {
        let less = line.reserved + line.backordered - line.active();
        if less <= 0 {
            continue;
        }
        let Released { reserved, backordered } = Released::of(less, line.backordered);
        line.backordered -= backordered;
        line.reserved -= reserved;
        let (product_id, order_id, line) = (line.product_id, order.id, line.line);
        moves.record(product_id, StockReleased { product_id, order_id, line, reserved, backordered })?;
        *freed.entry(product_id).or_default() += reserved;
    }
    Ok(freed)
}

/// Then what they need more, or wait for: first what this change freed, then what nobody else waits for.
pub(super) fn reserve(
    order: &Order,
    lines: &mut [PlacedLine],
    freed: &mut BTreeMap<ProductId, i64>,
    states: &States,
    moves: &mut StockMoves<'_>,
) -> Result<(), Refusal> {
    for line in lines.iter_mut().filter(|line| line.tracked) {
        let (product_id, order_id, number) = (line.product_id, order.id, line.line);
        let own = freed.entry(product_id).or_default();
        let units = line.backordered.min(*own);
        if units > 0 {
            *own -= units;
            line.backordered -= units;
            line.reserved += units;
            let reserved = StockReserved { product_id, order_id, line: number, units, from_backorder: true };
            moves.record(product_id, reserved)?;
        }
        let more = line.active() - line.reserved - line.backordered;
        if more <= 0 {
            continue;
        }
        let (_, entry) = preconditions::registered(states, product_id, "changes", &line.sku)?;
        let stock = moves.stock(product_id)?;
        let (available, waiting) = (stock.available().max(0), stock.backordered());
        let free = match entry.policy {
            // There is always enough of it.
            StockPolicy::Untracked => more,
            StockPolicy::Deny | StockPolicy::Backorder if waiting == 0 => available.max(*own),
            StockPolicy::Deny | StockPolicy::Backorder => *own,
        };
        *own -= more.min(*own);
        if more > free + may_wait(entry, moves.stock(product_id)?) {
            let message = format!("Not enough in stock: {free} of {} available, {more} more asked for.", line.name);
            return Err(Rejection::new(Code::InsufficientStock, message)
                .field("changes")
                .hint("Ask for fewer units, or receive stock first with inventory_receive.")
                .candidates(vec![shortfall(&line.name, &line.sku, Some(number), more, free)])
                .into());
        }
        let allotment = Allotment::of(more, free);
        line.reserved += allotment.reserved;
        line.backordered += allotment.backordered;
        allotment.record(product_id, order_id, number, moves)?;
    }
    Ok(())
}
