//! What names in arguments mean: products by SKU or name, customers by id, e-mail address or name.

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
};

use orderlog_domain::{
    commands::{Reference, ReferenceKind},
    decide::Names,
    envelope,
    event::Event,
    ids::{CustomerId, OrderId, ProductId, StreamId, Version},
    rejection::{Code, Rejection},
    text::{is_invisible, key},
};
use orderlog_event_log::Log;
use orderlog_keyring::Keyring;
use orderlog_projections::{
    catalogue::{self, Product},
    customers::{self, Customer},
};
use orderlog_read_models::{Answer, Found, Freshness, Matched, Projections};
use serde_json::json;
use uuid::Uuid;

use crate::{failure::Failure, moments::Moments};

/// Candidates offered when a name fits several things.
const CANDIDATES: u32 = 5;
/// Names remembered at most.
const REMEMBERED: usize = 100_000;

/// What names mean in this shop.
#[derive(Debug)]
pub struct Directory {
    log: Log,
    projections: Projections,
    keyring: Arc<Keyring>,
    moments: Moments,
    /// A SKU names its product forever.
    skus: RwLock<HashMap<String, ProductId>>,
    /// An order has its customer forever.
    orders: RwLock<HashMap<OrderId, CustomerId>>,
}

/// What a name in an argument is for, and so how sure its reading must be (domain rules §3, Names).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Answering: the only thing found is meant, and the answer says how the name was read.
    Read,
    /// Changing something: an identifier, the whole name or all of its words; what is nearer to a guess is asked about.
    Write,
    /// What cannot be taken back: an identifier or the whole name as it is written.
    Erase,
}

/// What the names of a command mean, and what the user should know of the reading.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// By the text as it was typed.
    pub names: Names,
    /// `tea` was read as Tea.
    pub readings: Vec<String>,
}

impl Directory {
    pub(crate) fn new(log: Log, projections: Projections, keyring: Arc<Keyring>, moments: Moments) -> Directory {
        Directory { log, projections, keyring, moments, skus: RwLock::default(), orders: RwLock::default() }
    }

    /// Resolves every name of a command.
    pub async fn resolve(&self, references: Vec<Reference<'_>>) -> Result<Resolved, Failure> {
        let mut resolved = Resolved::default();
        for Reference { kind, text, field } in references {
            match kind {
                ReferenceKind::Product => {
                    if !resolved.names.products.contains_key(text) {
                        let (id, reading) = self.product(text, &field, Purpose::Write).await?;
                        resolved.readings.extend(reading);
                        resolved.names.products.insert(text.to_owned(), id);
                    }
                }
                ReferenceKind::Customer => {
                    if !resolved.names.customers.contains_key(text) {
                        let (id, reading) = self.customer(text, &field, Purpose::Write).await?;
                        resolved.readings.extend(reading);
                        resolved.names.customers.insert(text.to_owned(), id);
                    }
                }
            }
        }
        Ok(resolved)
    }

    /// The product meant, and how it was read if not by its SKU.
    pub(crate) async fn product(
        &self,
        text: &str,
        field: &str,
        purpose: Purpose,
    ) -> Result<(ProductId, Option<String>), Failure> {
        if let Some(id) = remembered(&self.skus, text) {
            return Ok((id, None));
        }
        let answer =
            catalogue::find_products(&self.projections, text, CANDIDATES + 1, self.moments.fresh().await?).await?;
        if answer.found.how == Matched::Identifier
            && let [product] = answer.found.items.as_slice()
        {
            remember(&self.skus, text.to_owned(), ProductId(product.product_id));
        }
        let asked = Asked { text, field, purpose, kind: "product", tool: "products_search" };
        let describe = |product: &Product| format!("{} ({})", product.name, product.sku);
        let offer = |product: &Product| json!({"sku": product.sku, "name": product.name});
        let (product, reading) = only(answer, &asked, describe, offer)?;
        Ok((ProductId(product.product_id), reading))
    }

