//! Schemas of the arguments and answers of tools: inlined, no null types, no integer formats, enumerations as `enum`.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value};

/// A JSON object.
pub type Object = Map<String, Value>;

/// The schema of a tool's arguments.
pub(crate) fn input<T: JsonSchema>() -> Object {
    prepared::<T>(SchemaSettings::draft2020_12().for_deserialize())
}

/// Levels of an answer whose members are listed; deeper levels are objects. Hosts include every schema in every
/// conversation, so answers are outlined only.
const OUTLINED_LEVELS: usize = 1;

/// The outline of a tool's answer.
pub(crate) fn output<T: JsonSchema>() -> Object {
    let mut schema = prepared::<T>(SchemaSettings::draft2020_12().for_serialize());
    outline(&mut schema, OUTLINED_LEVELS);
    schema
}

fn outline(schema: &mut Object, levels: usize) {
    // Rules are not needed for answers: programs read them, and nobody writes them.
    for name in ["description", "required", "format", "additionalProperties"] {
        schema.remove(name);
    }
    if let Some(Value::Object(items)) = schema.get_mut("items") {
        outline(items, levels);
    }
    // The short answer may have a text (an amount, a name) where the full answer has an object.
    if levels < OUTLINED_LEVELS && schema.get("type").is_some_and(|kind| kind == "object") {
        schema.clear();
    }
    if levels == 0 {
        schema.remove("properties");
    } else if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let members = properties.values_mut().filter_map(Value::as_object_mut);
        members.for_each(|member| outline(member, levels - 1));
    }
}

/// Adds the properties of `common` to `schema`; both describe objects.
pub(crate) fn merge(schema: &mut Object, common: Object) {
    for (key, value) in common {
        match (schema.get_mut(&key), value) {
            (Some(Value::Object(mine)), Value::Object(more)) if key == "properties" => mine.extend(more),
            (Some(Value::Array(mine)), Value::Array(more)) if key == "required" => mine.extend(more),
            (None, value) if key == "properties" || key == "required" => {
                schema.insert(key, value);
            }
            _ => {}
        }
    }
}

fn prepared<T: JsonSchema>(settings: SchemaSettings) -> Object {
    let settings = settings.with(|settings| {
        settings.inline_subschemas = true;
        settings.meta_schema = None;
    });
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    match schema {
        Value::Object(object) => object,
        _ => Object::new(),
    }
}

fn tidy(schema: &mut Value) {
    let Value::Object(object) = schema else { return };
    drop_null(object);
    collapse_enumeration(object);
    object.remove("title");
    object.remove("$schema");
    let is_number = matches!(object.get("type").and_then(Value::as_str), Some("integer" | "number"));
    if is_number {
        object.remove("format");
    }
    if object.get("default").is_some_and(Value::is_null) {
        object.remove("default");
    }
    for (key, value) in object.iter_mut() {
        match (key.as_str(), value) {
            ("properties" | "patternProperties", Value::Object(properties)) => {
                properties.values_mut().for_each(tidy);
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Value::Array(schemas)) => {
                schemas.iter_mut().for_each(tidy);
            }
            ("items" | "additionalProperties" | "not", value) => tidy(value),
            _ => {}
        }
    }
}

/// `["string", "null"]` becomes `"string"`, `anyOf [X, null]` becomes X: an absent member means no value.
fn drop_null(object: &mut Object) {
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if types.len() == 1 {
            let only = types.remove(0);
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(values)) = object.get_mut("enum") {
        values.retain(|value| !value.is_null());
    }
    let Some(Value::Array(choices)) = object.get_mut("anyOf") else { return };
    choices.retain(|choice| choice.get("type").is_none_or(|kind| kind != "null"));
    if choices.len() == 1
        && let Value::Object(only) = choices.remove(0)
    {
        object.remove("anyOf");
        for (key, value) in only {
            object.entry(key).or_insert(value);
        }
    }
}

/// Documented enumerations are generated as `oneOf` constants; hosts understand `enum` better, and one description has
/// room for the words.
fn collapse_enumeration(object: &mut Object) {
    let Some(Value::Array(choices)) = object.get("oneOf") else { return };
    let mut names = vec![];
    let mut words = vec![];
    for choice in choices {
        let description = choice.get("description").and_then(Value::as_str);
        match (choice.get("const"), choice.get("enum").and_then(Value::as_array)) {
            (Some(name), _) => {
                words.extend(name.as_str().zip(description).map(|(name, text)| format!("{name}: {text}")));
                names.push(name.clone());
            }
            (None, Some(more)) => names.extend(more.iter().cloned()),
            (None, None) => return,
        }
    }
    object.remove("oneOf");
    object.insert("type".to_owned(), "string".into());
    object.insert("enum".to_owned(), Value::Array(names));
    if !words.is_empty() {
        let before = object.get("description").and_then(Value::as_str).map(|text| format!("{text} "));
        object.insert("description".to_owned(), format!("{}{}", before.unwrap_or_default(), words.join(" ")).into());
    }
}
