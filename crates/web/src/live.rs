//! Tells open pages that the shop changed, as server-sent events: the log's position is an event's id, so a page that was
//! cut off learns on its return what it missed.

use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::{
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    head::NOWHERE,
    visit::{Source, Visit},
};

/// Shortest time between two events of one page: each makes it load anew.
const GAP: Duration = Duration::from_millis(500);
/// A line goes out when nothing was sent for this long, so that nothing between takes the connection for dead.
const QUIET: Duration = Duration::from_secs(15);
/// A connection ends after this time; the browser comes back by itself.
const LONGEST: Duration = Duration::from_secs(3_600);

/// What one page has been told.
struct Told {
    head: watch::Receiver<i64>,
    stopping: CancellationToken,
    after: i64,
    last: Option<Instant>,
    ends: Instant,
}

pub(crate) async fn stream(State(source): State<Source>, visit: Visit, headers: HeaderMap) -> Response {
    if !visit.front.may("orders.get") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Source { head, shop, .. } = source;
    let (news, now) = head.follow(&shop).await;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).or(visit.params.get("after"));
    let seen = seen.and_then(|seen| seen.parse().ok()).unwrap_or(now);
    // What was seen in a log that has been put back since says nothing of this one.
    let after = if seen > now { NOWHERE } else { seen };
    let told = Told { head: news, stopping: head.stopping, after, last: None, ends: Instant::now() + LONGEST };
    let pieces = stream::unfold(told, async |told| told.next().await);
    let mut response = Body::from_stream(pieces).into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

impl Told {
    /// The next piece of the answer; nothing at its end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Told)> {
        let stopping = self.stopping.clone();
        while Instant::now() < self.ends {
            if *self.head.borrow_and_update() > self.after {
                let pause = self.last.map_or(Duration::ZERO, |last| GAP.saturating_sub(last.elapsed()));
                stopping.run_until_cancelled(tokio::time::sleep(pause)).await?;
                let head = *self.head.borrow_and_update();
                (self.after, self.last) = (head, Some(Instant::now()));
                let event = format!("id: {head}\nevent: changed\ndata: {head}\n\n");
                return Some((Ok(event.into()), self));
            }
            let changed = tokio::time::timeout(QUIET, self.head.changed());
            match stopping.run_until_cancelled(changed).await? {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) => return Some((Ok(Bytes::from_static(b": quiet\n\n")), self)),
            }
        }
        None
    }
}
