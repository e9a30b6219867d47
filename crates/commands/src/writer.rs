//! The one task of a process that appends: a bounded queue in front, a connection of its own behind.

use std::{collections::HashSet, sync::Arc, time::Instant};

use orderlog_domain::{
    decide::Shop,
    rejection::{Code, Rejection},
    world::World,
};
use orderlog_event_log::{Head, Log, LogError, LogWriter, Recorded, Swap};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    plan::{Outcome, Plan},
    settle::may_pass,
    submission::{Receipt, Submission, SubmitError},
};

/// Commands that may wait; one more is answered `UNAVAILABLE`.
pub const QUEUE_COMMANDS: usize = 4_096;
/// Commands appended at once. Beyond it a larger batch saves nothing and lets its callers wait longer.
pub const BATCH_COMMANDS: usize = 512;
/// Streams kept in memory between batches.
pub const CACHED_STREAMS: usize = 50_000;

/// What the writer is started with.
pub struct Options {
    /// The shop's settings, part of every decision.
    pub shop: Shop,
    /// Told of every batch right after it is durable, in order.
    pub on_append: Box<dyn Fn(Arc<[Recorded]>) + Send + Sync>,
}

/// A handle to the writer task; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
}

pub(crate) struct Waiting {
    pub(crate) submission: Submission,
    pub(crate) reply: oneshot::Sender<Result<Receipt, SubmitError>>,
}

impl Writer {
    /// Starts the task. It ends when every handle is gone and all that waited is answered.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn start(log: Log, options: Options) -> Result<(Writer, JoinHandle<()>), LogError> {
        let mut connection = log.writer().await?;
        let head = connection.head().await?;
        let (queue, waiting) = mpsc::channel(QUEUE_COMMANDS);
        let task =
            Task { log, connection, options, head, world: World::default(), must_settle: false, snapshotted: None };
        Ok((Writer { queue }, tokio::spawn(task.run(waiting))))
    }

    /// Hands over one command and waits for its receipt. Dropping the future does not recall the command.
    ///
    /// # Errors
    /// With the rejection, or with the failure of the log.
    pub async fn submit(&self, submission: Submission) -> Result<Receipt, SubmitError> {
        let (reply, answer) = oneshot::channel();
        self.queue.try_send(Waiting { submission, reply }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => unavailable("Too many commands are waiting."),
            mpsc::error::TrySendError::Closed(_) => unavailable("The server is shutting down."),
        })?;
        answered(answer).await
    }

    /// Waits for a place in the queue, for bulk work that brings its own patience; the answer can be awaited later.
    /// Commands are decided in the order in which they got their places.
    ///
    /// # Errors
    /// When the writer has stopped.
    pub async fn enqueue(
        &self,
        submission: Submission,
    ) -> Result<impl Future<Output = Result<Receipt, SubmitError>> + Send + use<>, SubmitError> {
        let (reply, answer) = oneshot::channel();
        let sent = self.queue.send(Waiting { submission, reply }).await;
        sent.map_err(|_| unavailable("The server is shutting down."))?;
        Ok(answered(answer))
    }
}

async fn answered(answer: oneshot::Receiver<Result<Receipt, SubmitError>>) -> Result<Receipt, SubmitError> {
    answer.await.unwrap_or_else(|_| Err(unavailable("The writer stopped before it answered.").into()))
}

fn unavailable(message: &str) -> Rejection {
    Rejection::new(Code::Unavailable, message)
        .hint("Nothing is lost: call again in a moment with the same idempotency_key.")
}

/// The same command sent twice at once: its repetitions wait until the first is settled, and find it in the log.
fn set_repetitions_aside(batch: &mut Vec<Waiting>) -> Vec<Waiting> {
    let mut seen = HashSet::with_capacity(batch.len());
    batch.extract_if(.., |waiting| !seen.insert(waiting.submission.command_id)).collect()
}

pub(crate) struct Task {
    pub(crate) log: Log,
    pub(crate) connection: LogWriter,
    pub(crate) options: Options,
    /// The head that `world` reflects.
    pub(crate) head: Head,
    pub(crate) world: World,
    /// After a failure: the next batch must first find out where the log stands.
    pub(crate) must_settle: bool,
    /// A snapshot being saved; at most one at a time.
    pub(crate) snapshotted: Option<JoinHandle<()>>,
}

