//! HTTP: MCP and, beside it, health, metrics, version and the log for auditors.

mod app;
mod browsers;
mod connections;
mod cors;
mod door;
pub(crate) mod events;
mod guard;
mod gzip;
mod head;
mod health;
mod held;
mod limits;
pub(crate) mod metrics;
pub(crate) mod recorder;
mod refusals;
mod sign_in;
mod tls;
mod wanted;
mod watcher;

use std::{net::SocketAddr, sync::Arc};

use anyhow::Context as _;
use axum::{
    Json, Router,
    body::Body,
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::{self, Next},
    response::{IntoResponse as _, Response},
    routing::{any, get},
};
use futures::{StreamExt as _, stream};
use orderlog_access::{Keys, OAuth, SignIn, UnderWay};
use orderlog_assistant::LanguageModel;
use orderlog_mcp::{Access, Endpoint, LargeBodies, Names, RETRY_AFTER_SECONDS};
use orderlog_tools::Tools;
use serde_json::json;
use tokio::{net::TcpListener, sync::Semaphore, task::JoinHandle};

use self::{
    app::App,
    limits::{ANSWER_TIMEOUT, Limits, MAX_EVENT_READERS, PAGE_TIMEOUT},
    tls::{Certificate, Secured},
};
use crate::node::Node;

/// A bound port, not yet served.
pub(crate) struct Server {
    listener: TcpListener,
    /// A second listener for health and metrics, for other machines.
    for_machines: Option<TcpListener>,
    app: App,
    tools: Arc<Tools>,
    /// The configuration of HTTPS, if it is served.
    secured: Option<Secured>,
    /// The tasks that keep keys, the provider's keys and the certificate up to date.
    keeping_up: Vec<JoinHandle<()>>,
}

impl Server {
    /// Takes the port.
    pub(crate) async fn bind(node: Arc<Node>) -> anyhow::Result<Server> {
        let keys = keys(&node).await?;
        let certificate = certificate(&node).await?;
        let oauth = node.config.oauth.clone().map(|settings| OAuth::new(settings, node.config.rates, &keys));
        let oauth = oauth.transpose()?.map(Arc::new);
        let listen = async |address: SocketAddr| {
            TcpListener::bind(address).await.with_context(|| format!("listen on {address}"))
        };
        let listener = listen(node.config.listen).await?;
        let for_machines = match node.config.metrics_listen {
            Some(address) => Some(listen(address).await?),
            None => None,
        };
        let tools = Arc::new(node.config.tools());
        metrics::present(&node, &tools);
        let sign_in = sign_in(&node, &keys, oauth.as_ref()).await;
        let app = App {
            health: watcher::Health::start(Arc::clone(&node)),
            keys: Arc::clone(&keys),
            sign_in: sign_in.clone(),
            oauth: oauth.clone(),
            node,
            under_way: UnderWay::default(),
            event_readers: Arc::new(Semaphore::new(MAX_EVENT_READERS)),
            refusals: Arc::default(),
        };
        let stopping = &app.node.stopping;
        let mut keeping_up = vec![tokio::spawn(keys.keep_up(stopping.clone()))];
        let secured = certificate.as_ref().map(Certificate::secured);
        keeping_up.extend(certificate.map(|certificate| tokio::spawn(certificate.keep_up(stopping.clone()))));
        keeping_up.extend(oauth.map(|oauth| tokio::spawn(oauth.keep_up(stopping.clone()))));
        let (clock, ending) = (app.node.shop.clock, stopping.clone());
        keeping_up.extend(sign_in.map(|sign_in| tokio::spawn(sign_in.keep_up(move || clock.now(), ending))));
        Ok(Server { listener, for_machines, app, tools, secured, keeping_up })
    }

    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        self.listener.local_addr().context("read the address listened on")
    }

    /// Whether HTTPS is served.
    pub(crate) fn is_secured(&self) -> bool {
        self.secured.is_some()
    }

    /// Serves until the node stops; running requests are answered first.
    pub(crate) async fn serve(self) {
        let stopping = self.app.node.stopping.clone();
        let limits = Limits::within(files());
        let router = router(&self.app, &self.tools);
        let serving = connections::serve(self.listener, router, self.secured, limits.clone(), stopping.clone());
        match self.for_machines {
            None => serving.await,
            Some(listener) => {
                let router = for_machines(&self.app);
                let machines = connections::serve(listener, router, None, limits.for_machines(), stopping);
                tokio::join!(serving, machines);
            }
        }
        for keeping_up in self.keeping_up {
            if let Err(error) = keeping_up.await {
                tracing::error!(%error, "a task that renews the access keys, the sessions or the certificate has ended");
            }
        }
    }
}

