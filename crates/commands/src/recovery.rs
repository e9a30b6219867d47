//! The writer's knowledge of the log, and how it is brought up to date after a lost swap or an unknown outcome: lock
//! the head, read the events of other nodes, and find the commands that are in the log already.

use std::{collections::HashMap, time::Instant};

use orderlog_domain::{
    decide::Shop,
    ids::{CommandId, StreamId},
};
use orderlog_event_log::{CommandRecord, Head, Log, LogError, LogWriter};

use crate::{
    batch::{Decider, Draft, Missing},
    load, replayed_receipt,
    submission::{PATIENCE, PAUSE},
};

/// Events of other nodes that are read at once.
const PAGE_EVENTS: u32 = 2_000;
/// If other nodes wrote more events than this, unloading all states is cheaper than bringing them up to date.
const CATCH_UP_EVENTS: i64 = 20_000;

/// The log as the writer knows it.
pub(crate) struct WriterState {
    log: Log,
    pub(crate) connection: LogWriter,
    pub(crate) decider: Decider,
    /// The head that the committed states reflect.
    pub(crate) head: Head,
    /// After a failure: recover before the next batch is decided.
    pub(crate) must_recover: bool,
}

impl WriterState {
    pub(crate) async fn open(log: Log, shop: Shop) -> Result<WriterState, LogError> {
        let mut connection = log.writer().await?;
        let head = connection.head().await?;
        let decider = Decider::new(shop, &head);
        Ok(WriterState { log, connection, decider, head, must_recover: false })
    }

    /// A draft without commands, on top of the head.
    pub(crate) fn blank(&self) -> Draft {
        Draft::after(self.head.clone())
    }

    /// Loads the streams that a decision needs.
    pub(crate) async fn load(&mut self, missing: &Missing) -> Result<(), LogError> {
        let states = load::load(&mut self.connection, &missing.streams).await?;
        states.into_iter().for_each(|state| self.decider.states.insert(state));
        match missing.since {
            Some(since) => self.decider.recent.recall(&mut self.connection, self.head.position, since).await,
            None => Ok(()),
        }
    }

    /// Loads states that no command has needed yet.
    pub(crate) async fn load_ahead(&mut self, mut streams: Vec<StreamId>) -> Result<(), LogError> {
        streams.retain(|stream| !self.decider.states.contains(*stream));
        if streams.is_empty() {
            return Ok(());
        }
        self.load(&Missing { streams, since: None }).await
    }

    /// Whether the head is still where the writer knows it. An answer that appends nothing is right only then, because
    /// no swap has checked it.
    pub(crate) async fn is_current(&mut self) -> Result<bool, LogError> {
        let head = self.connection.head().await?;
        self.connection.unlock().await?;
        Ok(head.position == self.head.position)
    }

    /// Whether one of these commands was carried out before, so that its rejection would be wrong.
    pub(crate) async fn any_done(&mut self, commands: &[CommandId]) -> Result<bool, LogError> {
        Ok(!commands.is_empty() && !self.connection.find_commands(commands).await?.is_empty())
    }

    /// Leaves the head locked and the states at that head. In the draft it leaves only commands that are still to be
    /// carried out, all undecided.
    pub(crate) async fn recover(&mut self, draft: &mut Draft, started: Instant) -> Result<(), LogError> {
        loop {
            match self.try_to_recover(draft).await {
                Ok(()) => {
                    draft.reset(self.head.clone());
                    self.must_recover = false;
                    return Ok(());
                }
                Err(error) if !error.is_retryable() || started.elapsed() > PATIENCE => return Err(error),
                Err(error) => tracing::debug!(%error, "recovering again"),
            }
            while let Err(error) = self.connection.reconnect().await {
                if started.elapsed() > PATIENCE {
                    return Err(error);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Tries whether the log can be written: locks the head and writes it unchanged. Reading alone does not show that there is
    /// room to write.
    pub(crate) async fn try_to_write(&mut self) -> Result<(), LogError> {
        let mut nothing = self.blank();
        if self.try_to_recover(&mut nothing).await.is_err() {
            self.connection.reconnect().await?;
            self.try_to_recover(&mut nothing).await?;
        }
        // A lost swap also proves that the log can be written: another node wrote.
        let _ = self.connection.append(self.head.position, &self.blank().batch).await?;
        self.must_recover = false;
        Ok(())
    }

    /// After a failure: frees the head for the other nodes, and recovers before the next batch.
    pub(crate) async fn give_up(&mut self) {
        self.must_recover = true;
        if self.connection.unlock().await.is_err()
            && let Err(error) = self.connection.reconnect().await
        {
            tracing::debug!(%error, "the database is not there yet");
        }
    }

    async fn try_to_recover(&mut self, draft: &mut Draft) -> Result<(), LogError> {
        self.decider.rollback(self.head.position);
        self.connection.unlock().await?;
        let head = self.connection.lock_head().await?;
        self.catch_up(head).await?;
        self.answer_what_was_done(draft).await
    }

    /// Brings the states from the head that they reflect to the one just locked.
    async fn catch_up(&mut self, head: Head) -> Result<(), LogError> {
        if head.position.0 - self.head.position.0 > CATCH_UP_EVENTS || head.position < self.head.position {
            self.decider.clear(&head);
        } else {
            let mut after = self.head.position;
            while after < head.position {
                let page = self.connection.read(after, PAGE_EVENTS).await?;
                let Some(last) = page.last() else { break };
                after = last.position;
                self.decider.recent.note_foreign(&page)?;
                for recorded in page {
                    if let Some(state) = self.decider.states.get(recorded.stream)
                        && state.version() < recorded.version
                    {
                        let event = load::decode(&recorded)?;
                        self.decider.states.evolve(recorded.stream, &event.data, &event.provenance);
                    }
                }
            }
        }
        self.head = head;
        self.decider.states.commit();
        Ok(())
    }

    /// Takes every command that is in the log out of the draft, and answers it from the log.
    async fn answer_what_was_done(&mut self, draft: &mut Draft) -> Result<(), LogError> {
        let ids: Vec<CommandId> = draft.waiting.iter().map(|waiting| waiting.submission.command_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let done = self.connection.find_commands(&ids).await?;
        let done: HashMap<CommandId, CommandRecord> = done.into_iter().map(|done| (done.command_id, done)).collect();
        for waiting in draft.waiting.extract_if(.., |waiting| done.contains_key(&waiting.submission.command_id)) {
            let (log, done) = (self.log.clone(), done[&waiting.submission.command_id].clone());
            tokio::spawn(async move {
                let answer = replayed_receipt::replay(&log, &waiting.submission, &done).await;
                waiting.answer(answer);
            });
        }
        Ok(())
    }
}
