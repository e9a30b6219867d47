//! The frame of every page, and what a browser may do with it.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use maud::{DOCTYPE, Markup, html};

use crate::{
    assets,
    params::{AS_OF, PAGE, Params, encoded},
    times,
};

/// Only our own style and scripts, which may send requests only to this server: no content of other sites, no inline
/// scripts, no frame around the page.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Settings of htmx. It adds no style of its own, which the policy would refuse; elements that a person opened stay
/// open; and an error page does not replace the page that is there.
const HTMX: &str = r#"{"includeIndicatorCSS":false,"history":false,"morphIgnore":["data-htmx-powered","open"],"noSwap":[204,304,"4xx","5xx"]}"#;
/// Pages and the links to them.
pub(crate) const PLACES: [(&str, &str); 9] = [
    ("/", "Today"),
    ("/orders", "Orders"),
    ("/products", "Products"),
    ("/customers", "Customers"),
    ("/reports", "Reports"),
    ("/activity", "Activity"),
    ("/notifications", "Notifications"),
    ("/status", "Status"),
    ("/connect", "Connect"),
];

/// Keys and their functions. `app.js` has the same list.
const KEYS: [(&str, &str); 12] = [
    ("Ctrl K or ⌘ K", "go to something, or say what shall be done"),
    ("/", "search"),
    ("?", "these keys"),
    ("g t", "Today"),
    ("g o", "Orders"),
    ("g n", "place an order"),
    ("g p", "Products"),
    ("g c", "Customers"),
    ("g r", "Reports"),
    ("g a", "Activity"),
    ("g m", "Notifications (messages)"),
    ("g s", "Status"),
];

/// The content of a page.
pub(crate) struct Page {
    pub(crate) title: String,
    /// The place in the navigation to which it belongs, by address.
    pub(crate) place: &'static str,
    pub(crate) body: Markup,
}

/// The parts around a page.
pub(crate) struct Frame<'a> {
    pub(crate) params: &'a Params,
    pub(crate) zone: &'a str,
    /// The result of the act before.
    pub(crate) said: Markup,
    /// The page's address, and the position that it shows at least, if the page follows the shop.
    pub(crate) live: Option<(&'a str, i64)>,
    /// The visitor, for the head of the page. Without a visitor the page has no links to others.
    pub(crate) who: Option<Markup>,
}

/// The page in its frame.
pub(crate) fn framed(status: StatusCode, page: &Page, frame: Frame<'_>) -> Response {
    let Frame { params, zone, said, live, who } = frame;
    let address = live.map(|(address, _)| address);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (page.title) " · Orderlog" }
                link rel="stylesheet" href="/assets/style.css";
                link rel="icon" href=(assets::ICON) type="image/svg+xml";
                meta name="htmx-config" content=(HTMX);
                @if who.is_some() { @for script in assets::SCRIPTS { script src=(script) defer {} } }
            }
            body class=[params.moment().map(|_| "then")] {
                a class="skip" href="#main" { "To the content" }
                @if let Some(who) = &who { header {
                    (who)
                    nav aria-label="Pages" {
                        @for (path, name) in PLACES {
                            a href=(params.to(path)) aria-current=[(path == page.place).then_some("page")] { (name) }
                        }
                    }
                    form action="/ask" role="search" class="ask" {
                        input id="ask-line" name="q" aria-label="Go to, or say what shall be done" placeholder="Go to, or ask …" maxlength="1000";
                    }
                } }
                (turned_back(params))
                (said)
                main id="main" hx-get=[address] hx-trigger=[address.map(|_| "changed from:#live")] hx-select=[address.map(|_| "#main")] hx-swap=[address.map(|_| "outerMorph")] { h1 { (page.title) } (page.body) }
                @if let Some((address, after)) = live { div id="live" data-news={ "/live?" (PAGE) "=" (encoded(path(address))) } data-after=(after) {} }
                @if who.is_some() { (palette()) footer {
                    (turn_back(params))
                    p { "Days and times are those of " (zone) "." }
                    p {
                        a href=(params.to("/connect")) { "Connect an assistant" } ". For machines: "
                        a href="/readyz" { "/readyz" } ", " a href="/metrics" { "/metrics" } ", "
                        a href="/v1/head" { "/v1/head" } ", " code { "/v1/events" } "."
                    }
                } }
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

fn path(address: &str) -> &str {
    address.split('?').next().unwrap_or_default()
}

/// The parts that keys open: the palette, and the list of keys. Without a script the line in the header does the same.
fn palette() -> Markup {
    html! {
        dialog id="palette" aria-label="Go to, or say what shall be done" {
            form action="/ask" {
                input id="palette-line" name="q" aria-label="An order, product, customer or sentence" maxlength="1000" autocomplete="off"
                    placeholder="An order, product, customer or sentence" hx-get="/go" hx-trigger="input changed delay:120ms" hx-target="#found";
            }
            div id="found" aria-live="polite" {}
        }
        dialog id="keys" aria-labelledby="keys-title" {
            h2 id="keys-title" { "Keys" }
            dl { @for (keys, what) in KEYS { div { dt { kbd { (keys) } } dd { (what) } } } }
            form method="dialog" { button { "Close" } }
        }
    }
}

/// A bar that says that the page shows the past, with a link back; empty in the present.
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

/// The field that shows the shop at a moment of the past.
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
