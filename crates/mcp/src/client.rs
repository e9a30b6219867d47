//! The client of a request, from its headers: its name, and the trace to which the request belongs.

use axum::http::{HeaderMap, header::HOST};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use orderlog_domain::envelope::Agent;
use orderlog_tools::principal::agent;

/// The program that a User-Agent header names first: `python-httpx/0.28.1 (…)`.
pub(crate) fn user_agent(header: &str) -> Option<Agent> {
    let product = header.split([' ', '(']).next()?;
    let (name, version) = product.split_once('/').unwrap_or((product, ""));
    (!name.is_empty()).then(|| agent(name, version, None))
}

/// How the header of a session begins that carries a client's name.
const SESSION: &str = "client.";

/// A session id that contains the client's name, so that the server need not remember sessions. It is not proof: a
/// client can claim any name.
pub(crate) fn to_session(agent: &Agent) -> Option<String> {
    let said = serde_json::to_vec(&(&agent.name, &agent.version)).ok()?;
    (!agent.name.is_empty()).then(|| format!("{SESSION}{}", BASE64_URL_SAFE_NO_PAD.encode(said)))
}

/// The client named in such a header.
pub(crate) fn of_session(header: &str) -> Option<Agent> {
    let said = BASE64_URL_SAFE_NO_PAD.decode(header.strip_prefix(SESSION)?).ok()?;
    let (name, version): (String, String) = serde_json::from_slice(&said).ok()?;
    (!name.is_empty()).then(|| agent(&name, &version, None))
}

/// The address by which the client reached this server: `https://shop.example`. The host was checked before; a proxy
/// says whether clients reach it over HTTPS.
pub(crate) fn address(headers: &HeaderMap, secured: bool) -> Option<String> {
    let host = headers.get(HOST)?.to_str().ok()?;
    let secured = secured || headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    Some(format!("{}://{host}", if secured { "https" } else { "http" }))
}

/// The trace id of a W3C `traceparent`: `00-<32 hex>-<16 hex>-<2 hex>`.
pub(crate) fn trace_id(traceparent: &str) -> Option<String> {
    let mut parts = traceparent.split('-');
    let (version, trace) = (parts.next()?, parts.next()?);
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let usable = version.len() == 2
        && version != "ff"
        && trace.len() == 32
        && hex(trace)
        && trace.bytes().any(|b| b != b'0')
        && parts.next().is_some_and(|parent| parent.len() == 16 && hex(parent));
    usable.then(|| trace.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_known_by_what_they_say() {
        let named = |name: &str, version: &str| Some(agent(name, version, None));
        assert_eq!(user_agent("python-httpx/0.28.1"), named("python-httpx", "0.28.1"));
        assert_eq!(user_agent("node"), named("node", ""));
        assert_eq!(user_agent("Mozilla/5.0 (X11; Linux) Chrome/1"), named("Mozilla", "5.0"));
        assert_eq!(user_agent(""), None);
        let client = agent("Cursör \u{1f600}", "1.2", None);
        assert_eq!(of_session(&to_session(&client).unwrap()), Some(client));
        assert_eq!(to_session(&agent("", "1", None)), None);
        for bad in [
            "",
            "client.",
            "client.%%%",
            "1868a90c-session",
            &format!("client.{}", BASE64_URL_SAFE_NO_PAD.encode("{}")),
        ] {
            assert_eq!(of_session(bad), None, "{bad}");
        }
    }

    #[test]
    fn only_valid_trace_ids_are_taken() {
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        assert_eq!(trace_id(&format!("00-{trace}-00f067aa0ba902b7-01")).as_deref(), Some(trace));
        for bad in ["", "00-xyz", "00-00000000000000000000000000000000-00f067aa0ba902b7-01", trace] {
            assert_eq!(trace_id(bad), None, "{bad}");
        }
    }
}
