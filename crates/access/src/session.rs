//! One session of a browser: who signed in, and until when. Its cookie contains this, and never a key or a token.

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use orderlog_keyring::Keyring;
use rand::TryRngCore as _;
use serde::{Deserialize, Serialize};

use crate::signed;

/// How long a session lasts that began with a key, in seconds: a long working day. The key is checked again for every
/// page.
pub(crate) const BY_KEY_SECONDS: i64 = 12 * 3_600;
/// How long a session lasts that began at the provider, in seconds. Until its end the provider is not asked again
/// whether the user still may sign in.
pub(crate) const BY_PROVIDER_SECONDS: i64 = 4 * 3_600;
/// Bytes of a session's id; it is written in hex.
const ID_BYTES: usize = 16;
const PURPOSE: &str = "session";

/// How the user signed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Who {
    /// With the key that has this id.
    Key(String),
    /// At the provider.
    User {
        /// The provider's own name for itself.
        issuer: String,
        subject: String,
        /// The scopes of the access token that grant something here, separated by blanks.
        scopes: String,
    },
}

/// The content of the cookie.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Session {
    pub(crate) id: String,
    /// Seconds since 1970.
    pub(crate) until: i64,
    pub(crate) who: Who,
}

/// A session that begins.
#[derive(Debug)]
pub struct Begun {
    /// The value of the browser's cookie.
    pub cookie: String,
    /// How long the session lasts.
    pub seconds: u32,
}

impl Session {
    /// # Errors
    /// When the random source of the system fails.
    pub(crate) fn begin(keyring: &Keyring, who: Who, now: DateTime<Utc>) -> anyhow::Result<Begun> {
        let seconds = match who {
            Who::Key(_) => BY_KEY_SECONDS,
            Who::User { .. } => BY_PROVIDER_SECONDS,
        };
        let mut id = [0; ID_BYTES];
        rand::rngs::OsRng.try_fill_bytes(&mut id).context("ask the system for randomness")?;
        let id = id.iter().map(|byte| format!("{byte:02x}")).collect();
        let session = Session { id, until: now.timestamp().saturating_add(seconds), who };
        let cookie = signed::seal(keyring, PURPOSE, &session)?;
        Ok(Begun { cookie, seconds: seconds.try_into().unwrap_or_default() })
    }

    /// Reads the cookie, if this shop made it and it has not expired.
    pub(crate) fn read(keyring: &Keyring, cookie: &str, now: DateTime<Utc>) -> Option<Session> {
        signed::open(keyring, PURPOSE, cookie).filter(|session: &Session| now.timestamp() < session.until)
    }
}
