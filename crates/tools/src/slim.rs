//! The schema of what a tool takes, made short for lists that models read in every conversation.

use serde_json::Value;

use crate::{introduction::INTRODUCED, schema::Object};

/// The schema of what a tool takes, as it is listed: without bounds and forms, which calls are still held to and
/// which errors name. Hosts carry the list in every conversation.
pub fn slim(input: &Object) -> Object {
    fn drop_bounds(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                // A property may be called like a bound; only the words of a schema go.
                let is_schema = fields.get("type").is_some_and(Value::is_string);
                if is_schema {
                    let bounds = [
                        "minLength",
                        "maxLength",
                        "minItems",
                        "maxItems",
                        "minimum",
                        "maximum",
                        "pattern",
                        "format",
                        "additionalProperties",
                        // Nothing, or no: what everybody takes an absent argument for.
                        "default",
                    ];
                    for bound in bounds {
                        fields.remove(bound);
                    }
                    // The items' members are described, and so is the list.
                    if let Some(Value::Object(items)) = fields.get_mut("items") {
                        items.remove("description");
                    }
                }
                fields.values_mut().for_each(drop_bounds);
            }
            Value::Array(items) => items.iter_mut().for_each(drop_bounds),
            _ => {}
        }
    }
    let mut listed = Value::Object(input.clone());
    drop_bounds(&mut listed);
    if let Some(Value::Object(arguments)) = listed.get_mut("properties") {
        // The introduction explains these, so that the list need not do it thirty times.
        for name in INTRODUCED {
            if let Some(Value::Object(argument)) = arguments.get_mut(name) {
                argument.remove("description");
            }
        }
    }
    match listed {
        Value::Object(mut listed) => {
            listed.insert("additionalProperties".to_owned(), Value::Bool(false));
            listed
        }
        _ => Object::new(),
    }
}
