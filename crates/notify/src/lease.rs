//! The right of one node to deliver: a lock that ends when its holder dies.

use std::fs::{File, TryLockError};

use anyhow::Context as _;
use orderlog_event_log::sqlite_file;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

/// What holds the lock.
pub(crate) enum Lease {
    /// A session with an advisory lock; the database releases it.
    Session(Box<PgConnection>),
    /// A locked file beside the log; the operating system releases it.
    File { _locked: File },
}

impl Lease {
    /// Takes the right; `None` while another node has it.
    pub(crate) async fn take(database_url: &str, log_id: Uuid) -> anyhow::Result<Option<Lease>> {
        if let Some(log) = sqlite_file(database_url) {
            let path = log.with_file_name("notifications.lock");
            let file = File::options().create(true).append(true).open(&path);
            let file = file.with_context(|| format!("open {}", path.display()))?;
            return match file.try_lock() {
                Ok(()) => Ok(Some(Lease::File { _locked: file })),
                Err(TryLockError::WouldBlock) => Ok(None),
                Err(TryLockError::Error(error)) => Err(error).context("lock the file of the node that delivers"),
            };
        }
        let mut session = PgConnection::connect(database_url).await.context("open the session of the lease")?;
        let (taken,): (bool,) = sqlx::query_as("SELECT pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(format!("orderlog notifications {log_id}"))
            .fetch_one(&mut session)
            .await
            .context("take the lease of notifications")?;
        if taken {
            return Ok(Some(Lease::Session(Box::new(session))));
        }
        _ = session.close().await;
        Ok(None)
    }

    /// Whether it is still held.
    pub(crate) async fn lasts(&mut self) -> bool {
        match self {
            Lease::Session(session) => session.ping().await.is_ok(),
            Lease::File { .. } => true,
        }
    }
}
