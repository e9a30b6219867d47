//! Tells open pages that the shop changed, as server-sent events. The id of an event is the log's position, so a page
//! that was disconnected or hidden learns afterwards what it missed.

use std::{
    convert::Infallible,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Extension,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::stream;
use orderlog_access::{Pass, SignIn};
use orderlog_tools::OpenShop;
use tokio::sync::watch;

use crate::{
    head::{Head, NOWHERE},
    listeners::Listener,
    params::PAGE,
    session::SessionCookie,
    visit::{Source, Visit},
};

/// Shortest time between two events to one page, because each makes it load again: for the page of an order, and for a
/// page about all orders.
const GAP_OF_ORDER: Duration = Duration::from_millis(500);
const GAP: Duration = Duration::from_secs(1);
/// A line is sent after this time without events. It keeps proxies from closing the connection, and it shows when a
/// page is gone, because it cannot be sent then. (A connection that is closed on one side only may still wait for its
/// answer.)
const QUIET: Duration = Duration::from_secs(1);
/// A connection ends after this time; the browser comes back by itself.
const LONGEST: Duration = Duration::from_secs(3_600);

/// How soon a page learns that its session is over, or a program that its key is.
const LOOK: Duration = Duration::from_secs(1);

/// By what a page is open, and for how long.
struct Stay {
    /// The session, where it is one.
    session: Option<(SessionCookie, Arc<SignIn>)>,
    /// The key or token, where it is one.
    pass: Pass,
    shop: Arc<OpenShop>,
}

impl Stay {
    fn is_over(&self) -> bool {
        let now = self.shop.clock.now();
        let session = self.session.as_ref();
        !self.pass.holds(now) || session.is_some_and(|(cookie, sign_in)| !sign_in.holds(&cookie.0, now))
    }
}

/// What one page has been told.
struct Told {
    news: watch::Receiver<i64>,
    head: Head,
    /// The order of the page: the page gets news of that order only.
    order: Option<i64>,
    after: i64,
    last: Option<Instant>,
    /// When anything was sent last.
    spoken: Instant,
    ends: Instant,
    stay: Stay,
    listener: Listener,
}

pub(crate) async fn stream(
    State(source): State<Source>,
    Extension(pass): Extension<Pass>,
    visit: Visit,
    headers: HeaderMap,
) -> Response {
    if !visit.front.may("orders.get") {
        return StatusCode::FORBIDDEN.into_response();
    }
    let Source { head, shop, sign_in, listeners, .. } = source;
    let (news, now) = head.follow(&shop).await;
    let seen = headers.get("last-event-id").and_then(|id| id.to_str().ok()).or(visit.params.get("after"));
    let seen = seen.and_then(|seen| seen.parse().ok()).unwrap_or(now);
    // A position from before the log was restored means nothing in this log.
    let after = if seen > now { NOWHERE } else { seen };
    let order = visit.params.get(PAGE).and_then(order_of);
    let listener = listeners.enter(visit.token.browser(), &head.stopping);
    let stay = Stay { session: visit.session.zip(sign_in), pass, shop };
    let now = Instant::now();
    let told = Told { news, head, order, after, last: None, spoken: now, ends: now + LONGEST, stay, listener };
    let pieces = stream::unfold(told, async |told| told.next().await);
    let mut response = Body::from_stream(pieces).into_response();
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

/// `/orders/1001`, `/orders/1001/print`
fn order_of(page: &str) -> Option<i64> {
    page.strip_prefix("/orders/")?.split('/').next()?.parse().ok()
}

impl Told {
    /// The next part of the answer; `None` at its end.
    async fn next(mut self) -> Option<(Result<Bytes, Infallible>, Told)> {
        let over = self.listener.over.clone();
        while Instant::now() < self.ends {
            if self.stay.is_over() {
                // The page asks for itself once more, and is led to the sign-in page.
                self.ends = Instant::now();
                return Some((Ok(Bytes::from_static(b"event: changed\ndata: over\n\n")), self));
            }
            let head = *self.news.borrow_and_update();
            if head > self.after && !self.order.is_none_or(|order| self.head.concerns(order, self.after)) {
                self.after = head;
            }
            if head > self.after {
                let gap = if self.order.is_some() { GAP_OF_ORDER } else { GAP };
                let pause = self.last.map_or(Duration::ZERO, |last| gap.saturating_sub(last.elapsed()));
                over.run_until_cancelled(tokio::time::sleep(pause)).await?;
                let head = *self.news.borrow_and_update();
                (self.after, self.last, self.spoken) = (head, Some(Instant::now()), Instant::now());
                let event = format!("id: {head}\nevent: changed\ndata: {head}\n\n");
                return Some((Ok(event.into()), self));
            }
            let quiet = QUIET.saturating_sub(self.spoken.elapsed());
            let changed = tokio::time::timeout(LOOK.min(quiet), self.news.changed());
            match over.run_until_cancelled(changed).await? {
                Ok(Ok(())) => {}
                Ok(Err(_)) => return None,
                Err(_) if self.spoken.elapsed() < QUIET => {}
                Err(_) => {
                    self.spoken = Instant::now();
                    return Some((Ok(Bytes::from_static(b": quiet\n\n")), self));
                }
            }
        }
        None
    }
}
