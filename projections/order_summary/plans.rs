//! Tests that no list of orders reads all orders when it asks for a few.

use orderlog_domain::{
    ids::{CustomerId, OrderId, Position, ProductId},
    order::{PaymentStatus, Status},
};
use orderlog_read_models::{Days, PageRequest, Sql};
use sqlx::{AssertSqlSafe, ConnectOptions as _, SqliteConnection, sqlite::SqliteConnectOptions};
use uuid::Uuid;

use super::{
    READ_MODEL,
    acts::Act,
    query::{Filter, Sort, page_of, restricted},
};

async fn empty_tables() -> sqlx::Result<SqliteConnection> {
    let mut tables = SqliteConnectOptions::new().in_memory(true).connect().await?;
    let schema = READ_MODEL.sqlite.replace(['@', '#'], "");
    sqlx::raw_sql(AssertSqlSafe(schema)).execute(&mut tables).await?;
    Ok(tables)
}

/// The plan of SQLite: a line for each table that it reads.
async fn plan(tables: &mut SqliteConnection, statement: &Sql) -> sqlx::Result<Vec<String>> {
    let explain = AssertSqlSafe(format!("EXPLAIN QUERY PLAN {}", statement.text()));
    let steps: Vec<(i64, i64, i64, String)> = sqlx::query_as(explain).fetch_all(tables).await?;
    Ok(steps.into_iter().map(|(_, _, _, step)| step).collect())
}

#[tokio::test]
async fn what_names_few_orders_reads_few() -> sqlx::Result<()> {
    let all = Filter::default;
    let (some, days) = (Uuid::from_u128(7), Days::default());
    let filters = [
        ("status", Filter { statuses: vec![Status::Pending], ..all() }),
        ("payment status", Filter { payment_statuses: vec![PaymentStatus::Overpaid], ..all() }),
        ("customer", Filter { customer: Some(CustomerId(some)), ..all() }),
        ("customers", Filter { among_customers: vec![CustomerId(some)], ..all() }),
        ("product", Filter { products: vec![ProductId(some)], ..all() }),
        ("what was done", Filter { acted: Some((Act::Shipped, days)), ..all() }),
        ("text", Filter { text: Some("INV-77".into()), or_orders: vec![OrderId(1001)], ..all() }),
        ("least total", Filter { min_total: Some(1_000_000), sort: Sort::Largest, ..all() }),
    ];
    let mut tables = empty_tables().await?;
    for (name, filter) in filters {
        for sort in [Sort::Newest, Sort::Oldest] {
            let sort = if filter.sort == Sort::Largest { Sort::Largest } else { sort };
            let list = page_of(&restricted(&filter, &[some], None, Position(900)), sort, PageRequest::first(20));
            let plan = plan(&mut tables, &list).await?;
            assert!(plan.iter().all(|step| !step.starts_with("SCAN order_summary")), "{name} {sort:?}: {plan:#?}");
        }
    }
    let everything = page_of(&restricted(&all(), &[], None, Position(900)), Sort::Newest, PageRequest::first(20));
    assert_eq!(
        plan(&mut tables, &everything).await?,
        ["SCAN order_summary"],
        "by number, and no further than the page"
    );
    Ok(())
}
