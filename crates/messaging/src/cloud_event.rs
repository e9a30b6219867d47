//! A recorded event as CloudEvents 1.0 (structured JSON) with its NATS subject and headers, and the way back.
//! `data` holds the exact bytes the log stored, so that anyone can recompute the hash chain.

use std::fmt;

use async_nats::HeaderMap;
use chrono::{DateTime, Utc};
use orderlog_domain::{
    envelope::RawEnvelope,
    event::DecodeError,
    ids::{Position, StreamId, Version},
};
use orderlog_event_log::{Hash, Recorded};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::access::DEFAULT_SUBJECT_PREFIX;

/// Prefix of every subject and type; `v1` is the version of this envelope, not of an event's schema.
const PREFIX: &str = "orderlog.v1";

/// CloudEvents `source`; `source` and `id` together are unique because `id` is a UUID.
const SOURCE: &str = "/orderlog";

/// Longest event type accepted, in bytes; a subject is built from it.
const MAX_TYPE_BYTES: usize = 64;

/// The envelope. Position and version are strings because CloudEvents integers end at 2³¹.
#[derive(Debug, Serialize, Deserialize)]
pub struct CloudEvent<'a> {
    /// Always `1.0`.
    pub specversion: &'a str,
    /// Id of the event, a UUIDv7.
    pub id: &'a str,
    /// Always `/orderlog`.
    pub source: &'a str,
    /// `orderlog.v1.order.OrderPlaced`: also the NATS subject, unless the shop has another prefix there.
    #[serde(rename = "type")]
    pub event_type: &'a str,
    /// The stream: `order-1001`.
    pub subject: &'a str,
    /// When it happened.
    pub time: DateTime<Utc>,
    /// Place in the log, and sequence in the JetStream stream.
    pub position: &'a str,
    /// Place in the stream named by `subject`.
    pub streamversion: &'a str,
    /// SHA-256 of the previous event's hash and the bytes of `data`, 64 hex digits.
    pub hash: &'a str,
    /// The stored event, byte for byte.
    #[serde(borrow)]
    pub data: &'a RawValue,
}

/// Why an event cannot become a message, or a message an event.
#[derive(Debug, thiserror::Error)]
pub enum CloudEventError {
    /// A type that cannot be part of a subject.
    #[error(
        "event type {0:?} cannot stand in a NATS subject (expected up to {MAX_TYPE_BYTES} ASCII letters and digits)"
    )]
    UnsafeType(String),
    /// The stored text is no event.
    #[error("the event at position {position} cannot be published: {source}")]
    Undecodable {
        /// Position of the event.
        position: Position,
        /// Why it cannot be decoded.
        source: DecodeError,
    },
    /// The message is no CloudEvent of ours.
    #[error("the message is no event of this log: {0}")]
    Foreign(String),
}

/// A message ready to be published.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// `<prefix>.v1.<category>.<EventType>`.
    pub(crate) subject: String,
    /// Ids for consumers that filter without parsing; ids and digits only, never typed text.
    pub(crate) headers: HeaderMap,
    /// The [`CloudEvent`], as JSON.
    pub(crate) payload: Vec<u8>,
    /// The event's id, which becomes `Nats-Msg-Id`.
    pub(crate) id: String,
}

/// Header that names the position.
const POSITION_HEADER: &str = "orderlog-position";
/// Header that names the stream.
const STREAM_HEADER: &str = "orderlog-stream";
/// Header that names the command.
const COMMAND_HEADER: &str = "orderlog-command-id";
/// Header that names the trace, when there is one.
const TRACE_HEADER: &str = "orderlog-trace-id";

/// The CloudEvents type of events of one type, and their subject unless the shop has another prefix.
///
/// # Errors
/// When the type cannot be part of a subject.
pub fn subject_of(category: &str, event_type: &str) -> Result<String, CloudEventError> {
    let safe =
        (1..=MAX_TYPE_BYTES).contains(&event_type.len()) && event_type.bytes().all(|b| b.is_ascii_alphanumeric());
    if !safe {
        return Err(CloudEventError::UnsafeType(event_type.to_owned()));
    }
    Ok(format!("{PREFIX}.{category}.{event_type}"))
}

/// The payload of one event: a [`CloudEvent`] as JSON.
///
/// # Errors
/// When the stored text is no event.
pub fn cloud_event_json(event: &Recorded) -> Result<String, CloudEventError> {
    let message = Message::of(event, DEFAULT_SUBJECT_PREFIX)?;
    String::from_utf8(message.payload).map_err(|error| CloudEventError::Foreign(error.to_string()))
}

