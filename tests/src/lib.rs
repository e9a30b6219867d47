//! The harness of the black-box tests: real binary, real PostgreSQL, real nats-server, official MCP clients.
//! `tests/run` provides what it needs; each test has a database, a nats-server and folders of its own.

mod browser;
mod certificates;
mod clock;
mod environment;

mod disk;
mod endpoint;
mod fuzz;
mod issuer;
mod mail;
mod mcp;
mod node;
mod oidc_provider;
mod postgres;
mod raw;
mod shop;
mod stream;

mod audit;
mod load;
mod oracle;
mod tampering;

pub use audit::{AuditedEvent, chain_is_whole, events};
pub use browser::Browser;
pub use certificates::Authority;
pub use clock::Clock;
pub use disk::SmallDisk;
pub use endpoint::{Endpoint, Received, Reply};
pub use environment::{chromium, clients_folder, deliveries, fuzzed_requests, load_time, node_js, python};
pub use fuzz::{Fuzzed, Fuzzer};
pub use issuer::{Issuer, TokenKey};
pub use load::{Acknowledged, Load};
pub use mail::{Mail, MailServer};
pub use mcp::{Era, Mcp, Refusal, minor};
pub use node::{Node, orderlog};
pub use oidc_provider::OidcProvider;
pub use oracle::Oracle;
pub use orderlog_testkit::{
    Checks, Database, Engine, Finished, Fixture, NatsServer, Process, check, free_port, on_both_engines, until,
};
pub use postgres::PostgresServer;
pub use raw::{RawAnswer, connect, send_raw};
pub use shop::{SetUp, Shop};
pub use stream::{StreamMessage, connect_to, last_sequence, published};
pub use tampering::{Builder, Tamperer};
