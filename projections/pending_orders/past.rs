//! Pending orders as of an earlier position: the rows that held it, found by level, read back and judged in memory.

use std::collections::BTreeMap;

use orderlog_domain::ids::{CustomerId, ProductId};
use uuid::Uuid;

use super::{
    Filter, OpenOrder, Scope, StatusCount,
    fold::level,
    query::{Extent, extent},
    story::{Held, Reading, Told},
};
use crate::{
    answer::{Cursor, Days, QueryError},
    read::Read,
    store::{Sql, StoreError},
};

/// What both tables say of an order: number, customer, currency, placed at and on, story.
type Row = (i64, Uuid, String, i64, String, String);

/// Every order that `filter` names, as it read right after `position` and, where a hold may have ended by itself, at `at`
/// (milliseconds since the epoch); in no order.
///
/// Costs the orders that are open now or had something open at `position`, and about as many more that are looked at in
/// vain: it grows with them, and with the log only by a level for each doubling.
pub(super) async fn open_at(
    read: &mut Read,
    filter: &Filter,
    position: i64,
    at: i64,
) -> Result<Vec<OpenOrder>, QueryError> {
    let extent = match filter.placed {
        days if days == Days::default() => None,
        days => match extent(read, days).await? {
            Some(extent) => Some(extent),
            None => return Ok(vec![]),
        },
    };
    let rows: Vec<Row> = read.tx.all(&candidates(filter, extent, position, read.position.0)).await?;
    let mut found = Vec::with_capacity(rows.len());
    for (order_id, customer_id, currency, placed_at, placed_on, story) in rows {
        let unreadable = |error: serde_json::Error| StoreError::Shape(error.to_string());
        let told: Told = serde_json::from_str(&story).map_err(unreadable)?;
        let holds = match filter.product {
            Some(ProductId(product)) => serde_json::from_str::<Held>(&story).map_err(unreadable)?.at(product, position),
            None => true,
        };
        match told.at(position) {
            Some(reading) if holds && filter.scope.fits(&reading, at) => found.push(OpenOrder {
                order_id,
                customer_id,
                currency,
                placed_at,
                placed_on,
                status: reading.status.name().to_owned(),
                payment_status: reading.payment.name().to_owned(),
                on_hold: reading.held_until > at,
                backordered: reading.backordered,
                units_owed: reading.units_owed,
                total: reading.total,
                due: reading.due,
            }),
            Some(_) | None => {}
        }
    }
    Ok(found)
}

/// Open orders in the order of the list, from right after `cursor` on.
pub(super) fn sorted(mut orders: Vec<OpenOrder>, filter: &Filter, cursor: Option<Cursor>) -> Vec<OpenOrder> {
    let key = |order: &OpenOrder| (filter.sort.value(order), order.order_id);
    let forwards = filter.sort.ascends();
    if let Some(Cursor { value, id, .. }) = cursor {
        orders.retain(|order| if forwards { key(order) > (value, id) } else { key(order) < (value, id) });
    }
    orders.sort_unstable_by_key(key);
    if !forwards {
        orders.reverse();
    }
    orders
}

/// Counts and sums per status and currency.
pub(super) fn counts(orders: &[OpenOrder]) -> Vec<StatusCount> {
    let mut counts: BTreeMap<(&str, &str), StatusCount> = BTreeMap::new();
    for order in orders {
        let count = counts.entry((&order.status, &order.currency)).or_insert_with(|| StatusCount {
            status: order.status.clone(),
            currency: order.currency.clone(),
            orders: 0,
            units_owed: 0,
            total: 0,
            due: 0,
        });
        count.orders += 1;
        count.units_owed += order.units_owed;
        count.total += order.total;
        count.due += order.due;
    }
    counts.into_values().collect()
}

impl Scope {
    fn fits(self, reading: &Reading, at: i64) -> bool {
        match self {
            Scope::Pending => reading.status.owes_goods(),
            Scope::Unconfirmed => reading.status == orderlog_domain::order::Status::Pending,
            Scope::Unpaid => reading.unpaid,
            Scope::OnHold => reading.held_until > at,
            Scope::Backordered => reading.backordered,
        }
    }
}

/// The rows of both tables that may have been open at `position`. One branch for each level: a list of levels to join
/// would leave it to the planner whether to read the whole past.
fn candidates(filter: &Filter, extent: Option<Extent>, position: i64, now: i64) -> Sql {
    const COLUMNS: &str = "order_id, customer_id, currency, placed_at, placed_on, story";
    let mut sql = Sql::new(&format!("SELECT {COLUMNS} FROM (SELECT {COLUMNS} FROM pending_orders WHERE "));
    // What is closed in every way, and was before, is there only until it is delivered.
    sql.push("opened_position <= ").arg(position).push(" AND (owes_goods OR unpaid OR since > ").arg(position);
    sql.push(")");
    if let Some(extent) = extent {
        extent.restrict(&mut sql);
    }
    // An order is not open before it is placed.
    let earliest = extent.map_or(1, |extent| extent.first_position);
    // No interval is longer than the log.
    for level in 0..=level(now) {
        let longest = 2_i64.saturating_pow(u32::try_from(level).unwrap_or(u32::MAX).saturating_add(1));
        sql.push(&format!(" UNION ALL SELECT {COLUMNS} FROM pending_past WHERE level = ")).arg(level);
        sql.push(" AND from_position >= ").arg(earliest.max(position.saturating_sub(longest) + 1));
        sql.push(" AND from_position <= ").arg(position).push(" AND until_position > ").arg(position);
    }
    sql.push(") AS candidates WHERE 1 = 1");
    filter.placed.restrict(&mut sql, "placed_on");
    if let Some(CustomerId(customer)) = filter.customer {
        sql.push(" AND customer_id = ").arg(customer);
    }
    if let Some(ProductId(product)) = filter.product {
        // It was held at some time; whether then, the story tells.
        sql.push(" AND story LIKE ").arg(format!("%{product}%"));
    }
    sql
}