impl Message {
    /// The message for one recorded event, with the shop's prefix.
    pub(crate) fn of(event: &Recorded, subject_prefix: &str) -> Result<Message, CloudEventError> {
        let undecodable =
            |error: serde_json::Error| CloudEventError::Undecodable { position: event.position, source: error.into() };
        let event_type = subject_of(event.stream.category(), &event.event_type)?;
        let envelope: RawEnvelope = serde_json::from_str(&event.json).map_err(undecodable)?;
        let id = envelope.id.to_string();
        let stream = event.stream.to_string();
        let position = event.position.to_string();
        let payload = serde_json::to_vec(&CloudEvent {
            specversion: "1.0",
            id: &id,
            source: SOURCE,
            event_type: &event_type,
            subject: &stream,
            time: envelope.provenance.occurred_at,
            position: &position,
            streamversion: &event.version.to_string(),
            hash: &event.hash.to_string(),
            data: serde_json::from_str(&event.json).map_err(undecodable)?,
        })
        .map_err(undecodable)?;

        let mut headers = HeaderMap::new();
        headers.insert("content-type", "application/cloudevents+json");
        headers.insert("ce-id", id.as_str());
        headers.insert("ce-type", event_type.as_str());
        headers.insert(STREAM_HEADER, stream);
        headers.insert(POSITION_HEADER, position);
        headers.insert(COMMAND_HEADER, envelope.provenance.command_id.to_string());
        // The caller chose its trace id; only the W3C form may reach a header.
        if let Some(trace) = envelope.provenance.trace_id.filter(|trace| is_trace_id(trace)) {
            headers.insert(TRACE_HEADER, trace);
        }
        let subject = event_type.replacen(DEFAULT_SUBJECT_PREFIX, subject_prefix, 1);
        Ok(Message { subject, headers, payload, id })
    }
}

impl<'a> CloudEvent<'a> {
    /// Parses a message's payload.
    ///
    /// # Errors
    /// When it is no CloudEvent of this log.
    pub fn parse(payload: &'a [u8]) -> Result<CloudEvent<'a>, CloudEventError> {
        let event: CloudEvent<'a> = serde_json::from_slice(payload).map_err(foreign)?;
        if event.specversion != "1.0" || event.source != SOURCE {
            return Err(foreign(format_args!("specversion {:?}, source {:?}", event.specversion, event.source)));
        }
        Ok(event)
    }

    /// Position in the log.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn position(&self) -> Result<Position, CloudEventError> {
        Ok(Position(self.position.parse().map_err(foreign)?))
    }

    /// Hash in the chain.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn hash(&self) -> Result<Hash, CloudEventError> {
        self.hash.parse().map_err(foreign)
    }

    /// The event as the log recorded it.
    ///
    /// # Errors
    /// When an attribute cannot be read.
    pub fn recorded(&self) -> Result<Recorded, CloudEventError> {
        let stream: StreamId = self.subject.parse().map_err(foreign)?;
        let event_type = self
            .event_type
            .strip_prefix(PREFIX)
            .and_then(|rest| rest.strip_prefix('.'))
            .and_then(|rest| rest.strip_prefix(stream.category()))
            .and_then(|rest| rest.strip_prefix('.'))
            .ok_or_else(|| foreign(format_args!("type {:?} for subject {:?}", self.event_type, self.subject)))?;
        Ok(Recorded {
            position: self.position()?,
            stream,
            version: Version(self.streamversion.parse().map_err(foreign)?),
            event_type: event_type.to_owned(),
            hash: self.hash()?,
            json: self.data.get().to_owned(),
        })
    }
}

fn foreign(problem: impl fmt::Display) -> CloudEventError {
    CloudEventError::Foreign(problem.to_string())
}

