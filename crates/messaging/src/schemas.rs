//! Schemas with which consumers can check messages: JSON Schemas of everything that is stored or published, and an
//! AsyncAPI document.

use include_dir::{Dir, include_dir};
use orderlog_domain::event::{EventType, catalogue};
use serde_json::{Map, Value, json};

use crate::cloud_event::{CloudEventError, subject_of};

/// The shape of every version that was ever stored; the tests of the domain keep these files.
static SHAPES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../domain/tests/golden/shapes");

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// Every schema, with the name of its file.
#[must_use]
pub fn schema_files() -> Vec<(String, Value)> {
    let mut files = vec![
        ("event.json".to_owned(), identified("event", event_schema())),
        ("line.json".to_owned(), identified("line", line_schema())),
        ("cloudevent.json".to_owned(), identified("cloudevent", cloud_event_schema(&Type::any()))),
    ];
    for kind in catalogue() {
        for version in 1..=kind.schema {
            let name = format!("{}.{version}", kind.name);
            if let Some(mut schema) = facts_of(&kind, version) {
                schema["title"] = kind.name.into();
                schema["description"] = kind.about.into();
                files.push((format!("{name}.json"), identified(&name, schema)));
            }
        }
    }
    files
}

fn identified(name: &str, mut schema: Value) -> Value {
    schema["$schema"] = DIALECT.into();
    schema["$id"] = format!("urn:orderlog:schema:{name}").into();
    schema
}

/// The shape of the facts of one type: the present version with its descriptions, older ones as they were stored.
fn facts_of(kind: &EventType, version: u16) -> Option<Value> {
    if version == kind.schema {
        return Some(kind.json_schema.clone());
    }
    let file = SHAPES.get_file(format!("{}.{version}.json", kind.name))?;
    serde_json::from_slice(file.contents()).ok()
}

/// The type and the facts that a message must have.
struct Type {
    event_type: Value,
    cloud_type: Value,
    facts: Value,
}

impl Type {
    fn any() -> Type {
        let cloud_type = json!({ "type": "string", "pattern": "^orderlog\\.v1\\.[a-z]+\\.[A-Za-z0-9]+$" });
        let facts = json!({ "type": "object", "description": "As <type>.<schema>.json says." });
        Type { event_type: json!({ "type": "string" }), cloud_type, facts }
    }
}

/// A stored event: `event` of `/v1/events`, `data` of a message.
fn event_schema() -> Value {
    event_schema_of(&Type::any())
}

fn event_schema_of(kind: &Type) -> Value {
    let text = json!({ "type": "string" });
    let time = json!({ "type": "string", "format": "date-time" });
    let uuid = json!({ "type": "string", "format": "uuid" });
    let described = |mut schema: Value, text: &str| {
        schema["description"] = text.into();
        schema
    };
    let count = json!({ "type": "integer", "minimum": 1 });
    let sealable =
        |text: &str| described(json!({ "type": "string" }), &format!("{text}; `sealed:…` where it is personal."));
    json!({
        "title": "Stored event",
        "type": "object",
        "required": ["id", "stream", "version", "position", "type", "schema", "provenance", "data"],
        "properties": {
            "id": described(uuid.clone(), "UUIDv7."),
            "stream": described(text.clone(), "order-<number>, product-<uuid>, stock-<uuid>, customer-<uuid> or rate-<currency>."),
            "version": described(count.clone(), "Place in the stream."),
            "position": described(count.clone(), "Place in the log."),
            "type": kind.event_type,
            "schema": described(count, "Version of the shape of `data`."),
            "provenance": {
                "type": "object",
                "required": ["occurred_at", "recorded_at", "business_date", "actor", "command_id", "causation_id", "correlation_id"],
                "properties": {
                    "occurred_at": described(time.clone(), "When it happened in the world."),
                    "recorded_at": described(time, "When it was appended; never decreases along the log."),
                    "business_date": { "type": "string", "format": "date", "description": "The shop's business day of occurred_at." },
                    "actor": {
                        "type": "object", "required": ["user", "role"],
                        "properties": { "user": text, "role": text },
                        "description": "Who, from the credential.",
                    },
                    "agent": {
                        "type": "object", "required": ["name", "version"],
                        "properties": { "name": text, "version": text, "model": text },
                        "description": "The program the user spoke through, as it describes itself.",
                    },
                    "command_id": described(uuid.clone(), "The command that recorded it; all its events share it."),
                    "causation_id": described(uuid.clone(), "The event or command that led to this command."),
                    "correlation_id": described(uuid, "The conversation or process it belongs to."),
                    "trace_id": described(json!({ "type": "string" }), "W3C trace id."),
                    "reason": sealable("Why, in the user's words"),
                    "request_text": sealable("What the user typed"),
                },
            },
            "data": kind.facts,
        },
    })
}

