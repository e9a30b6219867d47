//! Customers by id, by what a user calls them, and as a list.

use orderlog_domain::{
    ids::CustomerId,
    text::{key, name_key},
};

use super::{Customer, READ_MODEL};
use crate::{
    Projections,
    answer::{Answer, Cursor, Freshness, PageRequest, QueryError},
    named::{Found, Matched, find},
    read::{like, next_offset},
    row::Row,
    store::Sql,
};

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

/// Customers by id, those that exist, in the order of their ids.
///
/// # Errors
/// When the store fails.
pub async fn customers_by_id(
    projections: &Projections,
    ids: &[CustomerId],
    freshness: Freshness,
) -> Result<Answer<Vec<Customer>>, QueryError> {
    projections.by_key(&READ_MODEL, ids.iter().map(|id| id.0), freshness).await
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
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let mut sql = Sql::new(&format!("SELECT {} FROM customers WHERE email_lower = ", Customer::TABLE.column_list("")));
    sql.arg(key(text)).push(" ORDER BY customer_id LIMIT ").arg(i64::from(limit));
    let by_email: Vec<Customer> = read.tx.rows(&sql).await?;
    let found = if by_email.is_empty() {
        find(&mut read, "customers", "name_lower IS NOT NULL", text, limit, |customer: &Customer| {
            customer.name.as_deref().unwrap_or_default()
        })
        .await?
    } else {
        Found { how: Matched::Identifier, items: by_email }
    };
    read.answer(found).await
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
    let text = text.map(|text| (name_key(text), key(text))).filter(|(name, _)| !name.is_empty());
    let restrict = |sql: &mut Sql| {
        sql.push(" FROM customers WHERE 1 = 1");
        if let Some((name, text)) = &text {
            sql.push(" AND (name_lower LIKE ").arg(like(name)).push(" ESCAPE '\\' OR email_lower LIKE ");
            sql.arg(like(text)).push(" ESCAPE '\\')");
        }
    };
    let mut counting = Sql::new("SELECT COUNT(*)");
    restrict(&mut counting);
    let total_count = read.tx.first::<(i64,)>(&counting).await?.map_or(0, |(count,)| count);

    let skip = page.cursor.map_or(0, |cursor| cursor.value.max(0));
    let mut sql = Sql::new(&format!("SELECT {}", Customer::TABLE.column_list("")));
    restrict(&mut sql);
    sql.push(" ORDER BY name_lower, customer_id LIMIT ").arg(page.limit()).push(" OFFSET ").arg(skip);
    let customers: Vec<Customer> = read.tx.rows(&sql).await?;
    let next = next_offset(customers.len(), skip, total_count, page, read.position);
    read.answer(Customers { customers, total_count, next }).await
}