/// Whether this is a W3C trace id: 32 lower-case hex digits.
fn is_trace_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use orderlog_domain::ids::OrderId;
    use orderlog_event_log::chain;
    use serde_json::{Value, json};

    use super::*;

    fn recorded(trace_id: &str) -> Recorded {
        // Spelled with spaces, a long number and escapes, as no serializer of ours would: the bytes must survive.
        let json = r#"{ "id":"019aa000-0000-7000-8000-000000000001","stream":"order-1001","version":2,"position":4294967297,
            "type":"OrderConfirmed","schema":1,"provenance":{"occurred_at":"2026-11-22T09:00:00Z",
            "recorded_at":"2026-11-22T09:00:01Z","business_date":"2026-11-22","actor":{"user":"local","role":"admin"},
            "command_id":"019aa000-0000-7000-8000-000000000002","causation_id":"019aa000-0000-7000-8000-000000000002",
            "correlation_id":"019aa000-0000-7000-8000-000000000002","trace_id":TRACE,
            "request_text":"caf\u00e9 \"now\"\r\nNats-Msg-Id: x"},"data":{"order_id":1001,"n":1.00000000000000000001e5} }"#
            .replace("TRACE", &json!(trace_id).to_string());
        Recorded {
            position: Position(4_294_967_297),
            stream: StreamId::Order(OrderId(1001)),
            version: Version(2),
            event_type: "OrderConfirmed".to_owned(),
            hash: chain(&Hash::ZERO, &json),
            json,
        }
    }

    #[test]
    fn reading_back_gives_the_very_event() {
        let event = recorded("0af7651916cd43dd8448eb211c80319c");
        let message = Message::of(&event, DEFAULT_SUBJECT_PREFIX).expect("a message");
        let read = CloudEvent::parse(&message.payload).expect("a CloudEvent").recorded().expect("an event");
        assert_eq!(read, event);
        assert_eq!(chain(&Hash::ZERO, &read.json), read.hash);
    }

    #[test]
    fn a_prefix_changes_the_subject_and_nothing_else() {
        let event = recorded("");
        let (ours, theirs) = (Message::of(&event, "orderlog"), Message::of(&event, "eu.shop-2"));
        let (ours, theirs) = (ours.expect("a message"), theirs.expect("a message"));
        assert_eq!(ours.subject, "orderlog.v1.order.OrderConfirmed");
        assert_eq!(theirs.subject, "eu.shop-2.v1.order.OrderConfirmed");
        assert_eq!((ours.payload, ours.headers, ours.id), (theirs.payload, theirs.headers, theirs.id));
    }

    #[test]
    fn the_envelope_is_cloudevents_1_0() {
        let event = recorded("0af7651916cd43dd8448eb211c80319c");
        let mut envelope: Value = serde_json::from_str(&cloud_event_json(&event).expect("JSON")).expect("JSON");
        envelope["data"] = Value::Null;
        assert_eq!(
            envelope,
            json!({
                "specversion": "1.0",
                "id": "019aa000-0000-7000-8000-000000000001",
                "source": "/orderlog",
                "type": "orderlog.v1.order.OrderConfirmed",
                "subject": "order-1001",
                "time": "2026-11-22T09:00:00Z",
                "position": "4294967297",
                "streamversion": "2",
                "hash": event.hash.to_string(),
                "data": null,
            })
        );
        let names = envelope.as_object().expect("an object").keys();
        assert!(names.into_iter().all(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())));
    }

    #[test]
    fn only_a_w3c_trace_id_reaches_the_headers() {
        let header = |trace| {
            let message = Message::of(&recorded(trace), DEFAULT_SUBJECT_PREFIX).expect("a message");
            message.headers.get(TRACE_HEADER).map(ToString::to_string)
        };
        let good = "0af7651916cd43dd8448eb211c80319c";
        assert_eq!(header(good).as_deref(), Some(good));
        for bad in ["", "x\r\nNats-Expected-Last-Sequence: 1", "0AF7651916CD43DD8448EB211C80319C"] {
            assert_eq!(header(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_type_that_would_bend_the_subject_is_refused() {
        for bad in ["", "Order.Placed", "Order Placed", "*", ">", "Order\r\nPlaced", "Ördered", &"x".repeat(65)] {
            assert!(matches!(subject_of("order", bad), Err(CloudEventError::UnsafeType(_))), "{bad:?}");
        }
        assert_eq!(subject_of("order", "OrderPlaced").expect("a subject"), "orderlog.v1.order.OrderPlaced");
    }

    #[test]
    fn what_is_not_ours_is_not_read() {
        let json = cloud_event_json(&recorded("")).expect("JSON");
        for (ours, theirs) in
            [("\"1.0\"", "\"0.3\""), ("/orderlog", "/shop"), ("v1.order", "v2.order"), ("order-1001", "1001")]
        {
            let payload = json.replacen(ours, theirs, 1);
            let read = CloudEvent::parse(payload.as_bytes()).and_then(|event| event.recorded());
            assert!(matches!(read, Err(CloudEventError::Foreign(_))), "{theirs}");
        }
    }
}
