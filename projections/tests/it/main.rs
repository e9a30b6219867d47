//! Read models against real PostgreSQL and SQLite: every test runs on both.

mod as_of;
mod bare;
mod engine;
mod follow;
mod history;
mod leases;
mod past;
mod queries;
mod rebuild;
