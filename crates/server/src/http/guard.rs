//! Refuses requests that a web page elsewhere made a browser send: foreign Host (DNS rebinding) or foreign Origin.

use std::{
    sync::{Mutex, PoisonError},
    time::Instant,
};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, StatusCode, Uri, header, uri::Authority},
    response::{IntoResponse, Response},
};

use super::{App, limits::REFUSAL_LOG_INTERVAL};
use crate::echo::shown;

/// Hands on a request that may be answered. The protocol library has the same rule for `/mcp`, but takes the first of two
/// headers.
pub(super) async fn same_house(app: &App, request: Request) -> Result<Request, Response> {
    let config = &app.node.config;
    let checked = check(request.uri(), request.headers(), &config.allowed_hosts, &config.allowed_origins);
    let Err((status, message)) = checked else { return Ok(request) };
    let (parts, body) = request.into_parts();
    app.refusals.note(status, &parts.headers);
    super::rpc::drain(body).await;
    Err((status, format!("{message}\n")).into_response())
}

/// For a listener without a list of hosts: browsers name the page that asks.
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
    // `GET http://other/path`: what is asked for is what counts.
    if uri.authority().is_some_and(|asked| asked.as_str() != host) {
        return Err((BAD, "the address asked for and the Host header differ"));
    }
    if !hosts.iter().any(|known| known.eq_ignore_ascii_case(host) || known.eq_ignore_ascii_case(name)) {
        return Err((FORBIDDEN, "this Host is not allowed; see --allowed-hosts"));
    }
    let origin = only(headers, header::ORIGIN).map_err(|()| (FORBIDDEN, "send one Origin header at most, in ASCII"))?;
    match origin {
        Some(origin) if !is_origin(origin) => Err((FORBIDDEN, "the Origin header is none")),
        Some(origin) if !origins.iter().any(|known| fits(known, origin)) => {
            Err((FORBIDDEN, "this Origin is not allowed; see --allowed-origins"))
        }
        _ => Ok(()),
    }
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

/// A Host header without its port; nothing when it is no host, or the port is none.
fn name_of(host: &str) -> Option<&str> {
    let authority: Authority = host.parse().ok()?;
    // A user name, an empty port or one beyond 65535 are part of the text, but not of what was read.
    let (name, port) = match host.strip_prefix('[') {
        Some(v6) => {
            let (name, rest) = v6.split_once(']')?;
            (name, rest.strip_prefix(':').or_else(|| rest.is_empty().then_some("1")))
        }
        None => match host.split_once(':') {
            Some((name, port)) => (name, Some(port)),
            None => (host, Some("1")),
        },
    };
    let usable =
        |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0);
    (!name.is_empty() && !authority.as_str().contains('@') && port.is_some_and(usable)).then_some(name)
}

/// `scheme://host` with or without a port, and nothing else.
pub(crate) fn is_origin(origin: &str) -> bool {
    origin.split_once("://").is_some_and(|(scheme, host)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
            && name_of(host).is_some()
    })
}

/// Whether an origin fits an entry such as `http://localhost:*`.
fn fits(known: &str, origin: &str) -> bool {
    match known.strip_suffix(":*") {
        Some(stem) => origin == stem || origin.strip_prefix(stem).is_some_and(|rest| rest.starts_with(':')),
        None => known == origin,
    }
}

/// Says in the log that requests are refused, not more than once in [`REFUSAL_LOG_INTERVAL`].
#[derive(Debug, Default)]
pub(super) struct Refusals(Mutex<(Option<Instant>, u64)>);

impl Refusals {
    /// One more was refused.
    pub(super) fn note(&self, status: StatusCode, headers: &HeaderMap) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if last.0.is_some_and(|logged| logged.elapsed() < REFUSAL_LOG_INTERVAL) {
            last.1 += 1;
            return;
        }
        let more = std::mem::replace(&mut *last, (Some(Instant::now()), 0)).1;
        drop(last);
        let text = |name| headers.get(name).map(|value| shown(&String::from_utf8_lossy(value.as_bytes())).into_owned());
        let (host, origin) = (text(header::HOST), text(header::ORIGIN));
        tracing::warn!(status = status.as_u16(), host, origin, refused_since = more, "a request was refused");
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
