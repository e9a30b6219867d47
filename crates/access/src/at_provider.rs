//! One sign-in at the provider, from the link on our page until the browser comes back.

use anyhow::Context as _;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{
    oauth::{OAuth, Secrets, Unfinished},
    refused::Refused,
    session::{Begun, Who},
    sign_in::{Peer, SignIn},
    signed::{self, is_same},
};

/// How long somebody may take at the provider, in seconds.
const SECONDS: u32 = 600;
const PURPOSE: &str = "signing in";
const SECRET_BYTES: usize = 32;

/// Data that the browser keeps during the sign-in. Everything that the provider sees of it is derived with a key of the
/// shop, so nobody else can make it.
#[derive(Debug, Serialize, Deserialize)]
struct Under {
    secret: String,
    /// The page to come back to.
    back: String,
    /// Seconds since 1970.
    until: i64,
}

/// The way to the provider.
#[derive(Debug)]
pub struct Away {
    /// The address to which the browser goes.
    pub address: String,
    /// The cookie with what the browser keeps during the sign-in.
    pub cookie: String,
    /// For how long.
    pub seconds: u32,
}

/// The parameters with which the provider sent the browser back.
#[derive(Debug, Default)]
pub struct Answered<'a> {
    /// The code that proves who signed in.
    pub code: Option<&'a str>,
    /// The `state` that we gave to the provider; the provider sends it back.
    pub state: Option<&'a str>,
    /// Why there is no code.
    pub error: Option<&'a str>,
    /// The issuer that answers (RFC 9207).
    pub issuer: Option<&'a str>,
}

impl SignIn {
    /// The name of the host where people sign in, if they can there.
    #[must_use]
    pub fn provider(&self) -> Option<String> {
        let settings = self.at()?.settings();
        let url: Option<Url> = settings.issuer().parse().ok();
        url.and_then(|url| url.host_str().map(str::to_owned))
    }

    fn at(&self) -> Option<&OAuth> {
        self.oauth.as_deref().filter(|oauth| oauth.settings().client().is_some())
    }

    /// Waits until the provider was asked for the first time since this node started.
    pub fn provider_asked(&self) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            if let Some(oauth) = self.at() {
                oauth.asked_once().await;
            }
        })
    }

    /// Begins a sign-in that leads back to this page.
    ///
    /// # Errors
    /// When there is no provider, or it has not answered yet.
    pub fn away(&self, back: &str, now: DateTime<Utc>) -> Result<Away, Refused> {
        let oauth = self.at().ok_or(Refused::NotNow)?;
        let made = || {
            let mut secret = [0; SECRET_BYTES];
            rand::rngs::OsRng.try_fill_bytes(&mut secret).context("ask the system for randomness")?;
            let until = now.timestamp().saturating_add(SECONDS.into());
            let under = Under { secret: BASE64.encode(secret), back: back.to_owned(), until };
            let cookie = signed::seal(&self.keyring, PURPOSE, &under)?;
            anyhow::Ok((under, cookie))
        };
        let (under, cookie) = made().map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "a sign-in could not begin");
            Refused::NotNow
        })?;
        let address = oauth.address(&self.secrets(&under))?.into();
        Ok(Away { address, cookie, seconds: SECONDS })
    }

    /// Finishes the sign-in: gives a session, and the page to come back to.
    ///
    /// # Errors
    /// The reason why the sign-in failed.
    pub fn back<'a>(
        &'a self,
        cookie: Option<&'a str>,
        answered: Answered<'a>,
        peer: Peer,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<(Begun, String), Unfinished>> {
        Box::pin(async move {
            let came = self.came_back(cookie, answered, peer, now).await;
            // A reason contains neither codes nor tokens.
            came.inspect_err(|reason| tracing::warn!(%reason, "a sign-in at the provider was refused"))
        })
    }

    async fn came_back(
        &self,
        cookie: Option<&str>,
        answered: Answered<'_>,
        peer: Peer,
        now: DateTime<Utc>,
    ) -> Result<(Begun, String), Unfinished> {
        let oauth = self.at().ok_or(Unfinished::NotBegun)?;
        let under: Option<Under> = cookie.and_then(|cookie| signed::open(&self.keyring, PURPOSE, cookie));
        let under = under.filter(|under| now.timestamp() < under.until).ok_or(Unfinished::NotBegun)?;
        let secrets = self.secrets(&under);
        let state = answered.state.unwrap_or_default();
        if !is_same(state, &secrets.state) {
            return Err(Unfinished::NotBegun);
        }
        let issuer = oauth.settings().issuer();
        if !oauth.is_of_issuer(answered.issuer) {
            return Err(Unfinished::NotProven("another issuer answered".to_owned()));
        }
        if let Some(error) = answered.error {
            return Err(Unfinished::Denied(oauth.in_words(error)));
        }
        let code = answered.code.ok_or_else(|| Unfinished::NotProven("the provider sent no code".to_owned()))?;
        // Each try makes the server ask the provider.
        self.count_try(peer)?;
        let proven = oauth.redeem(code, &secrets, now).await?;
        let who = Who::User { issuer: issuer.to_owned(), subject: proven.subject, scopes: proven.scopes };
        Ok((self.begin(who, now)?, under.back))
    }

    fn secrets(&self, under: &Under) -> Secrets {
        let derived = |what: &str| {
            let parts = [&b"orderlog sign-in "[..], what.as_bytes(), b"\0", under.secret.as_bytes()];
            BASE64.encode(self.keyring.sign(&parts))
        };
        Secrets { state: derived("state"), nonce: derived("nonce"), verifier: derived("verifier") }
    }
}
