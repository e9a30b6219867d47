//! Messaging against a real nats-server and a real log on SQLite.

mod access;
mod credentials_file;
mod feed;
mod foreign;
mod nats_server;
mod purged;
mod relay;
mod shop;
