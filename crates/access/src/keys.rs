//! The keys of a shop in the memory of a node, so that a call costs no statement: read again twice a second.

use std::{
    collections::HashMap,
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicBool, AtomicI64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use orderlog_keyring::{AccessKey, Keyring};
use subtle::ConstantTimeEq as _;
use tokio_util::sync::CancellationToken;

use crate::{
    holder::Holder,
    key,
    principal::Principal,
    rates::{Gauge, Rates},
    refused::Refused,
};

/// How often keys are read again: a key that is revoked stops within this time on every node, and a little more.
pub const CHECKED_EVERY: Duration = Duration::from_millis(500);
/// The least time between two readings that unknown keys bring about: so wrong keys cost the database little.
const LEAST_BETWEEN: Duration = Duration::from_millis(100);
/// Precision of the stored time of last use, in seconds.
const USE_SECONDS: i64 = 60;

/// One key in memory.
#[derive(Debug)]
struct Held {
    /// Holder and principal; an error if this release does not understand the stored key.
    understood: Option<(Holder, Arc<Principal>)>,
    hash: Vec<u8>,
    expires: Option<i64>,
    revoked: bool,
    usage: Arc<Usage>,
}

impl Held {
    /// The principal of this key, if the key is in force and its holder is of the kind that asks.
    fn in_force(&self, asks: Holder, now: DateTime<Utc>) -> Result<&Arc<Principal>, Refused> {
        if self.revoked {
            return Err(Refused::Revoked);
        }
        if self.expires.is_some_and(|expires| now.timestamp() >= expires) {
            return Err(Refused::Expired);
        }
        match (&self.understood, asks) {
            (None, _) => Err(Refused::NotUnderstood),
            (Some((holder, principal)), asks) if *holder == asks => Ok(principal),
            (Some(_), Holder::Program) => Err(Refused::OfPerson),
            (Some(_), Holder::Person) => Err(Refused::OfProgram),
        }
    }
}

/// Counters that stay when the key is read again.
#[derive(Debug)]
struct Usage {
    gauge: Gauge,
    /// Unix seconds.
    used: AtomicI64,
    /// The time of last use that is stored.
    kept: AtomicI64,
}

/// All keys of a shop.
#[derive(Debug)]
pub struct Keys {
    keyring: Arc<Keyring>,
    held: RwLock<HashMap<String, Held>>,
    rates: Rates,
    all: Arc<Gauge>,
    troubled: AtomicBool,
    /// When the last reading for an unknown key began. Locked during the reading, because one reading is enough for all
    /// callers.
    asked_anew: tokio::sync::Mutex<Option<Instant>>,
}

impl Keys {
    /// Contains no keys until they are read.
    #[must_use]
    pub fn new(keyring: Arc<Keyring>, rates: Rates) -> Keys {
        let all = Arc::new(Gauge::new(rates.in_all, true));
        let (held, troubled, asked_anew) = Default::default();
        Keys { keyring, held, rates, all, troubled, asked_anew }
    }

    /// Reads the keys from the store.
    ///
    /// # Errors
    /// When the keys cannot be read; the known ones stay.
    pub fn read(&self) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let kept = self.keyring.access_keys().await?;
            let mut held = self.held.write().unwrap_or_else(PoisonError::into_inner);
            *held = kept.into_iter().map(|kept| (kept.id.clone(), self.hold(&held, &kept))).collect();
            Ok(())
        })
    }

    fn hold(&self, before: &HashMap<String, Held>, kept: &AccessKey) -> Held {
        let usage = before.get(&kept.id).map(|held| Arc::clone(&held.usage)).unwrap_or_else(|| {
            let (used, kept) = (AtomicI64::new(0), AtomicI64::new(0));
            Arc::new(Usage { gauge: Gauge::new(self.rates.each, false), used, kept })
        });
        let known = key::understood(kept);
        let expires =
            kept.expires_at.as_deref().map(|text| DateTime::parse_from_rfc3339(text).map(|at| at.timestamp()));
        let understood = known.is_ok() && !matches!(expires, Some(Err(_)));
        if !understood && !before.contains_key(&kept.id) {
            tracing::warn!(key = kept.id, "a key grants what this release does not know; it is refused");
        }
        Held {
            understood: known.ok().filter(|_| understood).map(|(holder, principal)| (holder, Arc::new(principal))),
            hash: kept.secret_hash.clone(),
            expires: expires.and_then(Result::ok),
            revoked: kept.revoked_at.is_some(),
            usage,
        }
    }

    /// The limit of all calls together; calls without a key count against it too.
    pub(crate) fn all(&self) -> Arc<Gauge> {
        Arc::clone(&self.all)
    }

    /// Whether any key is in force now.
    pub fn is_any_in_force(&self, now: DateTime<Utc>) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.values().any(|held| !held.revoked && held.expires.is_none_or(|expires| now.timestamp() < expires))
    }

    /// Whether a person could sign in with a key now.
    pub fn is_any_for_a_person(&self, now: DateTime<Utc>) -> bool {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.values().any(|held| held.in_force(Holder::Person, now).is_ok())
    }

    /// The program that calls with this key; counts one call. A key that was made a moment ago works at once.
    ///
    /// # Errors
    /// When the key is not valid, or a limit is reached; names the reason.
    pub fn admit<'a>(&'a self, text: &'a str, now: DateTime<Utc>) -> BoxFuture<'a, Result<Arc<Principal>, Refused>> {
        self.known_or_read_again(move || self.admit_known(text, Holder::Program, now))
    }

    /// Which person signs in with this key.
    pub(crate) fn admit_person<'a>(
        &'a self,
        text: &'a str,
        now: DateTime<Utc>,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Refused>> {
        self.known_or_read_again(move || self.admit_known(text, Holder::Person, now))
    }

    /// Looks for the key in memory. If it is not there, reads all keys again, because it may be new.
    ///
    /// A wrong secret is looked for like a wrong id, because the time of an answer must not tell which ids there are.
    fn known_or_read_again<'a>(
        &'a self,
        among_known: impl Fn() -> Result<Arc<Principal>, Refused> + Send + 'a,
    ) -> BoxFuture<'a, Result<Arc<Principal>, Refused>> {
        Box::pin(async move {
            match among_known() {
                Err(Refused::Unknown) => {}
                done => return done,
            }
            if let Err(error) = self.read_since(Instant::now()).await {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "a key is not known, and the keys could not be read again"
                );
                return Err(Refused::KeysNotNow);
            }
            among_known()
        })
    }

    /// Waits for the end of a reading that began after `asked`.
    async fn read_since(&self, asked: Instant) -> anyhow::Result<()> {
        let mut began = self.asked_anew.lock().await;
        if let Some(before) = *began {
            if before > asked {
                return Ok(());
            }
            tokio::time::sleep_until((before + LEAST_BETWEEN).into()).await;
        }
        let now = Instant::now();
        self.read().await?;
        *began = Some(now);
        Ok(())
    }

    fn admit_known(&self, text: &str, asks: Holder, now: DateTime<Utc>) -> Result<Arc<Principal>, Refused> {
        let (id, hash) = key::read(text).ok_or(Refused::NoKey)?;
        let known = self.held.read().unwrap_or_else(PoisonError::into_inner);
        let held = known.get(id).ok_or(Refused::Unknown)?;
        if !bool::from(held.hash.ct_eq(&hash[..])) {
            return Err(Refused::Unknown);
        }
        self.count(held, asks, now)
    }

    /// The id that the text of a key contains.
    pub(crate) fn id_of(&self, text: &str) -> Result<String, Refused> {
        key::read(text).map(|(id, _)| id.to_owned()).ok_or(Refused::NoKey)
    }

    /// The principal of a session that began with the key of this id; counts one call. A session from before there were
    /// keys for persons belongs to a program's key, and is over.
    pub(crate) fn admit_session(
        &self,
        id: String,
        now: DateTime<Utc>,
    ) -> BoxFuture<'_, Result<Arc<Principal>, Refused>> {
        self.known_or_read_again(move || {
            let known = self.held.read().unwrap_or_else(PoisonError::into_inner);
            self.count(known.get(&id).ok_or(Refused::Unknown)?, Holder::Person, now)
        })
    }

    /// Whether this key is in force and has such a holder. Counts nothing.
    pub(crate) fn holds(&self, id: &str, holder: Holder, now: DateTime<Utc>) -> bool {
        let known = self.held.read().unwrap_or_else(PoisonError::into_inner);
        known.get(id).is_some_and(|held| held.in_force(holder, now).is_ok())
    }

    fn count(&self, held: &Held, asks: Holder, now: DateTime<Utc>) -> Result<Arc<Principal>, Refused> {
        let principal = held.in_force(asks, now)?;
        // The key's own limit first: a holder who calls too often must not use up the limit of all.
        held.usage.gauge.count().and_then(|()| self.all.count()).map_err(Refused::TooMany)?;
        held.usage.used.store(now.timestamp(), Relaxed);
        Ok(Arc::clone(principal))
    }

    /// Reads the keys again and again, and keeps which were used, until `ending`.
    pub fn keep_up(self: Arc<Keys>, ending: CancellationToken) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            while ending.run_until_cancelled(tokio::time::sleep(CHECKED_EVERY)).await.is_some() {
                let read = self.read().await.context("read the access keys");
                self.tell(match read {
                    Ok(()) => self.keep_uses(USE_SECONDS).await,
                    failed => failed,
                });
            }
            self.tell(self.keep_uses(0).await);
        })
    }

    /// Stores each time of last use that is more than `seconds` later than the stored one.
    fn keep_uses(&self, seconds: i64) -> BoxFuture<'_, anyhow::Result<()>> {
        Box::pin(async move {
            let used: Vec<(String, Arc<Usage>)> = {
                let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
                let due = |usage: &Usage| usage.used.load(Relaxed) > usage.kept.load(Relaxed) + seconds;
                let due = held.iter().filter(|(_, held)| due(&held.usage));
                due.map(|(id, held)| (id.clone(), Arc::clone(&held.usage))).collect()
            };
            for (id, usage) in used {
                let at = usage.used.load(Relaxed);
                let text = DateTime::from_timestamp(at, 0).map(key::written).unwrap_or_default();
                self.keyring.note_access_key_used(&id, &text).await?;
                usage.kept.store(at, Relaxed);
            }
            Ok(())
        })
    }

    /// Logs once that the keys cannot be read or written, and once that they can again.
    fn tell(&self, done: anyhow::Result<()>) {
        let troubled = self.troubled.swap(done.is_err(), Relaxed);
        match done {
            Err(error) if !troubled => tracing::warn!(
                error = format!("{error:#}"),
                "the access keys could not be looked at; those known before hold until they can"
            ),
            Ok(()) if troubled => tracing::info!("the access keys can be looked at again"),
            _ => {}
        }
    }
}
