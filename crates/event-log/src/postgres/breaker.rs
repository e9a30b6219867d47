//! Whether the database answers: one question for all who doubt it, and a memory of the answer until it is there again.

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

/// How long an operation may take before the database is asked whether it is there at all.
const DOUBT: Duration = Duration::from_millis(250);
/// How long that question may take: a connection of its own, made anew.
const PROBE_LIMIT: Duration = Duration::from_millis(700);
/// Pause between two questions to a database that is away.
const PROBE_PAUSE: Duration = Duration::from_millis(200);

/// Shared by all who use one database. While it is away their operations fail at once.
#[derive(Debug, Clone)]
pub(crate) struct Breaker(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    options: PgConnectOptions,
    /// Why the database cannot be used; `None` while it answers.
    away: watch::Sender<Option<String>>,
    probing: AtomicBool,
}

/// What is waited for.
pub(crate) type Operation<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Why an operation was not waited for.
pub(crate) struct Away(pub(crate) String);

impl Breaker {
    pub(crate) fn new(options: PgConnectOptions) -> Breaker {
        Breaker(Arc::new(Shared { options, away: watch::Sender::new(None), probing: AtomicBool::new(false) }))
    }

    /// Why the database cannot be used just now.
    pub(crate) fn away(&self) -> Option<String> {
        self.0.away.borrow().clone()
    }

    /// Waits for an operation as long as the database is there. In a box: those who wait stay small, whatever they wait for.
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

    /// The same for an operation of the log; one that lost its connection lets everybody doubt the database.
    pub(crate) async fn log<T>(
        &self,
        doing: &'static str,
        operation: Operation<'_, Result<T, LogError>>,
    ) -> Result<T, LogError> {
        let done = self.guard(operation).await.unwrap_or_else(|Away(why)| Err(LogError::Unavailable { doing, why }));
        self.doubt(&done);
        done
    }

    /// Has the database asked whether it is there if an operation failed as it would without.
    pub(crate) fn doubt<T>(&self, done: &Result<T, LogError>) {
        if let Err(LogError::Unavailable { .. } | LogError::Unknown { .. }) = done {
            self.examine();
        }
    }

    /// Asks the database whether it is there, unless somebody is asking already, and goes on asking while it is not.
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
            // It has answered: how it takes the good-bye does not matter.
            let _ = within(PROBE_LIMIT, connection.close()).await;
            Ok(())
        }
        // A refusal is an answer too, except that it is starting up or shutting down.
        Err(sqlx::Error::Database(error)) if error.code().as_deref() != Some("57P03") => Ok(()),
        Err(error) => Err(told(&error)),
    }
}
