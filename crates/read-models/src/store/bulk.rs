//! Many rows in few statements: arrays on PostgreSQL, multi-row VALUES on SQLite.

use sqlx::{
    AssertSqlSafe, Postgres, Sqlite,
    postgres::{PgArguments, PgRow},
    query::Query,
    sqlite::{SqliteArguments, SqliteRow},
};

use super::{
    StoreError, Tx,
    sql::bind_sqlite,
    statements::{postgres_values, sqlite_values},
};
use crate::row::{Column, Kind, OnConflict, Table, Value};

/// Rows of one statement on PostgreSQL. More rows would save few round trips, and their arguments would need many
/// megabytes, which are obtained from the system again for each statement: that took a thirtieth of the server's work
/// for an order.
const POSTGRES_ROWS: usize = 2_000;
/// Rows of one statement on SQLite; with the widest table this stays below its 32,766 arguments.
const SQLITE_ROWS: usize = 512;

/// Rows from which copying beats inserting: below it the additional round trips cost more.
const COPY_FROM_ROWS: usize = 200;
/// Text sent at once while copying.
const COPY_BYTES: usize = 1 << 18;

impl Tx {
    /// Rows of `table` (its live copy or the one with `suffix`) whose keys are in `keys`.
    pub(crate) async fn load(
        &mut self,
        table: &Table,
        suffix: &str,
        keys: Vec<Vec<Value>>,
    ) -> Result<Vec<Vec<Value>>, StoreError> {
        let failed = StoreError::doing("loading rows of");
        let (columns, key) = (table.column_list(""), table.key_list());
        let from = format!("SELECT {columns} FROM {}{suffix}", table.name);
        let mut found = Vec::with_capacity(keys.len());
        match self {
            Tx::Postgres(tx) => {
                let (arrays, key_columns) = (arrays(key_kinds(table)), table.column_list("t."));
                for mut chunk in chunks(keys, |_| POSTGRES_ROWS) {
                    let sql = format!(
                        "SELECT {key_columns} FROM unnest({arrays}) AS k({key}) JOIN {}{suffix} t USING ({key})",
                        table.name
                    );
                    let query = bind_columns(sqlx::query(AssertSqlSafe(sql)), key_kinds(table), &mut chunk);
                    let rows: Vec<PgRow> = query.fetch_all(&mut **tx).await.map_err(&failed)?;
                    for row in &rows {
                        found.push(postgres_values(table, row, 0).map_err(&failed)?);
                    }
                }
            }
            Tx::Sqlite(tx) => {
                for chunk in chunks(keys, halving) {
                    let sql = format!("{from} WHERE ({key}) IN (VALUES {})", placeholders(table.keys, chunk.len()));
                    let rows: Vec<SqliteRow> = bind_rows(&sql, chunk).fetch_all(&mut **tx).await.map_err(&failed)?;
                    for row in &rows {
                        found.push(sqlite_values(table, row, 0).map_err(&failed)?);
                    }
                }
            }
        }
        Ok(found)
    }

    /// At most `most` rows of `table`.
    pub(crate) async fn whole(&mut self, table: &Table, most: usize) -> Result<Vec<Vec<Value>>, StoreError> {
        let failed = StoreError::doing("loading rows of");
        let sql = AssertSqlSafe(format!("SELECT {} FROM {} LIMIT {most}", table.column_list(""), table.name));
        let rows: Result<Vec<_>, _> = match self {
            Tx::Postgres(tx) => {
                let rows: Vec<PgRow> = sqlx::query(sql).fetch_all(&mut **tx).await.map_err(&failed)?;
                rows.iter().map(|row| postgres_values(table, row, 0)).collect()
            }
            Tx::Sqlite(tx) => {
                let rows: Vec<SqliteRow> = sqlx::query(sql).fetch_all(&mut **tx).await.map_err(&failed)?;
                rows.iter().map(|row| sqlite_values(table, row, 0)).collect()
            }
        };
        rows.map_err(failed)
    }

