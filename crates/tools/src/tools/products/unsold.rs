//! Products that nobody ordered for long, and how much of them lies on the shelf.

use std::collections::HashMap;

use orderlog_domain::format::day_in_words;
use orderlog_projections::{
    catalogue::{self, Product},
    order_summary, stock,
};
use orderlog_read_models::{Answer, Cursor, Freshness, PAGE_LIMIT, PageRequest};
use uuid::Uuid;

use crate::{failure::Failure, no_order::unordered_since, sentences::plural, shop::OpenShop};

/// A page of them with their units on hand, what all come to in words, how many there are, and where the next page starts.
pub(super) struct Unsold {
    pub(super) products: Vec<(Product, Option<i64>)>,
    pub(super) text: String,
    pub(super) total_count: i64,
    pub(super) next: Option<Cursor>,
}

/// Looks among the products with such words for those that nobody ordered since.
pub(super) async fn find(
    shop: &OpenShop,
    (text, archived): (Option<&str>, bool),
    since: &str,
    page: PageRequest,
    fresh: Freshness,
) -> Result<Answer<Unsold>, Failure> {
    let day = unordered_since(shop, since)?;
    let ordered = order_summary::products_ordered_since(&shop.projections, day, fresh).await?;
    let levels = stock::tracked(&shop.projections, fresh).await?;
    // The answer is as old as the oldest of what it is made of.
    let (mut position, mut behind) = (ordered.position.min(levels.position), ordered.behind.max(levels.behind));
    let on_hand: HashMap<Uuid, i64> = levels.found.into_iter().map(|level| (level.product_id, level.on_hand)).collect();
    let (mut all, mut reading): (Vec<Product>, _) = (vec![], PageRequest::first(PAGE_LIMIT));
    loop {
        let page = catalogue::products(&shop.projections, text, archived, reading, fresh).await?;
        (position, behind) = (position.min(page.position), behind.max(page.behind));
        all.extend(page.found.products.into_iter().filter(|product| !ordered.found.contains(&product.product_id)));
        reading.cursor = page.found.next;
        if reading.cursor.is_none() {
            break;
        }
    }
    let lying = |product: &Product| on_hand.get(&product.product_id).copied();
    // By name as they came, where as many are there.
    all.sort_by_key(|product| std::cmp::Reverse(lying(product)));
    let total_count = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let products: Vec<_> = page.of(&all).iter().map(|product| (product.clone(), lying(product))).collect();
    let units: i64 = all.iter().filter_map(lying).sum();
    let day = day_in_words(day);
    let text = match total_count {
        0 => format!("Every product was ordered since {day}."),
        n => format!("{} not ordered since {day}; {units} of their units are on hand.", was(n)),
    };
    let next = page.next_offset(products.len(), total_count, position);
    Ok(Answer { position, behind, found: Unsold { products, text, total_count, next } })
}

fn was(products: i64) -> String {
    let verb = if products == 1 { "was" } else { "were" };
    format!("{} {verb}", plural(products, "product"))
}
