//! The one task of a process that appends: a bounded queue before it, a connection of its own behind it.

use std::{
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::{Duration, Instant},
};

use futures::future::BoxFuture;
use orderlog_domain::decide::Shop;
use orderlog_event_log::{Log, LogError, Swap};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use crate::{
    admission::{Admission, Arrivals, Condition, LONGEST_WAIT},
    answers::{Answers, OnAppend},
    batch::Draft,
    outage::{Outage, is_of_the_data},
    recovery::WriterState,
    submission::{PATIENCE, Receipt, Submission, SubmitError, Waiting, unavailable},
    warming::Warming,
};

/// Commands that may wait in the queue; one more is answered `UNAVAILABLE`.
pub const QUEUE_COMMANDS: usize = 4_096;
/// Commands appended at once. A larger batch would save nothing and let its callers wait longer.
const BATCH_COMMANDS: usize = 512;
/// Commands decided at once while an append is running: when it ends, they delay its answers by no more than this.
const ROUND_COMMANDS: usize = 16;
/// Pause before a batch that failed is tried again; it doubles each time.
const RETRY_PAUSE: Duration = Duration::from_millis(10);

/// The options of a writer.
pub struct Options {
    /// The shop's settings, part of every decision.
    pub shop: Shop,
    /// Called with every batch right after it is durable, in order.
    pub on_append: OnAppend,
}

/// A handle to the writer task; cheap to clone.
#[derive(Clone)]
pub struct Writer {
    queue: mpsc::Sender<Waiting>,
    admission: Arc<Admission>,
}

impl Writer {
    /// Starts the task. It ends when it is closed or every handle is dropped, after all waiting commands are answered.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub fn start(log: Log, options: Options) -> BoxFuture<'static, Result<(Writer, JoinHandle<()>), LogError>> {
        Box::pin(async move {
            let Options { shop, on_append } = options;
            let state = WriterState::open(log.clone(), shop).await?;
            let (sender, queue) = mpsc::channel(QUEUE_COMMANDS);
            let admission = Arc::new(Admission::new());
            let task = Task {
                warming: Some(Warming::begin(log.clone(), state.head.position)),
                state,
                answers: Answers::new(log, on_append),
                arrivals: Arrivals::new(queue, Arc::clone(&admission)),
                admission: Arc::clone(&admission),
                outage: Outage::none(Arc::clone(&admission)),
                repeated: vec![],
                unanswered: None,
            };
            Ok((Writer { queue: sender, admission }, tokio::spawn(task.run())))
        })
    }

    /// Sends one command to the task and waits for its receipt. Dropping the future does not recall the command.
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

    /// Accepts no more commands. The task answers those that wait, closes its connection and ends.
    pub fn close(&self) {
        self.admission.closing.notify_one();
    }

    /// Commands in the queue, of at most [`QUEUE_COMMANDS`].
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Streams whose states are in memory, so that a command about them is decided without a statement.
    #[must_use]
    pub fn loaded(&self) -> usize {
        self.admission.loaded.load(Ordering::Relaxed)
    }

    /// Waits for a place in the queue, for bulk work that can wait; the answer can be awaited later. Commands are
    /// decided in the order in which they got their places.
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

    /// Whether the log takes commands, now and whenever that changes.
    #[must_use]
    pub fn condition(&self) -> watch::Receiver<Condition> {
        self.admission.condition.subscribe()
    }
}

async fn answered(answer: oneshot::Receiver<Result<Receipt, SubmitError>>) -> Result<Receipt, SubmitError> {
    answer.await.unwrap_or_else(|_| Err(unavailable("The writer stopped before it answered.").into()))
}

struct Task {
    state: WriterState,
    answers: Answers,
    arrivals: Arrivals,
    admission: Arc<Admission>,
    outage: Outage,
    /// Commands that were sent again while they are being carried out.
    repeated: Vec<Waiting>,
    /// A batch that is durable and not yet answered: the next batch is sent first, so that the database works
    /// meanwhile.
    unanswered: Option<Draft>,
    /// The states to load while no command waits; `None` when all are loaded.
    warming: Option<Warming>,
}

impl Task {
    async fn run(mut self) {
        self.work().await;
        self.state.connection.close().await;
    }

    /// Works until the writer is closed or every handle is dropped.
    async fn work(&mut self) {
        let mut draft = self.state.blank();
        loop {
            if self.outage.is_refusing() {
                if !self.wait_for_the_log().await {
                    return;
                }
                draft = self.state.blank();
            }
            let repeated = std::mem::take(&mut self.repeated);
            self.repeated = draft.add(repeated);
            if draft.waiting.is_empty() {
                self.answer();
                let Some(arrived) = self.receive().await else { return };
                self.repeated = draft.add(arrived);
            }
            draft = self.carry_out(draft).await;
        }
    }

    /// Waits for commands; until one comes, loads what commands will probably need. `None` when no more will come.
    async fn receive(&mut self) -> Option<Vec<Waiting>> {
        while let Some(warming) = &mut self.warming {
            let streams = tokio::select! {
                biased;
                arrived = self.arrivals.receive(BATCH_COMMANDS) => return arrived,
                streams = warming.next() => streams,
            };
            // After a failure the states are not those of the head; then commands come first.
            let loaded = match streams {
                Some(streams) if !self.state.must_recover => self.state.load_ahead(streams).await,
                _ => {
                    self.warming = None;
                    break;
                }
            };
            if let Err(error) = loaded {
                tracing::debug!(%error, "states are loaded when they are needed");
                (self.warming, self.state.must_recover) = (None, true);
            }
            self.admission.loaded.store(self.state.decider.states.len(), Ordering::Relaxed);
        }
        self.arrivals.receive(BATCH_COMMANDS).await
    }

