//! Names of the products and customers that acts were about, and the changes of products.

use std::collections::HashMap;

use orderlog_domain::{
    envelope::Envelope,
    event::Event,
    ids::{Position, ProductId, StreamId},
    product::Product,
    states::State,
};
use orderlog_projections::catalogue;
use uuid::Uuid;

use crate::{
    changes,
    failure::Failure,
    history,
    query::{customers_named, known},
    recent_acts::RecentAct,
    sentences::{self, told},
    shop::OpenShop,
};

/// Orders of a call about many that are named.
pub(super) const TOLD_ORDERS: usize = 3;

/// Names of products and customers.
pub(super) struct Names {
    products: HashMap<ProductId, String>,
    customers: HashMap<Uuid, String>,
    /// The fields that each change of a product changed, by its position in the log.
    changes: HashMap<Position, String>,
}

impl Names {
    pub(super) async fn of(shop: &OpenShop, acts: &[&RecentAct]) -> Result<Names, Failure> {
        let fresh = shop.moments.fresh().await?;
        let streams = || acts.iter().filter_map(|act| act.events.first()).map(|event| event.stream);
        let mut products: Vec<ProductId> = streams()
            .filter_map(|stream| match stream {
                StreamId::Stock(id) | StreamId::Product(id) => Some(id),
                _ => None,
            })
            .collect();
        products.sort_unstable();
        products.dedup();
        let people = streams().filter_map(|stream| if let StreamId::Customer(id) = stream { Some(id.0) } else { None });
        let customers = customers_named(shop, people, fresh).await?;
        let found = catalogue::names_by_id(&shop.projections, &products, fresh).await?.found;
        let mut changes = HashMap::new();
        for event in acts.iter().flat_map(|act| &act.events) {
            if let Event::ProductChanged(fact) = &event.data {
                let before = history::product_at(&shop.log, fact.product_id, Position(event.position.0 - 1)).await?;
                changes.insert(event.position, changed(shop, before, event));
            }
        }
        Ok(Names {
            changes,
            products: found.into_iter().map(|product| (product.product_id, product.name)).collect(),
            customers: customers.keys().map(|id| (*id, known(&customers, *id).called())).collect(),
        })
    }

    /// The fields that a change of a product changed: `price: ₹499.00 → ₹549.00`.
    pub(super) fn changed(&self, at: Position) -> Option<&str> {
        self.changes.get(&at).map(String::as_str)
    }

    /// `Order #1001`, `Blue Mug`, `Asha Rao`.
    pub(super) fn about(&self, act: &RecentAct) -> String {
        let orders = act.orders();
        match act.events.first().map(|event| event.stream) {
            Some(StreamId::Order(_)) if orders.len() > TOLD_ORDERS => {
                let first: Vec<String> = orders.iter().take(TOLD_ORDERS).map(|order| format!("#{order}")).collect();
                format!("{} orders ({} …)", orders.len(), first.join(", "))
            }
            Some(StreamId::Order(_)) => {
                let all: Vec<String> = orders.iter().map(|order| format!("#{order}")).collect();
                let orders = if all.len() == 1 { "Order" } else { "Orders" };
                format!("{orders} {}", sentences::all_of(&all))
            }
            Some(StreamId::Stock(id) | StreamId::Product(id)) => {
                self.products.get(&id).cloned().unwrap_or_else(|| "A product".to_owned())
            }
            Some(StreamId::Customer(id)) => {
                self.customers.get(&id.0).cloned().unwrap_or_else(|| "A customer".to_owned())
            }
            Some(StreamId::Notifications) => "Notifications".to_owned(),
            Some(StreamId::Confirmations) => "Confirmation".to_owned(),
            Some(StreamId::Rate(_)) | None => "Rate".to_owned(),
        }
    }
}

/// Each field that a change of a product changed, before and after, written as in an order's history.
fn changed(shop: &OpenShop, before: Product, event: &Envelope<Event>) -> String {
    let (before, mut after) = (State::Product(before.clone()), State::Product(before));
    after.evolve(&event.data, &event.provenance);
    let changed = changes::in_words(&changes::between(shop, Some(&before), &after));
    if changed.is_empty() { told::describe(&event.data, None, &shop.settings) } else { changed.join(", ") }
}
