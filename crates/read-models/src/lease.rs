//! The right to move a read model: an owner shows that it is alive, and its leases end with it. The database's clock is
//! used only for owners that are alive and silent.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use sqlx::{Connection as _, PgConnection};
use tokio::time::timeout;

use crate::{
    checkpoint::{Checkpoint, millis},
    divergence::Comparison,
    place::Place,
    read_model::ReadModel,
    store::{Sql, Store, StoreError},
};

/// How long a live node may be silent, for example when it is frozen, before another node takes over its read models.
pub const LEASE: Duration = Duration::from_secs(5);

/// How long a builder that lives may be silent before another may start over.
pub(crate) const BUILD_LEASE: Duration = Duration::from_secs(60);
/// As [`LEASE`], while it creates indexes and cannot show that it is alive: as long as the indexes of a hundred million
/// rows take.
pub(crate) const INDEX_LEASE: Duration = Duration::from_secs(900);

/// Key of the lock that `$1` has as long as it is alive.
const LOCK_OF: &str = "hashtextextended('orderlog ' || $1, 0)";
/// Ends the name of a lock file that is not locked yet.
const UNLOCKED: &str = ".new";

/// Shows every process that the owner of leases is alive, by a lock that the operating system or the database releases
/// when the owner dies.
pub(crate) enum Presence {
    /// A session that holds an advisory lock.
    Session(Box<PgConnection>),
    /// A locked file beside the read models.
    File {
        /// The lock ends when the file is closed.
        _locked: File,
        path: PathBuf,
    },
}

impl Presence {
    /// Shows that `owner` is alive; `None` while a lost session of it still has the lock.
    pub(crate) async fn show(store: &Store, owner: &str) -> Result<Option<Presence>, StoreError> {
        match store {
            Store::Postgres(pool) => {
                let failed = StoreError::doing("opening a session that holds the leases of");
                let options = pool.connect_options();
                let Ok(opened) = timeout(LEASE, PgConnection::connect_with(&options)).await else { return Ok(None) };
                let mut session = opened.map_err(&failed)?;
                let lock = format!("SELECT pg_try_advisory_lock({LOCK_OF})");
                let (locked,): (bool,) = sqlx::query_as(sqlx::AssertSqlSafe(lock))
                    .bind(owner)
                    .fetch_one(&mut session)
                    .await
                    .map_err(&failed)?;
                Ok(locked.then(|| Presence::Session(Box::new(session))))
            }
            Store::Sqlite { path, .. } => {
                remove_those_of_the_dead(path).map_err(StoreError::Presence)?;
                show_file(file_of(path, owner)).map(Some).map_err(StoreError::Presence)
            }
        }
    }

