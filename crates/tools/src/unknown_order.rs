//! Suggestions for the number of an order that does not exist: open orders whose number ends with it.

use orderlog_domain::{
    format::day_in_words,
    ids::OrderId,
    rejection::{Code, Rejection},
};
use orderlog_projections::pending_orders;
use orderlog_read_models::Freshness;
use serde_json::json;

use crate::{
    failure::Failure,
    query::{customers_named, known},
    shop::OpenShop,
};

/// Open orders offered at most.
const OFFERED: u32 = 3;

/// The rejection of a number that no order has.
pub(crate) async fn unknown(shop: &OpenShop, id: OrderId) -> Rejection {
    let rejection = Rejection::new(Code::NotFound, format!("There is no order #{id}."))
        .field("order_id")
        .hint("Look for it with orders_search.");
    offered(shop, id, rejection).await
}

/// The rejection with suggestions, for a command that the decision refused.
pub(crate) async fn explained(shop: &OpenShop, order: Option<OrderId>, failure: Failure) -> Failure {
    match (failure, order) {
        (Failure::Rejected(rejection), Some(id)) if is_unknown(&rejection) => offered(shop, id, rejection).await.into(),
        (failure, _) => failure,
    }
}

fn is_unknown(rejection: &Rejection) -> bool {
    rejection.code == Code::NotFound && rejection.field.as_deref() == Some("order_id")
}

/// Adds which numbers exist, and suggestions. If these cannot be found, the answer stays as it is.
async fn offered(shop: &OpenShop, id: OrderId, rejection: Rejection) -> Rejection {
    let Ok(head) = shop.log.head().await else { return rejection };
    let last = head.next_order.0 - 1;
    if last < OrderId::FIRST.0 {
        return Rejection { message: format!("{} No order has been placed yet.", rejection.message), ..rejection };
    }
    let numbers = format!("{} Numbers go from {} to {last}.", rejection.message, OrderId::FIRST);
    let rejection = Rejection { message: numbers, ..rejection };
    let candidates = if id.0 > 0 { meant(shop, id).await.unwrap_or_default() } else { vec![] };
    if candidates.is_empty() {
        return rejection;
    }
    let message = format!("{} Open orders that end in {id} are offered.", rejection.message);
    let hint = "Ask the user which one is meant.";
    Rejection { message, ..rejection }.hint(hint).candidates(candidates)
}

async fn meant(shop: &OpenShop, id: OrderId) -> Result<Vec<serde_json::Value>, Failure> {
    let numbers = pending_orders::ending_with(&shop.projections, id, OFFERED, Freshness::Whatever).await?;
    let rows = pending_orders::open_by_numbers(&shop.projections, &numbers, Freshness::Whatever).await?.found;
    let customers = customers_named(shop, rows.iter().map(|row| row.customer_id), Freshness::Whatever).await?;
    let candidate = |row: &pending_orders::PendingOrder| {
        let placed = row.placed_on.parse().map_or_else(|_| row.placed_on.clone(), day_in_words);
        json!({
            "order_id": row.order_id,
            "customer": known(&customers, row.customer_id).called(),
            "placed": placed,
            "status": row.status,
        })
    };
    Ok(rows.iter().rev().map(candidate).collect())
}