/// The shop's keys. A server that requires keys is useless without one, unless users sign in.
async fn keys(node: &Node) -> anyhow::Result<Arc<Keys>> {
    let keys = Keys::new(Arc::clone(&node.shop.keyring), node.config.rates);
    match keys.read().await {
        Err(error) if node.config.require_keys => return Err(error),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "there are no access keys to be read; none is taken")
        }
        Ok(()) => {}
    }
    anyhow::ensure!(
        !node.config.require_keys || node.config.oauth.is_some() || keys.is_any_in_force(node.shop.clock.now()),
        "every call to {} needs a key, and the shop has none in force: make one with `orderlog keys create NAME --role owner`, or \
         listen on a loopback address such as 127.0.0.1:7400, which needs none",
        node.config.listen
    );
    Ok(Arc::new(keys))
}

/// The sign-in of people with a browser, if it is needed.
async fn sign_in(node: &Node, keys: &Arc<Keys>, oauth: Option<&Arc<OAuth>>) -> Option<Arc<SignIn>> {
    node.config.require_keys.then_some(())?;
    let sign_in = SignIn::new(Arc::clone(&node.shop.keyring), Arc::clone(keys), oauth.cloned());
    let at_provider = oauth.is_some_and(|oauth| oauth.settings().client().is_some());
    if !node.shop.settings.confirmed_by_people.is_empty()
        && !at_provider
        && !keys.is_any_for_a_person(node.shop.clock.now())
    {
        tracing::warn!(
            "acts wait for a person's word, and nobody can sign in to the pages: make a key with `orderlog keys create NAME \
             --role ROLE --for person`"
        );
    }
    // A session that was ended must not be valid after a restart.
    if let Err(error) = sign_in.read(node.shop.clock.now()).await {
        tracing::warn!(error = format!("{error:#}"), "sessions that ended before may serve until that can be read");
    }
    Some(Arc::new(sign_in))
}

/// The certificate, where HTTPS is served.
async fn certificate(node: &Node) -> anyhow::Result<Option<Certificate>> {
    if let Some(files) = node.config.tls.clone() {
        return Ok(Some(Certificate::read(files).await?));
    }
    if !node.config.listen.ip().is_loopback() {
        tracing::warn!(
            "keys and answers travel unencrypted: give --tls-cert-file and --tls-key-file, or see to it that only a proxy reaches this port"
        );
    }
    Ok(None)
}

/// How many files the process may open. Raises the limit as far as possible: the default of many systems, 1,024, is
/// meant for programs that use `select`.
fn files() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    let files = if raised.is_ok() { maximum } else { current };
    files.and_then(|files| usize::try_from(files).ok()).unwrap_or(usize::MAX)
}

