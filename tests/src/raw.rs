//! HTTP byte by byte, for what no well-behaved client would send.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::node::Node;

/// How long an answer, or the end of a connection, may take.
const ANSWER_DEADLINE: Duration = Duration::from_secs(60);

/// An answer as it came.
#[derive(Debug, Clone)]
pub struct RawAnswer {
    /// The status; 0 when the server only closed the connection.
    pub status: u16,
    /// Status line and headers, in lower case.
    pub head: String,
    /// The rest.
    pub body: String,
}

impl RawAnswer {
    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none; the error quotes it.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON: {self:?}"))
    }
}

/// Sends the bytes of `request`, nothing more, and reads until the server closes the connection.
///
/// # Errors
/// When there is no connection, or no end.
pub async fn send_raw(node: &Node, request: &[u8]) -> Result<RawAnswer> {
    let mut stream = connect(node).await?;
    let talking = async {
        // The server may answer and close before it has read everything.
        let sent = stream.write_all(request).await;
        if sent.is_ok() {
            stream.shutdown().await.ok();
        }
        let mut heard = Vec::new();
        let mut chunk = [0; 16 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            heard.extend_from_slice(&chunk[..count]);
        }
        heard
    };
    let heard =
        tokio::time::timeout(ANSWER_DEADLINE, talking).await.context("the server neither answered nor closed")?;
    let text = String::from_utf8_lossy(&heard).into_owned();
    if text.is_empty() {
        return Ok(RawAnswer { status: 0, head: String::new(), body: String::new() });
    }
    let (head, body) = text.split_once("\r\n\r\n").with_context(|| format!("no HTTP: {text:?}"))?;
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    let Some(status) = status else { bail!("no status: {head}") };
    Ok(RawAnswer { status, head: head.to_lowercase(), body: body.to_owned() })
}

/// A connection to the node.
///
/// # Errors
/// When it is refused.
pub async fn connect(node: &Node) -> Result<TcpStream> {
    let address: SocketAddr = node.url().trim_start_matches("http://").parse().context("the node's address")?;
    TcpStream::connect(address).await.context("connecting to the node")
}