    /// The customer meant, and how it was read if not by its id or address.
    pub(crate) async fn customer(
        &self,
        text: &str,
        field: &str,
        purpose: Purpose,
    ) -> Result<(CustomerId, Option<String>), Failure> {
        // An address or id copied from a message brings marks along that nobody sees.
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let trimmed = visible.trim();
        if let Ok(id) = Uuid::parse_str(trimmed) {
            return Ok((CustomerId(id), None));
        }
        if trimmed.contains('@') {
            // What this node recorded itself it must know; what another did a moment ago it may hear of a moment later.
            let known = Freshness::AtLeast(self.projections.known_head());
            if let Some(id) = customers::remembered_by_email(&self.projections, trimmed, known).await? {
                return Ok((id, None));
            }
            if let Some(id) = self.keyring.by_email(trimmed).await? {
                return Ok((id, None));
            }
            let rejection = Rejection::new(Code::NotFound, format!("No customer has the e-mail address {trimmed}."));
            return Err(rejection.field(field).hint("Register the customer with customers_upsert first.").into());
        }
        let mut answer =
            customers::find_customers(&self.projections, text, CANDIDATES + 1, self.moments.fresh().await?).await?;
        let as_written = |customer: &Customer| customer.name.as_deref().is_some_and(|name| key(name) == key(text));
        if purpose == Purpose::Erase && !answer.found.items.iter().all(as_written) {
            answer.found.how = answer.found.how.max(Matched::Alike);
        }
        let asked = Asked { text, field, purpose, kind: "customer", tool: "customers_search" };
        let named = |customer: &Customer| match (&customer.name, &customer.email) {
            (Some(name), Some(email)) => format!("{name} ({email})"),
            (Some(name), None) => name.clone(),
            (None, _) => "(forgotten)".to_owned(),
        };
        let offer = |customer: &Customer| json!({"customer_id": customer.customer_id, "name": customer.name, "email": customer.email});
        let (customer, reading) = only(answer, &asked, named, offer)?;
        Ok((CustomerId(customer.customer_id), reading))
    }

    /// Who placed an order; `None` when there is no such order.
    pub(crate) async fn customer_of(&self, order: OrderId) -> Result<Option<CustomerId>, Failure> {
        if let Some(customer) = remembered(&self.orders, &order) {
            return Ok(Some(customer));
        }
        let first = self.log.read_stream(StreamId::Order(order), Version::NONE, 1).await.map_err(anyhow::Error::new)?;
        let Some(first) = first.first() else { return Ok(None) };
        match envelope::decode(&first.json).map_err(anyhow::Error::new)?.data {
            Event::OrderPlaced(placed) => {
                remember(&self.orders, order, placed.customer_id);
                Ok(Some(placed.customer_id))
            }
            _ => Ok(None),
        }
    }
}

/// A name in an argument.
struct Asked<'a> {
    text: &'a str,
    field: &'a str,
    purpose: Purpose,
    /// What is named: product or customer.
    kind: &'static str,
    /// The tool that looks for such things.
    tool: &'static str,
}

/// The only thing found by a way sure enough for its purpose, or a rejection that offers what there is. Where the read
/// model lags, what was not found, or only something like it, may be there by its exact name.
fn only<T>(
    Answer { found, behind, .. }: Answer<Found<T>>,
    Asked { text, field, purpose, kind, tool }: &Asked<'_>,
    describe: impl Fn(&T) -> String,
    offer: impl Fn(&T) -> serde_json::Value,
) -> Result<(T, Option<String>), Rejection> {
    let shown: String = text.chars().take(80).collect();
    let exact = matches!(found.how, Matched::Identifier | Matched::Name);
    if behind > 0 && !exact {
        let message =
            format!("It is not known yet what {kind} `{shown}` means: its list is {behind} events behind the log.");
        return Err(Rejection::new(Code::StaleRead, message).field(*field).hint("Call again in a moment."));
    }
    let sure = match purpose {
        Purpose::Read => true,
        Purpose::Write => found.how <= Matched::Words,
        Purpose::Erase => exact,
    };
    let mut items = found.items;
    if items.is_empty() {
        return Err(Rejection::new(Code::NotFound, format!("There is no {kind} called `{shown}`."))
            .field(*field)
            .hint(format!("Look for it with {tool}.")));
    }
    if sure && items.len() == 1 {
        let item = items.remove(0);
        let reading = (!exact).then(|| format!("`{shown}` was read as {}.", describe(&item)));
        return Ok((item, reading));
    }
    let many = items.len() > CANDIDATES as usize;
    items.truncate(CANDIDATES as usize);
    let described = items.iter().map(&describe).collect::<Vec<_>>().join(", ");
    let message = match (sure, items.len()) {
        (false, 1) => format!("No {kind} is called `{shown}`; the nearest is {described}."),
        (false, _) => format!("No {kind} is called `{shown}`; the nearest are {described}."),
        (true, _) if many => format!("`{shown}` fits more than {CANDIDATES} {kind}s, among them {described}."),
        (true, n) => format!("`{shown}` fits {n} {kind}s: {described}."),
    };
    let hint = match purpose {
        Purpose::Erase => "Ask the user who is meant, then repeat the call with the e-mail address or the customer_id.",
        Purpose::Read | Purpose::Write => {
            "Ask the user which one is meant, then repeat the call with its exact identifier."
        }
    };
    Err(Rejection::new(Code::Ambiguous, message).field(*field).hint(hint).candidates(items.iter().map(offer).collect()))
}

