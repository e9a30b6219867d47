//! One request for a page: who asks, what the address asks for, and the answer in its frame.

use std::{convert::Infallible, sync::Arc};

use axum::{
    extract::FromRequestParts,
    http::{HeaderValue, Method, StatusCode, header, request::Parts},
    response::{IntoResponse as _, Redirect, Response},
};
use maud::html;
use orderlog_access::SignIn;
use orderlog_tools::{OpenShop, Tools, principal::Principal};

use crate::{
    form_token::FormToken,
    front::{Front, Server, Trouble},
    head::Head,
    layout::{Frame, Page, framed},
    listeners::Listeners,
    params::Params,
    parts, rebuilding,
    said::Said,
    session::{SessionCookie, speaks_tls},
    who,
};

/// What every page is made from.
#[derive(Clone)]
pub(crate) struct Source {
    pub(crate) shop: Arc<OpenShop>,
    pub(crate) tools: Arc<Tools>,
    pub(crate) server: Server,
    /// Whether this server speaks HTTPS itself.
    pub(crate) secured: bool,
    /// Where people sign in; nothing where nobody needs to.
    pub(crate) sign_in: Option<Arc<SignIn>>,
    pub(crate) head: Head,
    pub(crate) listeners: Listeners,
}

/// One look at a page: who looks, and what the address asks for.
pub(crate) struct Visit {
    pub(crate) front: Front,
    pub(crate) params: Params,
    /// How the visitor reached this server: `http://127.0.0.1:7400`.
    pub(crate) origin: String,
    /// Whether that was by HTTPS.
    pub(crate) secured: bool,
    /// The session by which the visitor is let in, where it is one.
    pub(crate) session: Option<SessionCookie>,
    /// What every form of the page carries.
    pub(crate) token: FormToken,
    /// What the act before this page came to.
    said: Option<Said>,
    /// How many acts wait for the visitor's word.
    waiting: usize,
    /// The address of a page that keeps up with the shop, and the position that it shows at least.
    live: Option<(String, i64)>,
}

impl FromRequestParts<Source> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, source: &Source) -> Result<Visit, Infallible> {
        let Source { shop, tools, server, secured, .. } = source.clone();
        // Who asks, as the server's door put it into the request.
        let visitor = parts.extensions.get::<Arc<Principal>>().cloned();
        let visitor = visitor.unwrap_or_else(|| Arc::new(Principal::nobody()));
        let token = FormToken::of(&parts.headers, &shop, &visitor.user);
        let position = shop.projections.known_head().0;
        let secured = secured || speaks_tls(&parts.headers);
        let origin = origin(parts, secured);
        // A browser sends no key: whoever does is a program.
        let in_person = !parts.headers.contains_key(header::AUTHORIZATION);
        let front = Front::new(shop, tools, (visitor, in_person), origin.clone(), server);
        let waiting = front.count_waiting().await;
        let (params, said) = (Params::read(parts.uri.query()), Said::read(&parts.headers));
        // What a form was answered with is about that form, and the past does not change.
        let live = parts.method == Method::GET && params.moment().is_none() && front.may("orders.get");
        let live = live.then(|| (parts.uri.to_string(), position));
        let session = parts.extensions.get::<SessionCookie>().cloned();
        Ok(Visit { front, params, origin, secured, session, token, said, waiting, live })
    }
}

/// What stands before a path. The host was checked at the door.
fn origin(parts: &Parts, secured: bool) -> String {
    let host = parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.or(parts.uri.authority().map(|authority| authority.as_str())).unwrap_or("127.0.0.1:7400");
    format!("{}://{host}", if secured { "https" } else { "http" })
}

impl Visit {
    /// The same, of a page that stays as it is while the shop changes.
    pub(crate) fn still(self) -> Visit {
        Visit { live: None, ..self }
    }

    /// The page, or what is wrong with what was asked.
    pub(crate) async fn shown(&self, place: &'static str, page: Result<Page, Trouble>) -> Response {
        match page {
            Ok(page) => self.framed(StatusCode::OK, &page),
            Err(Trouble(trouble)) => {
                let (status, title) = status(parts::text(&trouble["code"]));
                let mut body = parts::trouble(&trouble);
                if status == StatusCode::SERVICE_UNAVAILABLE {
                    body.0.push_str(&rebuilding::said(&self.front).await.into_string());
                }
                self.framed(status, &Page { title: title.to_owned(), place, body })
            }
        }
    }

    /// The page in its frame, with what was said before.
    pub(crate) fn framed(&self, status: StatusCode, page: &Page) -> Response {
        let said = html! {
            @if self.waiting > 0 { (parts::waits_for_a_word(self.waiting)) }
            @if let Some(said) = &self.said { (said.shown(&self.token)) }
        };
        let live = self.live.as_ref().map(|(address, position)| (address.as_str(), *position));
        let live = live.filter(|_| status == StatusCode::OK);
        let who = who::shown(self.front.visitor(), self.session.is_some(), &self.token);
        let frame = Frame { params: &self.params, zone: self.front.zone(), said, live, who };
        let mut response = framed(status, page, frame);
        self.token.keep(&mut response, self.secured);
        if self.said.is_some() {
            Said::forget(&mut response, self.secured);
        }
        response
    }

    /// Leads to a page that says what was done.
    pub(crate) fn done(&self, path: &str, answer: &serde_json::Value) -> Response {
        let mut response = Redirect::to(path).into_response();
        Said::of(answer).keep(&mut response, self.secured);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

/// With which status a page says that something was refused, and its title.
pub(crate) fn status(code: &str) -> (StatusCode, &'static str) {
    match code {
        "NOT_FOUND" => (StatusCode::NOT_FOUND, "Not found"),
        "FORBIDDEN" => (StatusCode::FORBIDDEN, "Not allowed"),
        "UNAVAILABLE" | "STALE_READ" | "RATE_LIMITED" => (StatusCode::SERVICE_UNAVAILABLE, "Not just now"),
        "ALREADY_TRUE" => (StatusCode::CONFLICT, "It is so already"),
        "NOT_DELIVERED" => (StatusCode::BAD_GATEWAY, "Not delivered"),
        "VERSION_CONFLICT" => (StatusCode::CONFLICT, "Changed meanwhile"),
        _ => (StatusCode::BAD_REQUEST, "That cannot be shown"),
    }
}
