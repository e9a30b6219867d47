//! The postings behind a figure of sales.

use orderlog_domain::ids::Position;
use orderlog_read_models::{
    Answer, Cursor, Freshness, PageRequest, Projections, QueryError, Row as _, SnapshotRead, Sql,
};

use super::{
    READ_MODEL, SalesPosting,
    request::{SalesRequest, restrict_rate},
    sales::{Sales, SalesRow, sums},
};

/// Which figure to explain.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// Basis, days, product, customer, tax rate, and the moment up to which postings count.
    pub request: SalesRequest,
    /// Only postings in this currency.
    pub currency: Option<String>,
    /// Only postings that count in this currency, converted or not.
    pub home: Option<String>,
}

/// One posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExplainedPosting {
    /// Position of the event.
    pub position: i64,
    /// Among the event's postings.
    pub nth: i64,
    /// Business day.
    pub day: String,
    /// Type of the event.
    pub event: String,
    /// The order's number.
    pub order_id: i64,
    /// Line number; 0 if the posting concerns the order as a whole.
    pub line: i64,
    /// The figures of the posting.
    pub sales: Sales,
}
orderlog_read_models::from_row!(ExplainedPosting {
    position, nth, day, event, order_id, line, sales = flatten(SalesRow),
});

/// A page of the postings behind a figure, and the sum of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// In order of the log.
    pub postings: Vec<ExplainedPosting>,
    /// Over all pages.
    pub total_count: i64,
    /// Sums of the postings over all pages, one per currency.
    pub sums: Vec<Sales>,
    /// The same figures as reports show them, added up when the events were folded.
    pub reported: Vec<Sales>,
    /// The position the postings are pinned to.
    pub pinned: Position,
    /// Where the next page starts, if there is one.
    pub next: Option<Cursor>,
}

const BY_CURRENCY: &str = " GROUP BY currency, home ORDER BY currency, home";

struct Counted {
    postings: i64,
    sales: SalesRow,
}
orderlog_read_models::from_row!(Counted { postings, sales = flatten(SalesRow) });

/// Every posting of a figure.
///
/// # Errors
/// When the store fails.
pub async fn explain(
    projections: &Projections,
    selection: &Selection,
    page: PageRequest,
    freshness: Freshness,
) -> Result<Answer<Explained>, QueryError> {
    let mut read = projections.read(&READ_MODEL, freshness).await?;
    let pinned = match (page.cursor, selection.request.as_of) {
        (Some(cursor), _) => cursor.pinned,
        (None, Some(as_of)) => as_of.min(read.position()),
        (None, None) => read.position(),
    };
    let mut of_postings = selection.postings(&mut read, pinned).await?;
    // An order with several lines of a product is counted on one of them.
    let orders = if selection.request.is_of_products() { "holds" } else { "orders" };
    let mut summing = of_postings.after(&format!("SELECT COUNT(*) AS postings, currency, home, {}", sums(orders)));
    summing.push(BY_CURRENCY);
    let counted: Vec<Counted> = read.all(&summing).await?;
    let total_count = counted.iter().map(|counted| counted.postings).sum();
    let sums: Vec<Sales> = counted.into_iter().map(|counted| counted.sales.into()).collect();
    let reported = match selection.request.sums(&[]).map(|sums| sums.table) {
        Some(table) if pinned == read.position() => reported(&mut read, selection, table).await?,
        Some(_) | None => sums.clone(),
    };

    if let Some(cursor) = page.cursor {
        of_postings.push(" AND (position, nth) > (").list([cursor.value, cursor.id]).push(")");
    }
    let mut listing = of_postings.after(&format!("SELECT {}", SalesPosting::TABLE.column_list("")));
    listing.push(" ORDER BY position, nth LIMIT ").arg(page.limit() + 1);
    let mut postings: Vec<ExplainedPosting> = read.all(&listing).await?;
    let cursor = |last: &ExplainedPosting| Cursor { pinned, value: last.position, id: last.nth, at: 0 };
    let next = page.next_after(&mut postings, cursor);
    read.answer(Explained { postings, total_count, sums, reported, pinned, next }).await
}

/// The same figures, from the table of sums that reports use.
async fn reported(read: &mut SnapshotRead, selection: &Selection, table: &str) -> Result<Vec<Sales>, QueryError> {
    let mut sql = Sql::new(&format!("SELECT currency, home, {} FROM {table}", sums("orders")));
    selection.request.restrict(&mut sql);
    selection.restrict(&mut sql);
    sql.push(BY_CURRENCY);
    Ok(read.all::<SalesRow>(&sql).await?.into_iter().map(Sales::from).collect())
}

impl Selection {
    /// ` FROM …` with the postings up to the position `pinned`.
    async fn postings(&self, read: &mut SnapshotRead, Position(pinned): Position) -> Result<Sql, QueryError> {
        let mut span = Sql::new("SELECT MIN(first_position), MAX(last_position) FROM sales_days");
        self.request.restrict_days(&mut span);
        let span: Option<(Option<i64>, Option<i64>)> = read.first(&span).await?;
        let (first, last) = span.map_or((0, 0), |(first, last)| (first.unwrap_or(0), last.unwrap_or(0)));
        let mut sql = Sql::new(" FROM sales_postings");
        self.request.restrict(&mut sql);
        // The first position of the days, so that a scan in log order starts there.
        sql.push(" AND position >= ").arg(first).push(" AND position <= ").arg(last.min(pinned));
        restrict_rate(self.request.tax_rate, &mut sql);
        self.restrict(&mut sql);
        Ok(sql)
    }

    fn restrict(&self, sql: &mut Sql) {
        if let Some(currency) = &self.currency {
            sql.push(" AND currency = ").arg(currency.clone());
        }
        if let Some(home) = &self.home {
            sql.push(" AND home = ").arg(home.clone());
        }
    }
}
