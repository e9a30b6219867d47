//! The common data of handlers and the layers around them.

use std::sync::Arc;

use axum::extract::FromRef;
use orderlog_access::{Keys, OAuth, SignIn, UnderWay};
use tokio::sync::Semaphore;

use super::{refusals::Refusals, watcher::Health};
use crate::node::Node;

/// The common data of handlers and the layers around them.
#[derive(Clone)]
pub(super) struct App {
    pub(super) node: Arc<Node>,
    pub(super) keys: Arc<Keys>,
    /// The OAuth provider, where users sign in.
    pub(super) oauth: Option<Arc<OAuth>>,
    /// The sign-in of people with a browser, if it is needed.
    pub(super) sign_in: Option<Arc<SignIn>>,
    /// The requests of everybody who has a key or signed in.
    pub(super) under_way: UnderWay,
    pub(super) health: Health,
    pub(super) event_readers: Arc<Semaphore>,
    pub(super) refusals: Arc<Refusals>,
}

impl FromRef<App> for Arc<Node> {
    fn from_ref(app: &App) -> Arc<Node> {
        Arc::clone(&app.node)
    }
}
