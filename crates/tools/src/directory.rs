//! Resolves names in arguments: products by SKU or name, customers by id, e-mail address or name.

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
    states::State,
    text::{is_invisible, key},
};
use orderlog_event_log::Log;
use orderlog_keyring::Keyring;
use orderlog_projections::{
    catalogue::{self, Product},
    customers::{self, Customer},
};
use orderlog_read_models::{Found, Freshness, Matched, PAGE_LIMIT, PageRequest, Projections};
use uuid::Uuid;

mod sure;

pub(crate) use sure::Purpose;
use sure::{Asked, Sure, Unsure, only, shown, together};

use crate::{
    candidates::{self, LOOKED_AT},
    failure::Failure,
    history,
    moments::Moments,
    permit::{HIDDEN, are_particulars_hidden},
    wording::Wording,
};

/// Products that an answer names if a word means several.
const KIND_NAMED: usize = 8;
/// Names remembered at most.
const REMEMBERED: usize = 100_000;

/// Resolves the names of this shop.
#[derive(Debug)]
pub struct Directory {
    log: Log,
    projections: Projections,
    keyring: Arc<Keyring>,
    moments: Moments,
    wording: Wording,
    /// A SKU never changes its product.
    skus: RwLock<HashMap<String, ProductId>>,
    /// An order never changes its customer.
    orders: RwLock<HashMap<OrderId, CustomerId>>,
}

/// The ids of the names in a command, and what the user should know of the reading.
#[derive(Debug, Clone, Default)]
pub struct Resolved {
    /// The ids by the text as it was typed.
    pub names: Names,
    /// `tea` was read as Tea.
    pub readings: Vec<String>,
}

impl Directory {
    pub(crate) fn new(
        log: Log,
        projections: Projections,
        keyring: Arc<Keyring>,
        moments: Moments,
        wording: Wording,
    ) -> Directory {
        Directory { log, projections, keyring, moments, wording, skus: RwLock::default(), orders: RwLock::default() }
    }

    /// Resolves every name of a command. If several are not clear, one answer reports all of them.
    pub async fn resolve(&self, references: Vec<Reference<'_>>) -> Result<Resolved, Failure> {
        let (mut resolved, mut refused) = (Resolved::default(), vec![]);
        for Reference { kind, text, field, of_order, may_be_new } in references {
            let Resolved { names, readings } = &mut resolved;
            // A SKU is one word. Several are words of a name.
            let is_sku = may_be_new && !text.trim().contains(char::is_whitespace);
            let purpose = if is_sku { Purpose::WriteOrMake } else { Purpose::Write };
            let read = match kind {
                ReferenceKind::Product if names.products.contains_key(text) => continue,
                ReferenceKind::Customer if names.customers.contains_key(text) => continue,
                ReferenceKind::Product => self.product(text, &field, purpose, of_order).await.map(|(id, reading)| {
                    names.products.insert(text.to_owned(), id);
                    reading
                }),
                ReferenceKind::Customer => self.customer(text, &field, purpose).await.map(|(id, reading)| {
                    names.customers.insert(text.to_owned(), id);
                    reading
                }),
            };
            match read {
                Ok(reading) => readings.extend(reading),
                Err(Failure::Rejected(rejection)) if may_be_new && rejection.code == Code::NotFound => {}
                Err(Failure::Rejected(rejection)) => refused.push(rejection),
                Err(failure) => return Err(failure),
            }
        }
        match refused.len() {
            0 => Ok(resolved),
            _ => Err(together(refused).into()),
        }
    }

    /// The product that is meant, and how the name was read if it was not the SKU.
    pub(crate) async fn product(
        &self,
        text: &str,
        field: &str,
        purpose: Purpose,
        of_order: Option<OrderId>,
    ) -> Result<(ProductId, Option<String>), Failure> {
        if let Some(id) = remembered(&self.skus, text) {
            return Ok((id, None));
        }
        let fresh = self.moments.fresh().await?;
        let answer = catalogue::find_products(&self.projections, text, LOOKED_AT, fresh).await?;
        if answer.found.how == Matched::Identifier
            && let [product] = answer.found.items.as_slice()
        {
            remember(&self.skus, text.to_owned(), ProductId(product.product_id));
        }
        let asked = Asked { text, field, purpose, kind: "product", tool: "products_search" };
        match only(answer, &asked, |product: &Product| format!("{} ({})", product.name, product.sku))? {
            Sure::Meant(product, reading) => Ok((ProductId(product.product_id), reading)),
            Sure::Among(items, unsure) => {
                if let (Some(order), Unsure::Fits(_)) = (of_order, unsure)
                    && let Some(meant) = self.only_of_order(order, &items).await?
                {
                    let (typed, Product { name, sku, .. }) = (shown(text), meant);
                    let reading = format!("`{typed}` was read as {name} ({sku}), which order #{order} has.");
                    return Ok((ProductId(meant.product_id), Some(reading)));
                }
                let candidates = candidates::of_products(&self.projections, &self.wording, items, fresh).await?;
                Err(asked.among(candidates, unsure).into())
            }
        }
    }