    /// Answers every command of the draft, one way or another. Returns the next draft.
    async fn carry_out(&mut self, mut draft: Draft) -> Draft {
        let started = Instant::now();
        if self.state.must_recover
            && let Err(error) = self.state.recover(&mut draft, started).await
        {
            return self.fail(draft, error).await;
        }
        let mut pause = RETRY_PAUSE;
        while !draft.waiting.is_empty() {
            match self.try_once(&mut draft).await {
                Ok(Some(next)) => {
                    self.admission.done(draft.waiting.len(), started);
                    self.admission.loaded.store(self.state.decider.states.len(), Ordering::Relaxed);
                    self.unanswered = Some(draft);
                    return next;
                }
                Ok(None) => metrics::counter!("orderlog_swaps_lost_total").increment(1),
                // During an outage, a log that can be read but not written would be tried without end.
                Err(error)
                    if !error.is_retryable() || self.outage.is_present() || started.elapsed() + pause > PATIENCE =>
                {
                    return self.fail(draft, error).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "append failed; asking the log what happened");
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
            if let Err(error) = self.state.recover(&mut draft, started).await {
                return self.fail(draft, error).await;
            }
        }
        // Every command had been carried out before: there is nothing to append under the lock.
        if let Err(error) = self.state.connection.unlock().await {
            tracing::warn!(%error, "could not release the head");
            self.state.must_recover = true;
        }
        self.state.blank()
    }

    /// Decides the draft on the present states and appends it. Returns the commands that arrived during the append,
    /// decided on top of it; `None` if nothing was inserted, because another node wrote first or a command had been
    /// carried out before.
    async fn try_once(&mut self, draft: &mut Draft) -> Result<Option<Draft>, LogError> {
        let mut missing = self.state.decider.decide(draft);
        if !missing.is_empty() || !draft.maybe_done.is_empty() || !draft.appends() {
            self.answer(); // The database is read before anything is sent: callers need not wait for that.
        }
        while !missing.is_empty() {
            self.state.load(&missing).await?;
            missing = self.state.decider.decide(draft);
        }
        if self.state.any_done(&draft.maybe_done).await? {
            return Ok(None);
        }
        if !draft.appends() {
            let is_current = self.state.is_current().await?;
            return Ok(is_current.then(|| self.state.blank()));
        }
        let mut next = Draft::after(draft.batch.head.clone());
        let swap = self.append(draft, &mut next).await;
        if let Ok(Swap::Done) = swap {
            self.state.head = draft.batch.head.clone();
            self.state.decider.states.commit_inflight();
            self.outage.end();
            return Ok(Some(next));
        }
        // The next batch was decided on top of this one, so it is discarded too.
        self.repeated.extend(draft.add(next.waiting));
        swap.map(|_| None)
    }

    /// Sends the batch. Meanwhile answers the batch before it, and decides what arrives on top of it.
    async fn append(&mut self, draft: &Draft, next: &mut Draft) -> Result<Swap, LogError> {
        let Task { state, answers, arrivals, repeated, unanswered, .. } = self;
        let WriterState { connection, decider, head, .. } = state;
        metrics::histogram!("orderlog_batch_commands").record(u32::try_from(draft.waiting.len()).unwrap_or(u32::MAX));
        let started = Instant::now();
        decider.states.begin_inflight();
        let mut append = pin!(connection.append(head.position, &draft.batch));
        let (mut open, mut stuck) = (true, false);
        let swap = loop {
            tokio::select! {
                biased;
                swap = &mut append => break swap,
                () = std::future::ready(()), if unanswered.is_some() => {
                    unanswered.take().into_iter().for_each(|durable| answers.send(durable, &mut decider.states));
                }
                arrived = arrivals.receive_meanwhile(ROUND_COMMANDS),
                    if open && !stuck && next.waiting.len() < BATCH_COMMANDS =>
                {
                    open = arrived.is_some();
                    repeated.extend(next.add(arrived.unwrap_or_default()));
                    // States are loaded through the same connection: the rest is decided when it is free.
                    stuck = !decider.decide(next).is_empty();
                }
            }
        };
        metrics::histogram!("orderlog_append_seconds").record(started.elapsed());
        if let Some(durable) = unanswered.take() {
            answers.send(durable, &mut decider.states);
        }
        swap
    }

    /// Answers the durable batch, if there is one.
    fn answer(&mut self) {
        if let Some(durable) = self.unanswered.take() {
            self.answers.send(durable, &mut self.state.decider.states);
        }
    }

    /// Answers every caller of the draft with the failure. If the log takes nothing at all, later callers get the same
    /// answer.
    async fn fail(&mut self, draft: Draft, error: LogError) -> Draft {
        self.answer();
        metrics::counter!("orderlog_append_failures_total").increment(1);
        let commands = draft.waiting.len();
        if is_of_the_data(&error) {
            tracing::error!(%error, commands, "these commands cannot be carried out");
        } else {
            self.outage.begin(&error, commands);
            self.arrivals.turn_away(std::mem::take(&mut self.repeated));
        }
        let error = Arc::new(error);
        for waiting in draft.waiting {
            waiting.answer(Err(SubmitError::Failed(Arc::clone(&error))));
        }
        self.state.give_up().await;
        self.state.blank()
    }

    /// Refuses the commands that arrive, and tries to write to the log until it succeeds. False when no more commands
    /// will come.
    async fn wait_for_the_log(&mut self) -> bool {
        loop {
            let pause = self.outage.next_pause();
            if !self.arrivals.refuse_for(pause, BATCH_COMMANDS).await {
                return false;
            }
            match self.state.try_to_write().await {
                Ok(()) => {
                    self.outage.take_commands();
                    return true;
                }
                Err(error) => self.outage.go_on(&error),
            }
        }
    }
}
