//! Announces appended events to the subscribers in this process. If a subscriber lags, nothing is lost: feeds read gaps
//! from the log.

use std::sync::Arc;

use orderlog_event_log::Recorded;
use tokio::sync::broadcast;

/// Batches kept for a slow subscriber; it reads older ones from the log.
const KEPT_BATCHES: usize = 128;

/// The in-process bus. Clones announce to the same subscribers.
#[derive(Debug, Clone)]
pub struct Bus {
    sender: broadcast::Sender<Arc<[Recorded]>>,
}

impl Bus {
    /// A bus without subscribers.
    #[must_use]
    pub fn new() -> Bus {
        Bus { sender: broadcast::Sender::new(KEPT_BATCHES) }
    }

    /// Announces events just appended. Never waits.
    pub fn publish(&self, events: Arc<[Recorded]>) {
        // An error only means that there is no subscriber.
        let _ = self.sender.send(events);
    }

    /// Batches announced from now on.
    #[must_use]
    pub fn subscribe(&self) -> BusSubscription {
        BusSubscription { receiver: self.sender.subscribe() }
    }
}

impl Default for Bus {
    fn default() -> Bus {
        Bus::new()
    }
}

/// One subscriber's end of a [`Bus`].
#[derive(Debug)]
pub struct BusSubscription {
    receiver: broadcast::Receiver<Arc<[Recorded]>>,
}

impl BusSubscription {
    /// The next batch; `None` after every [`Bus`] was dropped. Batches may be missing, which the positions show.
    /// Cancel-safe.
    pub async fn next(&mut self) -> Option<Arc<[Recorded]>> {
        loop {
            match self.receiver.recv().await {
                Ok(events) => return Some(events),
                Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return None,
            }
        }
    }

    /// The next batch if one is waiting.
    pub fn try_next(&mut self) -> Option<Arc<[Recorded]>> {
        loop {
            match self.receiver.try_recv() {
                Ok(events) => return Some(events),
                Err(broadcast::error::TryRecvError::Lagged(_)) => {}
                Err(broadcast::error::TryRecvError::Empty | broadcast::error::TryRecvError::Closed) => return None,
            }
        }
    }
}
