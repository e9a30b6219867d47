//! The frame of every page, and what a browser may do with it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use crate::{
    params::{AS_OF, Params},
    times,
};

/// Nothing but our own style: no script, nothing of other sites, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; \
                      frame-ancestors 'none'";
/// Pages and what leads to them.
const PLACES: [(&str, &str); 8] = [
    ("/", "Today"),
    ("/orders", "Orders"),
    ("/products", "Products"),
    ("/customers", "Customers"),
    ("/reports", "Reports"),
    ("/activity", "Activity"),
    ("/status", "Status"),
    ("/connect", "Connect"),
];

/// What a page has to say.
pub(crate) struct Page {
    pub(crate) title: String,
    /// The place that it belongs to, by its address.
    pub(crate) place: &'static str,
    pub(crate) body: Markup,
}

/// The page in its frame.
pub(crate) fn framed(status: StatusCode, page: &Page, params: &Params, zone: &str) -> Response {
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title) " · Orderlog" }
                link rel="stylesheet" href="/assets/style.css";
            }
            body class=[params.moment().map(|_| "then")] {
                a class="skip" href="#main" { "To the content" }
                header {
                    nav aria-label="Pages" {
                        @for (path, name) in PLACES {
                            a href=(params.to(path)) aria-current=[(path == page.place).then_some("page")] { (name) }
                        }
                    }
                }
                (turned_back(params))
                main id="main" { h1 { (page.title) } (page.body) }
                footer {
                    (turn_back(params))
                    p { "Days and times are those of " (zone) "." }
                    p {
                        a href=(params.to("/connect")) { "Connect an assistant" } ". For machines: "
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

/// Says of every page that it shows the past, where it does, and leads back.
fn turned_back(params: &Params) -> Markup {
    let back = match params.link("", AS_OF, None) {
        same if same.is_empty() => "?".to_owned(),
        rest => rest,
    };
    html! {
        @if let Some(moment) = params.moment() {
            p class="past" role="status" {
                strong { "The shop as it stood " (times::moment(moment)) ". " }
                a href=(back) { "Back to the present" }
            }
        }
    }
}

/// A field that turns the whole shop back.
fn turn_back(params: &Params) -> Markup {
    let day = params.moment().filter(|moment| times::is_day(moment)).unwrap_or_default();
    html! {
        form class="filters" {
            @for (name, value) in params.without(&[AS_OF, "cursor"]) { input type="hidden" name=(name) value=(value); }
            label { "The shop as it stood at the end of " input type="date" name=(AS_OF) value=(day); }
            button { "Turn back" }
        }
    }
}
