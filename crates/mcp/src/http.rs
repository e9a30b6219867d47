//! HTTP requests to `/mcp`: reads the request, refuses what is not JSON-RPC, and makes every refusal JSON-RPC too.

use std::sync::Arc;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use futures::{StreamExt as _, future::BoxFuture};
use orderlog_access::OAuth;
use orderlog_tools::{OpenShop, Tools, echo::cut, principal};
use rmcp::transport::streamable_http_server::{
    StreamableHttpServerConfig, StreamableHttpService, session::never::NeverSessionManager,
};
use serde_json::{Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    client,
    envelope::{Envelope, Malformed},
    handler::Mcp,
    limits::{
        BODY_TIMEOUT, MAX_BODY_BYTES, MAX_DRAINED_BYTES, MAX_LARGE_BODIES, RETRY_AFTER_SECONDS, SMALL_BODY_BYTES,
    },
    list::Names,
    scope,
    session::{RetryAfter, SESSION},
};

/// Longest error of the protocol library that is passed on, in bytes.
const MAX_ERROR_BYTES: usize = 1024 * 1024;

/// Most characters of such an error that are passed on: it may repeat a name of any length.
const MAX_ERROR_CHARACTERS: usize = 400;

/// Larger bodies on their way.
#[derive(Debug, Clone)]
pub struct LargeBodies(Arc<Semaphore>);

impl Default for LargeBodies {
    fn default() -> LargeBodies {
        LargeBodies(Arc::new(Semaphore::new(MAX_LARGE_BODIES)))
    }
}

/// A refusal before the message is known.
struct Refusal {
    status: StatusCode,
    message: String,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    fn new(status: StatusCode, message: impl Into<String>) -> Refusal {
        Refusal { status, message: message.into(), header: None }
    }

    fn with(mut self, name: HeaderName, value: impl Into<HeaderValue>) -> Refusal {
        self.header = Some((name, value.into()));
        self
    }

    fn into_response(self) -> Response {
        let body = Json(Malformed::invalid(Value::Null, self.message).to_json());
        let mut response = (self.status, body).into_response();
        response.headers_mut().extend(self.header);
        response
    }
}

type Library = StreamableHttpService<Mcp, NeverSessionManager>;

/// The origins and host names with which the endpoint may be reached; the protocol library checks them once more.
#[derive(Debug, Clone)]
pub struct Access {
    /// Names of this server in `Host`.
    pub hosts: Vec<String>,
    /// Origins of pages that may send requests.
    pub origins: Vec<String>,
    /// The OAuth provider, where users sign in.
    pub oauth: Option<Arc<OAuth>>,
    /// Whether the server speaks HTTPS itself.
    pub secured: bool,
}

/// MCP at one path of the server.
#[derive(Clone)]
pub struct Endpoint {
    library: Arc<Library>,
    tools: Arc<Tools>,
    oauth: Option<Arc<OAuth>>,
    large_bodies: LargeBodies,
}

impl Endpoint {
    /// Serves `tools` of `shop`, with their names in the form of `names`.
    pub fn new(
        shop: Arc<OpenShop>,
        tools: Arc<Tools>,
        names: Names,
        access: Access,
        large_bodies: LargeBodies,
    ) -> Endpoint {
        // A token that is never cancelled: cancelling would take the answers away from calls that are carried out.
        let config = StreamableHttpServerConfig::default()
            .with_legacy_session_mode(false)
            .with_json_response(true)
            .with_max_request_body_bytes(MAX_BODY_BYTES)
            .with_allowed_hosts(access.hosts)
            .with_allowed_origins(access.origins)
            .enforce_origin_validation();
        let handler = Mcp::new(shop, Arc::clone(&tools), names, access.secured);
        let sessions = Arc::new(NeverSessionManager::default());
        let library = Arc::new(StreamableHttpService::new(move || Ok(handler.clone()), sessions, config));
        Endpoint { library, tools, oauth: access.oauth, large_bodies }
    }

    /// Answers one request.
    pub fn answer(&self, request: Request) -> BoxFuture<'_, Response> {
        Box::pin(async move {
            let library = &self.library;
            if request.method() != Method::POST {
                return handled(library, request).await;
            }
            let (mut parts, body) = request.into_parts();
            if let Err(refusal) = json_in_utf8(&parts.headers) {
                drain(body).await;
                return refusal.into_response();
            }
            // A body keeps its place until the call is answered, because it is in memory until then.
            let (bytes, _place) = match tokio::time::timeout(BODY_TIMEOUT, whole(body, &self.large_bodies)).await {
                Ok(Ok(read)) => read,
                Ok(Err(refusal)) => return refusal.into_response(),
                Err(_) => {
                    let message = format!("the request did not arrive within {} s", BODY_TIMEOUT.as_secs());
                    return Refusal::new(StatusCode::REQUEST_TIMEOUT, message)
                        .with(header::CONNECTION, HeaderValue::from_static("close"))
                        .into_response();
                }
            };
            let envelope = match Envelope::read(&bytes) {
                Ok(envelope) => envelope,
                Err(malformed) => return (StatusCode::BAD_REQUEST, Json(malformed.to_json())).into_response(),
            };
            if let Some(oauth) = &self.oauth
                && let Some(refusal) = scope::refuse(oauth, &self.tools, &parts, &envelope, &bytes)
            {
                return refusal;
            }
            let retry_after = RetryAfter::default();
            parts.extensions.insert(retry_after.clone());
            let request = Request::from_parts(parts, Body::from(bytes.clone()));
            let mut response = handled(library, request).await;
            if !response.status().is_success() {
                response = as_json_rpc(response, envelope.id()).await;
            } else if envelope.method() == "initialize"
                && let Some(session) = session(&bytes)
            {
                response.headers_mut().insert(SESSION, session);
            }
            if let Some(seconds) = retry_after.get() {
                response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            }
            response
        })
    }
}

