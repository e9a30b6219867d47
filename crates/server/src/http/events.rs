//! `GET /v1/events`: the log for auditors and consumers, one line per event with its hash and exact bytes, resumable at any
//! position, filtered, and followed as it grows.

use std::{fmt::Write as _, sync::Arc, time::Duration};

use axum::{
    BoxError, Extension,
    body::{Body, Bytes},
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use chrono::{DateTime, Utc};
use futures::stream;
use orderlog_access::Pass;
use orderlog_domain::{
    event::catalogue,
    ids::{OrderId, Position, StreamId, Version},
};
use orderlog_event_log::{LogError, Recorded};
use orderlog_tools::moments::last_position;
use tokio::time::Instant;

use super::{gzip, wanted::Wanted};
use crate::node::Node;

/// Events in memory for one reader. The next page is read when the client has received this one, however slow it is.
const PAGE: u32 = 500;
/// Longest time the log may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a follower looks whether the log has grown.
const LOOK: Duration = Duration::from_millis(250);
/// A follower's answer ends when nothing was recorded for this time: so the client sees that the server is alive, and
/// asks again.
const QUIET: Duration = Duration::from_secs(30);
/// ... and after this long in any case.
const LONGEST: Duration = Duration::from_secs(3_600);

/// The request of a reader, after it was checked.
struct Filter {
    stream: Option<StreamId>,
    /// The types; all types if empty.
    types: Vec<String>,
}

/// The state of a reader.
struct Reader {
    node: Arc<Node>,
    /// The credential of the reader.
    pass: Pass,
    filter: Filter,
    after: Position,
    version: Version,
    /// The head when the reader came, or at a follower's last check: the answer ends there, although the head moves on.
    until: Position,
    left: u64,
    follow: bool,
    /// When a follower's answer ends if nothing is recorded.
    quiet_until: Instant,
    /// When the answer ends in any case.
    ends: Instant,
}

pub(super) async fn events(
    State(node): State<Arc<Node>>,
    Extension(pass): Extension<Pass>,
    headers: HeaderMap,
    asked: Result<Query<Vec<(String, String)>>, QueryRejection>,
) -> Response {
    let asked = asked.map_err(|_| "the query must be name=value, several with & between them".to_owned());
    let wanted = match asked.and_then(|Query(asked)| Wanted::read(asked)) {
        Ok(wanted) => wanted,
        Err(message) => return bad(message),
    };
    let reader = match reader(node, pass, wanted).await {
        Ok(reader) => reader,
        Err(refusal) => return refusal,
    };
    let plain = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CACHE_CONTROL, "no-store"),
        (header::VARY, "accept-encoding"),
    ];
    let pages = stream::try_unfold(reader, Reader::next);
    if gzip::is_accepted(&headers) {
        let body = Body::from_stream(gzip::compressed(pages));
        return (plain, [(header::CONTENT_ENCODING, "gzip")], body).into_response();
    }
    (plain, Body::from_stream(pages)).into_response()
}

async fn reader(node: Arc<Node>, pass: Pass, wanted: Wanted) -> Result<Reader, Response> {
    let filter = wanted.filter()?;
    let (from, to) = (moment("from", wanted.from.as_deref())?, moment("to", wanted.to.as_deref())?);
    if wanted.follow && to.is_some() {
        return Err(bad("follow=true has no end in time: leave out either to or follow"));
    }
    let mut after = Position(wanted.after);
    let mut until = match tokio::time::timeout(PATIENCE, node.shop.log.head()).await {
        Ok(Ok(head)) => head.position,
        Ok(Err(error)) => return Err(unavailable(&error)),
        Err(_) => return Err(unavailable(&"no answer in time")),
    };
    if after > until {
        return Err(bad(format!("the log ends at position {until}; there is nothing after {after} yet")));
    }
    if let Some(from) = from {
        let before = last_position(&node.shop.log, until, |recorded_at| recorded_at < from).await;
        after = after.max(before.map_err(|_| unavailable(&"the beginning could not be found"))?);
    }
    if let Some(to) = to {
        let last = last_position(&node.shop.log, until, |recorded_at| recorded_at < to).await;
        until = last.map_err(|_| unavailable(&"the end could not be found"))?;
    }
    let now = Instant::now();
    let (left, follow) = (wanted.limit.unwrap_or(u64::MAX), wanted.follow);
    let (quiet_until, ends) = (now + QUIET, now + LONGEST);
    Ok(Reader { node, pass, filter, after, version: Version::NONE, until, left, follow, quiet_until, ends })
}