/// A line of `/v1/events`.
fn line_schema() -> Value {
    json!({
        "title": "Line of /v1/events",
        "type": "object",
        "required": ["position", "hash", "event"],
        "additionalProperties": false,
        "properties": {
            "position": { "type": "integer", "minimum": 1 },
            "hash": hash_schema(),
            "event": event_schema(),
        },
    })
}

fn hash_schema() -> Value {
    json!({
        "type": "string", "pattern": "^[0-9a-f]{64}$",
        "description": "SHA-256 of the previous event's 32 bytes of hash (32 zero bytes before the first) and the bytes of this one.",
    })
}

/// A message on NATS.
fn cloud_event_schema(kind: &Type) -> Value {
    let number = json!({ "type": "string", "pattern": "^[1-9][0-9]*$" });
    json!({
        "title": "Message",
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "time", "position", "streamversion", "hash", "data"],
        "properties": {
            "specversion": { "const": "1.0" },
            "id": { "type": "string", "format": "uuid" },
            "source": { "const": "/orderlog" },
            "type": kind.cloud_type,
            "subject": { "type": "string", "description": "The stream." },
            "time": { "type": "string", "format": "date-time", "description": "When it happened in the world." },
            "position": number,
            "streamversion": number,
            "hash": hash_schema(),
            "data": event_schema_of(kind),
        },
    })
}

/// The AsyncAPI 3 document of the messages on NATS, with the usual prefix.
///
/// # Errors
/// When an event type could not be published; a test makes sure that there is none.
pub fn asyncapi() -> Result<Value, CloudEventError> {
    let (mut channels, mut operations) = (Map::new(), Map::new());
    let (mut messages, mut schemas) = (Map::new(), Map::new());
    for kind in catalogue() {
        let (name, subject) = (kind.name, subject_of(kind.category, kind.name)?);
        let mut facts = vec![];
        for version in 1..=kind.schema {
            if let Some(schema) = facts_of(&kind, version) {
                let key = format!("{name}.{version}");
                facts.push(json!({ "$ref": format!("#/components/schemas/{key}") }));
                hoist(&key, schema, &mut schemas);
            }
        }
        let exact = Type {
            event_type: json!({ "const": name }),
            cloud_type: json!({ "const": subject }),
            facts: if facts.len() == 1 { facts.remove(0) } else { json!({ "anyOf": facts }) },
        };
        let message = json!({
            "name": name, "title": name, "summary": kind.about, "contentType": "application/cloudevents+json",
            "headers": {
                "type": "object",
                "properties": {
                    "ce-id": { "type": "string" }, "ce-type": { "type": "string" }, "orderlog-position": { "type": "string" },
                    "orderlog-stream": { "type": "string" }, "orderlog-command-id": { "type": "string" },
                    "orderlog-trace-id": { "type": "string" },
                },
            },
            "payload": cloud_event_schema(&exact),
        });
        messages.insert(name.to_owned(), message);
        let channel = json!({
            "address": subject, "summary": kind.about,
            "messages": { name: { "$ref": format!("#/components/messages/{name}") } },
        });
        channels.insert(name.to_owned(), channel);
        let operation = json!({
            "action": "send", "channel": { "$ref": format!("#/channels/{name}") },
            "messages": [{ "$ref": format!("#/channels/{name}/messages/{name}") }],
        });
        operations.insert(format!("publish{name}"), operation);
    }
    Ok(json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Orderlog", "version": env!("CARGO_PKG_VERSION"),
            "description": "Every event of the log, once and in order, in the JetStream stream ORDERLOG, whose sequence is the position in \
                the log. A shop with --nats-subject-prefix has that instead of `orderlog` at the front of each address; `type` stays.",
        },
        "defaultContentType": "application/cloudevents+json",
        "servers": { "nats": { "host": "127.0.0.1:4222", "protocol": "nats" } },
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": schemas },
    }))
}

