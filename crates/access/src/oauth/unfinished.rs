//! A sign-in at the provider that has begun: its secrets, and how it can fail.

use crate::refused::Refused;

/// Secrets of one sign-in. Only the browser that began it can present them again.
pub(crate) struct Secrets {
    pub(crate) state: String,
    pub(crate) nonce: String,
    /// PKCE: 43 characters or more.
    pub(crate) verifier: String,
}

/// The user who signed in, with the scopes.
#[derive(Debug)]
pub(crate) struct Proven {
    pub(crate) subject: String,
    pub(crate) scopes: String,
}

/// Why a sign-in failed.
#[derive(Debug, thiserror::Error)]
pub enum Unfinished {
    /// The browser does not present its cookie, or comes too late.
    #[error("this sign-in was not begun in this browser at this address, or more than ten minutes ago; begin again")]
    NotBegun,
    /// The provider refused, with these words.
    #[error("{0}")]
    Denied(String),
    /// The provider's answer does not prove who signed in.
    #[error("the provider's proof of who you are is refused: {0}")]
    NotProven(String),
    /// The user may do nothing here, or this cannot be found out now.
    #[error(transparent)]
    Refused(#[from] Refused),
}
