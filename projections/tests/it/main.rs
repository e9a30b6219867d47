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

/// Declares a test that runs on each engine.
macro_rules! on_both {
    ($( $(#[$attribute:meta])* $name:ident ),+ $(,)?) => {
        mod sqlite { $(
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::engine::Engine::sqlite()).await }
        )+ }
        mod postgres { $(
            $(#[$attribute])*
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::engine::Engine::postgres().await).await }
        )+ }
    };
}
use on_both;
