//! A real e-mail server (aiosmtpd) that keeps what it received.

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result};
use orderlog_testkit::{Process, free_port, until};
use serde::Deserialize;

use crate::environment::{clients_folder, python};

const READY_DEADLINE: Duration = Duration::from_secs(30);

/// One e-mail.
#[derive(Debug, Clone, Deserialize)]
pub struct Mail {
    /// Addresses of the envelope.
    pub to: Vec<String>,
    /// As it came.
    pub content: String,
    /// Its plain text.
    pub text: String,
    /// Its page.
    pub html: String,
    /// Whether it came encrypted.
    pub secured: bool,
    /// Whether its signature (DKIM) fits, where that was looked at.
    #[serde(default)]
    pub signed: Option<bool>,
    /// The names under which its key was looked up.
    #[serde(default)]
    pub keys_asked: Vec<String>,
}

/// The server; it ends with this value.
#[derive(Debug)]
pub struct MailServer {
    port: u16,
    file: PathBuf,
    _folder: tempfile::TempDir,
    _process: Process,
}

impl MailServer {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Result<MailServer> {
        MailServer::start_with(&[], None).await
    }

    /// Starts one that checks signatures with the TXT record in this file.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_checking(dkim_record: &Path) -> Result<MailServer> {
        MailServer::start_with(&[], Some(dkim_record)).await
    }

    /// Starts one that takes e-mail after STARTTLS only, from the user `shop` with the password `p@ss`.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_secured(certificate: &Path, key: &Path) -> Result<MailServer> {
        MailServer::start_with(&[certificate, key], None).await
    }

    async fn start_with(arguments: &[&Path], dkim_record: Option<&Path>) -> Result<MailServer> {
        let folder = tempfile::Builder::new().prefix("orderlog-mail.").tempdir().context("making a folder")?;
        let (port, file) = (free_port()?, folder.path().join("mails"));
        let mut command = Command::new(python()?);
        command.arg(clients_folder().join("mail_server.py")).arg(port.to_string()).arg(&file).args(arguments);
        command.envs(dkim_record.map(|record| ("DKIM_RECORD", record)));
        let process = Process::start("aiosmtpd", command, folder.path().join("log"))?;
        until("the e-mail server to listen", READY_DEADLINE, async || {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(()))
        })
        .await
        .with_context(|| process.last_words())?;
        Ok(MailServer { port, file, _folder: folder, _process: process })
    }

    /// `smtp://127.0.0.1:…`
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://127.0.0.1:{}", self.port)
    }

    /// Its port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Everything that came so far.
    ///
    /// # Errors
    /// When a line cannot be read.
    pub fn mails(&self) -> Result<Vec<Mail>> {
        let text = std::fs::read_to_string(&self.file).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).context("reading an e-mail")).collect()
    }
}
