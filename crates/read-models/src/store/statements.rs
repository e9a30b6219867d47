//! Runs small statements and decodes their rows, on both engines.

use futures::future::BoxFuture;
use sqlx::{FromRow, Row as _, postgres::PgRow, sqlite::SqliteRow};

use super::{LostSessions, Store, StoreError, Tx, sql::Sql};
use crate::row::{Column, Kind, Row, Table, Value};

const DECODING: &str = "decoding rows of";

/// A row both engines can give.
pub trait FromAnyRow: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> FromAnyRow for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl Tx {
    /// Runs it; how many rows it touched.
    pub(crate) fn execute<'a>(&'a mut self, sql: &'a Sql) -> BoxFuture<'a, Result<u64, StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("writing");
            match self {
                Tx::Postgres(tx) => sql.postgres().execute(&mut **tx).await.map(|r| r.rows_affected()).map_err(failed),
                Tx::Sqlite(tx) => sql.sqlite().execute(&mut **tx).await.map(|r| r.rows_affected()).map_err(failed),
            }
        })
    }

    /// Tuples or derived rows.
    pub(crate) async fn all<T: FromAnyRow>(&mut self, sql: &Sql) -> Result<Vec<T>, StoreError> {
        let rows = match self.fetch(sql).await? {
            Fetched::Postgres(rows) => rows.iter().map(T::from_row).collect(),
            Fetched::Sqlite(rows) => rows.iter().map(T::from_row).collect::<Result<_, _>>(),
        };
        rows.map_err(StoreError::doing(DECODING))
    }

    /// The first row, if any.
    pub(crate) async fn first<T: FromAnyRow>(&mut self, sql: &Sql) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// Whole rows of a table: the statement selects [`Table::column_list`].
    pub(crate) async fn rows<R: Row>(&mut self, sql: &Sql) -> Result<Vec<R>, StoreError> {
        let values = self.fetch(sql).await?.values(&R::TABLE)?;
        values.into_iter().map(R::from_values).collect::<Result<_, _>>().map_err(StoreError::Shape)
    }

    fn fetch<'a>(&'a mut self, sql: &'a Sql) -> BoxFuture<'a, Result<Fetched, StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("querying");
            match self {
                Tx::Postgres(tx) => sql.postgres().fetch_all(&mut **tx).await.map(Fetched::Postgres).map_err(failed),
                Tx::Sqlite(tx) => sql.sqlite().fetch_all(&mut **tx).await.map(Fetched::Sqlite).map_err(failed),
            }
        })
    }
}

impl Store {
    /// Runs a statement that is a moment by itself, and gives each row a number and a row of a table: the statement selects
    /// the number and then [`Table::column_list`], which is all NULL where there is no row.
    pub(crate) async fn numbered<R: Row>(&self, sql: &Sql) -> Result<Vec<(i64, Option<R>)>, StoreError> {
        let row = |(number, values): (i64, Vec<Value>)| {
            let there = values.first().is_some_and(|key| !key.is_null());
            let row = there.then(|| R::from_values(values)).transpose().map_err(StoreError::Shape)?;
            Ok((number, row))
        };
        self.fetch(sql).await?.numbered(&R::TABLE)?.into_iter().map(row).collect()
    }

    fn fetch<'a>(&'a self, sql: &'a Sql) -> BoxFuture<'a, Result<Fetched, StoreError>> {
        Box::pin(async move {
            let failed = StoreError::doing("querying");
            match self {
                Store::Postgres(pool) => {
                    let mut lost = LostSessions::default();
                    loop {
                        match sql.postgres().fetch_all(pool).await {
                            Err(error) if lost.one_more(&error) => {}
                            outcome => break outcome.map(Fetched::Postgres).map_err(failed),
                        }
                    }
                }
                Store::Sqlite { readers, .. } => {
                    sql.sqlite().fetch_all(readers).await.map(Fetched::Sqlite).map_err(failed)
                }
            }
        })
    }
}

/// The rows that a statement gave.
enum Fetched {
    Postgres(Vec<PgRow>),
    Sqlite(Vec<SqliteRow>),
}

impl Fetched {
    /// Each row as a row of `table`.
    fn values(&self, table: &Table) -> Result<Vec<Vec<Value>>, StoreError> {
        let values = match self {
            Fetched::Postgres(rows) => rows.iter().map(|row| postgres_values(table, row, 0)).collect(),
            Fetched::Sqlite(rows) => rows.iter().map(|row| sqlite_values(table, row, 0)).collect::<Result<_, _>>(),
        };
        values.map_err(StoreError::doing(DECODING))
    }

    /// Each row as a number and a row of `table`.
    fn numbered(&self, table: &Table) -> Result<Vec<(i64, Vec<Value>)>, StoreError> {
        let postgres = |row: &PgRow| Ok((row.try_get(0)?, postgres_values(table, row, 1)?));
        let sqlite = |row: &SqliteRow| Ok((row.try_get(0)?, sqlite_values(table, row, 1)?));
        let numbered = match self {
            Fetched::Postgres(rows) => rows.iter().map(postgres).collect(),
            Fetched::Sqlite(rows) => rows.iter().map(sqlite).collect::<Result<_, _>>(),
        };
        numbered.map_err(StoreError::doing(DECODING))
    }
}

macro_rules! values_of {
    ($name:ident, $row:ty) => {
        /// The columns of `table`, of which the first is the row's column number `from`.
        pub(super) fn $name(table: &Table, row: &$row, from: usize) -> Result<Vec<Value>, sqlx::Error> {
            let column = |(i, column): (usize, &Column)| {
                Ok(match column.kind {
                    Kind::Int => Value::Int(row.try_get(i)?),
                    Kind::Text => Value::Text(row.try_get(i)?),
                    Kind::Uuid => Value::Uuid(row.try_get(i)?),
                    Kind::Bool => Value::Bool(row.try_get(i)?),
                })
            };
            (from..).zip(table.columns).map(column).collect()
        }
    };
}
values_of!(postgres_values, PgRow);
values_of!(sqlite_values, SqliteRow);
