//! The one task of a process that appends: a bounded queue in front, a connection of its own behind.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use orderlog_domain::{decide::Shop, rejection::Rejection, states::States};
use orderlog_event_log::{Head, Log, LogError, LogWriter, Recorded, Swap};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    admission::{Condition, LONGEST_WAIT, Queue, unavailable},
    desk::Desk,
    draft::Draft,
    load,
    outage::Outage,
    recent::Recent,
    settle::PATIENCE,
    submission::{Receipt, Submission, SubmitError},
};

/// Commands that may wait, however fast they would be carried out; one more is answered `UNAVAILABLE`.
pub const QUEUE_COMMANDS: usize = 4_096;
/// Commands appended at once. Beyond it a larger batch saves nothing and lets its callers wait longer.
pub const BATCH_COMMANDS: usize = 512;
/// Commands decided at once while an append is on its way: its answer waits no longer than these take.
const ROUND_COMMANDS: usize = 16;
/// Pause before a batch that failed is tried again; it doubles each time.
const SECOND_TRY: Duration = Duration::from_millis(10);
/// Streams kept in memory between batches.
pub const CACHED_STREAMS: usize = 50_000;

/// What the writer is started with.
pub struct Options {
    /// The shop's settings, part of every decision.
    pub shop: Shop,
    /// Told of every batch right after it is durable, in order.
    pub on_append: OnAppend,
}

/// What is done with every batch once it is durable.
pub type OnAppend = Box<dyn Fn(Arc<[Recorded]>) + Send + Sync>;

/// A handle to the writer task; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
    admission: Arc<Queue>,
}

pub(crate) struct Waiting {
    pub(crate) submission: Submission,
    pub(crate) reply: oneshot::Sender<Result<Receipt, SubmitError>>,
    /// Since when; `None` for bulk work that waits as long as it takes.
    pub(crate) since: Option<Instant>,
}

impl Waiting {
    pub(crate) fn refuse(self, rejection: Rejection) {
        let _ = self.reply.send(Err(rejection.into()));
    }
}

impl Writer {
    /// Starts the task. It ends when it is closed or every handle is gone, after all that waited is answered.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn start(log: Log, options: Options) -> Result<(Writer, JoinHandle<()>), LogError> {
        let mut connection = log.writer().await?;
        let head = connection.head().await?;
        let (sender, queue) = mpsc::channel(QUEUE_COMMANDS);
        let Options { shop, on_append } = options;
        let (states, recent) = (States::default(), Recent::new(&head));
        let desk = Desk { log, shop, on_append, states, recent, snapshotted: None };
        let admission = Arc::new(Queue::new());
        let task = Task {
            connection,
            desk,
            head,
            must_settle: false,
            queue,
            admission: Arc::clone(&admission),
            outage: None,
            repeated: vec![],
            unanswered: None,
        };
        Ok((Writer { queue: sender, admission }, tokio::spawn(task.run())))
    }

    /// Hands over one command and waits for its receipt. Dropping the future does not recall the command.
    ///
    /// # Errors
    /// With the rejection, or with the failure of the log.
    pub async fn submit(&self, submission: Submission) -> Result<Receipt, SubmitError> {
        self.admission.admit(self.waiting())?;
        let (reply, answer) = oneshot::channel();
        let waiting = Waiting { submission, reply, since: Some(Instant::now()) };
        self.queue.try_send(waiting).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => {
                unavailable("Too many commands are waiting.").retry_after(LONGEST_WAIT)
            }
            mpsc::error::TrySendError::Closed(_) => unavailable("The server is shutting down."),
        })?;
        answered(answer).await
    }

    /// Takes no more commands. The task answers what waits, closes its connection and ends.
    pub fn close(&self) {
        self.admission.closing.notify_one();
    }

    /// Commands in the queue, of at most [`QUEUE_COMMANDS`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
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
        let sent = self.queue.send(Waiting { submission, reply, since: None }).await;
        sent.map_err(|_| unavailable("The server is shutting down."))?;
        Ok(answered(answer))
    }

    /// Whether the log takes commands, now and as it changes.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.admission.condition.subscribe()
    }
}

async fn answered(answer: oneshot::Receiver<Result<Receipt, SubmitError>>) -> Result<Receipt, SubmitError> {
    answer.await.unwrap_or_else(|_| Err(unavailable("The writer stopped before it answered.").into()))
}

pub(crate) struct Task {
    pub(crate) connection: LogWriter,
    pub(crate) desk: Desk,
    /// The head that the committed states reflect.
    pub(crate) head: Head,
    /// After a failure: the next batch must first find out where the log stands.
    pub(crate) must_settle: bool,
    pub(crate) queue: mpsc::Receiver<Waiting>,
    pub(crate) admission: Arc<Queue>,
    /// While the log cannot be written.
    pub(crate) outage: Option<Outage>,
    /// Commands sent again while they are being carried out.
    pub(crate) repeated: Vec<Waiting>,
    /// Durable, but not yet answered: the next batch is sent first, so that the database works while callers are told.
    unanswered: Option<Draft>,
}

impl Task {
    async fn run(mut self) {
        self.work().await;
        self.connection.close().await;
    }

    /// Until the writer is closed or nobody is left to write for.
    async fn work(&mut self) {
        let mut draft = self.blank();
        loop {
            if self.is_refusing() {
                if !self.wait_for_the_log().await {
                    return;
                }
                draft = self.blank();
            }
            let repeated = std::mem::take(&mut self.repeated);
            self.repeated = draft.take_in(repeated);
            if draft.waiting.is_empty() {
                self.answer();
                let mut arrived = Vec::new();
                if self.queue.is_empty() {
                    self.admission.idle();
                }
                if self.receive(&mut arrived).await == 0 {
                    return;
                }
                self.repeated = draft.take_in(self.admission.take(arrived.into_iter()));
            }
            draft = self.carry_out(draft).await;
        }
    }

