//! The real binary on a free loopback port.

use std::{process::Stdio, time::Duration};

use anyhow::{Context as _, Result};
use tokio::process::{Child, Command};

/// An address of this machine on which nothing listens.
pub(crate) fn free_address() -> Result<String> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string())
}

/// How long the server may take to become ready.
const READY_WITHIN: Duration = Duration::from_secs(20);

/// One node; killed when dropped.
pub(crate) struct Server {
    process: Child,
    pub(crate) address: String,
}

impl Server {
    pub(crate) async fn start(binary: &std::path::Path, url: &str) -> Result<Server> {
        Server::start_with(binary, url, &[], None).await
    }

    /// Starts it with further settings. If it does not speak plain HTTP, another address shows that it is ready.
    pub(crate) async fn start_with(
        binary: &std::path::Path,
        url: &str,
        settings: &[&str],
        machines: Option<&str>,
    ) -> Result<Server> {
        let address = free_address()?;
        let process = Command::new(binary)
            .args(["serve", "--bench-noop-tool", "--listen", &address, "--database-url", url])
            .args(settings)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .context("starting the orderlog binary")?;
        let ready = format!("http://{}/readyz", machines.unwrap_or(&address));
        let waited = tokio::time::timeout(READY_WITHIN, async {
            while !reqwest::get(&ready).await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        waited.await.context("the server did not become ready")?;
        Ok(Server { process, address })
    }

    pub(crate) async fn stop(&mut self) -> Result<()> {
        self.process.kill().await?;
        Ok(())
    }
}
