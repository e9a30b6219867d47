//! Facts of short answers in words: values, amounts, and members in the order in which they are written.

use orderlog_domain::format::MoneyOut;
use serde_json::Value;

use crate::schema::Object;

/// Members of a fact in the order in which they are written.
pub(crate) type Members = Vec<(&'static str, Value)>;

/// `orders: 2, units: 3`
pub(crate) fn in_words(members: &Members) -> String {
    let named = members.iter().map(|(name, value)| format!("{}: {}", name.replace('_', " "), plain(value)));
    named.collect::<Vec<_>>().join(", ")
}

pub(crate) fn as_object(members: Members) -> Object {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// A value as text: `yes`, `A, B`, `orders 2, units 3`.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::Bool(holds) => if *holds { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(", "),
        Value::Object(fields) => {
            let named = fields.iter().map(|(name, value)| format!("{} {}", name.replace('_', " "), plain(value)));
            named.collect::<Vec<_>>().join(", ")
        }
    }
}

/// An amount as answers write it in short.
pub(crate) fn amount(money: MoneyOut) -> Value {
    Value::String(money.formatted)
}
