//! The stored shape of every event type, held by golden files: old logs must stay readable. `golden` has an example of
//! every version ever stored, `golden/shapes` its JSON Schema. New versions add files (`UPDATE_GOLDEN=1`); none changes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use orderlog_domain::{
    envelope,
    event::{Event, catalogue, examples},
};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(event: &Event) -> PathBuf {
    folder().join(format!("{}.{}.json", event.event_type(), event.schema()))
}

/// Compares with a golden file; adds it when there is none and that was asked for.
fn check(path: &Path, written: &str, what: &str) {
    if std::env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
        fs::write(path, written).expect("the golden file can be written");
    }
    let kept = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{}: {error}; run with UPDATE_GOLDEN=1 to add it", path.display()));
    assert_eq!(written, kept, "{what} no longer has the shape it was stored in: give it a new schema version");
}

#[test]
fn stored_shapes_stay_as_they_are() {
    for event in examples() {
        let written = serde_json::to_string_pretty(&event).expect("an event is JSON") + "\n";
        check(&golden(&event), &written, event.event_type());
    }
}

/// An example cannot show a field it leaves out; the schema names every field, with its type, and whether it is needed.
#[test]
fn no_field_comes_or_goes_without_a_new_version() {
    for event_type in catalogue() {
        let mut shape = event_type.json_schema.clone();
        strip_prose(&mut shape);
        let path = folder().join(format!("shapes/{}.{}.json", event_type.name, event_type.schema));
        let written = serde_json::to_string_pretty(&shape).expect("a schema is JSON") + "\n";
        check(&path, &written, event_type.name);
    }
}

/// Descriptions may be reworded.
fn strip_prose(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            // A property may well be called `title`; prose is text.
            fields.retain(|name, value| !(["title", "description"].contains(&name.as_str()) && value.is_string()));
            fields.values_mut().for_each(strip_prose);
        }
        Value::Array(items) => items.iter_mut().for_each(strip_prose),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn every_version_ever_stored_has_an_example() {
    let stored = catalogue()
        .into_iter()
        .flat_map(|event_type| (1..=event_type.schema).map(move |schema| format!("{}.{schema}.json", event_type.name)));
    let stored: BTreeSet<String> = stored.collect();
    let entries = fs::read_dir(folder()).expect("the golden files").map(|entry| entry.expect("an entry").path());
    let kept = entries.filter(|path| path.is_file()).filter_map(|path| path.file_name()?.to_str().map(str::to_owned));
    assert_eq!(kept.collect::<BTreeSet<String>>(), stored);
}

/// The fields that upcasters add to the examples of old versions.
fn added(event_type: &str, schema: u16) -> Vec<(&'static str, Value)> {
    let nothing = || json!({ "net": 0, "tax": 0 });
    let entered =
        || vec![("/lines/0/tax_inclusive", json!(false)), ("/lines/0/discounts", json!([{ "percent": "10" }]))];
    match (event_type, schema) {
        ("UnitsShipped", 1 | 2) => vec![("/first", true.into())],
        ("ShipmentVoided", 1) => vec![("/last", false.into())],
        ("OrderPlaced", 1 | 2) => entered(),
        ("OrderPlaced", 3 | 4) | ("LinesChanged", 2) => vec![("/lines/0/order_discount", true.into())],
        ("LinesChanged", 1) => [entered(), vec![("/goodwill_back", nothing())]].concat(),
        ("UnitsCancelled", 1 | 2) | ("UnitsReturned", 1) => vec![("/goodwill_back", nothing())],
        _ => vec![],
    }
}

/// Fields that old versions lack are absent after the upcast too, or have the values listed above, and nothing is lost.
#[test]
fn old_versions_are_lifted_to_the_present_one() {
    for event_type in catalogue() {
        for schema in 1..event_type.schema {
            let json = fs::read_to_string(folder().join(format!("{}.{schema}.json", event_type.name))).expect("a file");
            let lifted = Event::decode(event_type.name, schema, &json).expect("an old event is read");
            assert_eq!(lifted.schema(), event_type.schema);
            let (mut old, new) =
                (serde_json::from_str::<Value>(&json).expect("JSON"), serde_json::to_value(&lifted).expect("JSON"));
            for (place, value) in added(event_type.name, schema) {
                assert_eq!(old.pointer(place), None, "the old version had no {place}");
                let (parent, field) = place.rsplit_once('/').expect("a JSON pointer");
                old.pointer_mut(parent).expect("the old version has what it stands in")[field] = value;
            }
            assert_eq!(new, old, "{} {schema}", event_type.name);
            let again =
                Event::decode(event_type.name, event_type.schema, &new.to_string()).expect("a present event is read");
            assert_eq!(again, lifted);
        }
    }
}

/// The bytes that are hashed: fields in this order, nothing between them.
#[test]
fn the_envelope_stays_as_it_is() {
    let stored = concat!(
        r#"{"id":"019aaaaa-0000-7000-8000-000000000001","stream":"order-1001","version":1,"position":7,"#,
        r#""type":"OrderConfirmed","schema":1,"provenance":{"occurred_at":"2026-11-20T06:30:00Z","#,
        r#""recorded_at":"2026-11-20T06:30:00.123456Z","business_date":"2026-11-20","#,
        r#""actor":{"user":"ann","role":"owner"},"agent":{"name":"desk","version":"1.0","model":"m"},"#,
        r#""command_id":"019aaaaa-0000-7000-8000-000000000002","causation_id":"019aaaaa-0000-7000-8000-000000000003","#,
        r#""correlation_id":"019aaaaa-0000-7000-8000-000000000004","trace_id":"0af7651916cd43dd8448eb211c80319c","#,
        r#""reason":"sealed:1:r","request_text":"sealed:1:t"},"data":{"order_id":1001}}"#
    );
    let read = envelope::decode(stored).expect("a stored event is read");
    assert_eq!(serde_json::to_string(&read).expect("an envelope is JSON"), stored);
}

#[test]
fn every_stored_shape_is_still_read() {
    let mut read = BTreeSet::new();
    for entry in fs::read_dir(folder()).expect("the golden files") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            continue;
        }
        let name = path.file_stem().and_then(|stem| stem.to_str()).expect("a name").to_owned();
        let (event_type, schema) = name.split_once('.').expect("type.schema.json");
        let json = fs::read_to_string(&path).expect("the golden file");
        let event = Event::decode(event_type, schema.parse().expect("a schema version"), &json)
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(event.event_type(), event_type);
        read.insert(event_type.to_owned());
    }
    assert_eq!(read.len(), catalogue().len());
}
