//! The messages of the relay: the JetStream stream of a shop's nats-server.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use async_nats::jetstream;
use futures::StreamExt;
use orderlog_testkit::NatsServer;

/// Name of the stream that the relay fills.
const STREAM: &str = "ORDERLOG";

/// One message of the stream.
#[derive(Debug)]
pub struct StreamMessage {
    /// Its place in the stream.
    pub sequence: u64,
    /// The subject.
    pub subject: String,
    /// Its body.
    pub payload: Vec<u8>,
}

/// The first `count` messages of the stream `orderlog`, waiting for those still to come.
///
/// # Errors
/// When the messages do not arrive in time.
pub async fn published(nats: &NatsServer, count: usize, deadline: Duration) -> Result<Vec<StreamMessage>> {
    let stream = jetstream::new(connect_to(nats).await?).get_stream(STREAM).await.context("finding the stream")?;
    let config = jetstream::consumer::pull::OrderedConfig::default();
    let consumer = stream.create_consumer(config).await.context("creating a consumer")?;
    let mut incoming = consumer.messages().await.context("consuming the stream")?;
    let mut all = vec![];
    while all.len() < count {
        let message = tokio::time::timeout(deadline, incoming.next());
        let message = message.await.with_context(|| format!("waiting for message {}", all.len() + 1))?;
        let message = message.context("the stream ended")??;
        let sequence = message.info().map_err(|error| anyhow!("a message's place: {error}"))?.stream_sequence;
        let subject = message.subject.to_string();
        all.push(StreamMessage { sequence, subject, payload: message.payload.to_vec() });
    }
    Ok(all)
}

/// Sequence of the last message in the stream `orderlog`; 0 when there is no stream.
///
/// # Errors
/// When the server cannot be asked.
pub async fn last_sequence(nats: &NatsServer) -> Result<u64> {
    let client = connect_to(nats).await?;
    Ok(jetstream::new(client).get_stream(STREAM).await.map_or(0, |stream| stream.cached_info().state.last_sequence))
}

/// A client connected to it.
///
/// # Errors
/// When it cannot be reached.
pub async fn connect_to(nats: &NatsServer) -> Result<async_nats::Client> {
    async_nats::connect(nats.url()).await.context("connecting to nats-server")
}
