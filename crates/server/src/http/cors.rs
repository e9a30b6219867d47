//! Lets the web pages of allowed origins read the answers of `/mcp`. The guard has refused every other origin before.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// Methods that a page may use for `/mcp`. GET and DELETE are answered with 405, which a page can read only if it may
/// send them.
const METHODS: &str = "POST, GET, DELETE";
/// Headers that a page may send, in addition to those of MCP.
const HEADERS: [&str; 7] =
    ["authorization", "content-type", "accept", "traceparent", "tracestate", "idempotency-key", "last-event-id"];
/// How the names of MCP's own headers begin.
const OF_MCP: &str = "mcp-";
/// Headers of an answer that a page may read.
const EXPOSED: &str = "mcp-session-id, retry-after, www-authenticate";
/// How long a browser may remember the answer to a preflight, in seconds.
const REMEMBERED: &str = "600";

/// Answers a preflight request itself, and marks every answer for the page that sent the request.
pub(super) async fn answer(request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).cloned();
    let preflight = origin.as_ref().and_then(|_| preflight(request.method(), request.headers()));
    let mut answer = match preflight {
        Some(answer) => answer,
        None => next.run(request).await,
    };
    mark(&mut answer, origin);
    answer
}

/// Lets the page of this allowed origin read the answer.
pub(super) fn mark(answer: &mut Response, origin: Option<HeaderValue>) {
    let headers = answer.headers_mut();
    headers.append(header::VARY, HeaderValue::from_static("origin"));
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    }
}

/// The answer to a preflight request; `None` for other requests.
fn preflight(method: &Method, headers: &HeaderMap) -> Option<Response> {
    let asks = method == Method::OPTIONS && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let told = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(METHODS)),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, allowed(headers)),
        (header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(REMEMBERED)),
        (header::VARY, HeaderValue::from_static("access-control-request-headers")),
    ];
    asks.then(|| (StatusCode::NO_CONTENT, told).into_response())
}

/// The requested headers that may be sent; all that have a fixed name if none are requested.
fn allowed(headers: &HeaderMap) -> HeaderValue {
    let asked = headers.get_all(header::ACCESS_CONTROL_REQUEST_HEADERS).iter();
    let asked = asked.filter_map(|value| value.to_str().ok()).flat_map(|names| names.split(','));
    let asked = asked.map(|name| name.trim().to_ascii_lowercase());
    let of_mcp = |name: &str| {
        name.strip_prefix(OF_MCP).is_some_and(|rest| {
            !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        })
    };
    let allowed: Vec<String> = asked.filter(|name| HEADERS.contains(&name.as_str()) || of_mcp(name)).collect();
    let names = if allowed.is_empty() { HEADERS.join(", ") } else { allowed.join(", ") };
    HeaderValue::try_from(names).unwrap_or(HeaderValue::from_static("content-type"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(method: Method, headers: &[(&str, &str)]) -> Option<Response> {
        let mut map = HeaderMap::new();
        headers.iter().for_each(|(name, value)| {
            let name = header::HeaderName::try_from(*name).unwrap();
            map.append(name, HeaderValue::try_from(*value).unwrap());
        });
        preflight(&method, &map)
    }

    #[test]
    fn only_an_options_request_that_names_a_method_is_a_preflight() {
        let names = [("access-control-request-method", "POST")];
        assert_eq!(asked(Method::OPTIONS, &names).map(|answer| answer.status()), Some(StatusCode::NO_CONTENT));
        assert!(asked(Method::OPTIONS, &[]).is_none());
        assert!(asked(Method::POST, &names).is_none());
    }

    #[test]
    fn headers_are_allowed_by_name() {
        for (names, expected) in [
            ("content-type, Mcp-Protocol-Version,mcp-session-id", "content-type, mcp-protocol-version, mcp-session-id"),
            ("x-evil, content-type", "content-type"),
            ("mcp-, mcp-a b, accept", "accept"),
            ("mcp-param-order-id", "mcp-param-order-id"),
        ] {
            let asked = asked(
                Method::OPTIONS,
                &[("access-control-request-method", "POST"), ("access-control-request-headers", names)],
            );
            let allowed = asked.unwrap().headers()[header::ACCESS_CONTROL_ALLOW_HEADERS].clone();
            assert_eq!(allowed, expected, "{names}");
        }
    }
}