/// Puts a schema and its definitions where all references in the document find them.
fn hoist(key: &str, mut schema: Value, schemas: &mut Map<String, Value>) {
    let definitions = schema.as_object_mut().and_then(|schema| {
        schema.remove("$schema");
        schema.remove("$defs")
    });
    if let Some(Value::Object(definitions)) = definitions {
        for (name, mut definition) in definitions {
            point_to_components(key, &mut definition);
            schemas.insert(format!("{key}.{name}"), definition);
        }
    }
    point_to_components(key, &mut schema);
    schemas.insert(key.to_owned(), schema);
}

fn point_to_components(key: &str, schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if let Some(Value::String(target)) = fields.get_mut("$ref")
                && let Some(name) = target.strip_prefix("#/$defs/")
            {
                *target = format!("#/components/schemas/{key}.{name}");
            }
            fields.values_mut().for_each(|value| point_to_components(key, value));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| point_to_components(key, item)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use orderlog_domain::event::examples;

    use super::*;
    use crate::catalogue::example_of;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/asyncapi.json");

    fn valid(schema: &Value, instance: &Value) -> bool {
        jsonschema::validator_for(schema).expect("a schema").is_valid(instance)
    }

    #[test]
    fn every_version_ever_stored_has_a_file() {
        let files: HashMap<String, Value> = schema_files().into_iter().collect();
        for kind in catalogue() {
            for version in 1..=kind.schema {
                let name = format!("{}.{version}", kind.name);
                let schema = &files[&format!("{name}.json")];
                assert_eq!(schema["$id"], json!(format!("urn:orderlog:schema:{name}")));
                let example = std::fs::read_to_string(format!(
                    "{}/../domain/tests/golden/{name}.json",
                    env!("CARGO_MANIFEST_DIR")
                ));
                let example: Value = serde_json::from_str(&example.expect("an example")).expect("JSON");
                assert!(valid(schema, &example), "{name}");
            }
        }
    }

    #[test]
    fn messages_are_what_the_schemas_say() {
        let files: HashMap<String, Value> = schema_files().into_iter().collect();
        let document = asyncapi().expect("a document");
        for event in examples() {
            let (recorded, message) = example_of(&event).expect("a message");
            let mut message: Value = serde_json::from_str(&message).expect("JSON");
            let kind = catalogue().into_iter().find(|kind| kind.name == event.event_type()).expect("a type");
            // All examples are in the stream of an order.
            message["type"] = subject_of(kind.category, kind.name).expect("a subject").into();
            assert!(valid(&files["cloudevent.json"], &message), "{message}");
            let event_json: Value = serde_json::from_str(&recorded.json).expect("JSON");
            assert!(valid(&files["event.json"], &event_json), "{event_json}");
            let line = json!({ "position": 1, "hash": recorded.hash, "event": event_json });
            assert!(valid(&files["line.json"], &line), "{line}");

            let name = event.event_type();
            let mut payload = document["components"]["messages"][name]["payload"].clone();
            payload["components"] = document["components"].clone();
            assert!(valid(&payload, &message), "{name}: {message}");
            let mut other = message.clone();
            other["data"]["data"] = json!(1);
            assert!(!valid(&payload, &other), "{name} takes anything");
        }
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        fn references(value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(fields) => {
                    found.extend(fields.get("$ref").and_then(Value::as_str).map(str::to_owned));
                    fields.values().for_each(|value| references(value, found));
                }
                Value::Array(items) => items.iter().for_each(|item| references(item, found)),
                Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
            }
        }
        let document = asyncapi().expect("a document");
        let mut found = vec![];
        references(&document, &mut found);
        assert!(found.len() > catalogue().len() * 4);
        for reference in found {
            let pointer = reference.strip_prefix('#').expect("inside the document");
            assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
        }
        assert_eq!(document["channels"].as_object().map(Map::len), Some(catalogue().len()));
    }

    #[test]
    fn the_document_is_fresh() {
        let document = asyncapi().expect("a document");
        let text = serde_json::to_string_pretty(&document).expect("JSON") + "\n";
        if std::env::var_os("ORDERLOG_WRITE_DOCS").is_some() {
            std::fs::write(PAGE, &text).expect("writing docs/asyncapi.json");
        }
        assert!(
            std::fs::read_to_string(PAGE).is_ok_and(|written| written == text),
            "docs/asyncapi.json is stale; run: ORDERLOG_WRITE_DOCS=1 cargo test -p orderlog-messaging fresh"
        );
    }
}
