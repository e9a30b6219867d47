//! Read models against real PostgreSQL and SQLite: every test runs on both.

mod as_of;
mod buyers;
mod divergence;
mod engine;
mod follow;
mod history;
mod leases;
mod memory;
mod order_state;
mod queries;
mod rebuild;
mod sales;
