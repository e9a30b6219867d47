//! Reads a struct from a row by the names of its fields, on both engines.

/// Makes a row of either engine readable as a struct; every field is a column of its name.
///
/// `field = default` is the type's default where the statement has no such column; `field = flatten(Row)` is read as
/// `Row` from the same columns' row, and made from it.
///
/// It does what sqlx's derive does, which would compile sqlx and both drivers a second time for the compiler's own use.
///
/// ```
/// struct Counted {
///     status: String,
///     orders: i64,
/// }
/// orderlog_event_log::from_row!(Counted { status, orders });
/// ```
#[macro_export]
macro_rules! from_row {
    ($name:ident { $($field:ident $(= $how:ident $(($row:ty))?)?),* $(,)? }) => {
        $crate::from_row!(@of ::sqlx::postgres::PgRow, $name { $($field $(= $how $(($row))?)?),* });
        $crate::from_row!(@of ::sqlx::sqlite::SqliteRow, $name { $($field $(= $how $(($row))?)?),* });
    };
    (@of $engine:ty, $name:ident { $($field:ident $(= $how:ident $(($row:ty))?)?),* }) => {
        impl<'r> ::sqlx::FromRow<'r, $engine> for $name {
            fn from_row(row: &'r $engine) -> ::std::result::Result<$name, ::sqlx::Error> {
                Ok($name { $($field: $crate::from_row!(@field row $field $($how $(($row))?)?)),* })
            }
        }
    };
    (@field $row:ident $field:ident) => {
        ::sqlx::Row::try_get($row, stringify!($field))?
    };
    (@field $row:ident $field:ident default) => {
        match ::sqlx::Row::try_get($row, stringify!($field)) {
            Err(::sqlx::Error::ColumnNotFound(_)) => ::std::default::Default::default(),
            read => read?,
        }
    };
    (@field $row:ident $field:ident flatten($from:ty)) => {
        <$from as ::sqlx::FromRow<_>>::from_row($row)?.into()
    };
}
