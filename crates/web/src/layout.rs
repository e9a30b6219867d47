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

/// Nothing but our own style and scripts, which may ask this server alone: nothing of other sites, nothing that stands in
/// a page itself, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// How htmx works here. It adds no style of its own, which the policy would refuse; what a person opened stays open; and
/// a page that cannot be had just now does not replace the one that is there.
const HTMX: &str = r#"{"includeIndicatorCSS":false,"history":false,"morphIgnore":["data-htmx-powered","open"],"noSwap":[204,304,"4xx","5xx"]}"#;
/// Pages and what leads to them.
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

/// Keys and what they do. `app.js` knows the same.
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

/// What a page has to say.
pub(crate) struct Page {
    pub(crate) title: String,
    /// The place that it belongs to, by its address.
    pub(crate) place: &'static str,
    pub(crate) body: Markup,
}

/// What stands around a page.
pub(crate) struct Frame<'a> {
    pub(crate) params: &'a Params,
    pub(crate) zone: &'a str,
    /// What the act before came to.
    pub(crate) said: Markup,
    /// The page's address, and the position that it shows at least, where it keeps up with the shop.
    pub(crate) live: Option<(&'a str, i64)>,
    /// Who looks, as the head of the page says it. Without anybody the page stands alone: it leads to no other.
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

/// What keys open: the palette, and the list of keys. Without a script the line in the header does the same.
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
