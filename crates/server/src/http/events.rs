//! `GET /v1/events`: the log for auditors, one line per event with its hash and exact bytes, resumable at any position.

use std::{fmt::Write as _, sync::Arc};

use axum::{
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::stream;
use orderlog_domain::ids::{Position, StreamId, Version};
use orderlog_event_log::{LogError, Recorded};
use serde::Deserialize;

use crate::node::Node;

/// Events held in memory for one reader.
const PAGE: u32 = 500;

/// Which events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    /// Only those after this position; 0 for all.
    #[serde(default)]
    after: i64,
    /// At most this many; all up to the present head when left out.
    limit: Option<u64>,
    /// Only those of one stream, such as `order-1001`.
    stream: Option<String>,
}

/// Where a reader is.
struct Reader {
    node: Arc<Node>,
    stream: Option<StreamId>,
    after: Position,
    version: Version,
    /// What was the head when the reader came: it does not chase a moving one.
    until: Position,
    left: u64,
}

pub(super) async fn events(State(node): State<Arc<Node>>, wanted: Result<Query<Wanted>, QueryRejection>) -> Response {
    let bad = |message: String| (StatusCode::BAD_REQUEST, message + "\n").into_response();
    let wanted = match wanted {
        Ok(Query(wanted)) => wanted,
        Err(rejection) => return bad(rejection.body_text()),
    };
    if wanted.after < 0 {
        return bad("after must be a position, 0 or greater".to_owned());
    }
    let stream = match wanted.stream.as_deref().map(str::parse::<StreamId>).transpose() {
        Ok(stream) => stream,
        Err(error) => return bad(error.to_string()),
    };
    let until = match node.log.head().await {
        Ok(head) => head.position,
        Err(error) => {
            tracing::error!(%error, "the head could not be read for an auditor");
            return (StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read just now\n").into_response();
        }
    };
    let after = Position(wanted.after);
    let left = wanted.limit.unwrap_or(u64::MAX);
    let reader = Reader { node, stream, after, version: Version::NONE, until, left };
    let body = Body::from_stream(stream::try_unfold(reader, Reader::next));
    ([(header::CONTENT_TYPE, "application/x-ndjson"), (header::CACHE_CONTROL, "no-store")], body).into_response()
}

impl Reader {
    /// The next page as lines; `None` at the end. A failure breaks the answer off, so that no reader takes it for whole.
    async fn next(mut self) -> Result<Option<(Bytes, Reader)>, LogError> {
        loop {
            if self.left == 0 || self.after >= self.until {
                return Ok(None);
            }
            let limit = u32::try_from(self.left).unwrap_or(PAGE).min(PAGE);
            let page = match self.stream {
                None => self.node.log.read(self.after, limit).await?,
                Some(stream) => self.node.log.read_stream(stream, self.version, limit).await?,
            };
            let Some(last) = page.last() else { return Ok(None) };
            let after = self.after;
            (self.version, self.after) = (last.version, last.position.max(after));
            let shown: Vec<&Recorded> =
                page.iter().filter(|event| event.position > after && event.position <= self.until).collect();
            if shown.is_empty() {
                continue;
            }
            self.left -= shown.len() as u64;
            return Ok(Some((lines(&shown), self)));
        }
    }
}

/// The event's bytes stand last and untouched: whoever has the hash of the event before can recompute this one's.
pub(crate) fn lines(events: &[&Recorded]) -> Bytes {
    let mut text = String::with_capacity(events.iter().map(|event| event.json.len() + 128).sum());
    for event in events {
        let Recorded { position, hash, json, .. } = event;
        let _ = writeln!(text, r#"{{"position":{position},"hash":"{hash}","event":{json}}}"#);
    }
    text.into()
}
