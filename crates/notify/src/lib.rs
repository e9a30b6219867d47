//! Tells people what happened. Rules and outcomes stand in the log; one node delivers, and another takes over when it dies.
//!
//! Read it in this order: `targets` (who can be told), `matching` (which events make a message), `desk` (what is sent next),
//! `deliverer` (the task). `alerts` records what nodes notice about the shop as a whole. `compose` finds the words, `templates` words and lays them out as the operator likes, `delivery` sends them, `quiet` and `digest` say when they wait.

mod alert_words;
pub mod alerts;
mod compose;
mod content;
mod deliverer;
mod delivery;
mod desk;
mod digest;
mod lease;
mod matching;
mod quiet;
mod submit;
mod targets;
mod templates;

pub use self::{
    deliverer::{Deliverer, POSTGRES_CONNECTIONS},
    delivery::Sender,
    targets::Targets,
    templates::Templates,
};
