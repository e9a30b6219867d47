//! Customers by id, by what a user calls them, and as a list.

use orderlog_domain::ids::{CustomerId, Position};
use orderlog_read_models::{
    Answer, Cursor, Found, Freshness, Matched, Named, NamedPage, PageRequest, Projections, QueryError, StoreError,
    find, list, page_of,
};

use super::{Customer, READ_MODEL, fold::CustomersFold};

/// A page of customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customers {
    /// How they were found.
    pub how: Matched,
    /// By name.
    pub customers: Vec<Customer>,
    /// Customers over all pages.
    pub total_count: i64,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

impl Named for Customer {
    const IDENTIFIER: &'static str = "email_lower";
    const BY_NAME: &'static str = "name_lower IS NOT NULL";
    const ORDER: &'static str = "name_lower, customer_id";
    const CALLED: &'static str = "name_lower || ' ' || REPLACE(name_lower, ' ', '')";
    const SEARCHED: &'static str = "COALESCE(name_lower, '') || ' ' || REPLACE(REPLACE(COALESCE(email_lower, ''), '@', ' '), '.', ' ') || ' ' || COALESCE(LOWER(address), '')";
    const PHONE: Option<&'static str> = Some("phone");
    const IDENTIFIER_IS_SAID: bool = false;
    const PLURALS: bool = false;

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn identifier_key(&self) -> Option<&str> {
        self.email_lower.as_deref()
    }

    fn name_key(&self) -> Option<&str> {
        self.name_lower.as_deref()
    }

    fn phone(&self) -> Option<&str> {
        self.phone.as_deref()
    }

    fn besides(&self) -> Vec<&str> {
        [&self.email, &self.address].into_iter().filter_map(Option::as_deref).collect()
    }
}

/// Customers by id, those that exist, in the order of their ids.
///
/// # Errors
/// When the store fails.
pub async fn customers_by_id(
    projections: &Projections,
    ids: &[CustomerId],
    freshness: Freshness,
) -> Result<Answer<Vec<Customer>>, QueryError> {
    let keys = ids.iter().map(|id| (id.0,)).collect();
    projections.by_key(&READ_MODEL, |fold: &CustomersFold| &fold.customers, keys, Customer::clone, freshness).await
}

/// Whom `text` calls: by e-mail address or phone number, then exact name, then all words of a name, then their beginnings, then
/// most words, then something spelt alike (domain rules §3). At most `limit`.
///
/// # Errors
/// When the store fails.
pub async fn find_customers(
    projections: &Projections,
    text: &str,
    limit: u32,
    freshness: Freshness,
) -> Result<Answer<Found<Customer>>, QueryError> {
    let in_memory = |fold: &CustomersFold, _| fold.names.find(&fold.customers, text, limit);
    if let Some(found) = projections.present(&READ_MODEL, freshness, in_memory).await? {
        return Ok(found);
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let found = find(&mut read, text, limit).await?;
    read.answer(found).await
}

/// The only customer with this e-mail address, as far as this node's memory tells; `None` where it tells of none or of several,
/// or there is no memory.
///
/// # Errors
/// When the read model does not follow from the log.
pub async fn remembered_by_email(
    projections: &Projections,
    email: &str,
    freshness: Freshness,
) -> Result<Option<CustomerId>, QueryError> {
    let ask = |fold: &CustomersFold, _| match fold.names.identified(&fold.customers, email).as_slice() {
        [only] => Some(CustomerId(only.customer_id)),
        _ => None,
    };
    Ok(projections.present(&READ_MODEL, freshness, ask).await?.map(|answer| answer.found))
}

/// Customers with all words of `text` in name, e-mail address or postal address, or the beginnings of words, or with that phone
/// number; else those whose names come nearest; all without a text. By name.
///
/// # Errors
/// When the store fails.
pub async fn customers(
    projections: &Projections,
    text: Option<&str>,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<Customers>, QueryError> {
    let customers =
        |NamedPage { how, items: customers, total_count, next }| Customers { how, customers, total_count, next };
    if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
        let in_memory = |fold: &CustomersFold, now| Some(page_of(fold.names.search(&fold.customers, text)?, page, now));
        if let Some(Answer { position, behind, found }) = projections.present(&READ_MODEL, freshness, in_memory).await?
        {
            return Ok(Answer { position, behind, found: customers(found) });
        }
    }
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let found = list(&mut read, "1 = 1", text, page).await?;
    read.answer(customers(found)).await
}

/// After a customer was erased, at `position`: waits until the row is gone, then clears away what it left behind.
///
/// # Errors
/// When the read model is not there in time, or the store fails; safe to repeat.
pub async fn purge_erased(projections: &Projections, position: Position) -> Result<(), StoreError> {
    projections.purge(&READ_MODEL, position).await
}
