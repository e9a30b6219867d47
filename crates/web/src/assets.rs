//! The files that pages load, compiled into the binary.

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

const STYLE: &str = include_str!("../assets/style.css");
const HTMX: &str = include_str!("../assets/htmx-4.0.1.min.js");
const APP: &str = include_str!("../assets/app.js");

/// The scripts of a page, in the order in which they need each other.
pub(crate) const SCRIPTS: [&str; 2] = ["/assets/htmx-4.0.1.min.js", "/assets/app.js"];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/assets/style.css", get(async |headers: HeaderMap| file(&headers, "text/css", STYLE)))
        .route(SCRIPTS[0], get(async |headers: HeaderMap| file(&headers, "text/javascript", HTMX)))
        .route(SCRIPTS[1], get(async |headers: HeaderMap| file(&headers, "text/javascript", APP)))
}

/// A file; nothing where the browser has it already.
fn file(headers: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    let mark = format!("\"{}-{}\"", env!("CARGO_PKG_VERSION"), text.len());
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == mark.as_bytes());
    let mut response = if known { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let answer = response.headers_mut();
    answer.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    answer.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    if let Ok(mark) = HeaderValue::from_str(&mark) {
        answer.insert(header::ETAG, mark);
    }
    response
}
