//! A log that cannot be written: commands are refused at once, and it is tried with growing pauses until it can be.

use std::{
    pin::pin,
    sync::Arc,
    time::{Duration, Instant},
};

use orderlog_event_log::LogError;

use crate::{
    admission::Condition,
    draft::Draft,
    submission::SubmitError,
    writer::{Task, Waiting},
};

/// Pause before the first try.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The pause doubles up to this: long enough to cost nothing, short enough to go on within a second.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// From the first batch that failed until the first that is durable again.
#[derive(Debug)]
pub(crate) struct Outage {
    since: Instant,
    pause: Duration,
}

impl Outage {
    fn begin() -> Outage {
        Outage { since: Instant::now(), pause: FIRST_PAUSE }
    }
}

impl Task {
    /// Tells every caller of the draft what went wrong; where the log takes nothing, also everybody who comes from now on.
    pub(crate) async fn fail(&mut self, draft: Draft, error: LogError) -> Draft {
        self.answer();
        metrics::counter!("orderlog_append_failures_total").increment(1);
        let commands = draft.waiting.len();
        if is_of_the_data(&error) {
            tracing::error!(%error, commands, "these commands cannot be carried out");
        } else {
            if self.outage.is_none() {
                tracing::error!(%error, commands, "the log does not take commands; it is tried until it does");
            }
            self.outage.get_or_insert_with(Outage::begin);
            self.refuse_from_now_on(&error);
            std::mem::take(&mut self.repeated).into_iter().for_each(|waiting| self.turn_away(waiting));
        }
        self.must_settle = true;
        let error = Arc::new(error);
        for waiting in draft.waiting {
            let _ = waiting.reply.send(Err(SubmitError::Failed(Arc::clone(&error))));
        }
        // Never leave the head locked behind: other nodes go on.
        if self.connection.unlock().await.is_err()
            && let Err(error) = self.connection.reconnect().await
        {
            tracing::debug!(%error, "the database is not there yet");
        }
        self.blank()
    }

    pub(crate) fn is_refusing(&self) -> bool {
        *self.admission.condition.borrow() != Condition::Taking
    }

    /// Refuses what still arrives and tries the log until it takes a write. False when nobody is left to write for.
    pub(crate) async fn wait_for_the_log(&mut self) -> bool {
        loop {
            if !self.pause().await {
                return false;
            }
            match self.try_to_write().await {
                Ok(()) => {
                    self.admission.condition.send_replace(Condition::Taking);
                    return true;
                }
                Err(error) => self.refuse_from_now_on(&error),
            }
        }
    }

    /// A batch is durable.
    pub(crate) fn end_outage(&mut self) {
        if let Some(outage) = self.outage.take() {
            tracing::info!(seconds = outage.since.elapsed().as_secs(), "the log takes commands again");
        }
    }

    fn refuse_from_now_on(&self, error: &LogError) {
        self.admission.condition.send_replace(Condition::Refusing { reason: error.to_string() });
    }

    fn turn_away(&self, waiting: Waiting) {
        if let Some(refusal) = self.admission.condition.borrow().refusal() {
            waiting.refuse(refusal);
        }
    }

    /// The pause before the next try, each twice as long as the one before.
    async fn pause(&mut self) -> bool {
        let outage = self.outage.get_or_insert_with(Outage::begin);
        let mut over = pin!(tokio::time::sleep(outage.pause));
        outage.pause = (outage.pause * 2).min(LONGEST_PAUSE);
        let mut arrived = Vec::new();
        loop {
            tokio::select! {
                () = &mut over => return true,
                count = self.receive(&mut arrived) => {
                    if count == 0 {
                        return false;
                    }
                    arrived.drain(..).for_each(|waiting| self.turn_away(waiting));
                }
            }
        }
    }

    /// Takes the head and writes it as it stands: reading alone does not show that there is room to write. A batch may still find
    /// too little; its callers are told at once then, because the outage lasts until one is durable.
    async fn try_to_write(&mut self) -> Result<(), LogError> {
        let mut nothing = self.blank();
        self.desk.states.rollback();
        if self.try_settle(&mut nothing).await.is_err() {
            self.connection.reconnect().await?;
            self.try_settle(&mut nothing).await?;
        }
        // Lost is as good: then somebody else could write.
        let _ = self.connection.append(self.head.position, &self.blank().batch).await?;
        self.must_settle = false;
        Ok(())
    }
}

/// Whether these commands met something damaged; others may be carried out.
fn is_of_the_data(error: &LogError) -> bool {
    matches!(error, LogError::Corrupt { .. } | LogError::Gap { .. } | LogError::Batch(_))
}
