//! Small statements with their arguments, the same text on both engines.

use sqlx::{AssertSqlSafe, Postgres, Sqlite, postgres::PgArguments, query::Query, sqlite::SqliteArguments};

use crate::row::{Field, Value};

/// A statement and its arguments. The text never contains values.
///
/// What is always the same is written as SQL with `$1`, `$2` …, to which [`Sql::bind`] gives values in their order. Where
/// filters vary, [`Sql::push`] and [`Sql::arg`] add to it.
#[derive(Debug, Clone, Default)]
pub struct Sql {
    text: String,
    args: Vec<Value>,
}

impl Sql {
    /// The statement `text`, or its beginning.
    #[must_use]
    pub fn new(text: &str) -> Sql {
        Sql { text: text.to_owned(), args: vec![] }
    }

    /// Binds the next placeholder of the text to `value`.
    #[must_use]
    pub fn bind(mut self, value: impl Field) -> Sql {
        self.args.push(value.to_value());
        self
    }

    /// The statement with `text` before it.
    #[must_use]
    pub fn after(&self, text: &str) -> Sql {
        Sql { text: format!("{text}{}", self.text), args: self.args.clone() }
    }

    /// Appends `text`.
    pub fn push(&mut self, text: &str) -> &mut Sql {
        self.text.push_str(text);
        self
    }

    /// Appends a placeholder bound to `value`.
    pub fn arg(&mut self, value: impl Field) -> &mut Sql {
        self.value(value.to_value())
    }

    /// Appends placeholders bound to `values`: `$1, $2, $3`.
    pub fn list<F: Field>(&mut self, values: impl IntoIterator<Item = F>) -> &mut Sql {
        for (i, value) in values.into_iter().enumerate() {
            if i > 0 {
                self.push(", ");
            }
            self.arg(value);
        }
        self
    }

    /// Adds a value in the form in which tables store it.
    pub(crate) fn value(&mut self, value: Value) -> &mut Sql {
        self.args.push(value);
        self.text.push('$');
        self.text.push_str(&self.args.len().to_string());
        self
    }

    /// The statement with its placeholders.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn postgres(&self) -> Query<'_, Postgres, PgArguments> {
        self.args.iter().cloned().fold(sqlx::query(AssertSqlSafe(self.text.clone())), |query, value| match value {
            Value::Int(v) => query.bind(v),
            Value::Text(v) => query.bind(v),
            Value::Uuid(v) => query.bind(v),
            Value::Bool(v) => query.bind(v),
        })
    }

    pub(super) fn sqlite(&self) -> Query<'_, Sqlite, SqliteArguments> {
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

/// A LIKE pattern for texts that contain `text`, with `\` as the escape character.
#[must_use]
pub fn like(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}