/// In a box: the library's future is large, and would be moved with every future around it.
async fn handled(library: &Library, request: Request) -> Response {
    Box::pin(library.handle(request)).await.map(Body::new)
}

/// The client's name from `initialize`, which the client repeats: there are no sessions, so nothing is stored here.
fn session(request: &[u8]) -> Option<HeaderValue> {
    let request: Value = serde_json::from_slice(request).ok()?;
    let client = request.pointer("/params/clientInfo")?;
    let text = |name: &str| client.get(name).and_then(Value::as_str).unwrap_or_default();
    HeaderValue::try_from(client::to_session(&principal::agent(text("name"), text("version"), None))?).ok()
}

/// Checks that a request is JSON in UTF-8 without compression.
fn json_in_utf8(headers: &HeaderMap) -> Result<(), Refusal> {
    let unsupported = |message: &str| Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, message);
    let mut types = headers.get_all(header::CONTENT_TYPE).iter().map(|value| value.to_str().unwrap_or_default());
    let (Some(content_type), None) = (types.next(), types.next()) else {
        return Err(unsupported("send one Content-Type: application/json"));
    };
    let mut parameters = content_type.split(';').map(str::trim);
    if !parameters.next().is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        return Err(unsupported("Content-Type must be application/json"));
    }
    let charset = parameters.filter_map(|parameter| parameter.split_once('='));
    let mut charset = charset.filter(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
    if !charset.all(|(_, value)| value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")) {
        return Err(unsupported("JSON is read as UTF-8 only; leave the charset out"));
    }
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter();
    if !encodings.all(|value| value.as_bytes().eq_ignore_ascii_case(b"identity")) {
        return Err(unsupported("compressed requests are not read; send the JSON as it is")
            .with(header::ACCEPT_ENCODING, HeaderValue::from_static("identity")));
    }
    Ok(())
}

/// Reads the body of a refused request and drops it.
pub async fn drain(body: Body) {
    let mut chunks = body.into_data_stream();
    let reading = async {
        let mut seen = 0_usize;
        while let Some(Ok(chunk)) = chunks.next().await {
            seen = seen.saturating_add(chunk.len());
            if seen > MAX_DRAINED_BYTES {
                break;
            }
        }
    };
    // A client that takes longer finds the connection closed.
    let _ = tokio::time::timeout(BODY_TIMEOUT, reading).await;
}

/// Reads a complete request before it is answered: a client that is still sending when the connection closes never
/// reads the reason.
async fn whole(body: Body, places: &LargeBodies) -> Result<(Bytes, Option<OwnedSemaphorePermit>), Refusal> {
    let (mut kept, mut seen, mut place, mut refused) = (Vec::new(), 0_usize, None, false);
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else { return Err(Refusal::new(StatusCode::BAD_REQUEST, "the request broke off")) };
        seen = seen.saturating_add(chunk.len());
        if seen > MAX_DRAINED_BYTES {
            break;
        }
        if seen > SMALL_BODY_BYTES && place.is_none() && !refused {
            place = Arc::clone(&places.0).try_acquire_owned().ok();
            refused = place.is_none();
        }
        if refused || seen > MAX_BODY_BYTES {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&chunk);
        }
    }
    if seen > MAX_BODY_BYTES {
        let limit = MAX_BODY_BYTES / 1024;
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, format!("a request has at most {limit} KiB")));
    }
    if refused {
        let message = "too many large requests at once; try again in a moment";
        return Err(
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, message).with(header::RETRY_AFTER, RETRY_AFTER_SECONDS)
        );
    }
    Ok((kept.into(), place))
}

/// The protocol library's refusal as JSON-RPC, with the part that repeats the request shortened.
async fn as_json_rpc(response: Response, id: Value) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, MAX_ERROR_BYTES).await.unwrap_or_default();
    let error = match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut error) if error.get("error").is_some_and(Value::is_object) => {
            if let Some(Value::String(message)) = error.pointer_mut("/error/message") {
                *message = cut(message, MAX_ERROR_CHARACTERS).into_owned();
            }
            error
        }
        _ => {
            // The library could not read the request, and the words of its parser would not help.
            let message = match parts.status {
                StatusCode::UNSUPPORTED_MEDIA_TYPE => {
                    parts.status = StatusCode::BAD_REQUEST;
                    "the request does not have the shape that MCP gives it".into()
                }
                _ => cut(&String::from_utf8_lossy(&bytes), MAX_ERROR_CHARACTERS).into_owned(),
            };
            Malformed::invalid(id, message).to_json()
        }
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Response::from_parts(parts, Body::from(json!(error).to_string()))
}
