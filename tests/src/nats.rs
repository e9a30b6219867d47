//! A nats-server with JetStream on file, in a folder of its own.

use std::{path::PathBuf, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{
    environment,
    process::{Process, free_port, until},
};

const START_DEADLINE: Duration = Duration::from_secs(20);

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

    /// A client connected to it.
    ///
    /// # Errors
    /// When it cannot be reached.
    pub async fn connect(&self) -> Result<async_nats::Client> {
        async_nats::connect(self.url()).await.context("connecting to nats-server")
    }
}