    /// The products that are meant, if several can be reported together: the one that [`Directory::product`] finds, or
    /// all that the words fit. The second value says how they were read.
    pub(crate) async fn products(&self, text: &str, field: &str) -> Result<(Vec<Product>, Option<String>), Failure> {
        let fresh = self.moments.fresh().await?;
        let answer = catalogue::find_products(&self.projections, text, LOOKED_AT, fresh).await?;
        // A match of only some of the words is not a word for a kind of products.
        let all_words = answer.found.how <= Matched::Prefix || answer.found.how == Matched::Alike;
        let asked = Asked { text, field, purpose: Purpose::Read, kind: "product", tool: "products_search" };
        match only(answer, &asked, |product: &Product| format!("{} ({})", product.name, product.sku))? {
            Sure::Meant(product, reading) => Ok((vec![product], reading)),
            Sure::Among(items, Unsure::Fits(total)) if all_words && total == items.len() => {
                let reading = kind_in_words(text, &items);
                Ok((items, Some(reading)))
            }
            Sure::Among(items, unsure) => {
                let candidates = candidates::of_products(&self.projections, &self.wording, items, fresh).await?;
                Err(asked.among(candidates, unsure).into())
            }
        }
    }

    /// The only one of these products that the order contains.
    async fn only_of_order<'a>(&self, order: OrderId, items: &'a [Product]) -> Result<Option<&'a Product>, Failure> {
        let State::Order(order) = history::state(&self.log, StreamId::Order(order), None).await? else {
            return Ok(None);
        };
        let has = |product: &Product| {
            order.lines.iter().any(|line| line.active() > 0 && line.product_id == ProductId(product.product_id))
        };
        let mut found = items.iter().filter(|product| has(product));
        Ok(found.next().filter(|_| found.next().is_none()))
    }

    /// The customer who is meant, and how the name was read if it was not an id or address.
    pub(crate) async fn customer(
        &self,
        text: &str,
        field: &str,
        purpose: Purpose,
    ) -> Result<(CustomerId, Option<String>), Failure> {
        // An address or id that is copied from a message may contain invisible characters.
        let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
        let trimmed = visible.trim();
        if let Ok(id) = Uuid::parse_str(trimmed) {
            return Ok((CustomerId(id), None));
        }
        if trimmed.contains('@') {
            // Acts of this node must be known; acts of another node a moment ago may be known a moment later.
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
        let fresh = self.moments.fresh().await?;
        let mut answer = customers::find_customers(&self.projections, text, LOOKED_AT, fresh).await?;
        if answer.found.how > Matched::Prefix && purpose != Purpose::Erase && !are_particulars_hidden() {
            // A match of all words, some in the address, is better than a match of some words in the name: "priya sen
            // pune".
            let page = PageRequest::first(PAGE_LIMIT);
            let all_words = customers::customers(&self.projections, Some(text), page, fresh).await?.found;
            if all_words.how <= Matched::Prefix {
                let total = usize::try_from(all_words.total_count).unwrap_or(usize::MAX);
                // This match is not a name: enough for an answer; a change asks first.
                answer.found = Found { how: Matched::Prefix, items: all_words.customers, total };
            }
        }
        let as_written = |customer: &Customer| customer.name.as_deref().is_some_and(|name| key(name) == key(text));
        if purpose == Purpose::Erase && !answer.found.items.iter().all(as_written) {
            answer.found.how = answer.found.how.max(Matched::Alike);
        }
        if are_particulars_hidden() {
            // A caller who may not see names must know the full name: a search by parts would reveal the rest.
            answer.found.items.retain(as_written);
            answer.found.total = answer.found.items.len();
            answer.found.items.iter_mut().for_each(hide);
        }
        let asked = Asked { text, field, purpose, kind: "customer", tool: "customers_search" };
        let named = |customer: &Customer| match (&customer.name, &customer.email) {
            (Some(name), Some(email)) => format!("{name} ({email})"),
            (Some(name), None) => name.clone(),
            (None, _) => "(forgotten)".to_owned(),
        };
        match only(answer, &asked, named)? {
            Sure::Meant(customer, reading) => Ok((CustomerId(customer.customer_id), reading)),
            Sure::Among(items, unsure) => {
                let candidates = candidates::of_customers(&self.projections, items, fresh).await?;
                Err(asked.among(candidates, unsure).into())
            }
        }
    }

    /// The customer of an order; `None` if there is no such order.
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

/// `mugs` was read as 5 products: Mug, Blue; Mug, Green …
fn kind_in_words(text: &str, items: &[Product]) -> String {
    let named: Vec<&str> = items.iter().take(KIND_NAMED).map(|product| product.name.as_str()).collect();
    let more = match items.len() - named.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("`{}` was read as {} products: {}{more}.", shown(text), items.len(), named.join("; "))
}

fn hide(customer: &mut Customer) {
    (customer.name, customer.email) = (Some(HIDDEN.to_owned()), None);
    (customer.phone, customer.address) = (None, None);
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
