//! Who may do what: principals, their rights, the keys and tokens they call with, and how often they may call.

mod at_provider;
mod holder;
mod key;
mod keys;
mod oauth;
mod pass;
mod principal;
mod program_of;
mod rates;
mod refused;
mod rights;
mod session;
mod sign_in;
mod signed;
mod under_way;

pub use self::{
    at_provider::{Answered, Away},
    holder::Holder,
    key::{Grant, PREFIX, Wanted},
    keys::{CHECKED_EVERY, Keys},
    oauth::{CALLBACK_PATH, METADATA_PATH, OAuth, Settings as OAuthSettings, Unfinished},
    pass::Pass,
    principal::Principal,
    program_of::program_of,
    rates::{CountEach, Rates, TooMany},
    refused::Refused,
    rights::{Right, Rights, Role},
    session::Begun,
    sign_in::{Peer, SignIn},
    signed::is_same,
    under_way::{Place, UnderWay},
};
