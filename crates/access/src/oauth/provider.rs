//! The provider's keys in the memory of a node. They are found by discovery and read again from time to time, and when
//! a token names an unknown key. One task reads them, so a client that hangs up leaves no reading half done.

use std::{
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use jsonwebtoken::DecodingKey;
use orderlog_outgoing::Client;
use serde::Deserialize;
use tokio::{
    sync::{Notify, watch},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    fetch::get,
    key_set::KeySet,
    settings::{address, endpoint},
    token::Signed,
};
use crate::refused::Refused;

/// How often the keys are read again although no key is missing: a key that the provider withdrew stops working within
/// this time.
const READ_EVERY: Duration = Duration::from_secs(600);
/// ... and how soon after a reading that failed.
const RETRIED_AFTER: Duration = Duration::from_secs(10);
/// The shortest time between two readings. Anybody can send a token that names a key which is not there.
const READ_AT_MOST_EVERY: Duration = Duration::from_secs(5);
/// ... and after a reading that failed: calls in this time get no answer.
const TRIED_AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// How long a call waits for a reading that it caused.
const WAITED_FOR: Duration = Duration::from_secs(25);

/// How long a page waits for the first reading. It must itself be answered within 10 s.
const FIRST_WAITED_FOR: Duration = Duration::from_secs(5);

/// What this node knows of the provider.
#[derive(Debug, Clone, Default)]
struct Known {
    keys: Arc<KeySet>,
    endpoints: Option<Endpoints>,
    /// How many times the provider was asked.
    readings: u64,
    read_at: Option<Instant>,
    failed: bool,
}

impl Known {
    /// How long the provider is not asked again, even if a key is missing.
    fn rest(&self) -> Duration {
        if self.failed { TRIED_AT_MOST_EVERY } else { READ_AT_MOST_EVERY }
    }
}

/// Addresses for people who sign in with a browser.
#[derive(Debug, Clone)]
pub(super) struct Endpoints {
    pub(super) authorization: Url,
    pub(super) token: Url,
    /// Whether a client's secret travels in the header of the request; otherwise in the form.
    pub(super) takes_basic: bool,
    /// Whether the provider names its issuer in every answer (RFC 9207).
    pub(super) names_itself: bool,
}

/// The provider, where users sign in.
pub(super) struct Provider {
    issuer: String,
    client: Client,
    known: watch::Sender<Known>,
    missing: Notify,
    told: OnceLock<()>,
}

/// The fields of the provider's metadata that are used here (RFC 8414, OpenID Connect Discovery).
#[derive(Debug, Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
    #[serde(default)]
    code_challenge_methods_supported: Vec<String>,
    #[serde(default)]
    client_id_metadata_document_supported: bool,
    registration_endpoint: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    /// If the field is left out, only `client_secret_basic` is supported.
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Provider {
    pub(super) fn new(issuer: &str) -> anyhow::Result<Provider> {
        let (known, _) = watch::channel(Known::default());
        let client = Client::new().context("TLS cannot be used")?;
        Ok(Provider { issuer: issuer.to_owned(), client, known, missing: Notify::new(), told: OnceLock::new() })
    }

    /// Waits until the provider was asked for the first time since the start.
    pub(super) async fn asked_once(&self) {
        let mut reading = self.known.subscribe();
        // If this wait is in vain, the caller learns it from what is missing then.
        let _ = timeout(FIRST_WAITED_FOR, reading.wait_for(|known| known.readings > 0)).await;
    }

    /// Addresses for signing in, after they are known.
    pub(super) fn endpoints(&self) -> Option<Endpoints> {
        self.known.borrow().endpoints.clone()
    }

    /// The HTTP client for requests to the provider.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// The key that signed the token. If it is not among the known keys, they are read again.
    ///
    /// # Errors
    /// When the provider does not publish it, or cannot be asked.
    pub(super) async fn key(&self, signed: &Signed) -> Result<DecodingKey, Refused> {
        let known = self.known.borrow().clone();
        if let Some(key) = key(&known, signed) {
            return Ok(key);
        }
        if known.read_at.is_some_and(|at| at.elapsed() < known.rest()) {
            return Err(absent(&known));
        }
        let mut reading = self.known.subscribe();
        self.missing.notify_one();
        match timeout(WAITED_FOR, reading.wait_for(|now| now.readings > known.readings)).await {
            Ok(Ok(now)) => key(&now, signed).ok_or_else(|| absent(&now)),
            _ => Err(Refused::NotNow),
        }
    }

    /// Reads the keys, and again and again, until `ending`.
    pub(super) async fn keep_up(&self, ending: CancellationToken) {
        loop {
            let before = self.known.borrow().clone();
            let Some(read) = ending.run_until_cancelled(self.read()).await else { return };
            self.tell(&before, &read);
            let failed = read.is_err();
            let read = read.map(|(keys, endpoints)| (Arc::new(keys), endpoints));
            let (keys, endpoints) = read.unwrap_or((before.keys, before.endpoints));
            let known = Known { keys, endpoints, readings: before.readings + 1, read_at: Some(Instant::now()), failed };
            let (rest, pause) = (known.rest(), if failed { RETRIED_AFTER } else { READ_EVERY });
            self.known.send_replace(known);
            let missing = async {
                sleep(rest).await;
                self.missing.notified().await;
            };
            tokio::select! {
                () = ending.cancelled() => return,
                () = sleep(pause) => {}
                () = missing => {}
            }
        }
    }

    async fn read(&self) -> anyhow::Result<(KeySet, Option<Endpoints>)> {
        let metadata = self.metadata().await?;
        // Keys that anybody on the way could replace would let anybody in.
        let place = address(&metadata.jwks_uri).map_err(|fault| anyhow::anyhow!("its jwks_uri {fault}"))?;
        let document = get(&self.client, &place).await?.context("there is nothing at its jwks_uri")?;
        let keys = KeySet::read(&document).map_err(anyhow::Error::msg).context("read its keys")?;
        ensure!(keys.len() > 0, "none of its keys can sign a token in a way that is allowed here");
        self.told.get_or_init(|| metadata.tell(keys.len()));
        // Calls with tokens need the keys alone.
        let endpoints = metadata.endpoints().unwrap_or_else(|error| {
            tracing::warn!(error = format!("{error:#}"), "nobody can sign in to the pages at the OAuth provider");
            None
        });
        Ok((keys, endpoints))
    }

    /// The provider's metadata, from the first address that has it.
    async fn metadata(&self) -> anyhow::Result<Metadata> {
        for place in places(&self.issuer)? {
            let Some(document) = get(&self.client, &place).await? else { continue };
            let metadata: Metadata = serde_json::from_slice(&document).with_context(|| format!("read {place}"))?;
            let (said, issuer) = (&metadata.issuer, &self.issuer);
            ensure!(
                said == issuer,
                "{place} is of another issuer: give --oauth-issuer as it stands there, letter by letter"
            );
            return Ok(metadata);
        }
        bail!("{} publishes neither OpenID Connect discovery nor the metadata of RFC 8414", self.issuer)
    }

    /// Logs once that the keys cannot be read, and once that they can again.
    fn tell<T>(&self, before: &Known, read: &anyhow::Result<T>) {
        let issuer = &self.issuer;
        match read {
            Err(error) if !before.failed => tracing::warn!(
                issuer,
                error = format!("{error:#}"),
                "the OAuth provider's keys cannot be read; those known before hold until they can"
            ),
            Ok(_) if before.failed => tracing::info!(issuer, "the OAuth provider's keys can be read again"),
            _ => {}
        }
    }
}

impl Metadata {
    fn endpoints(&self) -> anyhow::Result<Option<Endpoints>> {
        let (Some(authorization), Some(token)) = (&self.authorization_endpoint, &self.token_endpoint) else {
            return Ok(None);
        };
        // Codes and secrets travel there.
        let read = |name, text| endpoint(text).map_err(|fault| anyhow::anyhow!("its {name} {fault}"));
        let authorization = read("authorization_endpoint", authorization)?;
        let token = read("token_endpoint", token)?;
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        let takes_basic = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let names_itself = self.authorization_response_iss_parameter_supported;
        Ok(Some(Endpoints { authorization, token, takes_basic, names_itself }))
    }

    /// Logs, for the operator, what will keep clients from signing in.
    fn tell(&self, keys: usize) {
        let issuer = &self.issuer;
        tracing::info!(issuer, keys, "users of the OAuth provider may sign in");
        if !self.code_challenge_methods_supported.iter().any(|method| method == "S256") {
            tracing::warn!(issuer, "the OAuth provider does not announce PKCE with S256; MCP clients will not sign in");
        }
        if !self.client_id_metadata_document_supported && self.registration_endpoint.is_none() {
            tracing::warn!(
                issuer,
                "the OAuth provider announces neither client id metadata documents nor registration; only clients whose id it was \
                 told can sign in"
            );
        }
    }
}

fn key(known: &Known, signed: &Signed) -> Option<DecodingKey> {
    known.keys.find(signed.key_id.as_deref(), signed.algorithm).cloned()
}

/// Why a key is missing: perhaps the provider only did not answer.
fn absent(known: &Known) -> Refused {
    match known.failed {
        true => Refused::NotNow,
        false => Refused::token("it is signed with no key that the issuer publishes"),
    }
}

/// Addresses where the metadata of an issuer may be, in the order in which MCP lets clients look.
fn places(issuer: &str) -> anyhow::Result<Vec<Url>> {
    let url: Url = issuer.parse().context("read the issuer's address")?;
    let (origin, path) = (url.origin().ascii_serialization(), url.path().trim_end_matches('/'));
    let mut places = vec![format!("{origin}{path}/.well-known/openid-configuration")];
    places.push(format!("{origin}/.well-known/oauth-authorization-server{path}"));
    if !path.is_empty() {
        places.push(format!("{origin}/.well-known/openid-configuration{path}"));
    }
    places.iter().map(|place| place.parse().context("make the address of its metadata")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_looked_for_where_it_may_stand() {
        let told = |issuer| places(issuer).unwrap().iter().map(Url::to_string).collect::<Vec<_>>();
        assert_eq!(
            told("https://id.example/"),
            [
                "https://id.example/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server"
            ]
        );
        assert_eq!(
            told("https://id.example/a/b"),
            [
                "https://id.example/a/b/.well-known/openid-configuration",
                "https://id.example/.well-known/oauth-authorization-server/a/b",
                "https://id.example/.well-known/openid-configuration/a/b"
            ]
        );
    }
}
