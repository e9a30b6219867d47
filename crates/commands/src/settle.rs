//! After a lost swap or an unknown outcome: take the head, read what others wrote, find what was carried out already.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use orderlog_domain::{ids::CommandId, states::States};
use orderlog_event_log::{CommandRecord, Head, LogError};

use crate::{draft::Draft, history, load, recent::Recent, writer::Task};

/// How long a batch waits for a database that went away before its callers are told.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// Pause before the database is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(100);
/// Foreign events read at once.
const PAGE_EVENTS: u32 = 2_000;
/// Foreign events beyond which it is cheaper to forget the states than to bring them up to date.
const CATCH_UP_EVENTS: i64 = 20_000;

impl Task {
    /// Leaves the head locked, the states at that head, and in the draft only what is still to be carried out, undecided.
    pub(crate) async fn settle(&mut self, draft: &mut Draft, started: Instant) -> Result<(), LogError> {
        self.desk.states.rollback();
        loop {
            match self.try_settle(draft).await {
                Ok(()) => {
                    draft.undecide(self.head.clone());
                    self.must_settle = false;
                    return Ok(());
                }
                Err(error) if !error.may_pass() || started.elapsed() > PATIENCE => return Err(error),
                Err(error) => tracing::debug!(%error, "settling again"),
            }
            while let Err(error) = self.connection.reconnect().await {
                if started.elapsed() > PATIENCE {
                    return Err(error);
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    pub(crate) async fn try_settle(&mut self, draft: &mut Draft) -> Result<(), LogError> {
        self.connection.unlock().await?;
        let head = self.connection.lock_head().await?;
        self.catch_up(head).await?;
        self.answer_what_was_done(draft).await
    }

    /// Brings the states from the head they reflect to the one just locked.
    async fn catch_up(&mut self, head: Head) -> Result<(), LogError> {
        self.desk.recent.rollback(self.head.position);
        if head.position.0 - self.head.position.0 > CATCH_UP_EVENTS || head.position < self.head.position {
            self.desk.states = States::default();
            self.desk.recent = Recent::new(&head);
        } else {
            let mut after = self.head.position;
            while after < head.position {
                let page = self.connection.read(after, PAGE_EVENTS).await?;
                let Some(last) = page.last() else { break };
                after = last.position;
                self.desk.recent.note_foreign(&page)?;
                for recorded in page {
                    if let Some(state) = self.desk.states.get(recorded.stream)
                        && state.version() < recorded.version
                    {
                        let event = load::decode(&recorded)?;
                        self.desk.states.evolve(recorded.stream, &event.data, &event.provenance);
                    }
                }
            }
        }
        self.head = head;
        self.desk.states.commit();
        Ok(())
    }

    /// Takes out of the draft, and answers from the log, every command that stands in it.
    async fn answer_what_was_done(&mut self, draft: &mut Draft) -> Result<(), LogError> {
        let ids: Vec<CommandId> = draft.waiting.iter().map(|waiting| waiting.submission.command_id).collect();
        if ids.is_empty() {
            return Ok(());
        }
        let done = self.connection.find_commands(&ids).await?;
        let done: HashMap<CommandId, CommandRecord> = done.into_iter().map(|done| (done.command_id, done)).collect();
        for waiting in draft.waiting.extract_if(.., |waiting| done.contains_key(&waiting.submission.command_id)) {
            let (log, done) = (self.desk.log.clone(), done[&waiting.submission.command_id].clone());
            tokio::spawn(async move {
                let answer = history::receipt(&log, &waiting.submission, &done).await;
                let _ = waiting.reply.send(answer);
            });
        }
        Ok(())
    }

    /// Whether one of these was carried out before, so that rejecting it now would be wrong.
    pub(crate) async fn any_done(&mut self, commands: &[CommandId]) -> Result<bool, LogError> {
        Ok(!commands.is_empty() && !self.connection.find_commands(commands).await?.is_empty())
    }
}
