//! The stored shape of every event type, held by golden files: old logs must stay readable.
//! A new type or schema version adds a file (run with `UPDATE_GOLDEN=1`); no existing file ever changes.

use std::{collections::BTreeSet, fs, path::PathBuf};

use orderlog_domain::event::{Event, catalogue, examples};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn golden(event: &Event) -> PathBuf {
    folder().join(format!("{}.{}.json", event.event_type(), event.schema()))
}

#[test]
fn every_type_has_one_example() {
    let types: Vec<&str> = catalogue().iter().map(|event_type| event_type.name).collect();
    let shown: Vec<&str> = examples().iter().map(Event::event_type).collect();
    assert_eq!(types, shown);
}

#[test]
fn stored_shapes_stay_as_they_are() {
    for event in examples() {
        let path = golden(&event);
        let written = serde_json::to_string_pretty(&event).expect("an event is JSON") + "\n";
        if std::env::var_os("UPDATE_GOLDEN").is_some() && !path.exists() {
            fs::write(&path, &written).expect("the golden file can be written");
        }
        let kept = fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}; run with UPDATE_GOLDEN=1 to add it", path.display()));
        assert_eq!(written, kept, "{} no longer has the shape it was stored in", event.event_type());
    }
}

#[test]
fn every_stored_shape_is_still_read() {
    let mut read = BTreeSet::new();
    for entry in fs::read_dir(folder()).expect("the golden files") {
        let path = entry.expect("an entry").path();
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
