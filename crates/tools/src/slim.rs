//! The schema of a tool's arguments, shortened for lists that models read in every conversation.

use serde_json::Value;

use crate::{introduction::INTRODUCED, schema::Object};

/// The listed schema of a tool's arguments: without bounds and forms. Calls are still checked against these, and errors
/// name them. Hosts include the list in every conversation.
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
                        // The defaults are an absent value or `false`, which every reader expects.
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
        // The introduction explains these, so the list need not do it thirty times.
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
