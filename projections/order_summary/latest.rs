//! Which order of a customer, or with a product, is the latest.

use std::collections::HashMap;

use orderlog_domain::ids::{CustomerId, OrderId, ProductId};
use orderlog_read_models::{Freshness, Projections, QueryError, Sql};
use uuid::Uuid;

use super::READ_MODEL;

/// One index look-up for each customer.
const OF_CUSTOMERS: &str = "
SELECT customer_id, MAX(order_id) FROM order_summary WHERE customer_id IN (";

/// One index look-up for each product, for any number of orders with it.
const OF_PRODUCTS: &str = "
SELECT DISTINCT product_id,
    (SELECT MAX(order_id) FROM order_summary_lines WHERE product_id = named.product_id)
FROM order_summary_products AS named WHERE product_id IN (";

/// The latest order of each customer that has any.
///
/// # Errors
/// When the store fails.
pub async fn latest_of_customers(
    projections: &Projections,
    customers: impl Iterator<Item = CustomerId>,
    freshness: Freshness,
) -> Result<HashMap<Uuid, OrderId>, QueryError> {
    let mut sql = Sql::new(OF_CUSTOMERS);
    sql.list(customers.map(|id| id.0)).push(") GROUP BY customer_id");
    latest(projections, &sql, freshness).await
}

/// The latest order with each product that is in any.
///
/// # Errors
/// When the store fails.
pub async fn latest_of_products(
    projections: &Projections,
    products: impl Iterator<Item = ProductId>,
    freshness: Freshness,
) -> Result<HashMap<Uuid, OrderId>, QueryError> {
    let mut sql = Sql::new(OF_PRODUCTS);
    sql.list(products.map(|id| id.0)).push(")");
    latest(projections, &sql, freshness).await
}

async fn latest(
    projections: &Projections,
    sql: &Sql,
    freshness: Freshness,
) -> Result<HashMap<Uuid, OrderId>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let found: Vec<(Uuid, Option<i64>)> = read.all(sql).await?;
    let latest = found.into_iter().filter_map(|(id, order)| Some((id, OrderId(order?)))).collect();
    Ok(read.answer(latest).await?.found)
}
