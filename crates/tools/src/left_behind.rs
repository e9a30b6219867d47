//! Data of erased customers that is still in database files. It is removed with the erasure, or later, when no reader
//! blocks that.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
};

use futures::future::BoxFuture;
use orderlog_event_log::Log;
use orderlog_projections::customers;
use orderlog_read_models::{Projections, StoreError};

use crate::failure::in_words;

use orderlog_keyring::Keyring;

/// Remembers what is still to be removed, and why.
#[derive(Debug, Default)]
pub struct LeftBehind {
    /// How many erasures there were.
    erasures: AtomicU64,
    /// So many of these erasures are completely removed.
    cleared: AtomicU64,
    /// Whether everything was removed once since the process started.
    tidied: AtomicBool,
    why: Mutex<Option<String>>,
}

impl LeftBehind {
    /// Somebody was erased.
    pub fn one_more(&self) {
        self.erasures.fetch_add(1, SeqCst);
    }

    /// Whether something may have to be removed. An earlier process may have left something.
    pub fn is_due(&self) -> bool {
        !self.tidied.load(SeqCst) || self.is_owed()
    }

    /// Whether a customer was erased in this process and not yet removed.
    fn is_owed(&self) -> bool {
        self.cleared.load(SeqCst) < self.erasures.load(SeqCst)
    }

    /// The text for `/readyz`.
    pub fn told(&self) -> Option<String> {
        let why = self.why.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(format!("erased customers are not cleared from every file yet: {why}; it is tried every minute"))
    }

    /// Tries to remove everything; true if it succeeded. An obstacle is logged once.
    pub fn clear<'a>(
        &'a self,
        log: &'a Log,
        keyring: &'a Keyring,
        projections: &'a Projections,
    ) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            // Erasures from here on may be too late for this removal.
            let until = self.erasures.load(SeqCst);
            let (keys, lists) = tokio::join!(keyring.clear_away(), clear_lists(log, projections));
            let hindered = keys.and(lists).err();
            if hindered.is_none() {
                self.cleared.fetch_max(until, SeqCst);
                self.tidied.store(true, SeqCst);
            }
            if hindered.as_ref().is_some_and(is_on_its_way) && !self.is_owed() {
                return false; // Read models are being built, and nobody knows of anything in them.
            }
            let mut why = self.why.lock().unwrap_or_else(PoisonError::into_inner);
            match &hindered {
                Some(error) => {
                    let error = in_words(error);
                    if why.is_none() {
                        tracing::warn!(error, "an erased customer is not cleared from every file yet");
                    }
                    *why = Some(error);
                }
                None if !self.is_due() && why.take().is_some() => {
                    tracing::info!("erased customers are cleared from every file");
                }
                None => {}
            }
            hindered.is_none()
        })
    }
}

/// Whether the read models only have to catch up.
fn is_on_its_way(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(StoreError::NotYet(_)))
}

async fn clear_lists(log: &Log, projections: &Projections) -> anyhow::Result<()> {
    let head = log.head().await?.position;
    Ok(customers::purge_erased(projections, head).await?)
}