    /// Writes rows whose keys are not there.
    pub(crate) async fn insert(
        &mut self,
        table: &Table,
        suffix: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        match self {
            Tx::Postgres(tx) if rows.len() >= COPY_FROM_ROWS => {
                let failed = StoreError::doing("copying rows of");
                let sql = format!("COPY {}{suffix} ({}) FROM STDIN", table.name, table.column_list(""));
                let mut copy = tx.copy_in_raw(&sql).await.map_err(&failed)?;
                let mut text = String::with_capacity(2 * COPY_BYTES);
                for row in &rows {
                    copy_text(&mut text, row);
                    if text.len() >= COPY_BYTES {
                        copy.send(text.as_bytes()).await.map_err(&failed)?;
                        text.clear();
                    }
                }
                copy.send(text.as_bytes()).await.map_err(&failed)?;
                copy.finish().await.map(drop).map_err(&failed)
            }
            Tx::Postgres(_) | Tx::Sqlite(_) => self.write(table, suffix, rows, "").await,
        }
    }

    /// Writes rows, new or not.
    pub(crate) async fn upsert(
        &mut self,
        table: &Table,
        suffix: &str,
        rows: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        match table.on_conflict {
            OnConflict::Never => self.insert(table, suffix, rows).await,
            OnConflict::Replace | OnConflict::Add => self.write(table, suffix, rows, &on_conflict(table)).await,
        }
    }

    async fn write(
        &mut self,
        table: &Table,
        suffix: &str,
        rows: Vec<Vec<Value>>,
        conflict: &str,
    ) -> Result<(), StoreError> {
        let failed = StoreError::doing("writing rows of");
        let into = format!("INSERT INTO {}{suffix} AS t ({})", table.name, table.column_list(""));
        match self {
            Tx::Postgres(tx) => {
                let sql = format!("{into} SELECT * FROM unnest({}) {conflict}", arrays(table.columns));
                for mut chunk in chunks(rows, |_| POSTGRES_ROWS) {
                    let query = bind_columns(sqlx::query(AssertSqlSafe(sql.clone())), table.columns, &mut chunk);
                    query.execute(&mut **tx).await.map_err(&failed)?;
                }
            }
            Tx::Sqlite(tx) => {
                for chunk in chunks(rows, halving) {
                    let sql = format!("{into} VALUES {} {conflict}", placeholders(table.columns.len(), chunk.len()));
                    bind_rows(&sql, chunk).execute(&mut **tx).await.map_err(&failed)?;
                }
            }
        }
        Ok(())
    }

    /// Deletes rows by key.
    pub(crate) async fn delete(
        &mut self,
        table: &Table,
        suffix: &str,
        keys: Vec<Vec<Value>>,
    ) -> Result<(), StoreError> {
        let failed = StoreError::doing("deleting rows of");
        let (name, key) = (table.name, table.key_list());
        match self {
            Tx::Postgres(tx) => {
                let sql = format!(
                    "DELETE FROM {name}{suffix} WHERE ({key}) IN (SELECT * FROM unnest({}))",
                    arrays(key_kinds(table))
                );
                for mut chunk in chunks(keys, |_| POSTGRES_ROWS) {
                    let query = bind_columns(sqlx::query(AssertSqlSafe(sql.clone())), key_kinds(table), &mut chunk);
                    query.execute(&mut **tx).await.map_err(&failed)?;
                }
            }
            Tx::Sqlite(tx) => {
                for chunk in chunks(keys, halving) {
                    let sql = format!(
                        "DELETE FROM {name}{suffix} WHERE ({key}) IN (VALUES {})",
                        placeholders(table.keys, chunk.len())
                    );
                    bind_rows(&sql, chunk).execute(&mut **tx).await.map_err(&failed)?;
                }
            }
        }
        Ok(())
    }
}

fn key_kinds(table: &Table) -> &'static [Column] {
    &table.columns[..table.keys]
}

fn on_conflict(table: &Table) -> String {
    let rest = &table.columns[table.keys..];
    let key = table.key_list();
    if rest.is_empty() {
        return format!("ON CONFLICT ({key}) DO NOTHING");
    }
    let set = |c: &Column| match table.on_conflict {
        OnConflict::Replace | OnConflict::Never => format!("{0} = excluded.{0}", c.name),
        OnConflict::Add => format!("{0} = t.{0} + excluded.{0}", c.name),
    };
    let sets: Vec<String> = rest.iter().map(set).collect();
    format!("ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "))
}

