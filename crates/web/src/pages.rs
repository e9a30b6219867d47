//! Which address leads to which page.

use std::{convert::Infallible, sync::Arc};

use axum::{
    Router,
    extract::{FromRequestParts, Path},
    http::{StatusCode, header, request::Parts},
    response::Response,
    routing::get,
};
use orderlog_tools::{OpenShop, Tools, principal::Principal};

use crate::{
    activity, connect, customers, explain,
    front::{Front, Status, Trouble},
    layout::{Page, framed},
    order, orders, orders_csv,
    params::Params,
    parts, product, products, rebuilding, reports, status, today,
};

/// What every page is made from.
#[derive(Clone)]
struct Source {
    shop: Arc<OpenShop>,
    tools: Arc<Tools>,
    status: Status,
}

/// One look at a page: who looks, and what the address asks for.
struct Visit {
    front: Front,
    params: Params,
    /// How the visitor reached this server: `http://127.0.0.1:7400`.
    origin: String,
}

/// The pages, for a server that checks Host, Origin and credentials before and leaves the principal in the request.
pub fn router(shop: Arc<OpenShop>, tools: Arc<Tools>, status: Status) -> Router {
    const STYLE: &str = include_str!("../assets/style.css");
    let style = || async { ([(header::CONTENT_TYPE, "text/css"), (header::CACHE_CONTROL, "no-cache")], STYLE) };
    Router::new()
        .route("/", get(today))
        .route("/orders", get(orders))
        .route("/orders.csv", get(orders_csv))
        .route("/orders/{number}", get(order))
        .route("/products", get(products))
        .route("/products/{sku}", get(product))
        .route("/customers", get(customers))
        .route("/customers/{id}", get(customer))
        .route("/reports", get(reports))
        .route("/explain", get(explain))
        .route("/activity", get(activity))
        .route("/status", get(node_status))
        .route("/connect", get(connect))
        .route("/assets/style.css", get(style))
        .with_state(Source { shop, tools, status })
}

async fn today(visit: Visit) -> Response {
    let page = today::page(&visit.front, &visit.params).await;
    visit.shown("/", page).await
}

async fn orders(visit: Visit) -> Response {
    let page = orders::page(&visit.front, &visit.params).await;
    visit.shown("/orders", page).await
}

async fn order(visit: Visit, Path(number): Path<String>) -> Response {
    let page = order::page(&visit.front, &number, &visit.params).await;
    visit.shown("/orders", page).await
}

async fn orders_csv(visit: Visit) -> Response {
    match orders_csv::file(&visit.front, &visit.params).await {
        Ok(file) => file,
        Err(trouble) => visit.shown("/orders", Err(trouble)).await,
    }
}

async fn products(visit: Visit) -> Response {
    let page = products::page(&visit.front, &visit.params).await;
    visit.shown("/products", page).await
}

async fn product(visit: Visit, Path(sku): Path<String>) -> Response {
    let page = product::page(&visit.front, &sku, &visit.params).await;
    visit.shown("/products", page).await
}

async fn customers(visit: Visit) -> Response {
    let page = customers::page(&visit.front, &visit.params).await;
    visit.shown("/customers", page).await
}

async fn customer(visit: Visit, Path(id): Path<String>) -> Response {
    let page = customers::one(&visit.front, &id, &visit.params).await;
    visit.shown("/customers", page).await
}

async fn reports(visit: Visit) -> Response {
    let page = reports::page(&visit.front, &visit.params).await;
    visit.shown("/reports", page).await
}

async fn explain(visit: Visit) -> Response {
    let page = explain::page(&visit.front, &visit.params).await;
    visit.shown("/reports", page).await
}

async fn activity(visit: Visit) -> Response {
    let page = activity::page(&visit.front, &visit.params).await;
    visit.shown("/activity", page).await
}

async fn node_status(visit: Visit) -> Response {
    let page = status::page(&visit.front, &visit.params).await;
    visit.shown("/status", Ok(page)).await
}

async fn connect(visit: Visit) -> Response {
    let page = connect::page(&visit.front, &visit.origin).await;
    visit.shown("/connect", Ok(page)).await
}

impl FromRequestParts<Source> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, source: &Source) -> Result<Visit, Infallible> {
        let Source { shop, tools, status } = source.clone();
        // Who asks, as the server's door put it into the request.
        let visitor = parts.extensions.get::<Arc<Principal>>().cloned();
        let visitor = visitor.unwrap_or_else(|| Arc::new(Principal::nobody()));
        let front = Front::new(shop, tools, visitor, status);
        Ok(Visit { front, params: Params::read(parts.uri.query()), origin: origin(parts) })
    }
}

/// What stands before a path. A proxy that speaks TLS says so; the host was checked at the door.
fn origin(parts: &Parts) -> String {
    let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
    let host = header("host").or(parts.uri.authority().map(|authority| authority.as_str())).unwrap_or("127.0.0.1:7400");
    let scheme = if header("x-forwarded-proto") == Some("https") { "https" } else { "http" };
    format!("{scheme}://{host}")
}

impl Visit {
    /// The page, or what is wrong with what was asked.
    async fn shown(&self, place: &'static str, page: Result<Page, Trouble>) -> Response {
        let Visit { front, params, .. } = self;
        let Trouble(trouble) = match page {
            Ok(page) => return framed(StatusCode::OK, &page, params, front.zone()),
            Err(trouble) => trouble,
        };
        let (status, title) = match parts::text(&trouble["code"]) {
            "NOT_FOUND" => (StatusCode::NOT_FOUND, "Not found"),
            "FORBIDDEN" => (StatusCode::FORBIDDEN, "Not allowed"),
            "UNAVAILABLE" | "STALE_READ" | "RATE_LIMITED" => (StatusCode::SERVICE_UNAVAILABLE, "Not just now"),
            _ => (StatusCode::BAD_REQUEST, "That cannot be shown"),
        };
        let mut body = parts::trouble(&trouble);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            body.0.push_str(&rebuilding::said(front).await.into_string());
        }
        framed(status, &Page { title: title.to_owned(), place, body }, params, front.zone())
    }
}
