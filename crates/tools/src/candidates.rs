//! Candidates for a name that fits several things: the likeliest first, each with what distinguishes it.

use std::collections::HashMap;

use orderlog_domain::{
    format::day_in_words,
    ids::{CustomerId, OrderId, ProductId},
};
use orderlog_projections::{
    catalogue::Product,
    customers::Customer,
    order_summary::{self, OrderSummary},
    stock,
};
use orderlog_read_models::{Freshness, Projections};
use serde_json::{Map, Value, json};

use crate::{failure::Failure, wording::Wording};

/// Most candidates that are examined for one name.
pub(crate) const LOOKED_AT: u32 = 200;
/// Offered at most.
pub(crate) const OFFERED: usize = 5;

/// One candidate.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// For the sentence.
    pub(crate) name: String,
    /// The exact identifier of the candidate.
    pub(crate) identifier: String,
    /// For the caller to choose by.
    pub(crate) facts: Value,
}

/// The customers who ordered last come first.
pub(crate) async fn of_customers(
    projections: &Projections,
    mut customers: Vec<Customer>,
    fresh: Freshness,
) -> Result<Vec<Candidate>, Failure> {
    let ids = customers.iter().map(|customer| CustomerId(customer.customer_id));
    let latest = order_summary::latest_of_customers(projections, ids, fresh).await?;
    customers.sort_by_key(|customer| std::cmp::Reverse(latest.get(&customer.customer_id)));
    customers.truncate(OFFERED);
    let orders = orders(projections, customers.iter().map(|customer| customer.customer_id), &latest, fresh).await?;
    let candidate = |customer: Customer| {
        let last = latest.get(&customer.customer_id).and_then(|order| orders.get(order));
        let mut facts = Map::new();
        // An address identifies a customer as surely as an id, and people know it.
        match &customer.email {
            Some(email) => facts.insert("email".to_owned(), json!(email)),
            None => facts.insert("customer_id".to_owned(), json!(customer.customer_id)),
        };
        facts.insert("name".to_owned(), json!(customer.name));
        let city = customer.address.as_deref().and_then(city);
        facts.extend(city.map(|city| ("city".to_owned(), json!(city))));
        facts.extend(last.map(|last| ("last_order".to_owned(), json!(last_order(last)))));
        Candidate {
            name: customer.name.clone().unwrap_or_else(|| "(forgotten)".to_owned()),
            identifier: customer.email.unwrap_or_else(|| customer.customer_id.to_string()),
            facts: facts.into(),
        }
    };
    Ok(customers.into_iter().map(candidate).collect())
}

/// Products in stock come first; among them, those that were ordered last.
pub(crate) async fn of_products(
    projections: &Projections,
    wording: &Wording,
    mut products: Vec<Product>,
    fresh: Freshness,
) -> Result<Vec<Candidate>, Failure> {
    let ids: Vec<ProductId> = products.iter().map(|product| ProductId(product.product_id)).collect();
    let latest = order_summary::latest_of_products(projections, ids.iter().copied(), fresh).await?;
    let levels = stock::stock_of(projections, &ids, fresh).await?.found;
    let levels: HashMap<_, _> = levels.into_iter().map(|level| (level.product_id, level)).collect();
    let in_stock = |product: &Product| {
        levels.get(&product.product_id).is_some_and(|level| !level.tracked || level.available() > 0)
    };
    products.sort_by_key(|product| std::cmp::Reverse((in_stock(product), latest.get(&product.product_id))));
    products.truncate(OFFERED);
    let candidate = |product: Product| {
        let mut facts = Map::new();
        facts.insert("sku".to_owned(), json!(product.sku));
        facts.insert("name".to_owned(), json!(product.name));
        facts.insert("price".to_owned(), json!(wording.money_in(product.price, &product.currency).formatted));
        let level = levels.get(&product.product_id).filter(|level| level.tracked);
        facts.extend(level.map(|level| ("available".to_owned(), json!(level.available()))));
        Candidate { name: product.name, identifier: product.sku, facts: facts.into() }
    };
    Ok(products.into_iter().map(candidate).collect())
}

async fn orders(
    projections: &Projections,
    customers: impl Iterator<Item = uuid::Uuid>,
    latest: &HashMap<uuid::Uuid, OrderId>,
    fresh: Freshness,
) -> Result<HashMap<OrderId, OrderSummary>, Failure> {
    let numbers: Vec<OrderId> = customers.filter_map(|customer| latest.get(&customer).copied()).collect();
    let found = order_summary::by_numbers(projections, &numbers, fresh).await?.found;
    Ok(found.into_iter().map(|order| (OrderId(order.order_id), order)).collect())
}

/// `#1042 on 20 Nov 2026`
fn last_order(order: &OrderSummary) -> String {
    let day = order.placed_on.parse().map_or_else(|_| order.placed_on.clone(), day_in_words);
    format!("#{} on {day}", order.order_id)
}

/// The part of an address that probably names the city: the part with the postal code, or else the last one that is not
/// a country.
pub(crate) fn city(address: &str) -> Option<&str> {
    /// Digits that make a postal code.
    const CODE: usize = 4;
    const COUNTRIES: [&str; 9] =
        ["india", "germany", "deutschland", "france", "uk", "united kingdom", "usa", "united states", "bharat"];
    let mut parts: Vec<&str> = address.split([',', '\n']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let is_country = |part: &&str| COUNTRIES.contains(&part.to_lowercase().as_str());
    while parts.len() > 1 && parts.last().is_some_and(is_country) {
        parts.pop();
    }
    // The street is before the first comma.
    let (_, parts) = parts.split_first()?;
    let is_code = |c: char| c.is_ascii_digit() || c.is_whitespace() || c == '-';
    let digits = |part: &str| part.chars().filter(char::is_ascii_digit).count();
    let coded = parts.iter().rposition(|part| digits(part) >= CODE);
    let named = |nth: usize| Some(parts.get(nth)?.trim_matches(is_code)).filter(|name| !name.is_empty());
    let of_code = coded.and_then(|nth| named(nth).or_else(|| named(nth.checked_sub(1)?)));
    of_code.or_else(|| named(parts.len().checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::city;

    #[test]
    fn a_city_is_told_as_well_as_can_be() {
        for (address, expected) in [
            ("12 Lake Road, Pune", Some("Pune")),
            ("12 Lake Road, Pune 411001, India", Some("Pune")),
            ("12 Lake Road, Kothrud, Pune - 411 038, Maharashtra", Some("Pune")),
            ("Lindenstr. 4\n10969 Berlin\nDeutschland", Some("Berlin")),
            ("1 Main St, Springfield, 62701", Some("Springfield")),
            ("12 Lake Road Pune", None),
            ("", None),
        ] {
            assert_eq!(city(address), expected, "{address}");
        }
    }
}
