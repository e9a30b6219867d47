//! The nodes of a shop: what each says of itself. A row counts only while its node shows that it lives, so none of a dead one does.

use serde_json::Value;
use tokio::time::{Duration, Instant};
use tracing::debug;

use crate::{
    lease,
    store::{Sql, Store, StoreError},
};

/// How long what a node said last stands at least: a busy node says something new with every event.
pub const SAID_EVERY: Duration = Duration::from_secs(5);
/// Where the positions of its read models stand in what a node says.
pub(crate) const POSITIONS: &str = "positions";

/// A node that lives.
#[derive(Debug, Clone, PartialEq)]
pub struct LivingNode {
    /// As it names itself where it writes tables.
    pub id: String,
    /// What it says of itself, at most [`SAID_EVERY`] ago; `positions` has how far its read models are.
    pub about: Value,
}

/// What one node says, and said last.
#[derive(Debug, Default)]
pub(crate) struct Saying {
    last: Option<(Instant, String)>,
}

impl Saying {
    /// Says what is new, if it is time. Nobody waits for it: a failure is tried again.
    pub(crate) async fn say(&mut self, store: &Store, owner: &str, about: impl FnOnce() -> Value) {
        let now = Instant::now();
        if self.last.as_ref().is_some_and(|(at, _)| now < *at + SAID_EVERY) {
            return;
        }
        let about = about().to_string();
        if self.last.as_ref().is_some_and(|(_, said)| *said == about) {
            return;
        }
        match write(store, owner, &about, self.last.is_none()).await {
            Ok(()) => self.last = Some((now, about)),
            Err(error) => debug!(%error, "cannot say how this node is"),
        }
    }
}

const SAY: &str = "
INSERT INTO nodes (owner, about) VALUES ($1, $2) ON CONFLICT (owner) DO UPDATE SET about = excluded.about";
const FORGET: &str = "DELETE FROM nodes WHERE owner = $1";
const ALL: &str = "SELECT owner, about FROM nodes ORDER BY owner";

/// Whoever comes clears away what those left behind who died.
async fn write(store: &Store, owner: &str, about: &str, comes: bool) -> Result<(), StoreError> {
    let mut dead = vec![];
    if comes {
        for (other, _) in rows(store).await? {
            if other != owner && !lease::lives(store, &other).await? {
                dead.push(other);
            }
        }
    }
    let mut tx = store.write().await?;
    for other in dead {
        tx.execute(&Sql::new(FORGET).bind(other)).await?;
    }
    tx.execute(&Sql::new(SAY).bind(owner.to_owned()).bind(about.to_owned())).await?;
    tx.commit().await
}

async fn rows(store: &Store) -> Result<Vec<(String, String)>, StoreError> {
    let mut tx = store.read(&["nodes"]).await?;
    let rows = tx.all(&Sql::new(ALL)).await?;
    tx.commit().await?;
    Ok(rows)
}

/// The nodes that live, in the order in which they started.
pub(crate) async fn living(store: &Store) -> Result<Vec<LivingNode>, StoreError> {
    let mut living = vec![];
    for (id, about) in rows(store).await? {
        if lease::lives(store, &id).await? {
            living.push(LivingNode { id, about: serde_json::from_str(&about).unwrap_or_default() });
        }
    }
    Ok(living)
}

/// A node that stops is none any more.
pub(crate) async fn forget(store: &Store, owner: &str) -> Result<(), StoreError> {
    let mut tx = store.write().await?;
    tx.execute(&Sql::new(FORGET).bind(owner.to_owned())).await?;
    tx.commit().await
}
