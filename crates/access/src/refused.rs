//! Why a call is not answered. Nothing of a key or token is repeated, because the reason stands in the log.

use std::time::Duration;

use crate::rates::TooMany;

/// Why a call is not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is no key at all.
    #[error("this is no key of Orderlog: they begin with olk_ and are given by `orderlog keys create`")]
    NoKey,
    /// Nobody has it. A wrong secret under a right id is told no better.
    #[error("there is no such key")]
    Unknown,
    /// It was taken back.
    #[error("this key was revoked; ask whoever runs the server for another one")]
    Revoked,
    /// Its time is over.
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
    /// A newer release made it.
    #[error("this key grants what this release does not know; update the server")]
    NotUnderstood,
    /// It is no token that the provider gave for this server.
    #[error("this access token is refused: {0}")]
    Token(String),
    /// It is a good token, and grants nothing here.
    #[error("this access token grants nothing here: sign in again and allow {0}")]
    NoScope(String),
    /// Whether it is good cannot be told now.
    #[error("the OAuth provider's keys cannot be read now, so access tokens cannot be checked; try again in a moment")]
    NotNow,
    /// It is not among the keys that are known, and those made since cannot be read.
    #[error("the keys cannot be read now, so this one cannot be checked; try again in a moment")]
    KeysNotNow,
    /// The session of a browser ended, or is none of this shop.
    #[error("this session is over: sign in again")]
    Over,
    /// Too many keys were typed at this address; come again after this time.
    #[error("too many tries to sign in from this address: wait {} s, then try again", .0.as_secs() + 1)]
    TooManyTries(Duration),
    /// It serves, but as many requests are under way as may be.
    #[error("too many requests under way: {} may have {limit} at once; wait for answers, then try again",
        if *in_all { "all together" } else { "one key or user" })]
    TooManyAtOnce {
        /// Requests that may be under way.
        limit: usize,
        /// Whether those of all principals together are too many.
        in_all: bool,
    },
    /// It serves, but not so often.
    #[error("{0}")]
    TooMany(TooMany),
}

impl Refused {
    /// A token that is refused for this reason.
    pub(crate) fn token(why: impl Into<String>) -> Refused {
        Refused::Token(why.into())
    }
}
