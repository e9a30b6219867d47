//! Pending orders by scope, placement day, customer and product, with counts over the whole set.

use orderlog_domain::ids::{CustomerId, Position, ProductId};

use super::{PendingOrder, READ_MODEL};
use crate::{
    Projections,
    answer::{Answer, Cursor, Days, Freshness, PageRequest, QueryError},
    row::Row,
    store::Sql,
};

/// What is open about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scope {
    /// It owes goods; held orders included.
    #[default]
    Pending,
    /// Nobody accepted it yet.
    Unconfirmed,
    /// Money is still owed.
    Unpaid,
    /// Nothing may ship.
    OnHold,
    /// A unit waits for stock.
    Backordered,
}

/// In which order the list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// Oldest placement first.
    #[default]
    Oldest,
    /// Newest placement first.
    Newest,
    /// Largest total first.
    Largest,
}

/// Which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// What is open about them.
    pub scope: Scope,
    /// Business days of placement.
    pub placed: Days,
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Holding this product.
    pub product: Option<ProductId>,
    /// Order of the list.
    pub sort: Sort,
}

/// One page, and what the whole set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOrders {
    /// The page.
    pub orders: Vec<PendingOrder>,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
    /// Orders over all pages.
    pub total_count: i64,
    /// Counts and sums per status and currency over all pages.
    pub counts: Vec<StatusCount>,
}

/// Orders of one status and currency.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StatusCount {
    /// Name of the status.
    pub status: String,
    /// ISO code of the sums.
    pub currency: String,
    /// How many orders.
    pub orders: i64,
    /// Units that have not left.
    pub units_owed: i64,
    /// What the orders come to, minor units.
    pub total: i64,
    /// What is still owed for them, minor units.
    pub due: i64,
}

/// The orders `filter` names.
///
/// # Errors
/// When the store fails.
pub async fn pending_orders(
    projections: &Projections,
    filter: &Filter,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<PendingOrders>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let pinned = page.cursor.map_or(read.position, |cursor| cursor.pinned);

    let mut counting = Sql::new(
        "SELECT status, currency, COUNT(*) AS orders, CAST(SUM(units_owed) AS BIGINT) AS units_owed, \
         CAST(SUM(total) AS BIGINT) AS total, CAST(SUM(due) AS BIGINT) AS due FROM pending_orders WHERE ",
    );
    restrict(&mut counting, filter, pinned);
    counting.push(" GROUP BY status, currency ORDER BY status, currency");
    let counts: Vec<StatusCount> = read.tx.all(&counting).await?;

    let mut listing = Sql::new(&format!("SELECT {} FROM pending_orders WHERE ", PendingOrder::TABLE.column_list("")));
    restrict(&mut listing, filter, pinned);
    let (column, direction, compare) = match filter.sort {
        Sort::Oldest => ("placed_at", "ASC", ">"),
        Sort::Newest => ("placed_at", "DESC", "<"),
        Sort::Largest => ("total", "DESC", "<"),
    };
    if let Some(cursor) = page.cursor {
        listing.push(&format!(" AND ({column}, order_id) {compare} (")).list([cursor.value, cursor.id]).push(")");
    }
    listing.push(&format!(" ORDER BY {column} {direction}, order_id {direction} LIMIT ")).arg(page.limit() + 1);
    let mut orders: Vec<PendingOrder> = read.tx.rows(&listing).await?;

    let sort_value = |row: &PendingOrder| match filter.sort {
        Sort::Oldest | Sort::Newest => row.placed_at,
        Sort::Largest => row.total,
    };
    let next =
        crate::read::next_page(&mut orders, page, |row| Cursor { pinned, value: sort_value(row), id: row.order_id });
    let total_count = counts.iter().map(|count| count.orders).sum();
    read.answer(PendingOrders { orders, next, total_count, counts }).await
}

fn restrict(sql: &mut Sql, filter: &Filter, pinned: Position) {
    sql.push(match filter.scope {
        Scope::Pending => "owes_goods",
        Scope::Unconfirmed => "unconfirmed",
        Scope::Unpaid => "unpaid",
        Scope::OnHold => "on_hold",
        Scope::Backordered => "backordered",
    });
    sql.push(" AND placed_position <= ").arg(pinned.0);
    filter.placed.restrict(sql, "placed_on");
    if let Some(CustomerId(customer)) = filter.customer {
        sql.push(" AND customer_id = ").arg(customer);
    }
    if let Some(ProductId(product)) = filter.product {
        sql.push(" AND order_id IN (SELECT order_id FROM pending_order_products WHERE product_id = ")
            .arg(product)
            .push(")");
    }
}
