//! Rows of read models: declared once with [`crate::table!`], then loaded and written in bulk on both engines.

use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

/// A column's type, the same on both engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// 64 bits.
    Int,
    /// UTF-8.
    Text,
    /// 16 bytes.
    Uuid,
    /// Yes or no.
    Bool,
}

/// One value of a table's column; `None` is NULL.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// See [`Kind::Int`].
    Int(Option<i64>),
    /// See [`Kind::Text`].
    Text(Option<String>),
    /// See [`Kind::Uuid`].
    Uuid(Option<Uuid>),
    /// See [`Kind::Bool`].
    Bool(Option<bool>),
}

impl Value {
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Value::Int(None) | Value::Text(None) | Value::Uuid(None) | Value::Bool(None))
    }
}

/// What happens if the key of a new row exists already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnConflict {
    /// The new row replaces the old one.
    Replace,
    /// This cannot happen: rows are append-only.
    Never,
    /// Each column that is not part of the key is added to the stored one.
    Add,
}

/// A column of a [`Table`].
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
}

/// A table of a read model. The first `keys` columns are its primary key.
#[derive(Debug, Clone, Copy)]
pub struct Table {
    /// Its name while it serves queries; the table of a build has a suffix.
    pub name: &'static str,
    /// In order.
    pub columns: &'static [Column],
    /// How many leading columns are the key.
    pub keys: usize,
    /// What an upsert does.
    pub on_conflict: OnConflict,
}

impl Table {
    /// `a, b, c`, each with `prefix` before it.
    #[must_use]
    pub fn column_list(&self, prefix: &str) -> String {
        let names: Vec<String> = self.columns.iter().map(|c| format!("{prefix}{}", c.name)).collect();
        names.join(", ")
    }

    /// The key's columns.
    #[must_use]
    pub fn key_list(&self) -> String {
        let names: Vec<&str> = self.columns[..self.keys].iter().map(|c| c.name).collect();
        names.join(", ")
    }
}

/// A row of a [`Table`], made by [`crate::table!`].
pub trait Row: std::fmt::Debug + Clone + Send + Sync + Sized + 'static {
    /// The table of the row.
    const TABLE: Table;
    /// The type of the key.
    type Key: std::hash::Hash + std::fmt::Debug + Ord + Clone + Send + Sync;

    /// Its key.
    fn key(&self) -> Self::Key;
    /// The key's columns.
    fn key_values(key: &Self::Key) -> Vec<Value>;
    /// All columns.
    fn to_values(&self) -> Vec<Value>;
    /// The row read from all its columns.
    ///
    /// # Errors
    /// When a value does not fit, which happens only if something else changed the table.
    fn from_values(values: Vec<Value>) -> Result<Self, String>;
}

/// A row of a table whose figures are added up; a new row begins with zeros.
pub trait Summed: Row {
    /// The row of `key` before anything was added.
    fn zero(key: &Self::Key) -> Self;
}

/// A Rust type that fits one column.
pub trait Field: Sized {
    /// The column's type.
    const KIND: Kind;
    /// Writes it.
    fn to_value(&self) -> Value;
    /// Reads it.
    ///
    /// # Errors
    /// When the value is of another type, or NULL in a column that must not be NULL.
    fn from_value(value: Value) -> Result<Self, String>;
}

/// A group of columns that several tables have, made by [`crate::figures!`].
pub trait Columns: Sized {
    /// In order.
    const COLUMNS: &'static [Column];
    /// Writes them.
    fn push_values(&self, values: &mut Vec<Value>);
    /// Reads them.
    ///
    /// # Errors
    /// When a value is missing or does not fit.
    fn from_values(values: &mut impl Iterator<Item = Value>) -> Result<Self, String>;
}

/// How many columns the groups have together.
#[doc(hidden)]
#[must_use]
pub const fn count_columns(groups: &[&[Column]]) -> usize {
    let (mut group, mut count) = (0, 0);
    while group < groups.len() {
        count += groups[group].len();
        group += 1;
    }
    count
}

/// The columns of all groups.
#[doc(hidden)]
#[must_use]
pub const fn all_columns<const COUNT: usize>(groups: &[&[Column]]) -> [Column; COUNT] {
    let mut all = [groups[0][0]; COUNT];
    let (mut group, mut next) = (0, 0);
    while group < groups.len() {
        let mut column = 0;
        while column < groups[group].len() {
            all[next] = groups[group][column];
            (column, next) = (column + 1, next + 1);
        }
        group += 1;
    }
    all
}

/// A value stored as JSON text, for columns by which no query filters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Json<T>(pub T);

/// PostgreSQL refuses NUL in text; the log keeps the exact bytes, a read model shows the replacement character.
#[inline]
fn storable(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text.to_owned() }
}

macro_rules! field {
    ($type:ty, $kind:ident, $write:expr) => {
        impl Field for $type {
            const KIND: Kind = Kind::$kind;
            #[inline]
            fn to_value(&self) -> Value {
                Value::$kind(Some($write(self)))
            }
            #[inline]
            fn from_value(value: Value) -> Result<Self, String> {
                match value {
                    Value::$kind(Some(value)) => Ok(value),
                    other => Err(format!("expected {}, found {other:?}", stringify!($kind))),
                }
            }
        }
        impl Field for Option<$type> {
            const KIND: Kind = Kind::$kind;
            #[inline]
            fn to_value(&self) -> Value {
                Value::$kind(self.as_ref().map($write))
            }
            #[inline]
            fn from_value(value: Value) -> Result<Self, String> {
                match value {
                    Value::$kind(value) => Ok(value),
                    other => Err(format!("expected {}, found {other:?}", stringify!($kind))),
                }
            }
        }
    };
}

