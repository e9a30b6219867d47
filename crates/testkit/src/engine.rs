//! Tests that run on SQLite and on PostgreSQL.

use anyhow::Result;

/// The engines that can store a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Files in a folder.
    Sqlite,
    /// A database on a server.
    Postgres,
}

/// The argument of a test on both engines: made for each test, and removed when dropped.
pub trait Fixture: Sized {
    /// Makes the fixture on `engine`.
    fn on(engine: Engine) -> impl Future<Output = Result<Self>>;
}

/// Runs each `async fn name(fixture: F)` on SQLite and on PostgreSQL, where `F` is a [`Fixture`]; as `name::on_sqlite` and
/// `name::on_postgres`.
#[macro_export]
macro_rules! on_both_engines {
    ($( $(#[$attribute:meta])* $test:ident ),+ $(,)?) => { $(
        mod $test {
            $(#[$attribute])*
            #[test]
            fn on_sqlite() -> impl ::std::process::Termination {
                $crate::run_on($crate::Engine::Sqlite, super::$test)
            }

            $(#[$attribute])*
            #[test]
            fn on_postgres() -> impl ::std::process::Termination {
                $crate::run_on($crate::Engine::Postgres, super::$test)
            }
        }
    )+ };
}

/// Runs one test on one engine; [`on_both_engines!`] calls this.
///
/// # Panics
/// When the fixture cannot be made.
pub fn run_on<F: Fixture, T: Future>(engine: Engine, test: impl FnOnce(F) -> T) -> T::Output {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let fixture = F::on(engine).await.expect("what the test is given");
        test(fixture).await
    })
}