fn bad(message: impl Into<String>) -> Response {
    (StatusCode::BAD_REQUEST, message.into() + "\n").into_response()
}

fn unavailable(error: &dyn std::fmt::Display) -> Response {
    tracing::error!(%error, "the log could not be read for an auditor");
    (StatusCode::SERVICE_UNAVAILABLE, "the log cannot be read just now\n").into_response()
}

fn moment(name: &str, text: Option<&str>) -> Result<Option<DateTime<Utc>>, Response> {
    let read = |text| DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    text.map(read).transpose().map_err(|_| bad(format!("{name} must be a time such as 2026-11-22T14:30:00Z")))
}

impl Wanted {
    fn filter(&self) -> Result<Filter, Response> {
        let stream = self.stream.as_deref().map(str::parse::<StreamId>).transpose();
        let stream = match (stream.map_err(|error| bad(error.to_string()))?, self.order) {
            (Some(_), Some(_)) => return Err(bad("give order or stream, not both")),
            (stream, order) => stream.or(order.map(|number| StreamId::Order(OrderId(number)))),
        };
        let types: Vec<String> =
            self.types.iter().flat_map(|types| types.split(',')).map(|name| name.trim().to_owned()).collect();
        let known = catalogue();
        match types.iter().find(|name| known.iter().all(|kind| kind.name != **name)) {
            Some(_) => Err(bad("type names an event type that does not exist; `orderlog events` lists them all")),
            None => Ok(Filter { stream, types }),
        }
    }
}

impl Reader {
    /// The next page as lines; `None` at the end. A failure breaks the answer off, so that no reader takes it for
    /// complete.
    async fn next(mut self) -> Result<Option<(Bytes, Reader)>, BoxError> {
        loop {
            if self.left == 0 || (self.after >= self.until && !self.grown().await?) {
                return Ok(None);
            }
            self.still_let_in()?;
            let page = tokio::time::timeout(PATIENCE, self.page()).await??;
            let shown: Vec<&Recorded> = page.iter().take_while(|event| event.position <= self.until).collect();
            let Some(last) = shown.last() else {
                self.after = self.until;
                continue;
            };
            let after = self.after;
            (self.version, self.after) = (last.version, last.position.max(after));
            let types = &self.filter.types;
            let fits =
                |event: &&Recorded| event.position > after && (types.is_empty() || types.contains(&event.event_type));
            let most = usize::try_from(self.left).unwrap_or(usize::MAX);
            let shown: Vec<&Recorded> = shown.into_iter().filter(fits).take(most).collect();
            if !shown.is_empty() {
                self.left -= shown.len() as u64;
                return Ok(Some((lines(&shown), self)));
            }
        }
    }

    /// A key that was revoked, or a token that expired, ends an answer that began before.
    fn still_let_in(&self) -> Result<(), BoxError> {
        let holds = self.pass.holds(self.node.shop.clock.now());
        if holds { Ok(()) } else { Err("the key or token of this reader ended".into()) }
    }

    async fn page(&self) -> Result<Vec<Recorded>, LogError> {
        match self.filter.stream {
            None => self.node.shop.log.read(self.after, PAGE).await,
            Some(stream) => self.node.shop.log.read_stream(stream, self.version, PAGE).await,
        }
    }

    /// Waits until the log has grown, if the reader follows it; `false` if the answer ends.
    async fn grown(&mut self) -> Result<bool, BoxError> {
        while self.follow && Instant::now() < self.quiet_until.min(self.ends) {
            if self.node.stopping.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
                return Ok(false);
            }
            self.still_let_in()?;
            let head = tokio::time::timeout(PATIENCE, self.node.shop.log.head()).await??.position;
            if head > self.until {
                self.until = head;
                self.quiet_until = Instant::now() + QUIET;
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The event's bytes come last and unchanged: with the hash of the event before, a reader can recompute this event's
/// hash.
pub(crate) fn lines(events: &[&Recorded]) -> Bytes {
    let mut text = String::with_capacity(events.iter().map(|event| event.json.len() + 128).sum());
    for event in events {
        let Recorded { position, hash, json, .. } = event;
        let _ = writeln!(text, r#"{{"position":{position},"hash":"{hash}","event":{json}}}"#);
    }
    text.into()
}
