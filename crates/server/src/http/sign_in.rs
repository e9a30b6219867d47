//! Names the provider where users sign in (RFC 9728). The answer contains no data of the shop, so it needs no key.

use axum::{
    Json, Router,
    http::{StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::get,
};
use orderlog_access::{METADATA_PATH, OAuth};

use super::app::App;

/// Whether the metadata is served at this path.
pub(super) fn is_metadata(app: &App, path: &str) -> bool {
    app.oauth.as_ref().is_some_and(|oauth| oauth.settings().is_metadata_path(path))
}

/// Serves the metadata where users sign in.
pub(super) fn metadata(app: &App) -> Router {
    let Some(oauth) = app.oauth.clone() else { return Router::new() };
    let answer = get(async move |uri: Uri| told(&oauth, uri.path()));
    Router::new().route(METADATA_PATH, answer.clone()).route(&format!("{METADATA_PATH}/{{*resource}}"), answer)
}

fn told(oauth: &OAuth, path: &str) -> Response {
    let settings = oauth.settings();
    match settings.is_metadata_path(path) {
        true => Json(settings.metadata()).into_response(),
        false => StatusCode::NOT_FOUND.into_response(),
    }
}
