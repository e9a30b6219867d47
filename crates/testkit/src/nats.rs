//! A separate nats-server for one test, which may kill it and delete its storage.

use std::{
    net::TcpStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    environment::program,
    process::{Process, free_port, until},
};

const START_DEADLINE: Duration = Duration::from_secs(20);

/// Settings of a server that differ from the usual ones.
#[derive(Debug, Clone)]
pub struct NatsSettings {
    /// Whether it stores streams.
    pub jetstream: bool,
    /// Whether each message is on disk before it is acknowledged.
    pub sync_always: bool,
    /// More lines of its configuration file, such as users.
    pub further: String,
}

impl Default for NatsSettings {
    fn default() -> NatsSettings {
        NatsSettings { jetstream: true, sync_always: false, further: String::new() }
    }
}

/// A nats-server that keeps its port and its storage when it is started again.
#[derive(Debug)]
pub struct NatsServer {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    settings: NatsSettings,
    process: Option<Process>,
}

impl NatsServer {
    /// Starts one with JetStream that keeps its files in `folder`.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn start(folder: &Path) -> Result<NatsServer> {
        NatsServer::start_with(folder, NatsSettings::default()).await
    }

    /// Starts one with these settings.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn start_with(folder: &Path, settings: NatsSettings) -> Result<NatsServer> {
        NatsServer::start_binary(program("ORDERLOG_TEST_NATS_SERVER")?, folder, settings).await
    }

    /// Starts one from this binary.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn start_binary(binary: PathBuf, folder: &Path, settings: NatsSettings) -> Result<NatsServer> {
        std::fs::create_dir_all(folder).context("making a folder for nats-server")?;
        let mut server = NatsServer { binary, folder: folder.to_owned(), port: free_port()?, settings, process: None };
        server.start_again().await?;
        Ok(server)
    }

    /// The port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
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

    /// Deletes everything that the server stored.
    ///
    /// # Errors
    /// When it is still running, or the folder cannot be deleted.
    pub fn delete_storage(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "kill nats-server before its storage");
        std::fs::remove_dir_all(self.storage()).context("deleting nats-server's storage")
    }

    /// Starts the server again on the same port, with the content of its storage.
    ///
    /// # Errors
    /// When it does not answer in time.
    pub async fn start_again(&mut self) -> Result<()> {
        let config = self.folder.join("nats.conf");
        std::fs::write(&config, self.config()).context("writing the configuration of nats-server")?;
        let mut command = Command::new(&self.binary);
        command.arg("-c").arg(&config);
        let mut process = Process::start("nats-server", command, self.folder.join("nats-server.log"))?;
        until("nats-server to answer", START_DEADLINE, async || {
            if let Some(status) = process.exited()? {
                bail!("nats-server ended with {status}:\n{}", process.last_words());
            }
            Ok(TcpStream::connect(("127.0.0.1", self.port)).ok())
        })
        .await?;
        self.process = Some(process);
        Ok(())
    }

    fn config(&self) -> String {
        let mut text = format!("host: 127.0.0.1\nport: {}\n{}\n", self.port, self.settings.further);
        if self.settings.jetstream {
            let sync = if self.settings.sync_always { ", sync_interval: always" } else { "" };
            text += &format!("jetstream {{ store_dir: {:?}{sync} }}\n", self.storage());
        }
        text
    }

    fn storage(&self) -> PathBuf {
        self.folder.join("storage")
    }
}
