//! Refuses requests that a web page elsewhere made a browser send: foreign Host (DNS rebinding) or foreign Origin.

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

use super::app::App;
use crate::origins::{fits, is_origin, name_of};

/// Passes on a request that may be answered. The protocol library has the same rule for `/mcp`, but uses the first of
/// two headers.
pub(super) async fn same_house(app: &App, request: Request) -> Result<Request, Response> {
    let config = &app.node.config;
    let checked = check(request.uri(), request.headers(), &config.allowed_hosts, &config.allowed_origins);
    let Err((status, message)) = checked else { return Ok(request) };
    let (parts, body) = request.into_parts();
    app.refusals.note(status, &parts.headers, message);
    orderlog_mcp::drain(body).await;
    Err((status, format!("{message}\n")).into_response())
}

/// The check for a listener without a list of hosts: browsers name the page that sends a request.
pub(super) fn no_page(request: Request) -> Result<Request, Response> {
    match request.headers().contains_key(header::ORIGIN) {
        true => Err((StatusCode::FORBIDDEN, "web pages may not ask here\n").into_response()),
        false => Ok(request),
    }
}

fn check(
    uri: &Uri,
    headers: &HeaderMap,
    hosts: &[String],
    origins: &[String],
) -> Result<(), (StatusCode, &'static str)> {
    const BAD: StatusCode = StatusCode::BAD_REQUEST;
    const FORBIDDEN: StatusCode = StatusCode::FORBIDDEN;
    let host = only(headers, header::HOST).map_err(|()| (BAD, "send one Host header, in ASCII"))?;
    let host = host.ok_or((BAD, "send a Host header"))?;
    let name = name_of(host).ok_or((BAD, "the Host header must be a name or address, with or without a port"))?;
    // In `GET http://other/path`, the host in the path counts.
    if uri.authority().is_some_and(|asked| asked.as_str() != host) {
        return Err((BAD, "the address asked for and the Host header differ"));
    }
    if !hosts.iter().any(|known| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(name)) {
        return Err((FORBIDDEN, "this Host is not allowed; see --allowed-hosts"));
    }
    let origin = only(headers, header::ORIGIN).map_err(|()| (FORBIDDEN, "send one Origin header at most, in ASCII"))?;
    match origin {
        Some(origin) if !is_origin(origin) => Err((FORBIDDEN, "the Origin header is none")),
        // Our own pages, under any address.
        Some(origin) if is_of(origin, host) => Ok(()),
        Some(origin) if !origins.iter().any(|known| fits(known, origin)) => {
            Err((FORBIDDEN, "this Origin is not allowed; see --allowed-origins"))
        }
        _ => Ok(()),
    }
}

/// Whether a page of the same host and port sent the request.
fn is_of(origin: &str, host: &str) -> bool {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.eq_ignore_ascii_case(host))
}

/// The header's only value.
fn only(headers: &HeaderMap, name: HeaderName) -> Result<Option<&str>, ()> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    match (value.to_str(), values.next()) {
        (Ok(value), None) => Ok(Some(value)),
        _ => Err(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(uri: &str, headers: &[(HeaderName, &str)]) -> u16 {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect::<Vec<_>>();
        let mut map = HeaderMap::new();
        headers.into_iter().for_each(|(name, value)| _ = map.append(name, value));
        let (hosts, origins) = (["localhost", "127.0.0.1", "::1"], ["http://localhost:*", "https://shop.example"]);
        let owned = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect::<Vec<_>>();
        check(&uri.parse().unwrap(), &map, &owned(&hosts), &owned(&origins)).map_or_else(|e| e.0.as_u16(), |()| 200)
    }

    #[test]
    fn hosts_are_compared_without_their_port_and_must_be_hosts() {
        for (host, expected) in [
            ("localhost", 200),
            ("LOCALHOST:7400", 200),
            ("127.0.0.1:65535", 200),
            ("[::1]:7400", 200),
            ("[::1]", 200),
            ("evil.example", 403),
            ("localhost.evil.example", 403),
            ("localhost:", 400),
            ("localhost:0", 400),
            ("localhost:65536", 400),
            ("localhost:+80", 400),
            ("localhost:abc", 400),
            ("user@localhost", 400),
            ("localhost:80:80", 400),
            ("local host", 400),
            ("", 400),
            ("[::1", 400),
            ("[::1]x", 400),
        ] {
            assert_eq!(status("/", &[(header::HOST, host)]), expected, "{host}");
        }
        assert_eq!(status("/", &[]), 400);
        assert_eq!(status("/", &[(header::HOST, "localhost"), (header::HOST, "localhost")]), 400);
        assert_eq!(status("http://localhost/", &[(header::HOST, "localhost")]), 200);
        assert_eq!(status("http://evil.example/", &[(header::HOST, "localhost")]), 400);
    }

    #[test]
    fn origins_must_be_known_and_one() {
        let with = |origins: &[&str]| {
            let mut headers = vec![(header::HOST, "localhost")];
            headers.extend(origins.iter().map(|&origin| (header::ORIGIN, origin)));
            status("/", &headers)
        };
        for (origin, expected) in [
            ("http://localhost:3000", 200),
            ("http://localhost", 200),
            ("https://shop.example", 200),
            ("https://LOCALHOST", 200),
            ("https://localhost:8443", 403),
            ("https://shop.example:444", 403),
            ("http://localhost.evil.example", 403),
            ("http://localhost:3000/path", 403),
            ("http://localhost:99999", 403),
            ("http://localhost:3000, http://evil.example", 403),
            ("http://localhost:", 403),
            ("null", 403),
            ("", 403),
        ] {
            assert_eq!(with(&[origin]), expected, "{origin}");
        }
        assert_eq!(with(&["http://localhost:3000", "https://evil.example"]), 403);
    }
}
