//! Pending orders by scope, placement day, customer and product, with counts over the whole set; now or as of a position.

use chrono::{DateTime, Utc};
use orderlog_domain::ids::{CustomerId, Position, ProductId};
use uuid::Uuid;

use super::{PendingOrder, READ_MODEL, past};
use crate::{
    Projections,
    answer::{Answer, Cursor, Days, Freshness, PageRequest, QueryError},
    read::{Read, next_page},
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
    /// As they stood right after this position; now when absent.
    pub as_of: Option<Position>,
    /// The moment asked about: a hold that ends by then is none, though no event says so.
    pub at: DateTime<Utc>,
}

/// An order about which something is open.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct OpenOrder {
    /// Its number.
    pub order_id: i64,
    /// Who ordered.
    pub customer_id: Uuid,
    /// ISO code of the amounts.
    pub currency: String,
    /// Milliseconds since the epoch.
    pub placed_at: i64,
    /// Business day, ISO.
    pub placed_on: String,
    /// Name of its status.
    pub status: String,
    /// Name of its payment status.
    pub payment_status: String,
    /// Nothing may ship.
    pub on_hold: bool,
    /// A unit waits for stock.
    pub backordered: bool,
    /// Active units that have not left.
    pub units_owed: i64,
    /// What the order comes to, minor units.
    pub total: i64,
    /// What the customer owes; negative when too much came in.
    pub due: i64,
}

/// One page, and what the whole set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingOrders {
    /// The page.
    pub orders: Vec<OpenOrder>,
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

impl Scope {
    /// Those of which counts are kept: a hold ends without an event, so held orders are counted when asked for.
    pub(super) const COUNTED: [Scope; 4] = [Scope::Pending, Scope::Unconfirmed, Scope::Unpaid, Scope::Backordered];

    /// The column that says whether an order is in it, for `on_hold` whether it was put on hold.
    pub(super) fn column(self) -> &'static str {
        match self {
            Scope::Pending => "owes_goods",
            Scope::Unconfirmed => "unconfirmed",
            Scope::Unpaid => "unpaid",
            Scope::OnHold => "held_until > 0",
            Scope::Backordered => "backordered",
        }
    }

    pub(super) fn holds(self, row: &PendingOrder) -> bool {
        match self {
            Scope::Pending => row.owes_goods,
            Scope::Unconfirmed => row.unconfirmed,
            Scope::Unpaid => row.unpaid,
            Scope::OnHold => row.held_until > 0,
            Scope::Backordered => row.backordered,
        }
    }
}

impl Sort {
    pub(super) fn value(self, order: &OpenOrder) -> i64 {
        match self {
            Sort::Oldest | Sort::Newest => order.placed_at,
            Sort::Largest => order.total,
        }
    }

    pub(super) fn ascends(self) -> bool {
        match self {
            Sort::Oldest => true,
            Sort::Newest | Sort::Largest => false,
        }
    }
}

/// The orders `filter` names. Later pages show the moment of the first one, whatever happened since.
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
    let shown = page.cursor.map(|cursor| cursor.pinned).or(filter.as_of).unwrap_or(read.position);
    let at = page.cursor.map_or(filter.at.timestamp_millis(), |cursor| cursor.at);
    let (mut orders, counts) = if shown < read.position {
        let open = past::open_at(&mut read, filter, shown.0, at).await?;
        let counts = past::counts(&open);
        (past::sorted(open, filter, page.cursor), counts)
    } else {
        (present(&mut read, filter, page, at).await?, count(&mut read, filter, at).await?)
    };
    let cursor = |order: &OpenOrder| Cursor { pinned: shown, value: filter.sort.value(order), id: order.order_id, at };
    let next = next_page(&mut orders, page, cursor);
    let total_count = counts.iter().map(|count| count.orders).sum();
    let answer = read.answer(PendingOrders { orders, next, total_count, counts }).await?;
    Ok(Answer { position: shown.min(answer.position), ..answer })
}