fn remembered<K: std::hash::Hash + Eq + std::borrow::Borrow<Q>, Q: std::hash::Hash + Eq + ?Sized, V: Copy>(
    memory: &RwLock<HashMap<K, V>>,
    key: &Q,
) -> Option<V> {
    memory.read().unwrap_or_else(PoisonError::into_inner).get(key).copied()
}

fn remember<K: std::hash::Hash + Eq, V>(memory: &RwLock<HashMap<K, V>>, key: K, value: V) {
    let mut memory = memory.write().unwrap_or_else(PoisonError::into_inner);
    if memory.len() >= REMEMBERED {
        memory.clear();
    }
    memory.insert(key, value);
}

#[cfg(test)]
mod tests {
    use orderlog_domain::ids::Position;

    use super::*;

    fn resolved(purpose: Purpose, how: Matched, items: &[&str], behind: i64) -> Result<(String, Option<String>), Code> {
        let items = items.iter().map(|item| (*item).to_owned()).collect();
        let answer = Answer { position: Position(9), behind, found: Found { how, items } };
        let offer = |item: &String| json!({ "name": item });
        let asked = Asked { text: "tea", field: "product", purpose, kind: "product", tool: "products_search" };
        only(answer, &asked, Clone::clone, offer).map_err(|error| error.code)
    }

    #[test]
    fn what_is_not_found_for_sure_while_the_list_lags_is_to_be_asked_again() {
        let resolved = |how, items: &[&str], behind| resolved(Purpose::Read, how, items, behind);
        let tea = || "Tea".to_owned();
        assert_eq!(resolved(Matched::Nothing, &[], 0), Err(Code::NotFound));
        assert_eq!(resolved(Matched::Nothing, &[], 3), Err(Code::StaleRead));
        assert_eq!(resolved(Matched::Alike, &["Tea"], 0), Ok((tea(), Some("`tea` was read as Tea.".to_owned()))));
        assert_eq!(resolved(Matched::Alike, &["Tea"], 3), Err(Code::StaleRead));
        assert_eq!(resolved(Matched::Prefix, &["Tea", "Teapot"], 3), Err(Code::StaleRead));
        assert_eq!(resolved(Matched::Name, &["Tea"], 3), Ok((tea(), None)));
        assert_eq!(resolved(Matched::Name, &["Tea", "Tea"], 3), Err(Code::Ambiguous));
    }

    #[test]
    fn the_more_a_call_can_spoil_the_surer_its_names_must_be() {
        for (how, write, erase) in [
            (Matched::Identifier, true, true),
            (Matched::Name, true, true),
            (Matched::Words, true, false),
            (Matched::Prefix, false, false),
            (Matched::Alike, false, false),
        ] {
            assert!(resolved(Purpose::Read, how, &["Tea"], 0).is_ok(), "{how:?}");
            for (purpose, taken) in [(Purpose::Write, write), (Purpose::Erase, erase)] {
                let expected = if taken { None } else { Some(Code::Ambiguous) };
                assert_eq!(resolved(purpose, how, &["Tea"], 0).err(), expected, "{purpose:?} {how:?}");
            }
        }
    }
}
