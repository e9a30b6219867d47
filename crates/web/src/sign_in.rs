//! The page where people sign in with a key or go to their provider, signing out, and where they are led back to.

use std::{sync::Arc, time::Duration};

use axum::{
    Extension,
    extract::{FromRequest as _, Request, State},
    http::{HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::{Markup, html};
use orderlog_access::{Peer, Refused, SignIn};
use orderlog_tools::OpenShop;

use crate::{
    layout::Page,
    params::encoded,
    posted::Posted,
    session,
    visit::{Source, Visit},
};

/// The page.
pub const PATH: &str = "/sign-in";
/// The path that redirects to the provider.
pub(crate) const AT_PROVIDER: &str = "/sign-in/provider";
/// The page to come back to.
pub(crate) const BACK: &str = "back";
/// Says that a form was sent which was not taken.
const LOST: &str = "lost";
/// Longest address that is come back to, in bytes.
const MAX_BACK: usize = 2_000;
/// Longest key that is typed, in characters: they have 60.
const MAX_KEY: u32 = 200;

/// The way to the sign-in page for whoever asked for this and is let in after it.
#[must_use]
pub fn way_to(method: &Method, uri: &Uri) -> String {
    let address = uri.path_and_query().map(|address| address.as_str()).unwrap_or("/");
    match method.is_safe() {
        true => format!("{PATH}?{BACK}={}", encoded(address)),
        false => format!("{PATH}?{LOST}=1&{BACK}={}", encoded(uri.path())),
    }
}

/// An address of this shop, and nothing that a browser would take for another site.
pub(crate) fn own(back: Option<&str>) -> &str {
    let is_own = |back: &&str| {
        let plain = back.len() <= MAX_BACK && back.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        plain && back.starts_with('/') && !back.starts_with("//") && !back.starts_with(PATH)
    };
    back.filter(is_own).unwrap_or("/")
}

pub(crate) async fn asked(State(source): State<Source>, visit: Visit) -> Response {
    let Some(sign_in) = source.sign_in else { return StatusCode::NOT_FOUND.into_response() };
    let lost = visit.params.get(LOST).is_some();
    let said = html! {
        @if lost {
            section class="trouble" role="alert" {
                p { "You are not signed in any more, so what you sent was not taken and nothing was done." }
            }
        }
    };
    let back = own(visit.params.get(BACK)).to_owned();
    page(visit, &sign_in, StatusCode::OK, &back, &said)
}

pub(crate) async fn typed(State(source): State<Source>, Extension(peer): Extension<Peer>, posted: Posted) -> Response {
    let Posted { visit, form } = posted;
    let Some(sign_in) = source.sign_in else { return StatusCode::NOT_FOUND.into_response() };
    let back = own(form.get(BACK)).to_owned();
    match sign_in.with_key(form.get("key").unwrap_or_default(), peer, source.shop.clock.now()).await {
        Ok(begun) => {
            let mut response = led(&back);
            session::give(&mut response, &begun, visit.secured);
            end_former(&sign_in, &visit, &source.shop).await;
            response
        }
        Err(refused) => refusal(visit, &sign_in, &back, &refused),
    }
}

/// A visitor who signs in again ends the former session.
pub(crate) async fn end_former(sign_in: &Arc<SignIn>, visit: &Visit, shop: &OpenShop) {
    if let Some(former) = &visit.session {
        sign_in.end(&former.0, shop.clock.now()).await;
    }
}

pub(crate) async fn sign_out(State(source): State<Source>, visit: Visit, request: Request) -> Response {
    // Without a session there is nothing to end: a form of another site comes so, and must not make the browser forget one.
    let (Some(sign_in), true) = (&source.sign_in, visit.session.is_some()) else { return led(PATH) };
    match Posted::from_request(request, &source).await {
        Ok(Posted { visit, .. }) => {
            end_former(sign_in, &visit, &source.shop).await;
            let mut response = led(PATH);
            session::forget(&mut response, visit.secured);
            response
        }
        Err(refusal) => refusal,
    }
}

/// Leads on, and nobody keeps this answer.
#[must_use]
pub fn led(to: &str) -> Response {
    let mut response = Redirect::to(to).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Says why somebody is not let in, and asks again.
pub(crate) fn refusal(visit: Visit, sign_in: &SignIn, back: &str, refused: &Refused) -> Response {
    let (status, wait) = match refused {
        Refused::TooManyTries(wait) => (StatusCode::TOO_MANY_REQUESTS, Some(*wait)),
        Refused::TooMany(many) => (StatusCode::TOO_MANY_REQUESTS, Some(many.wait)),
        Refused::NotNow | Refused::KeysNotNow => (StatusCode::SERVICE_UNAVAILABLE, Some(Duration::from_secs(1))),
        _ => (StatusCode::FORBIDDEN, None),
    };
    let mut response = refused_page(visit, sign_in, status, back, refused);
    if let Some(wait) = wait {
        response.headers_mut().insert(header::RETRY_AFTER, (wait.as_secs() + 1).into());
    }
    response
}

/// The page with the reason.
pub(crate) fn refused_page(
    visit: Visit,
    sign_in: &SignIn,
    status: StatusCode,
    back: &str,
    reason: &dyn std::fmt::Display,
) -> Response {
    let said = html! { section class="trouble" role="alert" { p { "Not signed in: " (reason) "." } } };
    page(visit, sign_in, status, back, &said)
}

fn page(visit: Visit, sign_in: &SignIn, status: StatusCode, back: &str, said: &Markup) -> Response {
    let body = html! {
        (said)
        @if let Some(provider) = sign_in.provider() {
            p class="sign-in" { a href={ (AT_PROVIDER) "?" (BACK) "=" (encoded(back)) } { "Sign in at " (provider) } }
            h2 { "Or with a key" }
        }
        form method="post" action=(PATH) class="sign-in" {
            (visit.token.field())
            input type="hidden" name=(BACK) value=(back);
            label { "Key" input type="password" name="key" required maxlength=(MAX_KEY) autocomplete="current-password" spellcheck="false"; }
            p class="note" { "A key begins with olk_. Whoever runs the server makes you one with " code { "orderlog keys create NAME --role staff --for person" }
                ". The key of your assistant does not sign in." }
            div class="buttons" { button { "Sign in" } }
        }
    };
    let mut response = visit.still().framed(status, &Page { title: "Sign in".to_owned(), place: "", body });
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::params::Params;

    #[test]
    fn only_own_pages_are_come_back_to() {
        for back in ["/", "/orders?view=unpaid&text=a%20b", "/orders/1001", "/?as_of=@9"] {
            assert_eq!(own(Some(back)), back);
        }
        let long = format!("/{}", "a".repeat(MAX_BACK));
        for foreign in [
            "",
            "orders",
            "https://evil.example/",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            "javascript:alert(1)",
            "/sign-in",
            "/sign-in?back=/",
            "/ä",
            " /orders",
            &long,
        ] {
            assert_eq!(own(Some(foreign)), "/", "{foreign:?}");
        }
        assert_eq!(own(None), "/");
    }

    #[test]
    fn the_way_leads_back_to_what_was_asked_for() {
        let way = |method, uri: &str| way_to(&method, &uri.parse().unwrap());
        let back = |way: &str| {
            let params = Params::read(way.split_once('?').map(|(_, query)| query));
            (own(params.get(BACK)).to_owned(), params.get(LOST).is_some())
        };
        let told = back(&way(Method::GET, "/orders?text=a%26b&view=all"));
        assert_eq!(told, ("/orders?text=a%26b&view=all".to_owned(), false));
        assert_eq!(back(&way(Method::POST, "/orders/1001/ship?x=1")), ("/orders/1001/ship".to_owned(), true));
        assert_eq!(back(&way(Method::GET, "//evil.example/")), ("/".to_owned(), false));
    }
}
