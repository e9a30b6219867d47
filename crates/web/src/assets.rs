//! The files that pages load, compiled into the binary.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

const STYLE: &str = include_str!("../assets/style.css");
const HTMX: &str = include_str!("../assets/htmx-4.0.1.min.js");
const APP: &str = include_str!("../assets/app.js");
const ICON_FILE: &str = include_str!("../assets/icon.svg");

/// The icon on a tab.
pub(crate) const ICON: &str = "/assets/icon.svg";

/// The scripts of a page, in the order in which they need each other.
pub(crate) const SCRIPTS: [&str; 2] = ["/assets/htmx-4.0.1.min.js", "/assets/app.js"];

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/assets/style.css", get(async |headers: HeaderMap| file(&headers, "text/css", STYLE)))
        .route(ICON, get(async |headers: HeaderMap| file(&headers, "image/svg+xml", ICON_FILE)))
        .route(SCRIPTS[0], get(async |headers: HeaderMap| file(&headers, "text/javascript", HTMX)))
        .route(SCRIPTS[1], get(async |headers: HeaderMap| file(&headers, "text/javascript", APP)))
}

/// A mark of the file's content, which differs for every version of the file.
fn mark(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
}

/// A file; an empty answer if the browser has it already.
fn file(headers: &HeaderMap, kind: &'static str, text: &'static str) -> Response {
    let mark = mark(text);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_file_of_the_same_length_is_another_file() {
        assert_ne!(mark("let pause = 500;"), mark("let pause = 900;"));
        assert_eq!(mark(APP), mark(APP));
    }
}
