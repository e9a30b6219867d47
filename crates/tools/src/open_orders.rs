//! The orders that still owe goods, for code that watches how long they wait.

use futures::future::BoxFuture;
use orderlog_domain::ids::{OrderId, Position};
use orderlog_projections::pending_orders::{Filter, pending_orders};
use orderlog_read_models::{Freshness, PAGE_LIMIT, PageRequest};

use crate::shop::OpenShop;

/// The numbers of these orders, oldest first. All events up to `position` are included, and perhaps later ones.
pub fn at_least_at(shop: &OpenShop, position: Position) -> BoxFuture<'_, anyhow::Result<Vec<OrderId>>> {
    Box::pin(async move {
        let filter = Filter { at: shop.clock.now(), ..Filter::default() };
        let (mut page, mut ids) = (PageRequest::first(PAGE_LIMIT), vec![]);
        loop {
            let found = pending_orders(&shop.projections, &filter, page, Freshness::AtLeast(position)).await?.found;
            ids.extend(found.orders.iter().map(|order| OrderId(order.order_id)));
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => return Ok(ids),
            }
        }
    })
}