/// The present page, one order too long.
async fn present(read: &mut Read, filter: &Filter, page: PageRequest, at: i64) -> Result<Vec<OpenOrder>, QueryError> {
    let mut listing = Sql::new(
        "SELECT order_id, customer_id, currency, placed_at, placed_on, status, payment_status, backordered, units_owed, \
         total, due, held_until > ",
    );
    listing.arg(at).push(" AS on_hold FROM pending_orders WHERE ");
    restrict(&mut listing, filter, at);
    if filter.placed != Days::default() {
        let Some(extent) = extent(read, filter.placed).await? else { return Ok(vec![]) };
        extent.restrict(&mut listing);
    }
    let column = match filter.sort {
        Sort::Oldest | Sort::Newest => "placed_at",
        Sort::Largest => "total",
    };
    let (direction, compare) = if filter.sort.ascends() { ("ASC", ">") } else { ("DESC", "<") };
    if let Some(cursor) = page.cursor {
        listing.push(&format!(" AND ({column}, order_id) {compare} (")).list([cursor.value, cursor.id]).push(")");
    }
    listing.push(&format!(" ORDER BY {column} {direction}, order_id {direction} LIMIT ")).arg(page.limit() + 1);
    Ok(read.tx.all(&listing).await?)
}

/// Where the orders of some days stand: with it, none of them is looked for among all the others.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
pub(super) struct Extent {
    /// When the first and the last was placed, milliseconds since the epoch.
    first_placed_at: i64,
    last_placed_at: i64,
    /// None was placed before this position, nor open.
    pub(super) first_position: i64,
}

impl Extent {
    /// Adds ` AND placed_at >= … AND placed_at <= …`.
    pub(super) fn restrict(&self, sql: &mut Sql) {
        sql.push(" AND placed_at >= ").arg(self.first_placed_at).push(" AND placed_at <= ").arg(self.last_placed_at);
    }
}

/// Of these days; `None` when nothing was placed on them.
pub(super) async fn extent(read: &mut Read, days: Days) -> Result<Option<Extent>, QueryError> {
    let mut sql = Sql::new(
        "SELECT MIN(first_placed_at) AS first_placed_at, MAX(last_placed_at) AS last_placed_at, \
         MIN(first_position) AS first_position FROM pending_days WHERE 1 = 1",
    );
    days.restrict(&mut sql, "placed_on");
    sql.push(" HAVING COUNT(*) > 0");
    Ok(read.tx.first(&sql).await?)
}

/// From the counts of days, unless the filter tells orders of a day apart.
async fn count(read: &mut Read, filter: &Filter, at: i64) -> Result<Vec<StatusCount>, QueryError> {
    let counted = filter.customer.is_none() && filter.product.is_none() && Scope::COUNTED.contains(&filter.scope);
    let (orders, table) = if counted { ("SUM(orders)", "pending_counts") } else { ("COUNT(*)", "pending_orders") };
    let mut sql = Sql::new(&format!(
        "SELECT status, currency, CAST({orders} AS BIGINT) AS orders, CAST(SUM(units_owed) AS BIGINT) AS units_owed, \
         CAST(SUM(total) AS BIGINT) AS total, CAST(SUM(due) AS BIGINT) AS due FROM {table} WHERE ",
    ));
    if counted {
        sql.push("scope = ").arg(filter.scope.column().to_owned());
        filter.placed.restrict(&mut sql, "placed_on");
    } else {
        restrict(&mut sql, filter, at);
    }
    sql.push(&format!(" GROUP BY status, currency HAVING {orders} > 0 ORDER BY status, currency"));
    Ok(read.tx.all(&sql).await?)
}

fn restrict(sql: &mut Sql, filter: &Filter, at: i64) {
    sql.push(filter.scope.column());
    if filter.scope == Scope::OnHold {
        sql.push(" AND held_until > ").arg(at);
    }
    filter.placed.restrict(sql, "placed_on");
    if let Some(CustomerId(customer)) = filter.customer {
        sql.push(" AND customer_id = ").arg(customer);
    }
    if let Some(ProductId(product)) = filter.product {
        sql.push(" AND products LIKE ").arg(format!("%{product}%"));
    }
}
