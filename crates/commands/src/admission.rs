//! Whether a command may wait for its turn: not while the log takes none, and not longer than a caller would wait.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

use orderlog_domain::rejection::{Code, Rejection};
use tokio::sync::{Notify, watch};

use crate::writer::Waiting;

/// How long a command may wait before it is decided. One that has waited longer is refused, and so is one that would.
pub const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// A queue whose oldest command waits less than this is a burst, which larger batches take away by themselves.
const BURST: Duration = Duration::from_millis(100);
/// How much the latest batch counts in the measured pace, as one part of so many.
const PACE_MEMORY: u64 = 4;

/// Whether the log takes commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// It does, as far as is known.
    Taking,
    /// It does not, and new commands are refused at once until it does.
    Refusing {
        /// What the database said.
        reason: String,
    },
}

impl Condition {
    /// The answer to a command that comes now.
    pub(crate) fn refusal(&self) -> Option<Rejection> {
        match self {
            Condition::Taking => None,
            Condition::Refusing { reason } => Some(
                unavailable(&format!("The log does not take commands just now: {reason}."))
                    .retry_after(Duration::from_secs(1)),
            ),
        }
    }
}

/// How fast the queue moves, measured by the writer and read by everybody who wants to join it.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) condition: watch::Sender<Condition>,
    /// Told when no more commands shall be taken.
    pub(crate) closing: Notify,
    /// Nanoseconds from one command to the next, over the last batches.
    pace: AtomicU64,
    /// Milliseconds that the command taken last had waited.
    waited: AtomicU64,
}

impl Queue {
    pub(crate) fn new() -> Queue {
        Queue {
            condition: watch::Sender::new(Condition::Taking),
            closing: Notify::new(),
            pace: AtomicU64::new(0),
            waited: AtomicU64::new(0),
        }
    }

    /// Refuses a command that would be the `ahead`th to wait, if it would wait too long.
    pub(crate) fn admit(&self, ahead: usize) -> Result<(), Rejection> {
        if let Some(refusal) = self.condition.borrow().refusal() {
            return Err(refusal);
        }
        let expected = Duration::from_nanos(self.pace.load(Ordering::Relaxed).saturating_mul(ahead as u64));
        if expected > LONGEST_WAIT && Duration::from_millis(self.waited.load(Ordering::Relaxed)) > BURST {
            return Err(overloaded(expected));
        }
        Ok(())
    }

    /// Takes commands out of the queue, refusing those that have waited too long: their callers gave up or soon will.
    pub(crate) fn take(&self, arrived: impl Iterator<Item = Waiting>) -> Vec<Waiting> {
        let mut taken = vec![];
        for waiting in arrived {
            let waited = waiting.since.map_or(Duration::ZERO, |since| since.elapsed());
            self.waited.store(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            if waited > LONGEST_WAIT {
                waiting.refuse(overloaded(waited));
            } else {
                taken.push(waiting);
            }
        }
        taken
    }

    /// Nobody waits.
    pub(crate) fn idle(&self) {
        self.waited.store(0, Ordering::Relaxed);
    }

    /// A batch of so many commands, begun then, is durable now.
    pub(crate) fn done(&self, commands: usize, begun: Instant) {
        let Ok(took) = u64::try_from(begun.elapsed().as_nanos() / commands.max(1) as u128) else { return };
        let pace = self.pace.load(Ordering::Relaxed);
        self.pace.store((pace * (PACE_MEMORY - 1) + took) / PACE_MEMORY, Ordering::Relaxed);
    }
}

fn overloaded(wait: Duration) -> Rejection {
    metrics::counter!("orderlog_commands_shed_total").increment(1);
    unavailable("More commands are waiting than can be carried out within a second.").retry_after(wait)
}

pub(crate) fn unavailable(message: &str) -> Rejection {
    Rejection::new(Code::Unavailable, message)
        .hint("Nothing is lost: call again in a moment with the same idempotency_key.")
}
