//! Customers by id, by what a user calls them, and as a list.

use orderlog_domain::ids::{CustomerId, Position};
use orderlog_read_models::{
    Answer, Cursor, Found, Freshness, Matched, Named, NamedPage, PageRequest, Projections, QueryError, StoreError,
    find, list,
};

use super::{Customer, READ_MODEL, fold::CustomersFold};

/// A page of customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customers {
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

    fn name(&self) -> &str {
        self.name.as_deref().unwrap_or_default()
    }

    fn identifier_key(&self) -> Option<&str> {
        self.email_lower.as_deref()
    }

    fn name_key(&self) -> Option<&str> {
        self.name_lower.as_deref()
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
    projections.by_key(&READ_MODEL, |fold: &CustomersFold| &fold.customers, keys, freshness).await
}

/// Whom `text` calls: by e-mail address, then exact name, then all words of a name, then the beginning of a name or of a word
/// in it, then something alike (domain rules §3). At most `limit`.
///
/// # Errors
/// When the store fails.
pub async fn find_customers(
    projections: &Projections,
    text: &str,
    limit: u32,
    freshness: Freshness,
) -> Result<Answer<Found<Customer>>, QueryError> {
    let exact = |fold: &CustomersFold, _| fold.names.find(&fold.customers, text, limit);
    if let Some(found) = projections.present(&READ_MODEL, freshness, exact).await? {
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
    let ask = |fold: &CustomersFold, _| match fold.names.find(&fold.customers, email, 2)? {
        Found { how: Matched::Identifier, items } if items.len() == 1 => Some(CustomerId(items[0].customer_id)),
        _ => None,
    };
    Ok(projections.present(&READ_MODEL, freshness, ask).await?.map(|answer| answer.found))
}

/// Customers whose name or e-mail address contains `text` (all without one), by name.
///
/// # Errors
/// When the store fails.
pub async fn customers(
    projections: &Projections,
    text: Option<&str>,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<Customers>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let NamedPage { items: customers, total_count, next } = list(&mut read, "1 = 1", text, page).await?;
    read.answer(Customers { customers, total_count, next }).await
}

/// After a customer was erased, at `position`: waits until the row is gone, then clears away what it left behind.
///
/// # Errors
/// When the read model is not there in time, or the store fails; safe to repeat.
pub async fn purge_erased(projections: &Projections, position: Position) -> Result<(), StoreError> {
    projections.purge(&READ_MODEL, position).await
}
