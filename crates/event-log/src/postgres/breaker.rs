//! A circuit breaker: one probe finds out whether the database answers. While it does not, all operations fail at once.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::sync::watch;

use crate::{
    LogError,
    error::{told, within},
};

/// How long an operation may take before the database is probed.
const DOUBT: Duration = Duration::from_millis(250);
/// How long a probe may take. It opens a new connection.
const PROBE_LIMIT: Duration = Duration::from_millis(700);
/// Pause between two probes of a database that is away.
const PROBE_PAUSE: Duration = Duration::from_millis(200);

/// Shared by all users of one database.
#[derive(Debug, Clone)]
pub(crate) struct Breaker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: PgConnectOptions,
    /// Why the database cannot be used; `None` while it answers.
    away: watch::Sender<Option<String>>,
    probing: AtomicBool,
}

/// A database operation.
pub(crate) type Operation<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The database is away, and this is why.
pub(crate) struct Away(pub(crate) String);

impl Breaker {
    pub(crate) fn new(options: PgConnectOptions) -> Breaker {
        Breaker(Arc::new(Shared { options, away: watch::Sender::new(None), probing: AtomicBool::new(false) }))
    }

    /// Why the database cannot be used; `None` while it answers.
    pub(crate) fn away(&self) -> Option<String> {
        self.0.away.borrow().clone()
    }

    /// Runs an operation; drops it if the database goes away. The operation is boxed, so that waiting futures stay small.
    pub(crate) async fn guard<T>(&self, mut operation: Operation<'_, T>) -> Result<T, Away> {
        if let Some(why) = self.away() {
            return Err(Away(why));
        }
        if let Ok(done) = tokio::time::timeout(DOUBT, &mut operation).await {
            return Ok(done);
        }
        let mut away = self.0.away.subscribe();
        loop {
            self.examine();
            tokio::select! {
                biased;
                done = &mut operation => return Ok(done),
                Ok(away) = away.wait_for(Option::is_some) => return Err(Away(away.clone().unwrap_or_default())),
                () = tokio::time::sleep(DOUBT) => {}
            }
        }
    }

    /// As [`guard`](Self::guard), for an operation of the log. If the operation lost its connection, the database is
    /// probed.
    pub(crate) async fn log<T>(
        &self,
        doing: &'static str,
        operation: Operation<'_, Result<T, LogError>>,
    ) -> Result<T, LogError> {
        let done = self.guard(operation).await.unwrap_or_else(|Away(why)| Err(LogError::Unavailable { doing, why }));
        self.doubt(&done);
        done
    }

    /// Probes the database if an operation failed as it would without one.
    pub(crate) fn doubt<T>(&self, done: &Result<T, LogError>) {
        if let Err(LogError::Unavailable { .. } | LogError::Unknown { .. }) = done {
            self.examine();
        }
    }

    /// Probes the database, unless that is done already, and repeats it while there is no answer.
    fn examine(&self) {
        if self.0.probing.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = Arc::clone(&self.0);
        tokio::spawn(async move {
            let mut since: Option<Instant> = None;
            while let Err(why) = probe(&shared.options).await {
                if since.is_none() {
                    since = Some(Instant::now());
                    tracing::error!(%why, "the database does not answer; calls are refused until it does");
                }
                shared.away.send_replace(Some(why));
                tokio::time::sleep(PROBE_PAUSE).await;
            }
            if let Some(since) = since {
                tracing::info!(seconds = since.elapsed().as_secs(), "the database answers again");
            }
            shared.away.send_replace(None);
            shared.probing.store(false, Ordering::Release);
        });
    }
}

async fn probe(options: &PgConnectOptions) -> Result<(), String> {
    match within(PROBE_LIMIT, options.connect()).await {
        Ok(connection) => {
            // It has answered; whether closing succeeds does not matter.
            let _ = within(PROBE_LIMIT, connection.close()).await;
            Ok(())
        }
        // A refusal is an answer too, except while the server starts or stops.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() != Some("57P03") => Ok(()),
        Err(error) => Err(told(&error)),
    }
}
