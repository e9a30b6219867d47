//! Shared parts of tests: a separate database on either engine, a nats-server, and tests that run on both engines. Uses
//! no crate of the product. `tests/run` provides the servers and programs.

mod checks;
mod database;
mod engine;
mod environment;
mod nats;
mod process;

pub use checks::Checks;
pub use database::Database;
pub use engine::{Engine, Fixture, run_on};
pub use environment::{program, variable};
pub use nats::{NatsServer, NatsSettings};
pub use process::{Finished, Process, free_port, signal, until};
