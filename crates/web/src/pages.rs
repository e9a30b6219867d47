//! Which address leads to which page.

use std::sync::Arc;

use axum::{
    Router,
    extract::Path,
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use orderlog_access::{CALLBACK_PATH, SignIn};
use orderlog_assistant::LanguageModel;
use orderlog_tools::{OpenShop, Tools};
use tokio_util::sync::CancellationToken;

use crate::{
    activity, acts, ask, assets, at_provider, bulk, confirm, connect, customers, explain,
    front::{Server, Status, TestMessage},
    go,
    head::Head,
    listeners::Listeners,
    live, notifications, notify_acts,
    once::Once,
    order, orders, orders_csv,
    own_views::{self, OwnViews},
    place, print, product, products, reports, sign_in, status, today, unsubscribe,
    visit::{Source, Visit},
    who::SIGN_OUT,
};

/// What the pages know of the server that serves them.
pub struct Serving {
    /// How it is.
    pub status: Status,
    /// Sends test messages.
    pub test: TestMessage,
    /// Who is asked for sentences that the grammar does not understand.
    pub model: Option<Arc<LanguageModel>>,
    /// Whether it speaks HTTPS itself.
    pub secured: bool,
    /// Where people sign in; nothing where nobody needs to.
    pub sign_in: Option<Arc<SignIn>>,
    /// Until when open pages are told of changes.
    pub stopping: CancellationToken,
}

/// The pages, for a server that checks Host, Origin and credentials before and leaves the principal in the request.
pub fn router(shop: Arc<OpenShop>, tools: Arc<Tools>, serving: Serving) -> Router {
    let Serving { status, test, model, secured, sign_in, stopping } = serving;
    let head = Head::start(Arc::clone(&shop), stopping);
    let signing_in = if sign_in.is_some() { signing_in() } else { Router::new() };
    Router::new()
        .merge(signing_in)
        .merge(assets::routes())
        .route("/", get(today))
        .route("/orders", get(orders))
        .route("/orders.csv", get(orders_csv))
        .route("/orders/new", get(place::blank).post(place::sent))
        .route("/orders/bulk", get(bulk::blank).post(bulk::sent))
        .route(own_views::PATH, get(own_views::nowhere).post(own_views::sent))
        .route("/orders/{number}", get(order))
        .route("/orders/{number}/print", get(papers))
        .route("/orders/{number}/{act}", get(acts::back).post(acts::sent))
        .route("/undo", get(acts::nowhere).post(acts::undo))
        .route("/confirm", get(confirm::waiting))
        .route("/confirm/{id}", get(confirm::question).post(confirm::answered))
        .route("/products", get(products))
        .route("/products/{sku}", get(product))
        .route("/customers", get(customers))
        .route("/customers/{id}", get(customer))
        .route("/reports", get(reports))
        .route("/explain", get(explain))
        .route("/activity", get(activity))
        .route(notifications::PATH, get(notified))
        .route("/notifications/{act}", get(notify_acts::back).post(notify_acts::sent))
        .route("/status", get(node_status))
        .route("/connect", get(connect))
        .route("/ask", get(ask::asked).post(ask::sent))
        .route("/go", get(go::found))
        .route("/live", get(live::stream))
        .route("/unsubscribe/{token}", get(unsubscribe::shown).post(unsubscribe::posted))
        .with_state(Source {
            shop,
            tools,
            server: Server { status, test, model, tested: Once::default() },
            secured,
            sign_in,
            head,
            listeners: Listeners::default(),
        })
}

fn signing_in() -> Router<Source> {
    Router::new()
        .route(sign_in::PATH, get(sign_in::asked).post(sign_in::typed))
        .route(sign_in::AT_PROVIDER, get(at_provider::away))
        .route(CALLBACK_PATH, get(at_provider::back))
        .route(SIGN_OUT, post(sign_in::sign_out))
}

async fn today(visit: Visit) -> Response {
    let page = today::page(&visit.front, &visit.params).await;
    visit.shown("/", page).await
}

async fn orders(headers: HeaderMap, visit: Visit) -> Response {
    let page = orders::page(&visit, &OwnViews::read(&headers)).await;
    visit.shown("/orders", page).await
}

async fn order(visit: Visit, Path(number): Path<String>) -> Response {
    let page = order::page(&visit, &number, None).await;
    visit.shown("/orders", page).await
}

async fn papers(visit: Visit, Path(number): Path<String>) -> Response {
    let page = print::page(&visit, &number).await;
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
    let page = activity::page(&visit).await;
    visit.shown("/activity", page).await
}

async fn notified(visit: Visit) -> Response {
    let page = notifications::page(&visit, None).await;
    visit.shown(notifications::PATH, page).await
}

async fn node_status(visit: Visit) -> Response {
    let page = status::page(&visit.front, &visit.params).await;
    visit.shown("/status", Ok(page)).await
}

async fn connect(visit: Visit) -> Response {
    let page = connect::page(&visit.front, &visit.origin).await;
    visit.shown("/connect", Ok(page)).await
}
