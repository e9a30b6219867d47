//! Where links in e-mails end a rule of notifications: no session and no key, because whoever has the link may do it. Scanners
//! follow links, so looking changes nothing; mailbox providers post to them (RFC 8058).

use axum::{
    body::to_bytes,
    extract::{Path, Request, State},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use maud::{Markup, html};
use orderlog_tools::{
    principal::Principal,
    unsubscribe_link::{self as link, PATH},
};

use crate::{
    layout::{Frame, Page, framed},
    params::Params,
    visit::Source,
};

/// What is posted, by RFC 8058.
const FIELD: &str = "List-Unsubscribe";
const VALUE: &str = "One-Click";
/// Bytes of what is posted.
const MAX_BYTES: usize = 4_096;

/// Shows what the link would end, and a button.
pub(crate) async fn shown(State(source): State<Source>, Path(token): Path<String>) -> Response {
    let Some(rules) = link::read(&source.shop, &token) else { return unknown(&source) };
    match link::in_force(&source.shop, &rules).await {
        Ok(all) if all.is_empty() => ended(&source),
        Ok(all) => {
            let body = html! {
                p { "These messages go on until they are stopped:" }
                ul { @for (id, target) in &all { li { "rule " (id) ", which tells " bdi { (target) } } } }
                form method="post" action={ (PATH) "/" (token) } {
                    input type="hidden" name=(FIELD) value=(VALUE);
                    button class="yes" { "Stop them" }
                }
            };
            page(&source, StatusCode::OK, "Stop these messages?", body)
        }
        Err(_) => away(&source),
    }
}

/// Ends the rules.
pub(crate) async fn posted(State(source): State<Source>, Path(token): Path<String>, request: Request) -> Response {
    let Ok(body) = to_bytes(request.into_body(), MAX_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let Some(rules) = link::read(&source.shop, &token) else { return unknown(&source) };
    if !is_one_click(&body) {
        let body = html! { p { "Nothing was changed. A program must post " code { (FIELD) "=" (VALUE) } "." } };
        return page(&source, StatusCode::BAD_REQUEST, "That was no request to stop", body);
    }
    let unsubscribes = source.tools.find("notifications.unsubscribe");
    if unsubscribes.is_none_or(|tool| !tool.serves(&Principal::local())) {
        let body = html! { p { "Nothing was changed: this server may change nothing." } };
        return page(&source, StatusCode::FORBIDDEN, "Not here", body);
    }
    match link::end(&source.shop, &rules).await {
        Ok(()) => ended(&source),
        Err(_) => away(&source),
    }
}

/// Whether the body is a one-click request, in either encoding of a form: providers choose.
fn is_one_click(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body);
    text.find(FIELD).is_some_and(|at| text[at..].contains(VALUE))
}

fn ended(source: &Source) -> Response {
    let body = html! { p { "These messages are stopped. An assistant or the shop can ask for them again." } };
    page(source, StatusCode::OK, "Stopped", body)
}

fn unknown(source: &Source) -> Response {
    let body = html! { p { "This link was not made by this shop, or it was cut. Nothing was changed." } };
    page(source, StatusCode::NOT_FOUND, "No such link", body)
}

fn away(source: &Source) -> Response {
    let body = html! { p { "This cannot be done just now. Try again in a minute." } };
    let mut response = page(source, StatusCode::SERVICE_UNAVAILABLE, "Not just now", body);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
    response
}

/// Alone: it leads to no other page, and tells no other site where it stands.
fn page(source: &Source, status: StatusCode, title: &str, body: Markup) -> Response {
    let zone = source.shop.settings.calendar.timezone.name();
    let frame = Frame { params: &Params::read(None), zone, said: html! {}, live: None, who: None };
    let mut response = framed(status, &Page { title: title.to_owned(), place: PATH, body }, frame);
    let headers = [(header::REFERRER_POLICY, "no-referrer"), (header::CACHE_CONTROL, "no-store")];
    for (name, value) in headers {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