    /// Whether the lock still exists.
    pub(crate) async fn lasts(&mut self) -> bool {
        match self {
            Presence::Session(session) => matches!(timeout(LEASE, session.ping()).await, Ok(Ok(()))),
            Presence::File { .. } => true,
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Presence::File { path, .. } = self {
            // A file that stays behind is removed by the next process.
            _ = fs::remove_file(path);
        }
    }
}

/// Locks a file before it gets the name by which other processes look for it.
fn show_file(path: PathBuf) -> io::Result<Presence> {
    let mut unlocked = path.clone().into_os_string();
    unlocked.push(UNLOCKED);
    let locked = File::create(&unlocked)?;
    locked.try_lock()?;
    fs::rename(&unlocked, &path)?;
    Ok(Presence::File { _locked: locked, path })
}

/// `projections.db-alive-<owner>`.
fn file_of(database: &Path, owner: &str) -> PathBuf {
    let mut name = prefix_of(database);
    name.push_str(owner);
    database.with_file_name(name)
}

fn prefix_of(database: &Path) -> String {
    format!("{}-alive-", database.file_name().unwrap_or_default().to_string_lossy())
}

fn remove_those_of_the_dead(database: &Path) -> io::Result<()> {
    let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let prefix = prefix_of(database);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&prefix) && !name.ends_with(UNLOCKED) && !is_locked(&entry.path())? {
            // Another process may have removed it already.
            _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

fn is_locked(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    // A shared lock, so that two processes that look at the same time do not take each other for the owner.
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether that owner shows that it lives.
pub(crate) async fn lives(store: &Store, owner: &str) -> Result<bool, StoreError> {
    match store {
        Store::Postgres(pool) => {
            let lock = format!("SELECT pg_try_advisory_xact_lock_shared({LOCK_OF})");
            let taken: Result<(bool,), _> = sqlx::query_as(sqlx::AssertSqlSafe(lock)).bind(owner).fetch_one(pool).await;
            taken.map(|(taken,)| !taken).map_err(StoreError::doing("looking for the owner of"))
        }
        Store::Sqlite { path, .. } => is_locked(&file_of(path, owner)).map_err(StoreError::Presence),
    }
}

/// Whether a lease that ends at `until` is no longer valid at `now`: it is over, or it is longer than any lease,
/// because the clock was ahead when it was taken.
fn is_void(until: i64, now: i64, longest: Duration) -> bool {
    until < now || until > now + millis(longest)
}

/// Whether a live owner holds the lease of this checkpoint.
pub(crate) async fn is_held(store: &Store, checkpoint: &Checkpoint, longest: Duration) -> Result<bool, StoreError> {
    match &checkpoint.owner {
        Some(owner) if !is_void(checkpoint.lease_until, checkpoint.now, longest) => lives(store, owner).await,
        _ => Ok(false),
    }
}

/// Takes a lease, if no other owner took it since `$7` was seen to own it.
const CLAIM: &str = "
UPDATE checkpoints SET owner = $1, lease_until = now_ms() + $2, place = $3
WHERE projection = $4 AND version = $5 AND position = $6 AND COALESCE(owner, '') IN ('', $1, $7)";

/// Takes or renews the leases of read models of this version that are where they were compared with the log, unless
/// another owner holds them; returns those that are ours now.
pub(crate) async fn claim(
    store: &Store,
    owner: &str,
    models: &[&'static ReadModel],
    compared: &Comparison,
) -> Result<HashMap<&'static str, Place>, StoreError> {
    let mut free = vec![];
    for model in models {
        let checkpoint = compared.checkpoints.iter().find(|one| one.projection == model.name);
        let (Some(checkpoint), Some(place)) = (checkpoint, compared.sound.get(model.name)) else { continue };
        let ours = checkpoint.owner.as_deref() == Some(owner);
        if checkpoint.version == model.version && (ours || !is_held(store, checkpoint, LEASE).await?) {
            free.push((model, checkpoint, *place));
        }
    }
    let mut claimed = HashMap::new();
    if free.is_empty() {
        return Ok(claimed);
    }
    let mut tx = store.write().await?;
    for (model, checkpoint, place) in free {
        let sql = store
            .with_clock(CLAIM)
            .bind(owner.to_owned())
            .bind(millis(LEASE))
            .bind(place.to_string())
            .bind(model.name.to_owned())
            .bind(model.version)
            .bind(place.position.0)
            .bind(checkpoint.owner.clone().unwrap_or_default());
        if tx.execute(&sql).await? == 1 {
            claimed.insert(model.name, place);
        }
    }
    tx.commit().await?;
    Ok(claimed)
}

/// Gives up every lease of `owner`.
pub(crate) async fn release(store: &Store, owner: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    let sql = Sql::new("UPDATE checkpoints SET owner = NULL, lease_until = 0 WHERE owner = $1").bind(owner.to_owned());
    tx.execute(&sql).await?;
    tx.commit().await
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60 * 1_000;

    #[test]
    fn a_lease_counts_only_while_the_clock_can_have_given_it() {
        let now = 1_795_000_000_000;
        let lease = millis(LEASE);
        for (until, void) in [(now - 1, true), (now, false), (now + lease, false), (now + lease + 1, true)] {
            assert_eq!(is_void(until, now, LEASE), void, "until {until}");
        }
        // One was taken by a clock that was a day ahead, one by a clock that was a day behind.
        assert!(is_void(now + DAY + lease, now, LEASE));
        assert!(is_void(now - DAY + lease, now, LEASE));
    }

    #[test]
    fn an_owner_lives_until_its_file_is_closed_even_if_the_file_stays() {
        let folder = tempfile::tempdir().unwrap();
        let database = folder.path().join("projections.db");
        let path = file_of(&database, "one");
        assert!(!is_locked(&path).unwrap(), "nobody was ever here");
        let one = show_file(path.clone()).unwrap();
        assert!(is_locked(&path).unwrap());
        remove_those_of_the_dead(&database).unwrap();
        assert!(path.exists(), "one lives");
        drop(one);
        assert!(!path.exists());
        File::create(&path).unwrap();
        assert!(!is_locked(&path).unwrap(), "as kill -9 leaves it");
        remove_those_of_the_dead(&database).unwrap();
        assert!(!path.exists());
    }
}
