//! The harness of the black-box tests: real binary, real PostgreSQL, real nats-server, official MCP clients.
//! `tests/run` provides what it needs; each test has a database, a nats-server and folders of its own.

mod clock;
mod environment;
mod process;

mod database;
mod disk;
mod mcp;
mod nats;
mod node;
mod postgres;
mod raw;
mod shop;

mod audit;
mod behind;
mod books;
mod load;

pub use audit::{AuditedEvent, chain_is_whole, events};
pub use behind::{Behind, Builder};
pub use books::Books;
pub use clock::Clock;
pub use database::{Database, fresh_database};
pub use disk::SmallDisk;
pub use environment::{clients_folder, load_time, node_js, python};
pub use load::{Acknowledged, Load};
pub use mcp::{Era, Mcp, Refusal};
pub use nats::{NatsServer, StreamMessage};
pub use node::{Node, orderlog};
pub use postgres::PostgresServer;
pub use process::{Finished, Process, free_port, until};
pub use raw::{RawAnswer, connect, send_raw};
pub use shop::{SetUp, Shop};
