//! The page docs/EVENTS.md: every event type with an example, its JSON Schema and its subject, written from the code.

use std::fmt::Write;

use chrono::DateTime;
use orderlog_domain::{
    envelope::{Actor, Agent, Envelope, Provenance},
    event::{Event, EventType, catalogue, examples},
    ids::{CommandId, OrderId, Position, StreamId, Version},
};
use orderlog_event_log::{Hash, Recorded, chain};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::cloud_event::{CloudEvent, CloudEventError, cloud_event_json, subject_of};

/// The text before the list of types. `{MESSAGE}` is replaced by a complete message, `{VERIFY}` by [`VERIFY`].
const INTRODUCTION: &str = include_str!("catalogue.md");

/// A program that a test runs.
const VERIFY: &str = include_str!("../../../docs/examples/verify.py");

/// The event catalogue as Markdown.
///
/// # Errors
/// When an event type could not be published; a test makes sure that there is none.
pub fn catalogue_markdown() -> Result<String, CloudEventError> {
    let (types, examples) = (catalogue(), examples());
    let mut page = INTRODUCTION.replace("{MESSAGE}", &example_message(&examples)?).replace("{VERIFY}", VERIFY);
    page += "\n## All types\n\n| type | subject | meaning |\n|---|---|---|\n";
    for kind in &types {
        let subject = subject_of(kind.category, kind.name)?;
        let _ = writeln!(page, "| [{0}](#{1}) | `{subject}` | {2} |", kind.name, kind.name.to_lowercase(), kind.about);
    }
    for kind in &types {
        page += &section(kind, examples.iter().find(|event| event.event_type() == kind.name))?;
    }
    Ok(page)
}

fn section(kind: &EventType, example: Option<&Event>) -> Result<String, CloudEventError> {
    let subject = subject_of(kind.category, kind.name)?;
    let mut schema = kind.json_schema.clone();
    schema["description"] = kind.about.into();
    let example = serde_json::to_string_pretty(&example).map_err(foreign)?;
    Ok(format!(
        "\n## {}\n\n{} Subject `{subject}`, schema version {}.\n\n```json\n{example}\n```\n\n\
         <details><summary>JSON Schema of <code>data</code></summary>\n\n```json\n{schema:#}\n```\n\n</details>\n",
        kind.name, kind.about, kind.schema
    ))
}

/// An example as the log stores it, and as a consumer receives it.
pub(crate) fn example_of(event: &Event) -> Result<(Recorded, String), CloudEventError> {
    let envelope = example_envelope(event);
    let json = serde_json::to_string(&envelope).map_err(foreign)?;
    let recorded = Recorded {
        position: envelope.position,
        stream: envelope.stream,
        version: envelope.version,
        event_type: event.event_type().to_owned(),
        hash: chain(&Hash::ZERO, &json),
        json,
    };
    let message = cloud_event_json(&recorded)?;
    Ok((recorded, message))
}

/// The first example, spread over lines for people to read.
fn example_message(examples: &[Event]) -> Result<String, CloudEventError> {
    let Some(event) = examples.first() else { return Ok(String::new()) };
    let (_, message) = example_of(event)?;
    let mut message = CloudEvent::parse(message.as_bytes())?;
    let spread = serde_json::to_string_pretty(&example_envelope(event)).map_err(foreign)?.replace('\n', "\n  ");
    let data = RawValue::from_string(spread).map_err(foreign)?;
    message.data = &data;
    serde_json::to_string_pretty(&message).map_err(foreign)
}

fn example_envelope(event: &Event) -> Envelope<&Event> {
    let command = Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0077);
    Envelope {
        id: Uuid::from_u128(0x019a_aaaa_0000_7000_8000_0000_0000_0078),
        stream: StreamId::Order(OrderId::FIRST),
        version: Version(1),
        position: Position(1),
        event_type: event.event_type().into(),
        schema: event.schema(),
        provenance: Provenance {
            occurred_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_795_339_800),
            recorded_at: DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_795_339_801),
            business_date: (DateTime::UNIX_EPOCH + chrono::TimeDelta::seconds(1_795_339_800)).date_naive(),
            actor: Actor { user: "asha".to_owned(), role: "clerk".to_owned() },
            agent: Some(Agent { name: "claude-code".to_owned(), version: "2.1.0".to_owned(), model: None }),
            confirmed_by: None,
            command_id: CommandId(command),
            causation_id: command,
            correlation_id: command,
            trace_id: Some("0af7651916cd43dd8448eb211c80319c".to_owned()),
            reason: None,
            request_text: None,
        },
        data: event,
    }
}

fn foreign(error: serde_json::Error) -> CloudEventError {
    CloudEventError::Foreign(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/EVENTS.md");

    #[test]
    fn the_page_is_fresh() {
        let page = catalogue_markdown().expect("a page");
        if std::env::var_os("ORDERLOG_WRITE_DOCS").is_some() {
            std::fs::write(PAGE, &page).expect("writing docs/EVENTS.md");
        }
        assert!(
            std::fs::read_to_string(PAGE).is_ok_and(|written| written == page),
            "docs/EVENTS.md is stale; run: ORDERLOG_WRITE_DOCS=1 cargo test -p orderlog-messaging catalogue"
        );
    }
}
