//! Runs small statements and decodes their rows, on both engines.

use sqlx::{FromRow, Row as _, postgres::PgRow, sqlite::SqliteRow};

use super::{LostSessions, Store, StoreError, Tx, sql::Sql};
use crate::row::{Column, Kind, Row, Table, Value};

/// A row both engines can give.
pub trait FromAnyRow: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> FromAnyRow for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

impl Tx {
    /// Runs it; how many rows it touched.
    pub(crate) async fn execute(&mut self, sql: &Sql) -> Result<u64, StoreError> {
        let failed = StoreError::doing("writing");
        match self {
            Tx::Postgres(tx) => sql.postgres().execute(&mut **tx).await.map(|r| r.rows_affected()).map_err(failed),
            Tx::Sqlite(tx) => sql.sqlite().execute(&mut **tx).await.map(|r| r.rows_affected()).map_err(failed),
        }
    }

    /// Tuples or derived rows.
    pub(crate) async fn all<T: FromAnyRow>(&mut self, sql: &Sql) -> Result<Vec<T>, StoreError> {
        let failed = StoreError::doing("querying");
        let map = |source| StoreError::Database { doing: "decoding rows of", source };
        match self {
            Tx::Postgres(tx) => {
                let rows = sql.postgres().fetch_all(&mut **tx).await.map_err(failed)?;
                rows.iter().map(T::from_row).collect::<Result<_, _>>().map_err(map)
            }
            Tx::Sqlite(tx) => {
                let rows = sql.sqlite().fetch_all(&mut **tx).await.map_err(failed)?;
                rows.iter().map(T::from_row).collect::<Result<_, _>>().map_err(map)
            }
        }
    }

    /// The first row, if any.
    pub(crate) async fn first<T: FromAnyRow>(&mut self, sql: &Sql) -> Result<Option<T>, StoreError> {
        Ok(self.all(sql).await?.into_iter().next())
    }

    /// Whole rows of a table: the statement selects [`Table::column_list`].
    pub(crate) async fn rows<R: Row>(&mut self, sql: &Sql) -> Result<Vec<R>, StoreError> {
        let failed = StoreError::doing("querying");
        let values = match self {
            Tx::Postgres(tx) => {
                let rows = sql.postgres().fetch_all(&mut **tx).await.map_err(failed)?;
                rows.iter().map(|row| postgres_values(&R::TABLE, row, 0)).collect::<Result<Vec<_>, _>>()
            }
            Tx::Sqlite(tx) => {
                let rows = sql.sqlite().fetch_all(&mut **tx).await.map_err(failed)?;
                rows.iter().map(|row| sqlite_values(&R::TABLE, row, 0)).collect::<Result<Vec<_>, _>>()
            }
        };
        let values = values.map_err(StoreError::doing("decoding rows of"))?;
        values.into_iter().map(R::from_values).collect::<Result<_, _>>().map_err(StoreError::Shape)
    }
}

impl Store {
    /// Runs a statement that is a moment by itself, and gives each row a number and a row of a table: the statement selects
    /// the number and then [`Table::column_list`], which is all NULL where there is no row.
    pub(crate) async fn numbered<R: Row>(&self, sql: &Sql) -> Result<Vec<(i64, Option<R>)>, StoreError> {
        let failed = StoreError::doing("querying");
        let rows: Vec<_> = match self {
            Store::Postgres(pool) => {
                let mut lost = LostSessions::default();
                let rows = loop {
                    match sql.postgres().fetch_all(pool).await {
                        Err(error) if lost.one_more(&error) => {}
                        outcome => break outcome.map_err(failed)?,
                    }
                };
                rows.iter().map(|row| Ok((row.try_get(0)?, postgres_values(&R::TABLE, row, 1)?))).collect()
            }
            Store::Sqlite { readers, .. } => {
                let rows = sql.sqlite().fetch_all(readers).await.map_err(failed)?;
                rows.iter().map(|row| Ok((row.try_get(0)?, sqlite_values(&R::TABLE, row, 1)?))).collect()
            }
        };
        let decoding = StoreError::doing("decoding rows of");
        let row = |numbered: Result<(i64, Vec<Value>), sqlx::Error>| {
            let (number, values) = numbered.map_err(&decoding)?;
            let there = values.first().is_some_and(|key| !key.is_null());
            let row = there.then(|| R::from_values(values)).transpose().map_err(StoreError::Shape)?;
            Ok((number, row))
        };
        rows.into_iter().map(row).collect()
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