impl Task {
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let mut waiting = Vec::with_capacity(BATCH_COMMANDS);
        while queue.recv_many(&mut waiting, BATCH_COMMANDS).await > 0 {
            while !waiting.is_empty() {
                let mut batch = std::mem::take(&mut waiting);
                waiting = set_repetitions_aside(&mut batch);
                metrics::histogram!("orderlog_batch_commands").record(u32::try_from(batch.len()).unwrap_or(u32::MAX));
                self.carry_out(&mut batch).await;
                self.world.evict(CACHED_STREAMS);
            }
        }
    }

    /// Answers every command of the batch, one way or another.
    async fn carry_out(&mut self, waiting: &mut Vec<Waiting>) {
        if self.must_settle
            && let Err(error) = self.settle(waiting).await
        {
            return self.fail(waiting, error).await;
        }
        while !waiting.is_empty() {
            match self.try_once(waiting).await {
                Ok(Attempt::Answered) => return,
                Ok(Attempt::Overtaken) => {}
                Err(error) if !may_pass(&error) => return self.fail(waiting, error).await,
                Err(error) => tracing::warn!(%error, "append failed; asking the log what happened"),
            }
            if let Err(error) = self.settle(waiting).await {
                return self.fail(waiting, error).await;
            }
        }
        // Everything had been carried out before: nothing is left to append under the lock.
        if let Err(error) = self.connection.unlock().await {
            tracing::warn!(%error, "could not release the head");
            self.must_settle = true;
        }
    }

    /// Decides everything on the present state and appends it, unless somebody else wrote in between.
    async fn try_once(&mut self, waiting: &mut Vec<Waiting>) -> Result<Attempt, LogError> {
        self.world.mark();
        let plan = self.plan(waiting).await?;
        let standing = !self.any_done(&plan.doubtful).await?
            && if plan.appends() { self.append(&plan).await? } else { self.is_current().await? };
        if !standing {
            metrics::counter!("orderlog_swaps_lost_total").increment(1);
            return Ok(Attempt::Overtaken);
        }
        self.answer(waiting, plan);
        Ok(Attempt::Answered)
    }

    async fn append(&mut self, plan: &Plan) -> Result<bool, LogError> {
        let started = Instant::now();
        let swap = self.connection.append(self.head.position, &plan.batch).await?;
        metrics::histogram!("orderlog_append_seconds").record(started.elapsed());
        Ok(matches!(swap, Swap::Done))
    }

    /// An answer that appends nothing is right only if nobody wrote since: no swap has checked it.
    async fn is_current(&mut self) -> Result<bool, LogError> {
        let head = self.connection.head().await?;
        self.connection.unlock().await?;
        Ok(head.position == self.head.position)
    }

    fn answer(&mut self, waiting: &mut Vec<Waiting>, plan: Plan) {
        self.head = plan.batch.head;
        self.world.mark();
        let events: Arc<[Recorded]> = plan.batch.events.into();
        if !events.is_empty() {
            metrics::counter!("orderlog_events_appended_total").increment(events.len() as u64);
            (self.options.on_append)(Arc::clone(&events));
            self.snapshot_long_streams(&events);
        }
        for (waiting, outcome) in waiting.drain(..).zip(plan.outcomes) {
            let answer = match outcome {
                Outcome::Decided(decided) => Ok(decided.receipt(&waiting.submission, &events)),
                Outcome::Foreseen(receipt) => Ok(*receipt),
                Outcome::Rejected(rejection) => Err(rejection.into()),
            };
            // A caller that went away needs no answer: the command stands.
            let _ = waiting.reply.send(answer);
        }
    }

    async fn fail(&mut self, waiting: &mut Vec<Waiting>, error: LogError) {
        tracing::error!(%error, commands = waiting.len(), "the log does not take commands");
        metrics::counter!("orderlog_append_failures_total").increment(1);
        self.must_settle = true;
        let error = Arc::new(error);
        for waiting in waiting.drain(..) {
            let _ = waiting.reply.send(Err(SubmitError::Failed(Arc::clone(&error))));
        }
        // Never leave the head locked behind: other nodes go on.
        if self.connection.unlock().await.is_err()
            && let Err(error) = self.connection.reconnect().await
        {
            tracing::warn!(%error, "the database is not there yet");
        }
    }
}

enum Attempt {
    /// Every caller has its answer.
    Answered,
    /// Somebody else wrote first, or a command had been carried out before; nothing was inserted.
    Overtaken,
}