field!(i64, Int, |v: &i64| *v);
field!(bool, Bool, |v: &bool| *v);
field!(Uuid, Uuid, |v: &Uuid| *v);
field!(String, Text, |v: &String| storable(v));

impl<T: Serialize + DeserializeOwned> Field for Json<T> {
    const KIND: Kind = Kind::Text;
    fn to_value(&self) -> Value {
        Value::Text(serde_json::to_string(&self.0).ok())
    }
    fn from_value(value: Value) -> Result<Self, String> {
        let text = String::from_value(value)?;
        serde_json::from_str(&text).map(Json).map_err(|e| e.to_string())
    }
}

/// Declares a row and its table: key columns first, then a group of columns that [`figures!`](crate::figures) declared, if
/// any, then the others.
#[macro_export]
macro_rules! table {
    (
        $(#[$doc:meta])*
        pub struct $name:ident = $table:literal on conflict $conflict:ident {
            key { $( $(#[$kdoc:meta])* $key:ident : $kt:ty ),+ $(,)? }
            $( .. $group:ident : $gt:ty, )?
            $( $(#[$cdoc:meta])* $col:ident : $ct:ty ),* $(,)?
        }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name {
            $( $(#[$kdoc])* pub $key: $kt, )+
            $( $(#[$cdoc])* pub $col: $ct, )*
            $(
                /// The figures that are added up.
                pub $group: $gt,
            )?
        }

        impl $crate::Row for $name {
            const TABLE: $crate::Table = $crate::Table {
                name: $table,
                columns: &{
                    const OWN: &[$crate::Column] = &[
                        $( $crate::Column { name: stringify!($key), kind: <$kt as $crate::Field>::KIND }, )+
                        $( $crate::Column { name: stringify!($col), kind: <$ct as $crate::Field>::KIND }, )*
                    ];
                    const GROUPS: &[&[$crate::Column]] = &[OWN $(, <$gt as $crate::Columns>::COLUMNS )?];
                    $crate::all_columns::<{ $crate::count_columns(GROUPS) }>(GROUPS)
                },
                keys: [$( stringify!($key) ),+].len(),
                on_conflict: $crate::OnConflict::$conflict,
            };
            type Key = ( $( $kt, )+ );

            fn key(&self) -> Self::Key {
                ( $( self.$key.clone(), )+ )
            }
            fn key_values(key: &Self::Key) -> Vec<$crate::Value> {
                let ( $( $key, )+ ) = key;
                vec![ $( $crate::Field::to_value($key), )+ ]
            }
            fn to_values(&self) -> Vec<$crate::Value> {
                let mut values = Vec::with_capacity(Self::TABLE.columns.len());
                $( values.push($crate::Field::to_value(&self.$key)); )+
                $( values.push($crate::Field::to_value(&self.$col)); )*
                $( $crate::Columns::push_values(&self.$group, &mut values); )?
                values
            }
            fn from_values(values: Vec<$crate::Value>) -> Result<Self, String> {
                let mut values = values.into_iter();
                let mut next = || values.next().ok_or_else(|| concat!("a column of ", $table, " is missing").to_owned());
                Ok($name {
                    $( $key: $crate::Field::from_value(next()?)?, )+
                    $( $col: $crate::Field::from_value(next()?)?, )*
                    $( $group: $crate::Columns::from_values(&mut values)?, )?
                })
            }
        }

        $crate::table!(@summed $conflict $name { $( $key )+ } { $( $col )* $( $group )? });
    };
    (@summed Add $name:ident { $( $key:ident )+ } { $( $col:ident )* }) => {
        impl $crate::Summed for $name {
            fn zero(key: &Self::Key) -> Self {
                let ( $( $key, )+ ) = key;
                $name { $( $key: $key.clone(), )+ $( $col: Default::default(), )* }
            }
        }
    };
    (@summed $other:ident $( $rest:tt )*) => {};
}

/// Declares a group of numbers that tables have in common and that add up.
#[macro_export]
macro_rules! figures {
    ($(#[$meta:meta])* pub struct $name:ident { $( $(#[$doc:meta])* $column:ident ),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub struct $name {
            $( $(#[$doc])* pub $column: i64, )+
        }

        impl $name {
            /// Adds every figure of `more`.
            pub fn add(&mut self, more: &$name) {
                $( self.$column += more.$column; )+
            }
        }

        impl $crate::Columns for $name {
            const COLUMNS: &'static [$crate::Column] =
                &[ $( $crate::Column { name: stringify!($column), kind: $crate::Kind::Int } ),+ ];

            fn push_values(&self, values: &mut Vec<$crate::Value>) {
                $( values.push($crate::Value::Int(Some(self.$column))); )+
            }

            fn from_values(values: &mut impl Iterator<Item = $crate::Value>) -> Result<Self, String> {
                let mut next = || values.next().ok_or_else(|| "a figure is missing".to_owned());
                Ok($name { $( $column: $crate::Field::from_value(next()?)?, )+ })
            }
        }
    };
}
