//! Why a call is refused. A reason repeats nothing of a key or token, because it is logged.

use std::time::Duration;

use crate::rates::TooMany;

/// Why a call is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is not a key.
    #[error("this is no key of Orderlog: they begin with olk_ and are given by `orderlog keys create`")]
    NoKey,
    /// There is no such key. A wrong secret for an existing id gets the same answer.
    #[error("there is no such key")]
    Unknown,
    /// The key was revoked.
    #[error("this key was revoked; ask whoever runs the server for another one")]
    Revoked,
    /// The key has expired.
    #[error("this key expired; ask whoever runs the server for another one")]
    Expired,
    /// A person's key came where programs call.
    #[error(
        "this key is for a person, who signs in with it on the page /sign-in; a program needs a key of its own: \
         `orderlog keys create NAME --role ROLE`"
    )]
    OfPerson,
    /// A program's key was typed where people sign in.
    #[error(
        "this key is for a program and signs nobody in; ask whoever runs the server for a key of your own: \
         `orderlog keys create NAME --role ROLE --for person`"
    )]
    OfProgram,
    /// A newer release made the key.
    #[error("this key grants what this release does not know; update the server")]
    NotUnderstood,
    /// The token is not one that the provider gave for this server.
    #[error("this access token is refused: {0}")]
    Token(String),
    /// The token is good, and grants nothing here.
    #[error("this access token grants nothing here: sign in again and allow {0}")]
    NoScope(String),
    /// It cannot be found out now whether the token is good.
    #[error("the OAuth provider's keys cannot be read now, so access tokens cannot be checked; try again in a moment")]
    NotNow,
    /// The key is not among the known keys, and newer keys cannot be read now.
    #[error("the keys cannot be read now, so this one cannot be checked; try again in a moment")]
    KeysNotNow,
    /// The session of the browser ended, or belongs to another shop.
    #[error("this session is over: sign in again")]
    Over,
    /// Too many keys were typed at this address; try again after this time.
    #[error("too many tries to sign in from this address: wait {} s, then try again", .0.as_secs() + 1)]
    TooManyTries(Duration),
    /// The credential is good, but too many requests are under way.
    #[error("too many requests under way: {} may have {limit} at once; wait for answers, then try again",
        if *in_all { "all together" } else { "one key or user" })]
    TooManyAtOnce {
        /// Requests that may be under way.
        limit: usize,
        /// Whether too many requests of all principals together are under way.
        in_all: bool,
    },
    /// The credential is good, but calls come too often.
    #[error("{0}")]
    TooMany(TooMany),
}

impl Refused {
    /// A token that is refused for this reason.
    pub(crate) fn token(why: impl Into<String>) -> Refused {
        Refused::Token(why.into())
    }
}
