//! Arguments of a call: other spellings are understood, then all are checked against the schema; every problem is
//! reported at once.

pub(crate) mod amounts;
pub(crate) mod check;
pub(crate) mod cursor;
mod forms;
mod readings;
pub(crate) mod shape;
mod unknown;
pub(crate) mod when;

use orderlog_domain::rejection::Rejection;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(crate) use self::unknown::COMMON;
pub use self::unknown::nearest_tool;
pub(crate) use self::unknown::{Elsewhere, word};
use crate::schema::Object;

/// Arguments that passed the schema, as the tool's type.
pub(crate) fn read_as<I: DeserializeOwned>(arguments: Object) -> Result<I, Rejection> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        Rejection::invalid("arguments", error.to_string()).hint("See what the tool's input schema says of it.")
    })
}
