//! People with a browser: they sign in with a key or at the provider, and a session shows from then on who they are.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use orderlog_keyring::Keyring;
use tokio_util::sync::CancellationToken;

use crate::{
    holder::Holder,
    keys::{CHECKED_EVERY, Keys},
    oauth::OAuth,
    principal::Principal,
    rates::Tries,
    refused::Refused,
    session::{Begun, Session, Who},
};

/// The address that a request came from.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub IpAddr);

/// Lets people with a browser in.
pub struct SignIn {
    pub(crate) keyring: Arc<Keyring>,
    keys: Arc<Keys>,
    pub(crate) oauth: Option<Arc<OAuth>>,
    tries: Tries,
    /// Sessions that were ended early, each with the second until which its cookie would be valid.
    ended: RwLock<HashMap<String, i64>>,
    troubled: AtomicBool,
}

impl SignIn {
    /// Knows of no session that ended before [`SignIn::keep_up`] runs.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, keys: Arc<Keys>, oauth: Option<Arc<OAuth>>) -> SignIn {
        let (tries, ended, troubled) = (Tries::default(), RwLock::default(), AtomicBool::new(false));
        SignIn { keyring, keys, oauth, tries, ended, troubled }
    }

    /// Begins a session with a key that somebody at this address typed.
    ///
    /// # Errors
    /// When the key is not valid, or too many keys were tried; names the reason.
    pub fn with_key<'a>(
        &'a self,
        text: &'a str,
        peer: Peer,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Begun, Refused>> {
        Box::pin(async move {
            // Right keys are counted too: otherwise somebody who guesses would learn at any speed which keys are right.
            self.count_try(peer)?;
            let id = self.keys.admit_person(text, now).await.and_then(|_| self.keys.id_of(text));
            // The log line names neither the key nor the address.
            let id = id.inspect_err(|refused| tracing::warn!(reason = %refused, "a sign-in with a key was refused"))?;
            self.begin(Who::Key(id), now)
        })
    }

    pub(crate) fn count_try(&self, peer: Peer) -> Result<(), Refused> {
        self.tries.count(peer.0).map_err(Refused::TooManyTries)
    }

    pub(crate) fn begin(&self, who: Who, now: DateTime<Utc>) -> Result<Begun, Refused> {
        Session::begin(&self.keyring, who, now).map_err(|error| {
            tracing::error!(error = format!("{error:#}"), "a session could not begin");
            Refused::NotNow
        })
    }

    /// The user who asks for a page with this cookie; counts one call.
    ///
    /// # Errors
    /// When the session is over, or a limit is reached.
    pub fn admit<'a>(&'a self, cookie: &'a str, now: DateTime<Utc>) -> BoxFuture<'a, Result<Arc<Principal>, Refused>> {
        Box::pin(async move {
            let session = self.session(cookie, now).ok_or(Refused::Over)?;
            match session.who {
                Who::Key(id) => self.keys.admit_session(id, now).await,
                Who::User { issuer, subject, scopes } => {
                    self.provider_of(&issuer).ok_or(Refused::Over)?.admit_session(&subject, &scopes)
                }
            }
        })
    }

    /// Whether the session is still valid. Counts nothing.
    #[must_use]
    pub fn holds(&self, cookie: &str, now: DateTime<Utc>) -> bool {
        self.session(cookie, now).is_some_and(|session| match session.who {
            Who::Key(id) => self.keys.holds(&id, Holder::Person, now),
            Who::User { issuer, .. } => self.provider_of(&issuer).is_some(),
        })
    }

    /// Ends a session, and every copy of its cookie, here at once and on other nodes within a second.
    pub fn end<'a>(&'a self, cookie: &'a str, now: DateTime<Utc>) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            let Some(Session { id, until, .. }) = self.session(cookie, now) else { return };
            self.ended.write().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), until);
            if let Err(error) = self.keyring.end_session(&id, until, now.timestamp()).await {
                let error = format!("{error:#}");
                tracing::error!(error, "a session ended on this node alone: that could not be kept for the others");
            }
        })
    }

    fn session(&self, cookie: &str, now: DateTime<Utc>) -> Option<Session> {
        let session = Session::read(&self.keyring, cookie, now)?;
        let ended = self.ended.read().unwrap_or_else(PoisonError::into_inner);
        (!ended.contains_key(&session.id)).then_some(session)
    }

    /// The provider, if it is still the one that signed the user in.
    fn provider_of(&self, issuer: &str) -> Option<&OAuth> {
        self.oauth.as_deref().filter(|oauth| oauth.settings().issuer() == issuer && oauth.settings().client().is_some())
    }

    /// Reads which sessions ended on other nodes. Those that ended here stay ended.
    ///
    /// # Errors
    /// When the store cannot be read; the known ended sessions stay.
    pub fn read(&self, now: DateTime<Utc>) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let now = now.timestamp();
            let kept = self.keyring.ended_sessions(now).await.context("read the sessions that ended")?;
            let mut ended = self.ended.write().unwrap_or_else(PoisonError::into_inner);
            ended.retain(|_, until| *until > now);
            ended.extend(kept);
            Ok(())
        })
    }

    /// Reads that again and again, until `ending`.
    pub fn keep_up<'a>(
        self: Arc<SignIn>,
        now: impl Fn() -> DateTime<Utc> + Send + 'a,
        ending: CancellationToken,
    ) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            while ending.run_until_cancelled(tokio::time::sleep(CHECKED_EVERY)).await.is_some() {
                let read = self.read(now()).await;
                let troubled = self.troubled.swap(read.is_err(), Relaxed);
                if let (Err(error), false) = (read, troubled) {
                    let error = format!("{error:#}");
                    tracing::warn!(
                        error,
                        "the sessions that ended elsewhere cannot be read; those known before are over"
                    );
                }
            }
        })
    }
}
