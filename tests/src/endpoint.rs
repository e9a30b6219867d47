//! A real HTTP endpoint that messages are sent to: it keeps what it received and answers as it is told.

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
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// With this status.
    Status(u16),
    /// 429, and how many seconds to wait.
    TooMany(u32),
    /// With a redirect to a place of its own.
    Elsewhere,
    /// It closes the connection without an answer.
    Nothing,
}

/// One request.
#[derive(Debug, Clone)]
pub struct Received {
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

#[derive(Debug, Default)]
struct Shared {
    received: Vec<Received>,
    replies: VecDeque<Reply>,
}

/// The endpoint; it ends with this value.
#[derive(Debug)]
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
        let listener = TcpListener::bind("127.0.0.1:0").await.context("listening")?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Mutex::new(Shared::default()));
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
        self.shared.lock().unwrap_or_else(PoisonError::into_inner).replies.extend(replies);
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
        shared.received.push(Received { headers, body: bytes[body_at..body_at + length].to_vec(), reply });
        reply
    };
    let (status, more) = match reply {
        Reply::Status(status) => (status, String::new()),
        Reply::TooMany(seconds) => (429, format!("Retry-After: {seconds}\r\n")),
        Reply::Elsewhere => (302, "Location: /elsewhere\r\n".to_owned()),
        Reply::Nothing => return None,
    };
    let answer = format!("HTTP/1.1 {status} Told\r\n{more}Content-Length: 2\r\nConnection: close\r\n\r\nok");
    stream.write_all(answer.as_bytes()).await.ok()
}
