//! Completion of arguments: order numbers and SKUs.

use futures::future::BoxFuture;
use orderlog_domain::ids::OrderId;
use orderlog_projections::catalogue;
use orderlog_read_models::PageRequest;

use crate::{failure::Failure, shop::OpenShop};

/// Values offered at once.
const OFFERED: u32 = 20;
/// Orders looked through for those that begin with some digits, latest first.
const LOOKED_THROUGH: usize = 100_000;

/// The latest orders whose number begins with this text, and how many there are.
pub fn orders<'a>(shop: &'a OpenShop, begin: &'a str) -> BoxFuture<'a, Result<(Vec<String>, usize), Failure>> {
    Box::pin(async move {
        let next = shop.log.head().await.map_err(anyhow::Error::new)?.next_order;
        let numbers = (OrderId::FIRST.0..next.0).rev().take(LOOKED_THROUGH).map(|number| number.to_string());
        let mut fitting: Vec<String> = numbers.filter(|number| number.starts_with(begin.trim())).collect();
        let total = fitting.len();
        fitting.truncate(OFFERED as usize);
        Ok((fitting, total))
    })
}

/// SKUs of products that fit a text, and how many there are.
pub fn skus<'a>(shop: &'a OpenShop, text: &'a str) -> BoxFuture<'a, Result<(Vec<String>, usize), Failure>> {
    Box::pin(async move {
        let (page, fresh) = (PageRequest::first(OFFERED), shop.moments.fresh().await?);
        let found = catalogue::products(&shop.projections, Some(text), false, page, fresh).await?.found;
        let total = usize::try_from(found.total_count).unwrap_or_default();
        Ok((found.products.into_iter().map(|product| product.sku).collect(), total))
    })
}
