//! People with a browser, who come with the cookie of a session; and the way to the sign-in page for those who have none.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::Response,
};
use chrono::{DateTime, Utc};
use orderlog_access::{Principal, Refused};
use orderlog_web::{SIGN_IN, SIGN_OUT, SessionCookie, led, speaks_tls, way_to};

use super::app::App;

/// What is served to programs: no cookie opens it, so that no page of another site can reach it through a browser; and it
/// answers as programs expect. Whatever begins so is meant.
const FOR_PROGRAMS: [&str; 2] = ["/mcp", "/v1/events"];
/// Tells that htmx asks, in a page that is open.
const HTMX: &str = "hx-request";
/// ... and the address of that page.
const OPEN_PAGE: &str = "hx-current-url";

/// The way of somebody who is not let in and has a browser.
pub(super) enum Led {
    /// The browser follows.
    There(Response),
    /// A script of our pages follows this address, and is refused besides.
    ByScript(HeaderValue),
}

/// Who asks, and the session by which they are let in.
type Admitted = (Arc<Principal>, Option<SessionCookie>);

/// Who asks by a session, or nobody for the pages where one begins and ends. Nothing where it takes more to be let in.
pub(super) async fn admit(
    app: &App,
    path: &str,
    headers: &HeaderMap,
    now: DateTime<Utc>,
) -> Option<Result<Admitted, Refused>> {
    let sign_in = app.sign_in.as_ref().filter(|_| !is_for_programs(path))?;
    let secured = app.node.config.tls.is_some() || speaks_tls(headers);
    let session = SessionCookie::read(headers, secured);
    let admitted = match &session {
        Some(session) => Some(sign_in.admit(&session.0, now).await),
        None => None,
    };
    match admitted {
        Some(Ok(principal)) => Some(Ok((principal, session))),
        Some(Err(refused @ (Refused::TooMany(_) | Refused::KeysNotNow))) => Some(Err(refused)),
        _ if path == SIGN_OUT || path == SIGN_IN || path.starts_with("/sign-in/") => {
            Some(Ok((Arc::new(Principal::nobody()), None)))
        }
        _ => None,
    }
}

/// Where a browser that was refused for want of credentials goes. A program is told what lacks, and nothing else.
pub(super) fn led_to_sign_in(app: &App, refused: StatusCode, request: &Parts) -> Option<Led> {
    let headers = &request.headers;
    let wants = app.sign_in.is_some()
        && refused == StatusCode::UNAUTHORIZED
        && !headers.contains_key(header::AUTHORIZATION)
        && !is_for_programs(request.uri.path());
    wants.then_some(())?;
    if headers.get(HTMX).is_some_and(|says| says == "true") {
        let open = headers.get(OPEN_PAGE).and_then(|address| address.to_str().ok());
        let open = open.and_then(|address| address.parse::<Uri>().ok()).unwrap_or_default();
        let way = way_to(&Method::GET, &open);
        return HeaderValue::try_from(way).ok().map(Led::ByScript);
    }
    let accepted = headers.get_all(header::ACCEPT).iter().filter_map(|kinds| kinds.to_str().ok());
    let navigates = accepted.flat_map(|kinds| kinds.split(',')).any(|kind| {
        let kind = kind.split(';').next().unwrap_or_default();
        kind.trim().eq_ignore_ascii_case("text/html")
    });
    navigates.then(|| Led::There(led(&way_to(&request.method, &request.uri))))
}

fn is_for_programs(path: &str) -> bool {
    FOR_PROGRAMS.iter().any(|programs| path.starts_with(programs))
}
