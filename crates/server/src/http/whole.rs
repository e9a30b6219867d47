//! Reads a request to its end before it is answered: whoever is still sending when the connection closes never reads why.

use axum::{
    body::Body,
    extract::Request,
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use futures::StreamExt as _;

use super::MAX_BODY_BYTES;

/// Of a body that is too large this much is read and thrown away, in bytes; a longer one finds the connection closed.
const MAX_DRAINED_BYTES: usize = 16 * 1024 * 1024;

pub(super) async fn read_whole(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (mut kept, mut seen) = (Vec::new(), 0_usize);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return (StatusCode::BAD_REQUEST, "the request broke off\n").into_response() };
        seen = seen.saturating_add(chunk.len());
        if seen <= MAX_BODY_BYTES {
            kept.extend_from_slice(&chunk);
        } else if seen > MAX_DRAINED_BYTES {
            break;
        }
    }
    if seen > MAX_BODY_BYTES {
        let limit = MAX_BODY_BYTES / 1024;
        return (StatusCode::PAYLOAD_TOO_LARGE, format!("a request has at most {limit} KiB\n")).into_response();
    }
    next.run(Request::from_parts(parts, Body::from(kept))).await
}
