//! Refuses a call of a tool for which a token lacks the scope, before anything is done: the client then asks the user
//! for more.

use std::sync::Arc;

use axum::{
    Json,
    http::{StatusCode, header, request::Parts},
    response::{IntoResponse as _, Response},
};
use orderlog_access::{OAuth, Principal};
use orderlog_tools::Tools;
use serde::Deserialize;

use crate::envelope::{Envelope, Malformed};

#[derive(Deserialize)]
struct Call {
    params: Params,
}

#[derive(Deserialize)]
struct Params {
    name: String,
}

/// The refusal, if there is a reason. A caller with a key cannot get more scopes; the tool refuses it.
pub(crate) fn refuse(
    oauth: &OAuth,
    tools: &Tools,
    parts: &Parts,
    envelope: &Envelope,
    bytes: &[u8],
) -> Option<Response> {
    let principal = parts.extensions.get::<Arc<Principal>>()?;
    if principal.scopes.is_none() || envelope.method() != "tools/call" {
        return None;
    }
    let call: Call = serde_json::from_slice(bytes).ok()?;
    let right = tools.find(&call.params.name)?.right();
    if principal.may(right) {
        return None;
    }
    let challenge = oauth.challenge(Some("insufficient_scope"), &oauth.scopes_for(Some(principal), Some(right)));
    let message = format!("{} needs the scope {right}; sign in again and allow it", call.params.name);
    let body = Json(Malformed::invalid(envelope.id(), message).to_json());
    Some((StatusCode::FORBIDDEN, [(header::WWW_AUTHENTICATE, challenge)], body).into_response())
}
