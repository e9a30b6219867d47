//! The frame of every page, and what a browser may do with it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

/// Nothing but our own style: no script, nothing of other sites, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
/// Pages and what leads to them.
const PLACES: [(&str, &str); 2] = [("/", "Today"), ("/orders", "Orders")];

/// What a page has to say.
pub(crate) struct Page {
    pub(crate) title: String,
    /// The place that it belongs to, by its address.
    pub(crate) place: &'static str,
    pub(crate) body: Markup,
}

/// The page in its frame.
pub(crate) fn framed(status: StatusCode, page: &Page, zone: &str) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title) " · Orderlog" }
                link rel="stylesheet" href="/assets/style.css";
            }
            body {
                a class="skip" href="#main" { "To the content" }
                header {
                    nav aria-label="Pages" {
                        @for (path, name) in PLACES {
                            a href=(path) aria-current=[(path == page.place).then_some("page")] { (name) }
                        }
                    }
                }
                main id="main" { h1 { (page.title) } (page.body) }
                footer {
                    p { "Days and times are those of " (zone) "." }
                    p {
                        "Assistants connect at " code { "/mcp" } ". For machines: "
                        a href="/readyz" { "/readyz" } ", " a href="/metrics" { "/metrics" } ", "
                        a href="/v1/head" { "/v1/head" } ", " code { "/v1/events" } "."
                    }
                }
            }
        }
    };
    let mut response = (status, markup.into_string()).into_response();
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "private, no-cache"),
    ];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
