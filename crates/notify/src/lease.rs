//! The right of one node to deliver: a lock that ends when its holder dies.

use std::{
    ffi::OsString,
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use anyhow::Context as _;
use orderlog_event_log::sqlite_file;
use sqlx::{Connection as _, PgConnection};
use tokio::{
    task::JoinHandle,
    time::{Duration, Instant, sleep},
};
use uuid::Uuid;

/// A node that is frozen keeps its session open without a word: then the database ends it, and another node delivers.
const IDLE: &str = "SET idle_session_timeout = '10s'";
/// So long after it was last heard by the database a node takes its lease for lost: before another node can have it.
const LONGEST_SILENCE: Duration = Duration::from_secs(8);
/// How often it is heard, whatever else it does.
const PULSE: Duration = Duration::from_secs(1);

/// What holds the lock.
pub(crate) enum Lease {
    /// A session with an advisory lock; the database releases it.
    Session(Pulse),
    /// A locked file beside the log; the operating system releases it.
    File { _locked: File },
}

/// The session of a lease, kept alive.
pub(crate) struct Pulse {
    heard: Arc<Mutex<Instant>>,
    beating: JoinHandle<()>,
}

impl Pulse {
    fn start(mut session: Box<PgConnection>, heard: Instant) -> Pulse {
        let heard = Arc::new(Mutex::new(heard));
        let known = Arc::clone(&heard);
        let beating = tokio::spawn(async move {
            loop {
                sleep(PULSE).await;
                let asked = Instant::now();
                if session.ping().await.is_err() {
                    return;
                }
                *known.lock().unwrap_or_else(PoisonError::into_inner) = asked;
            }
        });
        Pulse { heard, beating }
    }

    fn lasts(&self) -> bool {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        !self.beating.is_finished() && heard.elapsed() < LONGEST_SILENCE
    }
}

impl Drop for Pulse {
    /// Ends the session, and so the lease.
    fn drop(&mut self) {
        self.beating.abort();
    }
}

/// A node that wants the right.
pub(crate) struct Candidate {
    database_url: String,
    log_id: Uuid,
    /// Kept between tries: a node that waits need not connect each time.
    session: Option<Box<PgConnection>>,
}

impl Candidate {
    pub(crate) fn new(database_url: &str, log_id: Uuid) -> Candidate {
        Candidate { database_url: database_url.to_owned(), log_id, session: None }
    }

    /// Takes the right; `None` while another node has it.
    pub(crate) async fn take(&mut self) -> anyhow::Result<Option<Lease>> {
        if let Some(log) = sqlite_file(&self.database_url) {
            return lock_file(&lock_of(&log));
        }
        let mut session = match self.session.take() {
            Some(session) => session,
            None => {
                let opened = PgConnection::connect(&self.database_url).await;
                let mut session = Box::new(opened.context("open the session of the lease")?);
                sqlx::query(IDLE).execute(&mut *session).await.context("limit the session of the lease")?;
                session
            }
        };
        let asked = Instant::now();
        let (taken,): (bool,) = sqlx::query_as("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(format!("orderlog notifications {}", self.log_id))
            .fetch_one(&mut *session)
            .await
            .context("take the lease of notifications")?;
        if taken {
            return Ok(Some(Lease::Session(Pulse::start(session, asked))));
        }
        self.session = Some(session);
        Ok(None)
    }
}

impl Lease {
    /// Whether it is still held, as far as is known.
    pub(crate) fn lasts(&self) -> bool {
        match self {
            Lease::Session(pulse) => pulse.lasts(),
            Lease::File { .. } => true,
        }
    }
}

/// The file that is locked: of this log alone, because one folder may hold several.
fn lock_of(log: &Path) -> PathBuf {
    let mut name = log.file_name().map_or_else(OsString::new, OsString::from);
    name.push("-notifications.lock");
    log.with_file_name(name)
}

fn lock_file(path: &Path) -> anyhow::Result<Option<Lease>> {
    let file = File::options().create(true).append(true).open(path);
    let file = file.with_context(|| format!("open {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lease::File { _locked: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error).context("lock the file of the node that delivers"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_log_of_a_folder_has_one_node_that_delivers() {
        let folder = tempfile::tempdir().unwrap();
        let candidate = |log: &str| {
            let url = format!("sqlite://{}", folder.path().join(log).display());
            Candidate::new(&url, Uuid::nil())
        };
        let one = candidate("one.db").take().await.unwrap();
        assert!(one.is_some());
        assert!(candidate("one.db").take().await.unwrap().is_none());
        assert!(candidate("two.db").take().await.unwrap().is_some(), "another log has another lock");
        drop(one);
        assert!(candidate("one.db").take().await.unwrap().is_some(), "it ends with its holder");
    }
}
