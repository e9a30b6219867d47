//! Refuses requests that a web page elsewhere made a browser send: foreign Host (DNS rebinding) or foreign Origin.

use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::node::Node;

/// The same rule that rmcp applies to `/mcp`, for everything beside it.
pub(super) async fn same_house(State(node): State<Arc<Node>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let host_known = text(headers, header::HOST)
        .is_none_or(|host| node.config.allowed_hosts.iter().any(|known| known == host || known == name_of(host)));
    let origin_known = text(headers, header::ORIGIN)
        .is_none_or(|origin| node.config.allowed_origins.iter().any(|known| fits(known, origin)));
    if host_known && origin_known {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this Host or Origin is not allowed; see --allowed-hosts and --allowed-origins\n")
            .into_response()
    }
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<&str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// A Host header without its port.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[') {
        Some(v6) => v6.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether an origin fits an entry such as `http://localhost:*`.
fn fits(known: &str, origin: &str) -> bool {
    match known.strip_suffix(":*") {
        Some(stem) => origin == stem || origin.strip_prefix(stem).is_some_and(|rest| rest.starts_with(':')),
        None => known == origin,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_origins_are_compared_without_their_port_where_the_entry_has_none() {
        assert_eq!(name_of("localhost:7400"), "localhost");
        assert_eq!(name_of("[::1]:7400"), "::1");
        assert!(fits("http://localhost:*", "http://localhost:3000"));
        assert!(fits("http://localhost:*", "http://localhost"));
        assert!(!fits("http://localhost:*", "http://localhost.evil.example"));
    }
}
