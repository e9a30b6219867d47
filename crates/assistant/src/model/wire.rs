//! One request to a language model, in the form of either interface: what is sent, and what is read of the answer.

use std::{sync::Arc, time::Duration};

use orderlog_outgoing::{Ask, Client, Method, addresses};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use super::{
    Fault, anthropic,
    offer::Offer,
    openai,
    talk::{Said, Talk},
};

/// Longest answer that is read.
const MAX_ANSWER_KIB: usize = 256;
/// Statuses after which the server may be asked once more when it says when: too many requests, or too much load.
const COME_BACK: [u16; 3] = [429, 503, 529];
/// Most characters of the kind of an error.
const MAX_KIND_CHARS: usize = 60;

/// Which interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// `POST …/chat/completions`.
    OpenAi,
    /// `POST …/messages`.
    Anthropic,
}

impl Wire {
    pub(super) fn of(path: &str) -> Option<Wire> {
        match path {
            _ if path.ends_with("/chat/completions") => Some(Wire::OpenAi),
            _ if path.ends_with("/messages") => Some(Wire::Anthropic),
            _ => None,
        }
    }

    pub(super) fn begin(self, instructions: &str, sentence: &str) -> Talk {
        let messages = vec![serde_json::json!({ "role": "user", "content": sentence })];
        Talk { instructions: instructions.to_owned(), messages }
    }

    pub(super) fn body(self, model: &str, offer: &Offer<'_>, talk: &Talk) -> Value {
        match self {
            Wire::OpenAi => openai::body(model, offer.described(), talk),
            Wire::Anthropic => anthropic::body(model, offer.described(), talk),
        }
    }

    pub(super) fn read(self, answer: &Value) -> Result<Said, Fault> {
        match self {
            Wire::OpenAi => openai::read(answer),
            Wire::Anthropic => anthropic::read(answer),
        }
    }

    /// Adds the model's answer and what its calls found, each with the call's id.
    pub(super) fn go_on(self, talk: &mut Talk, message: Value, found: Vec<(String, String)>) {
        talk.messages.push(message);
        match self {
            Wire::OpenAi => talk.messages.extend(found.into_iter().map(openai::found)),
            Wire::Anthropic => talk.messages.push(anthropic::found(found)),
        }
    }

    fn headers(self, key: Option<&str>) -> Vec<(&'static str, String)> {
        let mut headers =
            vec![("content-type", "application/json".to_owned()), ("accept", "application/json".to_owned())];
        match self {
            Wire::OpenAi => headers.extend(key.map(|key| ("authorization", format!("Bearer {key}")))),
            Wire::Anthropic => {
                headers.push(("anthropic-version", anthropic::VERSION.to_owned()));
                headers.extend(key.map(|key| ("x-api-key", key.to_owned())));
            }
        }
        headers
    }
}

/// A server's answer that is none: its status, the kind of error that it names, and when to come back.
struct Refusal {
    status: u16,
    kind: String,
    retry_after: Option<u64>,
}

/// Where a model is asked.
#[derive(Clone)]
pub(super) struct Server {
    pub(super) url: Url,
    pub(super) wire: Wire,
    pub(super) key: Option<String>,
    pub(super) client: Arc<Client>,
}

impl Server {
    /// The answer to one request. A server that says when to come back is asked once more, where there is time.
    pub(super) async fn send(&self, body: &Value, ends: Instant) -> Result<Value, Fault> {
        let mut again = true;
        loop {
            let Refusal { status, kind, retry_after } = match self.post(body).await? {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            tracing::warn!(host = self.url.host_str(), status, kind, "the language model's server gave no answer");
            let kind = if kind.is_empty() { kind } else { format!(" ({kind})") };
            match retry_after.filter(|_| COME_BACK.contains(&status)) {
                Some(seconds) if again && Instant::now() + Duration::from_secs(seconds) < ends => {
                    again = false;
                    sleep(Duration::from_secs(seconds)).await;
                }
                Some(seconds) => return Err(Fault::Wait(seconds)),
                None => return Err(Fault::Status(status, kind)),
            }
        }
    }

    async fn post(&self, body: &Value) -> Result<Result<Value, Refusal>, Fault> {
        let Server { url, wire, key, client } = self;
        let headers = wire.headers(key.as_deref());
        let answer = exchange(client, url, &headers, body.to_string().into_bytes()).await?;
        let too_long = Fault::TooLong(MAX_ANSWER_KIB);
        let read = answer.body.as_ref().map(|bytes| serde_json::from_slice::<Value>(bytes));
        if !answer.status.is_success() {
            let seconds = answer.headers.get("retry-after").and_then(|value| value.to_str().ok());
            let told = read.and_then(Result::ok).unwrap_or_default();
            return Ok(Err(Refusal {
                status: answer.status.as_u16(),
                kind: kind(&told["error"]),
                retry_after: seconds.and_then(|text| text.trim().parse().ok()),
            }));
        }
        let answer = read.ok_or(too_long)?.map_err(|_| Fault::Unreadable("it is no JSON".to_owned()))?;
        Ok(Ok(answer))
    }
}

async fn exchange(
    client: &Client,
    url: &Url,
    headers: &[(&str, String)],
    body: Vec<u8>,
) -> Result<orderlog_outgoing::Answer, Fault> {
    let to = addresses(url).await?;
    if url.scheme() == "http" && !to.iter().all(|address| address.ip().is_loopback()) {
        return Err(Fault::Unsafe);
    }
    Ok(client.send(&to, Ask { url, method: Method::POST, headers, body, most: MAX_ANSWER_KIB * 1024 }).await?)
}

/// `invalid_request_error`: never the message, which may repeat the sentence.
fn kind(error: &Value) -> String {
    let named = |member: &str| error.get(member).and_then(Value::as_str);
    let plain = |text: &&str| text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    let kind = named("code").filter(plain).or(named("type").filter(plain)).unwrap_or_default();
    kind.chars().take(MAX_KIND_CHARS).collect()
}