/// `$1::bigint[], $2::text[]`
fn arrays(columns: &[Column]) -> String {
    let array = |(i, column): (usize, &Column)| {
        let kind = match column.kind {
            Kind::Int => "bigint",
            Kind::Text => "text",
            Kind::Uuid => "uuid",
            Kind::Bool => "boolean",
        };
        format!("${}::{kind}[]", i + 1)
    };
    columns.iter().enumerate().map(array).collect::<Vec<_>>().join(", ")
}

/// Binds one array per column, taking the values out of the rows.
fn bind_columns<'q>(
    mut query: Query<'q, Postgres, PgArguments>,
    columns: &[Column],
    rows: &mut [Vec<Value>],
) -> Query<'q, Postgres, PgArguments> {
    macro_rules! array {
        ($kind:ident, $i:ident) => {
            query.bind(
                rows.iter_mut()
                    .map(|row| match &mut row[$i] {
                        Value::$kind(value) => value.take(),
                        _ => None,
                    })
                    .collect::<Vec<_>>(),
            )
        };
    }
    for (i, column) in columns.iter().enumerate() {
        query = match column.kind {
            Kind::Int => array!(Int, i),
            Kind::Text => array!(Text, i),
            Kind::Uuid => array!(Uuid, i),
            Kind::Bool => array!(Bool, i),
        };
    }
    query
}

/// 512, 256, 128 … rows, so that few statement texts exist and each stays prepared.
fn halving(rows: usize) -> usize {
    if rows >= SQLITE_ROWS { SQLITE_ROWS } else { 1 << rows.ilog2() }
}

/// Splits `rows` into chunks of the `size` that is right for what is left.
fn chunks(rows: Vec<Vec<Value>>, size: fn(usize) -> usize) -> impl Iterator<Item = Vec<Vec<Value>>> {
    let mut rows = rows.into_iter();
    std::iter::from_fn(move || match rows.len() {
        0 => None,
        left => Some(rows.by_ref().take(size(left)).collect()),
    })
}

/// `($1, $2), ($3, $4)`
fn placeholders(columns: usize, rows: usize) -> String {
    let mut text = String::with_capacity(columns * rows * 7);
    for row in 0..rows {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns {
            if column > 0 {
                text.push(',');
            }
            text.push('?');
        }
        text.push(')');
    }
    text
}

fn bind_rows<'q>(sql: &str, rows: Vec<Vec<Value>>) -> Query<'q, Sqlite, SqliteArguments> {
    rows.into_iter().flatten().fold(sqlx::query(AssertSqlSafe(sql.to_owned())), bind_sqlite)
}

/// Appends a row in the text format of PostgreSQL's COPY.
fn copy_text(text: &mut String, row: &[Value]) {
    use std::fmt::Write as _;
    for (nth, value) in row.iter().enumerate() {
        if nth > 0 {
            text.push('\t');
        }
        // Writing to a string cannot fail.
        let _ = match value {
            Value::Int(Some(value)) => write!(text, "{value}"),
            Value::Uuid(Some(value)) => write!(text, "{value}"),
            Value::Bool(Some(value)) => write!(text, "{value}"),
            Value::Text(Some(value)) => {
                escape(text, value);
                Ok(())
            }
            Value::Int(None) | Value::Uuid(None) | Value::Bool(None) | Value::Text(None) => write!(text, "\\N"),
        };
    }
    text.push('\n');
}

/// Appends `value` with what COPY would take for structure escaped, stretch by stretch.
fn escape(text: &mut String, value: &str) {
    let mut rest = value;
    while let Some(at) = rest.find(['\\', '\t', '\n', '\r']) {
        let (plain, special) = rest.split_at(at);
        text.push_str(plain);
        text.push_str(match special.as_bytes()[0] {
            b'\\' => "\\\\",
            b'\t' => "\\t",
            b'\n' => "\\n",
            _ => "\\r",
        });
        rest = &special[1..];
    }
    text.push_str(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_copy_would_take_for_structure_is_escaped() {
        let row = vec![
            Value::Int(Some(-7)),
            Value::Text(Some("a\tb\\c\nd\r\\N".to_owned())),
            Value::Text(None),
            Value::Bool(Some(true)),
        ];
        let mut text = String::new();
        copy_text(&mut text, &row);
        assert_eq!(text, "-7\ta\\tb\\\\c\\nd\\r\\\\N\t\\N\ttrue\n");
    }
}
