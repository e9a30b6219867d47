//! Gives every request its principal, by its key, token or session, before any handler sees it; or refuses it.

use std::sync::{Arc, LazyLock};

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
};
use orderlog_access::{OAuth, PREFIX, Pass, Place, Principal, Refused, Right};

use orderlog_web::SessionCookie;

use super::{app::App, browsers, cors, sign_in};

/// Paths for supervisors. They show no personal data, and need no key.
const OPEN: [&str; 2] = ["/healthz", "/readyz"];
/// Style and scripts of the pages, which the sign-in page needs: the same in every shop.
const ASSETS: &str = "/assets/";
/// Links in e-mails that end a rule: everybody who has one may follow it. The page itself checks the shop's signature.
const LINKS: &str = "/unsubscribe/";
/// Paths that need a right. For `/mcp` it depends on the tool.
const NEEDS: [(&str, Right); 3] =
    [("/metrics", Right::AuditRead), ("/v1/events", Right::AuditRead), ("/v1/head", Right::AuditRead)];

/// The principal of calls without a key, if none is needed.
static OPERATOR: LazyLock<Arc<Principal>> = LazyLock::new(|| Arc::new(Principal::local()));
static NOBODY: LazyLock<Arc<Principal>> = LazyLock::new(|| Arc::new(Principal::nobody()));

/// Why a caller is refused.
#[derive(Debug, PartialEq, Eq)]
struct Shut {
    status: StatusCode,
    message: String,
    /// The error code of RFC 6750, if there is one.
    error: Option<&'static str>,
    /// The missing scopes.
    scope: Option<String>,
    retry_after: Option<u64>,
}

impl Shut {
    fn new(status: StatusCode, error: Option<&'static str>, message: impl Into<String>) -> Shut {
        Shut { status, message: message.into(), error, scope: None, retry_after: None }
    }
}

/// An admitted caller.
struct Admitted {
    principal: Arc<Principal>,
    /// For how long.
    pass: Pass,
    /// The session, if the caller was admitted by one.
    session: Option<SessionCookie>,
    /// Held until the request is done; `None` for callers that are not counted.
    place: Option<Arc<Place>>,
}

impl Admitted {
    fn uncounted(principal: &Arc<Principal>) -> Admitted {
        Admitted { principal: Arc::clone(principal), pass: Pass::Ever, session: None, place: None }
    }
}

/// Passes a request on with its principal and session in its extensions.
pub(super) async fn admit(app: &App, mut request: Request) -> Result<Request, Response> {
    let shut = match look(app, request.method(), request.uri(), request.headers()).await {
        Ok(Admitted { principal, pass, session, place }) => {
            let extensions = request.extensions_mut();
            extensions.insert(principal);
            extensions.insert(pass);
            session.map(|session| extensions.insert(session));
            place.map(|place| extensions.insert(place));
            return Ok(request);
        }
        Err(shut) => shut,
    };
    let (parts, body) = request.into_parts();
    let led = browsers::led_to_sign_in(app, shut.status, &parts);
    if led.is_none() {
        app.refusals.note(shut.status, &parts.headers, &shut.message);
    }
    orderlog_mcp::drain(body).await;
    let mut answer = match led {
        Some(browsers::Led::There(answer)) => return Err(answer),
        Some(browsers::Led::ByScript(way)) => {
            let mut answer = shut.into_response(app.oauth.as_deref());
            answer.headers_mut().insert("hx-redirect", way);
            answer
        }
        None => shut.into_response(app.oauth.as_deref()),
    };
    if let Some(origin) = parts.headers.get(header::ORIGIN).filter(|_| parts.uri.path().starts_with("/mcp")) {
        cors::mark(&mut answer, Some(origin.clone()));
    }
    Err(answer)
}

