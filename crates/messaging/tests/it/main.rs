//! Messaging against a real nats-server and a real log on SQLite.

mod feed;
mod nats_server;
mod relay;
mod shop;
