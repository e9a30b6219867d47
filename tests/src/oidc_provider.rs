//! A real OpenID provider (npm oidc-provider) that signs in every visitor.

use std::{process::Command, time::Duration};

use anyhow::{Context, Result};
use orderlog_testkit::{Process, free_port, until};
use serde_json::Value;

use crate::environment::{clients_folder, node_js};

const READY_DEADLINE: Duration = Duration::from_secs(60);

/// The provider; it ends with this value.
#[derive(Debug)]
pub struct OidcProvider {
    port: u16,
    http: reqwest::Client,
    _folder: tempfile::TempDir,
    _process: Process,
}

impl OidcProvider {
    /// Starts it on a free port.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start() -> Result<OidcProvider> {
        let folder = tempfile::Builder::new().prefix("orderlog-oidc.").tempdir().context("making a folder")?;
        let port = free_port()?;
        let mut command = Command::new(node_js()?);
        command.arg(clients_folder().join("oidc_provider.mjs")).arg(port.to_string());
        let process = Process::start("oidc-provider", command, folder.path().join("log"))?;
        until("the OpenID provider to listen", READY_DEADLINE, async || {
            Ok(tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok().then_some(()))
        })
        .await
        .with_context(|| process.last_words())?;
        Ok(OidcProvider { port, http: reqwest::Client::new(), _folder: folder, _process: process })
    }

    /// `http://127.0.0.1:…`, which is its name too.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A token that a program gets for itself, for this resource where there is one.
    ///
    /// # Errors
    /// When it is given none.
    pub async fn token(&self, resource: Option<&str>, scopes: &str) -> Result<String> {
        let mut body = format!(
            "grant_type=client_credentials&client_id=program&client_secret=only-for-this-test&scope={}",
            scopes.replace(' ', "+")
        );
        if let Some(resource) = resource {
            body.push_str(&format!("&resource={resource}"));
        }
        let request = self.http.post(format!("{}/token", self.url())).body(body);
        let answer = request.header("content-type", "application/x-www-form-urlencoded").send().await?;
        let answer: Value = answer.json().await?;
        let token = answer["access_token"].as_str().with_context(|| format!("no token: {answer}"))?;
        Ok(token.to_owned())
    }
}
