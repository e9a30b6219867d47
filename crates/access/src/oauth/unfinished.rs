//! A sign-in at the provider that has begun: what it is begun with, and how it can end.

use crate::refused::Refused;

/// Secrets of one sign-in, which its browser alone can name again.
pub(crate) struct Secrets {
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// PKCE: 43 characters or more.
    pub(crate) verifier: String,
}

/// Who signed in, and with which scopes.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) subject: String,
    pub(crate) scopes: String,
}

/// Why nobody is signed in.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The browser does not bring what it was given, or too late.
    #[error("this sign-in was not begun in this browser at this address, or more than ten minutes ago; begin again")]
    NotBegun,
    /// The provider said no, in these words.
    #[error("{0}")]
    Denied(String),
    /// What the provider gave proves nothing.
    #[error("the provider's proof of who you are is refused: {0}")]
    NotProven(String),
    /// Whoever it is may do nothing here, or it cannot be told now.
    #[error(transparent)]
    Refused(#[from] Refused),
}
