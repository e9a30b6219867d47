//! A keep-alive HTTP/1.1 connection that costs the measured machine as little as possible.

use anyhow::{Context as _, Result, ensure};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::pki_types::ServerName};
use tokio_util::either::Either;

/// How a server is reached that asks for a key and speaks HTTPS.
#[derive(Clone)]
pub(crate) struct Secured {
    pub(crate) tls: TlsConnector,
    pub(crate) key: String,
}

/// One connection to an Orderlog server.
pub(crate) struct Connection {
    stream: Either<TcpStream, Box<TlsStream<TcpStream>>>,
    address: String,
    /// Headers of every request.
    headers: String,
    buffer: Vec<u8>,
}

impl Connection {
    /// Connects to `127.0.0.1:port`.
    pub(crate) async fn open(address: &str) -> Result<Connection> {
        Connection::open_as(address, None).await
    }

    /// Opens a connection with a key and HTTPS.
    pub(crate) async fn open_as(address: &str, secured: Option<&Secured>) -> Result<Connection> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (stream, headers) = match secured {
            None => (Either::Left(stream), String::new()),
            Some(Secured { tls, key }) => {
                let stream = tls.connect(ServerName::try_from("localhost")?, stream).await?;
                (Either::Right(Box::new(stream)), format!("Authorization: Bearer {key}\r\n"))
            }
        };
        Ok(Connection { stream, address: address.to_owned(), headers, buffer: Vec::with_capacity(16 * 1024) })
    }

    /// Calls a tool; the answer is the JSON-RPC result.
    pub(crate) async fn call(&mut self, tool: &str, arguments: &serde_json::Value) -> Result<serde_json::Value> {
        let result = self.request("tools/call", &serde_json::json!({"name": tool, "arguments": arguments})).await?;
        ensure!(result.get("isError") != Some(&true.into()), "{tool} answered {result}");
        Ok(result)
    }

    /// Sends one request; the answer is the JSON-RPC result.
    pub(crate) async fn request(&mut self, method: &str, params: &serde_json::Value) -> Result<serde_json::Value> {
        let body = serde_json::to_string(&serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": method, "params": params,
        }))?;
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Accept: application/json, text/event-stream\r\nMCP-Protocol-Version: 2025-11-25\r\n\
             Content-Length: {}\r\n{}\r\n{body}",
            self.address,
            body.len(),
            self.headers
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
        let answer = self.answer().await?;
        let mut message: serde_json::Value = serde_json::from_slice(&answer)?;
        match message.get_mut("result") {
            Some(result) => Ok(result.take()),
            None => anyhow::bail!("no result in {message}"),
        }
    }

    async fn answer(&mut self) -> Result<Vec<u8>> {
        self.buffer.clear();
        loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                let head = std::str::from_utf8(&self.buffer[..end])?.to_ascii_lowercase();
                ensure!(head.starts_with("http/1.1 200"), "unexpected answer: {head}");
                let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
                let length: usize = length.context("an answer without content-length")?.trim().parse()?;
                while self.buffer.len() < end + 4 + length {
                    self.fill().await?;
                }
                return Ok(self.buffer[end + 4..end + 4 + length].to_vec());
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> Result<()> {
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed the connection");
        Ok(())
    }
}
