//! Polls the databases in the background, so that `/readyz` and `/metrics` answer at once.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use orderlog_domain::ids::Position;
use orderlog_read_models::Status;
use tokio::sync::{Notify, watch};

use super::{
    limits::{LOOK_INTERVAL, PATIENCE, QUICK},
    recorder,
};
use crate::{log_check, node::Node};

/// The last known state of the databases.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    at: Instant,
    /// The log's last position, or why it could not be read.
    pub(super) log: Result<Position, String>,
    /// The fault in the time of the last event.
    pub(super) clock: Option<String>,
    pub(super) read_models: Result<Vec<Status>, String>,
    /// Age of the first event that a read model has not folded yet, by the position before it.
    pub(super) ages: BTreeMap<Position, Duration>,
}

/// Checks the databases again and again, so that no request must wait for them.
#[derive(Debug, Clone)]
pub(super) struct Health {
    seen: watch::Receiver<Option<Seen>>,
    wanted: Arc<Notify>,
}

impl Health {
    /// Looks until the node stops.
    pub(super) fn start(node: Arc<Node>) -> Health {
        let (sender, seen) = watch::channel(None);
        let health = Health { seen, wanted: Arc::default() };
        let wanted = Arc::clone(&health.wanted);
        tokio::spawn(async move {
            while !node.stopping.is_cancelled() {
                sender.send_replace(Some(look(&node).await));
                recorder::upkeep();
                tokio::select! {
                    () = wanted.notified() => {}
                    () = node.stopping.cancelled() => {}
                    () = tokio::time::sleep(LOOK_INTERVAL) => {}
                }
            }
        });
        health
    }

    /// The state of the databases now; after [`QUICK`], the last known one. An error if that is too old.
    pub(super) async fn now(&self) -> Result<Seen, String> {
        let mut seen = self.seen.clone();
        seen.mark_unchanged();
        self.wanted.notify_one();
        // Without a new state, the last one counts.
        let _ = tokio::time::timeout(QUICK, seen.changed()).await;
        let seen = seen.borrow().clone();
        match seen {
            Some(seen) if seen.at.elapsed() <= PATIENCE => Ok(seen),
            Some(seen) => Err(format!("no answer for {} s", seen.at.elapsed().as_secs())),
            None => Err("no answer yet".to_owned()),
        }
    }
}

async fn look(node: &Node) -> Seen {
    let head = node.shop.log.head().await.map_err(|error| error.to_string());
    let read_models = match &head {
        Ok(head) => node.shop.projections.status(head.position).await.map_err(|error| error.to_string()),
        Err(_) => Err("the log could not be read".to_owned()),
    };
    let mut ages = BTreeMap::new();
    for one in read_models.iter().flatten().filter(|one| one.lag > 0) {
        if let Some(recorded_at) = recorded_after(node, one.position).await {
            ages.insert(one.position, (node.shop.clock.now() - recorded_at).to_std().unwrap_or_default());
        }
    }
    let clock = head.as_ref().ok().and_then(|head| log_check::clock_trouble(head, node.shop.clock.now()));
    Seen { at: Instant::now(), clock, log: head.map(|head| head.position), read_models, ages }
}

async fn recorded_after(node: &Node, position: Position) -> Option<DateTime<Utc>> {
    #[derive(serde::Deserialize)]
    struct Moment {
        recorded_at: DateTime<Utc>,
    }
    let next = node.shop.log.read(position, 1).await.ok()?;
    serde_json::from_str::<Moment>(&next.first()?.json).ok().map(|moment| moment.recorded_at)
}