async fn look(app: &App, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<Admitted, Shut> {
    let path = uri.path();
    // A browser asks before it sends a key; the answer then is about the endpoint, not about the shop.
    let preflight = method == Method::OPTIONS && headers.contains_key(header::ORIGIN);
    let open = OPEN.contains(&path) || path.starts_with(ASSETS) || path.starts_with(LINKS);
    if open || preflight || sign_in::is_metadata(app, path) {
        return Ok(Admitted::uncounted(&NOBODY));
    }
    no_key_in(uri)?;
    let needed = NEEDS.iter().find(|(needing, _)| *needing == path).map(|(_, right)| *right);
    let now = app.node.shop.clock.now();
    let mut session = None;
    let admitted = match (bearer(headers)?, &app.oauth) {
        (Some(token), Some(oauth)) if !token.starts_with(PREFIX) => oauth.admit(token, now).await,
        (Some(key), _) => app.keys.admit(key, now).await.map(|principal| (principal, Pass::of_key(&app.keys, key))),
        (None, _) if app.node.config.require_keys => {
            let admitted = browsers::admit(app, path, headers, now).await;
            let (principal, by) =
                admitted.ok_or_else(|| no_credentials(app.oauth.as_deref(), needed))?.map_err(shut)?;
            session = by;
            // The pages look after their sessions themselves.
            Ok((principal, Pass::Ever))
        }
        (None, _) => return Ok(Admitted::uncounted(&OPERATOR)),
    };
    let (principal, pass) = admitted.map_err(shut)?;
    if let Some(right) = needed.filter(|right| !principal.may(*right)) {
        return Err(lacks(app.oauth.as_deref(), &principal, right));
    }
    // A visitor who has not signed in is not counted, and uses up nothing of the others' limits.
    let place = match principal.rights.is_empty() {
        true => None,
        false => Some(Arc::new(app.under_way.enter(&principal.user).map_err(shut)?)),
    };
    Ok(Admitted { principal, pass, session, place })
}

/// Addresses are recorded in logs and histories, where a key must not be.
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

fn no_credentials(oauth: Option<&OAuth>, needed: Option<Right>) -> Shut {
    let message = match oauth {
        None => {
            "a key is needed here: send `Authorization: Bearer olk_…`. Whoever runs the server makes one with `orderlog keys create`"
        }
        Some(_) => {
            "an access token or a key is needed here: sign in where WWW-Authenticate says, or send `Authorization: Bearer olk_…` \
             with a key that whoever runs the server makes with `orderlog keys create`"
        }
    };
    let scope = oauth.map(|oauth| oauth.scopes_for(None, needed));
    Shut { scope, ..Shut::new(StatusCode::UNAUTHORIZED, None, message) }
}

fn shut(refused: Refused) -> Shut {
    let message = refused.to_string();
    match refused {
        Refused::TooMany(many) => {
            let seconds = many.wait.as_secs_f64().ceil().max(1.0) as u64;
            Shut { retry_after: Some(seconds), ..Shut::new(StatusCode::TOO_MANY_REQUESTS, None, message) }
        }
        Refused::TooManyAtOnce { in_all: false, .. } => {
            let retry_after = Some(orderlog_mcp::RETRY_AFTER_SECONDS.into());
            Shut { retry_after, ..Shut::new(StatusCode::TOO_MANY_REQUESTS, None, message) }
        }
        Refused::NotNow | Refused::KeysNotNow | Refused::TooManyAtOnce { in_all: true, .. } => {
            let retry_after = Some(orderlog_mcp::RETRY_AFTER_SECONDS.into());
            Shut { retry_after, ..Shut::new(StatusCode::SERVICE_UNAVAILABLE, None, message) }
        }
        Refused::NoScope(_) => Shut::new(StatusCode::FORBIDDEN, Some("insufficient_scope"), message),
        _ => Shut::new(StatusCode::UNAUTHORIZED, Some("invalid_token"), message),
    }
}

fn lacks(oauth: Option<&OAuth>, principal: &Principal, right: Right) -> Shut {
    let message = format!("this needs the right {right}, which {} does not have", principal.user);
    let scope = match oauth.filter(|_| principal.scopes.is_some()) {
        Some(oauth) => oauth.scopes_for(Some(principal), Some(right)),
        None => right.to_string(),
    };
    Shut { scope: Some(scope), ..Shut::new(StatusCode::FORBIDDEN, Some("insufficient_scope"), message) }
}

impl Shut {
    fn into_response(self, oauth: Option<&OAuth>) -> Response {
        let asks = matches!(self.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST);
        let challenge = match oauth {
            Some(oauth) => {
                let scopes = self.scope.unwrap_or_else(|| oauth.scopes_for(None, None));
                oauth.challenge(self.error, &scopes)
            }
            None => {
                let named = |name: &str, text: &str| format!(", {name}=\"{text}\"");
                let error = self.error.map(|error| named("error", error)).unwrap_or_default();
                let scope = self.scope.map(|scope| named("scope", &scope)).unwrap_or_default();
                format!("Bearer realm=\"orderlog\"{error}{scope}")
            }
        };
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
