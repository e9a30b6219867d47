//! People with a browser, who send the cookie of a session; those without one are redirected to the sign-in page.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header, request::Parts},
    response::Response,
};
use chrono::{DateTime, Utc};
use orderlog_access::{Principal, Refused};
use orderlog_web::{SIGN_IN, SIGN_OUT, SessionCookie, led, speaks_tls, way_to};

use super::app::App;

/// Paths for programs. No cookie opens them, so that no page of another site can reach them through a browser, and
/// their answers are for programs. All paths that begin so are included.
const FOR_PROGRAMS: [&str; 2] = ["/mcp", "/v1/events"];
/// The header that marks requests of htmx, from an open page.
const HTMX: &str = "hx-request";
/// ... and the address of that page.
const OPEN_PAGE: &str = "hx-current-url";

/// The way of somebody who is not let in and has a browser.
pub(super) enum Led {
    /// The browser follows.
    There(Response),
    /// A script of our pages follows this address, and the request is also refused.
    ByScript(HeaderValue),
}

/// The principal, and the session that admits it.
type Admitted = (Arc<Principal>, Option<SessionCookie>);

/// The principal of a session, or nobody for the pages where a session begins and ends. `None` if the request needs
/// other credentials.
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

/// Where a browser without valid credentials is redirected. A program only gets the refusal.
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
