//! Pending orders as of an earlier position: rows with intervals that contain it are found by level, then read and
//! checked in memory.

use std::collections::BTreeMap;

use orderlog_domain::ids::{CustomerId, ProductId};
use orderlog_read_models::{Cursor, Days, QueryError, SnapshotRead, Sql, StoreError};
use uuid::Uuid;

use super::{
    extent::Extent,
    filter::{Filter, OpenOrder, StatusCount},
    intervals,
    versions::{ProductsOnly, VersionsOnly},
};

/// The columns of an order that both tables have.
struct Candidate {
    order_id: i64,
    customer_id: Uuid,
    currency: String,
    placed_at: i64,
    placed_on: String,
    /// [`super::Versions`], of which only a part is read.
    story: String,
}
orderlog_read_models::from_row!(Candidate { order_id, customer_id, currency, placed_at, placed_on, story });

/// Every order that fits `filter`, as it was right after `position` and, because a hold may have ended by itself, at
/// `at` (milliseconds since the epoch); in no order.
///
/// Costs the orders that are open now or had something open at `position`, and about as many more that are looked at in
/// vain: it grows with them, and with the log only by a level for each doubling.
pub(super) async fn open_at(
    read: &mut SnapshotRead,
    filter: &Filter,
    position: i64,
    at: i64,
) -> Result<Vec<OpenOrder>, QueryError> {
    let extent = match filter.placed {
        days if days == Days::default() => None,
        days => match Extent::of(read, days).await? {
            Some(extent) => Some(extent),
            None => return Ok(vec![]),
        },
    };
    let candidates: Vec<Candidate> = read.all(&candidates(filter, extent, position, read.position().0)).await?;
    let mut found = Vec::with_capacity(candidates.len());
    for Candidate { order_id, customer_id, currency, placed_at, placed_on, story } in candidates {
        let unreadable = |error: serde_json::Error| StoreError::Shape(error.to_string());
        let versions: VersionsOnly = serde_json::from_str(&story).map_err(unreadable)?;
        let holds = match filter.products.as_slice() {
            [] => true,
            products => {
                let held = serde_json::from_str::<ProductsOnly>(&story).map_err(unreadable)?;
                products.iter().any(|ProductId(product)| held.at(*product, position))
            }
        };
        match versions.at(position) {
            Some(reading) if holds && filter.is_early(placed_at) && filter.scope.holds(&reading, at) => {
                found.push(OpenOrder {
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
                })
            }
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

/// Orders that are open now. An order with nothing open, which was open before, is there only until it is delivered.
const OPEN_NOW: &str = "
SELECT order_id, customer_id, currency, placed_at, placed_on, story FROM pending_orders
WHERE opened_position <= $1 AND (owes_goods OR unpaid OR since > $1)";

/// Orders that were open before, on one level. The window of the level is appended.
const OPEN_THEN: &str = "
UNION ALL
SELECT order_id, customer_id, currency, placed_at, placed_on, story FROM pending_past
WHERE from_position <= $1 AND until_position > $1 AND level = ";

/// The rows of both tables that may have been open at `position`. One branch for each level: with a join on a list of
/// levels, the planner might read the complete past.
fn candidates(filter: &Filter, extent: Option<Extent>, position: i64, now: i64) -> Sql {
    let mut all = Sql::new(OPEN_NOW).bind(position);
    if let Some(extent) = extent {
        extent.restrict(&mut all);
    }
    // An order is not open before it is placed.
    let earliest = extent.map_or(1, |extent| extent.first_position);
    for level in intervals::levels(now) {
        let window = intervals::window(level, position);
        all.push(OPEN_THEN).arg(level).push(" AND from_position >= ").arg(earliest.max(*window.start()));
    }
    let mut sql = all.after("SELECT * FROM (");
    sql.push(") AS candidates WHERE 1 = 1");
    filter.placed.restrict(&mut sql, "placed_on");
    if let Some(CustomerId(customer)) = filter.customer {
        sql.push(" AND customer_id = ").arg(customer);
    }
    // The order contained one of them at some time; the versions show whether it did then.
    for (nth, ProductId(product)) in filter.products.iter().enumerate() {
        sql.push(if nth == 0 { " AND (story LIKE " } else { " OR story LIKE " }).arg(format!("%{product}%"));
    }
    if !filter.products.is_empty() {
        sql.push(")");
    }
    sql
}
