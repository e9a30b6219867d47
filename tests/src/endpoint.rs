//! A real HTTP endpoint for messages: it keeps what it received and gives the answers that a test sets.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::{Context, Result};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// How it answers one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// With 200 and this text.
    Says(String),
    /// With this status.
    Status(u16),
    /// 429, and how many seconds to wait.
    TooMany(u32),
    /// With a redirect to a place of its own.
    Elsewhere,
    /// It closes the connection without an answer.
    Nothing,
    /// It closes the connection in the middle of the first line.
    Cut,
    /// It keeps the connection and says nothing.
    Silence,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
    /// The path of the request.
    pub path: String,
    /// By their names in small letters.
    pub headers: BTreeMap<String, String>,
    /// As it came.
    pub body: Vec<u8>,
    /// How it was answered.
    pub reply: Reply,
}

impl Received {
    /// The body, read.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

#[derive(Default)]
struct Shared {
    received: Vec<Received>,
    replies: VecDeque<Reply>,
    choose: Option<Choose>,
}

/// Decides on a request, and learns of it.
type Choose = Box<dyn FnMut(&Received) -> Reply + Send>;

/// The endpoint; it ends with this value.
pub struct Endpoint {
    url: String,
    shared: Arc<Mutex<Shared>>,
    serving: JoinHandle<()>,
}

impl Endpoint {
    /// Starts one that answers 200.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start() -> Result<Endpoint> {
        Endpoint::listen(Shared::default()).await
    }

    /// Starts one that answers each request as `choose` says, and keeps none.
    ///
    /// # Errors
    /// When there is no free port.
    pub async fn start_with(choose: impl FnMut(&Received) -> Reply + Send + 'static) -> Result<Endpoint> {
        Endpoint::listen(Shared { choose: Some(Box::new(choose)), ..Shared::default() }).await
    }

    async fn listen(shared: Shared) -> Result<Endpoint> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening")?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Mutex::new(shared));
        let kept = Arc::clone(&shared);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&kept);
                tokio::spawn(async move { serve(stream, &shared).await });
            }
        });
        Ok(Endpoint { url, shared, serving })
    }

    /// `http://127.0.0.1:…` with this path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// Answers the next requests like this, those after them with 200.
    pub fn will_reply(&self, replies: &[Reply]) {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).replies.extend(replies.iter().cloned());
    }

    /// Everything that came so far.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).received.clone()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(mut stream: TcpStream, shared: &Mutex<Shared>) -> Option<()> {
    let mut bytes = vec![];
    let (head, body_at) = loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            break (String::from_utf8_lossy(&bytes[..end]).into_owned(), end + 4);
        }
    };
    let path = head.split(' ').nth(1)?.to_owned();
    let headers: BTreeMap<String, String> = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let length: usize = headers.get("content-length")?.parse().ok()?;
    while bytes.len() < body_at + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let reply = {
        let mut shared = shared.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = shared.replies.pop_front().unwrap_or(Reply::Status(200));
        let mut received = Received { path, headers, body: bytes[body_at..body_at + length].to_vec(), reply };
        match &mut shared.choose {
            Some(choose) => received.reply = choose(&received),
            None => shared.received.push(received.clone()),
        }
        received.reply
    };
    let ok = "ok".to_owned();
    let (status, more, body) = match reply {
        Reply::Says(text) => (200, String::new(), text),
        Reply::Status(status) => (status, String::new(), ok),
        Reply::TooMany(seconds) => (429, format!("Retry-After: {seconds}\r\n"), ok),
        Reply::Elsewhere => (302, "Location: /elsewhere\r\n".to_owned(), ok),
        Reply::Nothing => return None,
        Reply::Cut => return stream.write_all(b"HTTP/1.1 20").await.ok(),
        Reply::Silence => {
            // Until the client has had enough.
            while stream.read_buf(&mut bytes).await.is_ok_and(|count| count > 0) {}
            return None;
        }
    };
    let length = body.len();
    let answer = format!("HTTP/1.1 {status} Told\r\n{more}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
    stream.write_all(answer.as_bytes()).await.ok()
}
