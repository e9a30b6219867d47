//! Which address leads to which page.

use std::sync::Arc;

use axum::{
    Router,
    extract::{Path, RawQuery, State},
    http::{StatusCode, header},
    response::Response,
    routing::get,
};
use orderlog_tools::{OpenShop, Tools};

use crate::{
    front::{Front, Trouble},
    layout::{Page, framed},
    order, orders,
    params::Params,
    parts, today,
};

/// The pages, for a server that checks Host and Origin before.
pub fn router(shop: Arc<OpenShop>, tools: Arc<Tools>) -> Router {
    const STYLE: &str = include_str!("../assets/style.css");
    let front = Arc::new(Front::new(shop, tools));
    let style = || async { ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "no-cache")], STYLE) };
    Router::new()
        .route("/", get(today))
        .route("/orders", get(orders))
        .route("/orders/{number}", get(order))
        .route("/assets/style.css", get(style))
        .with_state(front)
}

async fn today(State(front): State<Arc<Front>>) -> Response {
    shown(&front, "/", today::page(&front).await)
}

async fn orders(State(front): State<Arc<Front>>, RawQuery(query): RawQuery) -> Response {
    shown(&front, "/orders", orders::page(&front, &Params::read(query.as_deref())).await)
}

async fn order(State(front): State<Arc<Front>>, Path(number): Path<String>, RawQuery(query): RawQuery) -> Response {
    shown(&front, "/orders", order::page(&front, &number, &Params::read(query.as_deref())).await)
}

/// The page, or what is wrong with what was asked.
fn shown(front: &Front, place: &'static str, page: Result<Page, Trouble>) -> Response {
    match page {
        Ok(page) => framed(StatusCode::OK, &page, front.zone()),
        Err(Trouble(trouble)) => {
            let (status, title) = match parts::text(&trouble["code"]) {
                "NOT_FOUND" => (StatusCode::NOT_FOUND, "Not found"),
                "UNAVAILABLE" | "STALE_READ" | "RATE_LIMITED" => (StatusCode::SERVICE_UNAVAILABLE, "Not just now"),
                _ => (StatusCode::BAD_REQUEST, "That cannot be shown"),
            };
            let page = Page { title: title.to_owned(), place, body: parts::trouble(&trouble) };
            framed(status, &page, front.zone())
        }
    }
}
