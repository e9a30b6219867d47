//! The products that run low or are out of stock, for alerts.

use futures::future::BoxFuture;
use orderlog_domain::{
    ids::{Position, ProductId},
    stock::is_low,
};
use orderlog_projections::stock::low_stock;
use orderlog_read_models::{Freshness, PAGE_LIMIT, PageRequest};

use crate::{history, shop::OpenShop};

/// Products that ran low right after `position` and still do; if `out`, only those of which no unit was available.
pub fn right_after(shop: &OpenShop, position: Position, out: bool) -> BoxFuture<'_, anyhow::Result<Vec<ProductId>>> {
    Box::pin(async move {
        let (mut page, mut products, given) = (PageRequest::first(PAGE_LIMIT), vec![], out.then_some(0));
        loop {
            let found = low_stock(&shop.projections, given, page, Freshness::AtLeast(position)).await?.found;
            for level in &found.products {
                let product = ProductId(level.product_id);
                let units = history::stock_at(&shop.log, &shop.projections, product, position).await?;
                if is_low(units.on_hand - units.reserved, given.or(level.threshold)) {
                    products.push(product);
                }
            }
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => return Ok(products),
            }
        }
    })
}
