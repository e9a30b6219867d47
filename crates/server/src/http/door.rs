//! Who comes in: every request is given its principal here, by its key, before anything else looks at it; or it is refused.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use orderlog_access::{PREFIX, Principal, Refused, Right};

use super::{app::App, cors};

/// What supervisors ask. It tells of nobody, and needs no key.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];
/// What needs a right by its path. What `/mcp` needs depends on the tool.
const NEEDS: [(&str, Right); 3] =
    [("/metrics", Right::AuditRead), ("/v1/events", Right::AuditRead), ("/v1/head", Right::AuditRead)];

/// Who calls without a key where none is needed, and where nobody was looked at.
static OPERATOR: LazyLock<Arc<Principal>> = LazyLock::new(|| Arc::new(Principal::local()));
static NOBODY: LazyLock<Arc<Principal>> = LazyLock::new(|| Arc::new(Principal::nobody()));

/// Why somebody is not let in.
#[derive(Debug, PartialEq, Eq)]
struct Shut {
    status: StatusCode,
    message: String,
    /// What RFC 6750 calls it, where there is a word.
    error: Option<&'static str>,
    scope: Option<Right>,
    retry_after: Option<u64>,
}

impl Shut {
    fn new(status: StatusCode, error: Option<&'static str>, message: impl Into<String>) -> Shut {
        Shut { status, message: message.into(), error, scope: None, retry_after: None }
    }
}

/// Hands a request on with its principal among its extensions.
pub(super) async fn admit(app: &App, mut request: Request) -> Result<Request, Response> {
    let looked = look(app, request.method(), request.uri(), request.headers());
    let shut = match looked {
        Ok(principal) => {
            request.extensions_mut().insert(principal);
            return Ok(request);
        }
        Err(shut) => shut,
    };
    let (parts, body) = request.into_parts();
    app.refusals.note(shut.status, &parts.headers, &shut.message);
    orderlog_mcp::drain(body).await;
    let mut answer = shut.into_response();
    if let Some(origin) = parts.headers.get(header::ORIGIN).filter(|_| parts.uri.path().starts_with("/mcp")) {
        cors::mark(&mut answer, Some(origin.clone()));
    }
    Err(answer)
}

fn look(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Arc<Principal>, Shut> {
    let path = uri.path();
    // A browser asks before it sends a key; what it is told there is about the endpoint and not about the shop.
    if OPEN.contains(&path) || (method == Method::OPTIONS && headers.contains_key(header::ORIGIN)) {
        return Ok(Arc::clone(&NOBODY));
    }
    no_key_in(uri)?;
    let principal = match bearer(headers)? {
        Some(key) => app.keys.admit(key, app.node.shop.clock.now()).map_err(shut)?,
        None if app.node.config.require_keys => return Err(no_credentials()),
        None => Arc::clone(&OPERATOR),
    };
    match NEEDS.iter().find(|(needing, right)| *needing == path && !principal.may(*right)) {
        Some((_, right)) => Err(lacks(&principal, *right)),
        None => Ok(principal),
    }
}

/// Addresses stand in logs and histories, where a key must not.
fn no_key_in(uri: &Uri) -> Result<(), Shut> {
    let named = |query: &str| query.contains(PREFIX) || query.contains("access_token=");
    let message = "a key never stands in an address: send it as `Authorization: Bearer olk_…`, and revoke this one if it \
                   was sent over a network";
    match uri.query().is_some_and(named) {
        true => Err(Shut::new(StatusCode::BAD_REQUEST, Some("invalid_request"), message)),
        false => Ok(()),
    }
}

/// The key that a request carries.
fn bearer(headers: &HeaderMap) -> Result<Option<&str>, Shut> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = |message| Err(Shut::new(StatusCode::UNAUTHORIZED, Some("invalid_request"), message));
    let (Ok(value), None) = (value.to_str(), values.next()) else {
        return wrong("send one Authorization header, in ASCII");
    };
    match value.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Ok(Some(key.trim())),
        _ => wrong("Authorization must be `Bearer olk_…`; other schemes are not known here"),
    }
}

fn no_credentials() -> Shut {
    Shut::new(
        StatusCode::UNAUTHORIZED,
        None,
        "a key is needed here: send `Authorization: Bearer olk_…`. Whoever runs the server makes one with `orderlog keys create`",
    )
}

fn shut(refused: Refused) -> Shut {
    let message = refused.to_string();
    match refused {
        Refused::TooMany(many) => {
            let seconds = many.wait.as_secs_f64().ceil().max(1.0) as u64;
            Shut { retry_after: Some(seconds), ..Shut::new(StatusCode::TOO_MANY_REQUESTS, None, message) }
        }
        _ => Shut::new(StatusCode::UNAUTHORIZED, Some("invalid_token"), message),
    }
}

fn lacks(principal: &Principal, right: Right) -> Shut {
    let message = format!("this needs the right {right}, which {} does not have", principal.user);
    Shut { scope: Some(right), ..Shut::new(StatusCode::FORBIDDEN, Some("insufficient_scope"), message) }
}

impl Shut {
    fn into_response(self) -> Response {
        let asks = matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST);
        let mut challenge = "Bearer realm=\"orderlog\"".to_owned();
        if let Some(error) = self.error {
            challenge.push_str(&format!(", error=\"{error}\""));
        }
        if let Some(scope) = self.scope {
            challenge.push_str(&format!(", scope=\"{scope}\""));
        }
        let mut answer = (self.status, format!("{}\n", self.message)).into_response();
        let headers = answer.headers_mut();
        if let Ok(challenge) = HeaderValue::try_from(challenge)
            && asks
        {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_is_a_key() {
        let read = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            values.iter().for_each(|value| _ = headers.append(header::AUTHORIZATION, value.parse().unwrap()));
            bearer(&headers).map(|key| key.map(str::to_owned)).map_err(|shut| shut.status.as_u16())
        };
        assert_eq!(read(&[]), Ok(None));
        assert_eq!(read(&["Bearer olk_a"]), Ok(Some("olk_a".to_owned())));
        assert_eq!(read(&["bearer  olk_a "]), Ok(Some("olk_a".to_owned())));
        for bad in [&["Basic b2xr"][..], &["olk_a"], &["Bearer"], &["Bearer a", "Bearer b"], &[""]] {
            assert_eq!(read(bad), Err(401), "{bad:?}");
        }
    }

    #[test]
    fn a_key_in_an_address_is_refused_wherever_it_stands() {
        for (uri, taken) in [
            ("/v1/events?after=3", true),
            ("/v1/events?key=olk_0011", false),
            ("/mcp?access_token=x", false),
            ("/mcp", true),
        ] {
            assert_eq!(no_key_in(&uri.parse().unwrap()).is_ok(), taken, "{uri}");
        }
    }
}