    /// Waits for commands; 0 when none will come any more.
    pub(crate) async fn receive(&mut self, arrived: &mut Vec<Waiting>) -> usize {
        loop {
            tokio::select! {
                count = self.queue.recv_many(arrived, BATCH_COMMANDS) => return count,
                () = self.admission.closing.notified(), if !self.queue.is_closed() => self.queue.close(),
            }
        }
    }

    /// Answers every command of the draft, one way or another, and brings the next draft.
    async fn carry_out(&mut self, mut draft: Draft) -> Draft {
        let started = Instant::now();
        if self.must_settle
            && let Err(error) = self.settle(&mut draft, started).await
        {
            return self.fail(draft, error).await;
        }
        let mut pause = SECOND_TRY;
        while !draft.waiting.is_empty() {
            match self.try_once(&mut draft).await {
                Ok(Some(next)) => {
                    self.admission.done(draft.waiting.len(), started);
                    self.unanswered = Some(draft);
                    return next;
                }
                Ok(None) => metrics::counter!("orderlog_swaps_lost_total").increment(1),
                Err(error) if !error.may_pass() || self.outage.is_some() || started.elapsed() + pause > PATIENCE => {
                    return self.fail(draft, error).await;
                }
                // A lost session is soon replaced. A log that can be read but not written would be tried without end.
                Err(error) => {
                    tracing::debug!(%error, "append failed; asking the log what happened");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
            if let Err(error) = self.settle(&mut draft, started).await {
                return self.fail(draft, error).await;
            }
        }
        // Everything had been carried out before: nothing is left to append under the lock.
        if let Err(error) = self.connection.unlock().await {
            tracing::warn!(%error, "could not release the head");
            self.must_settle = true;
        }
        self.blank()
    }

    /// Decides everything on the present state and appends it. Brings what arrived meanwhile, decided on top of it; `None`
    /// when somebody else wrote first, or a command had been carried out before, and so nothing was inserted.
    async fn try_once(&mut self, draft: &mut Draft) -> Result<Option<Draft>, LogError> {
        let mut missing = self.desk.decide(draft);
        if !missing.is_empty() || !draft.doubtful.is_empty() || !draft.appends() {
            self.answer(); // The database will be asked before anything is sent.
        }
        while !missing.is_empty() {
            let states = load::load(&mut self.connection, &missing.streams).await?;
            states.into_iter().for_each(|state| self.desk.states.insert(state));
            if let Some(since) = missing.since {
                self.desk.recent.recall(&mut self.connection, self.head.position, since).await?;
            }
            missing = self.desk.decide(draft);
        }
        if self.any_done(&draft.doubtful).await? {
            return Ok(None);
        }
        if !draft.appends() {
            let stands = self.is_current().await?;
            return Ok(stands.then(|| self.blank()));
        }
        let mut next = Draft::behind(draft.batch.head.clone());
        let swap = self.append(draft, &mut next).await;
        if let Ok(Swap::Done) = swap {
            self.head = draft.batch.head.clone();
            self.desk.states.commit_inflight();
            self.end_outage();
            return Ok(Some(next));
        }
        // What was decided on top falls with it.
        self.repeated.extend(draft.take_in(next.waiting));
        swap.map(|_| None)
    }

    /// Sends the batch. While the database works, answers the batch before and decides what arrives on top of this one.
    async fn append(&mut self, draft: &Draft, next: &mut Draft) -> Result<Swap, LogError> {
        let Task { connection, desk, head, queue, admission, repeated, unanswered, .. } = self;
        metrics::histogram!("orderlog_batch_commands").record(u32::try_from(draft.waiting.len()).unwrap_or(u32::MAX));
        let started = Instant::now();
        desk.states.begin_inflight();
        let mut append = pin!(connection.append(head.position, &draft.batch));
        let (mut arrived, mut open, mut stuck) = (Vec::with_capacity(ROUND_COMMANDS), true, false);
        let swap = loop {
            tokio::select! {
                biased;
                swap = &mut append => break swap,
                () = std::future::ready(()), if unanswered.is_some() => {
                    unanswered.take().into_iter().for_each(|durable| desk.answer(durable));
                }
                count = queue.recv_many(&mut arrived, ROUND_COMMANDS),
                    if open && !stuck && next.waiting.len() < BATCH_COMMANDS =>
                {
                    open = count > 0;
                    repeated.extend(next.take_in(admission.take(arrived.drain(..))));
                    // States are loaded through the same connection: the rest is decided when it is free.
                    stuck = !desk.decide(next).is_empty();
                }
            }
        };
        metrics::histogram!("orderlog_append_seconds").record(started.elapsed());
        if let Some(durable) = unanswered.take() {
            desk.answer(durable);
        }
        swap
    }

    /// An answer that appends nothing is right only if nobody wrote since: no swap has checked it.
    async fn is_current(&mut self) -> Result<bool, LogError> {
        let head = self.connection.head().await?;
        self.connection.unlock().await?;
        Ok(head.position == self.head.position)
    }

    pub(crate) fn answer(&mut self) {
        if let Some(durable) = self.unanswered.take() {
            self.desk.answer(durable);
        }
    }

    pub(crate) fn blank(&self) -> Draft {
        Draft::behind(self.head.clone())
    }
}
