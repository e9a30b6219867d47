//! The cookie of the session by which somebody looks at the pages, and that of a sign-in under way.

use std::sync::Arc;

use axum::{http::HeaderMap, response::Response};
use orderlog_access::Begun;

use crate::cookies;

/// The names of a cookie: by HTTP and by HTTPS. Browsers take one of the second name from this very host alone, and from no
/// neighbour of it.
pub(crate) type Names = [&'static str; 2];
const SESSION: Names = ["orderlog_session", "__Host-orderlog_session"];
/// What a browser keeps while its user is at the provider.
pub(crate) const SIGNING_IN: Names = ["orderlog_signing_in", "__Host-orderlog_signing_in"];

/// The cookie of a session that was found good: the server's door puts it into the request.
#[derive(Clone)]
pub struct SessionCookie(pub Arc<str>);

impl SessionCookie {
    /// The one that a request carries, good or not. `secured` says that the request came by HTTPS.
    #[must_use]
    pub fn read(headers: &HeaderMap, secured: bool) -> Option<SessionCookie> {
        read(headers, SESSION, secured).map(|value| SessionCookie(value.into()))
    }
}

/// Whether a proxy before this server says that it speaks HTTPS.
#[must_use]
pub fn speaks_tls(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https")
}

/// The value of a cookie that comes with arrivals from elsewhere.
pub(crate) fn read(headers: &HeaderMap, names: Names, secured: bool) -> Option<&str> {
    cookies::read(headers, names[usize::from(secured)])
}

/// Has the browser keep one for so many seconds; for none, forget it.
pub(crate) fn keep(response: &mut Response, names: Names, value: &str, seconds: u32, secured: bool) {
    cookies::give_to_arrivals(response, names[usize::from(secured)], value, seconds, secured);
}

/// Gives the browser its session.
pub(crate) fn give(response: &mut Response, begun: &Begun, secured: bool) {
    keep(response, SESSION, &begun.cookie, begun.seconds, secured);
}

/// Has the browser forget it.
pub(crate) fn forget(response: &mut Response, secured: bool) {
    keep(response, SESSION, "", 0, secured);
}
