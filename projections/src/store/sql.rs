//! Small statements with their arguments, the same text on both engines.

use sqlx::{
    AssertSqlSafe, FromRow, Postgres, Row as _, Sqlite,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{LostSessions, Store, StoreError, Tx};
use crate::row::{Field, Kind, Row, Table, Value};

/// A row both engines can give.
pub(crate) trait FromAnyRow: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}
impl<T> FromAnyRow for T where T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, SqliteRow> + Send + Unpin {}

/// Text and arguments. Values never stand in the text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql {
    text: String,
    args: Vec<Value>,
}

impl Sql {
    /// Starts with `text`.
    pub(crate) fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), args: vec![] }
    }

    /// Appends `text`.
    pub(crate) fn push(&mut self, text: &str) -> &mut Sql {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder bound to `value`.
    pub(crate) fn arg(&mut self, value: impl Field) -> &mut Sql {
        self.value(value.to_value())
    }

    /// Appends placeholders bound to `values`: `$1, $2, $3`.
    pub(crate) fn list<F: Field>(&mut self, values: impl IntoIterator<Item = F>) -> &mut Sql {
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.arg(value);
        }
        self
    }

    fn value(&mut self, value: Value) -> &mut Sql {
        self.args.push(value);
        self.text.push('$');
        self.text.push_str(&self.args.len().to_string());
        self
    }

    fn postgres(&self) -> Query<'_, Postgres, PgArguments> {
        self.args.iter().cloned().fold(sqlx::query(AssertSqlSafe(self.text.clone())), |query, value| match value {
            Value::Int(v) => query.bind(v),
            Value::Text(v) => query.bind(v),
            Value::Uuid(v) => query.bind(v),
            Value::Bool(v) => query.bind(v),
        })
    }

    fn sqlite(&self) -> Query<'_, Sqlite, SqliteArguments> {
        self.args.iter().cloned().fold(sqlx::query(AssertSqlSafe(self.text.clone())), bind_sqlite)
    }
}

pub(super) fn bind_sqlite(
    query: Query<'_, Sqlite, SqliteArguments>,
    value: Value,
) -> Query<'_, Sqlite, SqliteArguments> {
    match value {
        Value::Int(v) => query.bind(v),
        Value::Text(v) => query.bind(v),
        Value::Uuid(v) => query.bind(v),
        Value::Bool(v) => query.bind(v),
    }
}

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
            let column = |(i, column): (usize, &crate::row::Column)| {
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
