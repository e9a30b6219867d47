//! The data of every event in addition to its facts, and the exact bytes in which it is stored and hashed.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::{
    event::{DecodeError, Event},
    ids::{CommandId, Position, StreamId, Version},
    typed::{Typed, words},
};

/// The user who caused an event, from the credential and never from an argument.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// The user, or `local` where the server asks for no credentials.
    pub user: String,
    /// The user's role.
    pub role: String,
}

/// The program the user spoke through, as it describes itself.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Agent {
    /// MCP client name.
    pub name: String,
    /// MCP client version.
    pub version: String,
    /// The model the client claims to be, if it claims one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
}

/// The common data of all events of one command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// When it happened in the world.
    pub occurred_at: DateTime<Utc>,
    /// When it was appended; never decreases along the log.
    pub recorded_at: DateTime<Utc>,
    /// The shop's business day of `occurred_at`, computed at append and stored.
    pub business_date: NaiveDate,
    /// The user.
    pub actor: Actor,
    /// Through which assistant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent: Option<Agent>,
    /// The person who agreed to it, where it is an act to which people must agree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_by: Option<Actor>,
    /// The command that recorded it.
    pub command_id: CommandId,
    /// The event or command that led to this command.
    pub causation_id: Uuid,
    /// The conversation or process this belongs to.
    pub correlation_id: Uuid,
    /// W3C trace id, 32 hex digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace_id: Option<String>,
    /// Why, in the user's words; may be sealed under a customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What the user typed, when given; may be sealed under a customer's key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_text: Option<String>,
}

impl Provenance {
    /// The reason and the user's words.
    #[must_use]
    pub fn typed_mut(&mut self) -> Vec<Typed<'_>> {
        words("reason", &mut self.reason).chain(words("request_text", &mut self.request_text)).collect()
    }
}

/// An event as the log keeps it. Serialising it gives the canonical bytes: the log stores exactly these.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Envelope<D> {
    /// UUIDv7.
    pub id: Uuid,
    /// The stream it belongs to.
    pub stream: StreamId,
    /// Its place in the stream.
    pub version: Version,
    /// Its place in the log.
    pub position: Position,
    /// Its type, past tense: `OrderPlaced`.
    #[serde(rename = "type")]
    pub event_type: std::borrow::Cow<'static, str>,
    /// Version of the type's shape, from 1.
    pub schema: u16,
    /// Who, when, why.
    pub provenance: Provenance,
    /// The facts.
    pub data: D,
}

/// An event with its facts still in their stored bytes.
pub type RawEnvelope = Envelope<Box<RawValue>>;

/// Reads one stored event.
///
/// # Errors
/// When the bytes are no event this version knows.
pub fn decode(json: &str) -> Result<Envelope<Event>, DecodeError> {
    let raw: RawEnvelope = serde_json::from_str(json)?;
    let event = Event::decode(&raw.event_type, raw.schema, raw.data.get())?;
    Ok(Envelope {
        id: raw.id,
        stream: raw.stream,
        version: raw.version,
        position: raw.position,
        event_type: raw.event_type,
        schema: raw.schema,
        provenance: raw.provenance,
        data: event,
    })
}
