//! A nats-server with JetStream on file, in a folder of its own.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use async_nats::jetstream;
use futures::StreamExt;

use crate::{
    environment,
    process::{Process, free_port, until},
};

const START_DEADLINE: Duration = Duration::from_secs(20);

/// Name of the stream that the relay fills.
const STREAM: &str = "ORDERLOG";

/// One message of the stream.
#[derive(Debug)]
pub struct StreamMessage {
    /// Its place in the stream.
    pub sequence: u64,
    /// What it was published to.
    pub subject: String,
    /// Its body.
    pub payload: Vec<u8>,
}

/// A nats-server that a test can kill, wipe and start again on the same port.
#[derive(Debug)]
pub struct NatsServer {
    folder: PathBuf,
    port: u16,
    process: Option<Process>,
}

impl NatsServer {
    pub(crate) async fn start(folder: PathBuf) -> Result<NatsServer> {
        std::fs::create_dir_all(&folder).context("making a folder for nats-server")?;
        let mut server = NatsServer { folder, port: free_port()?, process: None };
        server.start_again().await?;
        Ok(server)
    }

    /// `nats://127.0.0.1:…`
    #[must_use]
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// `kill -9`.
    ///
    /// # Errors
    /// When it is not running.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("nats-server is not running")?.kill()
    }

    /// Deletes everything it stored.
    ///
    /// # Errors
    /// When it is still running, or the folder cannot be deleted.
    pub fn delete_storage(&mut self) -> Result<()> {
        if self.process.is_some() {
            bail!("kill nats-server before its storage");
        }
        std::fs::remove_dir_all(self.folder.join("storage")).context("deleting nats-server's storage")
    }

    /// Starts it on the port it had, with whatever its storage still holds.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn start_again(&mut self) -> Result<()> {
        let mut command = Command::new(environment::nats_server()?);
        command.args(["-js", "-a", "127.0.0.1", "-p", &self.port.to_string()]);
        command.arg("-sd").arg(self.folder.join("storage"));
        let mut process = Process::start("nats-server", command, self.folder.join("nats-server.log"))?;
        let url = self.url();
        until("nats-server to answer", START_DEADLINE, async || {
            if let Some(status) = process.exited()? {
                bail!("nats-server ended with {status}:\n{}", process.last_words());
            }
            Ok(async_nats::connect(&url).await.ok())
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    /// The first `count` messages of the stream `orderlog`, waiting for those still to come.
    ///
    /// # Errors
    /// When they do not arrive in time.
    pub async fn messages(&self, count: usize, deadline: Duration) -> Result<Vec<StreamMessage>> {
        let stream = jetstream::new(self.connect().await?).get_stream(STREAM).await.context("finding the stream")?;
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
    pub async fn last_sequence(&self) -> Result<u64> {
        let client = self.connect().await?;
        Ok(jetstream::new(client).get_stream(STREAM).await.map_or(0, |stream| stream.cached_info().state.last_sequence))
    }

    /// A client connected to it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn connect(&self) -> Result<async_nats::Client> {
        async_nats::connect(self.url()).await.context("connecting to nats-server")
    }
}
