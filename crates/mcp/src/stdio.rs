//! MCP over standard input and output, with the same edge as over HTTP.

use std::sync::Arc;

use anyhow::Context as _;
use futures::future::BoxFuture;
use orderlog_tools::{OpenShop, Tools};
use rmcp::{ServiceExt as _, transport::io::stdio_pipes};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader, DuplexStream},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use crate::{
    envelope::{Envelope, Malformed},
    handler::Mcp,
    list::Names,
};

/// Longest message that is read, in bytes.
const MAX_LINE_BYTES: u64 = 1024 * 1024;
/// Bytes of messages between the pipes and the protocol library.
const BUFFER_BYTES: usize = 64 * 1024;
/// Refusals that may wait to be written.
const WAITING_REFUSALS: usize = 16;

/// Serves `tools` of `shop` until the host ends its input or the node stops. Running calls are answered.
///
/// # Errors
/// When the host does not begin as MCP requires, or its pipes break.
pub fn serve(
    shop: Arc<OpenShop>,
    tools: Arc<Tools>,
    stopping: CancellationToken,
) -> BoxFuture<'static, anyhow::Result<()>> {
    Box::pin(async move {
        let handler = Mcp::new(shop, tools, Names::Underscored, false);
        let (input, output) = stdio_pipes();
        let (checked, requests) = tokio::io::duplex(BUFFER_BYTES);
        let (answers, told) = tokio::io::duplex(BUFFER_BYTES);
        let (refuse, refused) = mpsc::channel(WAITING_REFUSALS);
        tokio::spawn(read(input, checked, refuse, stopping));
        let writing = tokio::spawn(write(told, refused, output));
        // The service ends when no more requests come; first it answers the running ones.
        let service = handler.serve((requests, answers)).await.context("greet the MCP host on standard input")?;
        let ended = service.waiting().await;
        let written = writing.await.context("write to standard output")?;
        ended.context("serve MCP on standard input")?;
        written.context("write to standard output")
    })
}

/// Passes messages on, and refuses everything else with the same checks as over HTTP. Ends with the input or the node.
async fn read(
    input: impl AsyncRead + Unpin,
    mut on: DuplexStream,
    refuse: mpsc::Sender<Malformed>,
    stopping: CancellationToken,
) {
    let mut input = BufReader::new(input);
    loop {
        let mut line = vec![];
        let mut limited = (&mut input).take(MAX_LINE_BYTES);
        let read = tokio::select! {
            read = limited.read_until(b'\n', &mut line) => read,
            () = stopping.cancelled() => return,
        };
        if !read.is_ok_and(|bytes| bytes > 0) {
            return;
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let passed = match Envelope::read(&line) {
            Ok(_) => on.write_all(&line).await.is_ok(),
            Err(malformed) => refuse.send(malformed).await.is_ok(),
        };
        if !passed {
            return;
        }
    }
}

/// Writes answers and refusals, one per line.
async fn write(
    told: DuplexStream,
    mut refused: mpsc::Receiver<Malformed>,
    mut output: impl AsyncWrite + Unpin,
) -> std::io::Result<()> {
    let mut answers = BufReader::new(told);
    let mut line = vec![];
    loop {
        tokio::select! {
            // The part of an answer that was read stays in `line` when a refusal is written in between.
            read = answers.read_until(b'\n', &mut line) => {
                if read? == 0 {
                    return Ok(());
                }
                output.write_all(&std::mem::take(&mut line)).await?;
            }
            Some(malformed) = refused.recv() => {
                output.write_all(format!("{}\n", malformed.to_json()).as_bytes()).await?;
            }
        }
        output.flush().await?;
    }
}
