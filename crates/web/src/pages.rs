//! Which address leads to which page.

use std::sync::Arc;

use axum::{
    Extension, Router,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::Response,
    routing::get,
};
use orderlog_tools::{OpenShop, Tools, principal::Principal};

use crate::{
    front::{Front, Trouble},
    layout::{Page, framed},
    order, orders,
    params::Params,
    parts, today,
};

/// What every page is made from.
#[derive(Clone)]
struct Source {
    shop: Arc<OpenShop>,
    tools: Arc<Tools>,
}

impl Source {
    fn front(self, visitor: Arc<Principal>) -> Front {
        Front::new(self.shop, self.tools, visitor)
    }
}

/// Who asks, as the server's door put it into the request.
type Visitor = Extension<Arc<Principal>>;

/// The pages, for a server that checks Host, Origin and credentials before and leaves the principal in the request.
pub fn router(shop: Arc<OpenShop>, tools: Arc<Tools>) -> Router {
    const STYLE: &str = include_str!("../assets/style.css");
    let style = || async { ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "no-cache")], STYLE) };
    Router::new()
        .route("/", get(today))
        .route("/orders", get(orders))
        .route("/orders/{number}", get(order))
        .route("/assets/style.css", get(style))
        .with_state(Source { shop, tools })
}

async fn today(State(source): State<Source>, Extension(visitor): Visitor) -> Response {
    let front = source.front(visitor);
    shown(&front, "/", today::page(&front).await)
}

async fn orders(State(source): State<Source>, Extension(visitor): Visitor, RawQuery(query): RawQuery) -> Response {
    let front = source.front(visitor);
    shown(&front, "/orders", orders::page(&front, &Params::read(query.as_deref())).await)
}

async fn order(
    State(source): State<Source>,
    Extension(visitor): Visitor,
    Path(number): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let front = source.front(visitor);
    shown(&front, "/orders", order::page(&front, &number, &Params::read(query.as_deref())).await)
}

/// The page, or what is wrong with what was asked.
fn shown(front: &Front, place: &'static str, page: Result<Page, Trouble>) -> Response {
    match page {
        Ok(page) => framed(StatusCode::OK, &page, front.zone()),
        Err(Trouble(trouble)) => {
            let (status, title) = match parts::text(&trouble["code"]) {
                "NOT_FOUND" => (StatusCode::NOT_FOUND, "Not found"),
                "FORBIDDEN" => (StatusCode::FORBIDDEN, "Not allowed"),
                "UNAVAILABLE" | "STALE_READ" | "RATE_LIMITED" => (StatusCode::SERVICE_UNAVAILABLE, "Not just now"),
                _ => (StatusCode::BAD_REQUEST, "That cannot be shown"),
            };
            let page = Page { title: title.to_owned(), place, body: parts::trouble(&trouble) };
            framed(status, &page, front.zone())
        }
    }
}
