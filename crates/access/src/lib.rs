//! Who may do what: principals, their rights, the keys and tokens they call with, and how often they may call.

mod key;
mod keys;
mod oauth;
mod principal;
mod rates;
mod refused;
mod rights;

pub use self::{
    key::{Grant, PREFIX, Wanted},
    keys::{CHECKED_EVERY, Keys},
    oauth::{METADATA_PATH, OAuth, Settings as OAuthSettings},
    principal::Principal,
    rates::{Rates, TooMany},
    refused::Refused,
    rights::{Right, Rights, Role},
};