fn router(app: &App, tools: &Arc<Tools>) -> Router {
    let events = get(events::events).route_layer(middleware::from_fn_with_state(app.clone(), few_readers));
    let beside = Router::new()
        .merge(looked_at())
        .route("/v1/events", events)
        .route("/v1/head", get(head::head))
        .route("/version", get(async || Json(json!({"name": "orderlog", "version": env!("CARGO_PKG_VERSION")}))))
        .route_layer(middleware::from_fn(in_time))
        .with_state(app.clone());
    let status: orderlog_web::Status = {
        let app = app.clone();
        Arc::new(move |visitor| {
            let app = app.clone();
            Box::pin(async move { health::status(&app, &visitor).await })
        })
    };
    let test: orderlog_web::TestMessage = {
        let node = Arc::clone(&app.node);
        Arc::new(move |target| {
            let node = Arc::clone(&node);
            Box::pin(async move {
                let clock = node.shop.clock;
                let sent = async { node.sender()?.test(&target, clock.now(), clock.new_id()).await };
                sent.await.map_err(|error| format!("{error:#}"))
            })
        })
    };
    let serving = orderlog_web::Serving {
        status,
        test,
        model: app.node.config.language_model.clone(),
        secured: app.node.config.tls.is_some(),
        sign_in: app.sign_in.clone(),
        stopping: app.node.stopping.clone(),
    };
    let pages = orderlog_web::router(Arc::clone(&app.node.shop), Arc::clone(tools), serving);
    let pages = pages.route_layer(middleware::from_fn(in_time));
    let large_bodies = LargeBodies::default();
    let mcp = |names| {
        let config = &app.node.config;
        let access = Access {
            hosts: config.allowed_hosts.clone(),
            origins: config.allowed_origins.clone(),
            oauth: app.oauth.clone(),
            secured: config.tls.is_some(),
        };
        let endpoint =
            Endpoint::new(Arc::clone(&app.node.shop), Arc::clone(tools), names, access, large_bodies.clone());
        any(async move |request: Request| endpoint.answer(request).await)
    };
    Router::new()
        .route("/mcp", mcp(Names::Underscored))
        .route("/mcp/dotted", mcp(Names::Dotted))
        .merge(sign_in::metadata(app))
        .route_layer(middleware::from_fn(cors::answer))
        .merge(beside)
        .merge(pages)
        .layer(middleware::from_fn_with_state(app.clone(), edge))
}

/// Every request passes here first.
async fn edge(State(app): State<App>, request: Request, next: Next) -> Response {
    let path = metrics::path(&request);
    let admitted = match guard::same_house(&app, request).await {
        Ok(request) => door::admit(&app, request).await,
        refused => refused,
    };
    let answer = match admitted {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    };
    metrics::count(path, &answer);
    answer
}

/// As [`edge`], for the listener for machines: any host name is accepted, but a web page may not send requests.
async fn edge_for_machines(request: Request, next: Next) -> Response {
    let path = metrics::path(&request);
    let answer = match guard::no_page(request) {
        Ok(request) => next.run(request).await,
        Err(refusal) => refusal,
    };
    metrics::count(path, &answer);
    answer
}

/// The paths for supervisors and Prometheus. They show no personal data and change nothing.
fn for_machines(app: &App) -> Router {
    let router = looked_at().route_layer(middleware::from_fn(in_time)).with_state(app.clone());
    router.layer(middleware::from_fn(edge_for_machines))
}

fn looked_at() -> Router<App> {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(metrics::metrics))
}

/// Each reader of the log needs memory for one page. If the next page does not come, or the node stops, the answer
/// breaks off, so that no reader takes it for complete.
async fn few_readers(State(app): State<App>, request: Request, next: Next) -> Response {
    let Ok(place) = Arc::clone(&app.event_readers).try_acquire_owned() else {
        return busy("too many readers of the log; try again in a moment\n");
    };
    let stopping = app.node.stopping.clone();
    next.run(request).await.map(|body| {
        let reading = (body.into_data_stream(), place, stopping);
        Body::from_stream(stream::try_unfold(reading, async |(mut pages, place, stopping)| {
            tokio::select! {
                biased;
                page = pages.next() => Ok(page.transpose()?.map(|page| (page, (pages, place, stopping)))),
                () = stopping.cancelled() => Err(axum::Error::new("the node is stopping")),
                () = tokio::time::sleep(PAGE_TIMEOUT) => Err(axum::Error::new("the log did not answer in time")),
            }
        }))
    })
}

async fn in_time(request: Request, next: Next) -> Response {
    let longest = match request.uri().path() {
        orderlog_web::ASK => ANSWER_TIMEOUT + LanguageModel::DEADLINE,
        _ => ANSWER_TIMEOUT,
    };
    let answer = tokio::time::timeout(longest, next.run(request)).await;
    answer.unwrap_or_else(|_| busy("the database did not answer in time; try again in a moment\n"))
}

fn busy(message: &'static str) -> Response {
    let retry_after = [(header::RETRY_AFTER, RETRY_AFTER_SECONDS.to_string())];
    (StatusCode::SERVICE_UNAVAILABLE, retry_after, message).into_response()
}
