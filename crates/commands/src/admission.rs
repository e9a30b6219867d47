//! The queue in front of the writer. It admits no command while the log takes none, and no command that would wait too
//! long.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use orderlog_domain::rejection::Rejection;
use tokio::sync::{Notify, mpsc, watch};

use crate::submission::{Waiting, unavailable};

/// How long a command may wait before it is decided. A command that has waited longer, or would wait longer, is
/// refused.
pub const LONGEST_WAIT: Duration = Duration::from_secs(1);
/// While the oldest command waits less than this, the queue is a burst, which larger batches soon carry away.
const BURST: Duration = Duration::from_millis(100);
/// The latest batch counts as one part of so many in the measured pace.
const PACE_MEMORY: u64 = 4;

/// Whether the log takes commands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Condition {
    /// The log takes commands, as far as is known.
    Taking,
    /// The log takes no commands, and new commands are refused at once.
    Refusing {
        /// The message of the database.
        reason: String,
    },
}

impl Condition {
    /// The answer to a command that comes now.
    fn refusal(&self) -> Option<Rejection> {
        match self {
            Condition::Taking => None,
            Condition::Refusing { reason } => Some(
                unavailable(&format!("The log does not take commands just now: {reason}."))
                    .retry_after(Duration::from_secs(1)),
            ),
        }
    }
}

/// How fast the queue moves: measured by the writer, and read by everybody who wants to join the queue.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) condition: watch::Sender<Condition>,
    /// Notified when no more commands are accepted.
    pub(crate) closing: Notify,
    /// Nanoseconds per command, over the last batches.
    pace: AtomicU64,
    /// Milliseconds that the command taken last had waited.
    waited: AtomicU64,
    /// Streams whose states are in memory.
    pub(crate) loaded: AtomicUsize,
}

impl Admission {
    pub(crate) fn new() -> Admission {
        Admission {
            condition: watch::Sender::new(Condition::Taking),
            closing: Notify::new(),
            pace: AtomicU64::new(0),
            waited: AtomicU64::new(0),
            loaded: AtomicUsize::new(0),
        }
    }

    /// Refuses a command that has `ahead` others before it in the queue, if it would wait too long.
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

    /// Measures the pace: a batch of so many commands, begun then, is durable now.
    pub(crate) fn done(&self, commands: usize, begun: Instant) {
        let Ok(took) = u64::try_from(begun.elapsed().as_nanos() / commands.max(1) as u128) else { return };
        let pace = self.pace.load(Ordering::Relaxed);
        self.pace.store((pace * (PACE_MEMORY - 1) + took) / PACE_MEMORY, Ordering::Relaxed);
    }
}

/// The writer's end of the queue.
pub(crate) struct Arrivals {
    queue: mpsc::Receiver<Waiting>,
    admission: Arc<Admission>,
}

impl Arrivals {
    pub(crate) fn new(queue: mpsc::Receiver<Waiting>, admission: Arc<Admission>) -> Arrivals {
        Arrivals { queue, admission }
    }

    /// Waits for commands and takes at most `limit`. `None` when no more will come.
    pub(crate) async fn receive(&mut self, limit: usize) -> Option<Vec<Waiting>> {
        if self.queue.is_empty() {
            self.admission.waited.store(0, Ordering::Relaxed);
        }
        let arrived = self.next(limit).await?;
        Some(self.admitted(arrived))
    }

    /// As [`receive`](Self::receive), while a batch is being appended: closing can wait until the append is done.
    pub(crate) async fn receive_meanwhile(&mut self, limit: usize) -> Option<Vec<Waiting>> {
        let mut arrived = Vec::with_capacity(limit);
        let count = self.queue.recv_many(&mut arrived, limit).await;
        (count > 0).then(|| self.admitted(arrived))
    }

    /// Refuses the commands that arrive within a pause. False when no more will come.
    pub(crate) async fn refuse_for(&mut self, pause: Duration, limit: usize) -> bool {
        let mut over = pin!(tokio::time::sleep(pause));
        loop {
            tokio::select! {
                () = &mut over => return true,
                arrived = self.next(limit) => match arrived {
                    Some(arrived) => self.turn_away(arrived),
                    None => return false,
                }
            }
        }
    }

    /// Refuses commands because the log takes none.
    pub(crate) fn turn_away(&self, waiting: Vec<Waiting>) {
        for waiting in waiting {
            if let Some(refusal) = self.admission.condition.borrow().refusal() {
                waiting.answer(Err(refusal.into()));
            }
        }
    }

    async fn next(&mut self, limit: usize) -> Option<Vec<Waiting>> {
        let mut arrived = Vec::new();
        loop {
            tokio::select! {
                count = self.queue.recv_many(&mut arrived, limit) => return (count > 0).then_some(arrived),
                () = self.admission.closing.notified(), if !self.queue.is_closed() => self.queue.close(),
            }
        }
    }

    /// Refuses those that have waited too long: their callers gave up, or soon will.
    fn admitted(&self, mut arrived: Vec<Waiting>) -> Vec<Waiting> {
        let late = arrived.extract_if(.., |waiting| {
            let waited = waiting.since.map_or(Duration::ZERO, |since| since.elapsed());
            self.admission.waited.store(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            waited > LONGEST_WAIT
        });
        for waiting in late {
            let waited = waiting.since.map_or(Duration::ZERO, |since| since.elapsed());
            waiting.answer(Err(overloaded(waited).into()));
        }
        arrived
    }
}

fn overloaded(wait: Duration) -> Rejection {
    metrics::counter!("orderlog_commands_shed_total").increment(1);
    unavailable("More commands are waiting than can be carried out within a second.").retry_after(wait)
}
