//! Who may do what: principals, their rights, the keys they call with, and how often they may call. Knows no transport.

mod key;
mod keys;
mod principal;
mod rates;
mod rights;

pub use self::{
    key::{Grant, PREFIX, Wanted},
    keys::{CHECKED_EVERY, Keys, Refused},
    principal::Principal,
    rates::{Rates, TooMany},
    rights::{Right, Rights, Role},
};
