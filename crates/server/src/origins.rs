//! Names of hosts and origins, as browsers send them and as settings list them.

use axum::http::uri::Authority;

/// A Host header without its port; `None` if it is not a host, or has a wrong port.
pub(crate) fn name_of(host: &str) -> Option<&str> {
    let authority: Authority = host.parse().ok()?;
    // A user name, an empty port or one above 65535 is in the text, but not in what was read.
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
pub(crate) fn fits(known: &str, origin: &str) -> bool {
    match known.strip_suffix(":*") {
        Some(stem) => origin == stem || origin.strip_prefix(stem).is_some_and(|rest| rest.starts_with(':')),
        None => known == origin,
    }
}
