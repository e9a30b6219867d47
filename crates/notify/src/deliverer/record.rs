//! Records what became of messages, in one event for many.

use orderlog_commands::{Origin, Submission, SubmitError};
use orderlog_domain::{
    commands::HandleNotifications,
    decide::{Ask, Names},
    envelope::{Actor, Agent},
    ids::CommandId,
    rejection::Code,
};
use orderlog_event_log::Hash;
use tokio::time::{Instant, sleep};

use super::{RETRY, Work};
use crate::desk::News;

/// How often a log that takes nothing is tried before everything is read anew from it.
const TRIES: u32 = 30;

impl Work<'_> {
    /// Records the news. Meanwhile nothing is sent: what could not be recorded would be sent again after a restart.
    pub(super) async fn record(&mut self) -> anyhow::Result<()> {
        let News { through, messages } = self.desk.news();
        let disabled = self.gone.clone();
        let command = HandleNotifications { through, messages, disabled };
        self.submit(command.clone()).await?;
        self.desk.recorded(&command.messages);
        for target in std::mem::take(&mut self.gone) {
            self.all.disabled.insert(target);
        }
        self.all.through = self.all.through.max(command.through);
        self.news_since = self.desk.has_news().then(Instant::now);
        Ok(())
    }

    async fn submit(&self, command: HandleNotifications) -> anyhow::Result<()> {
        let shop = &self.of.shop;
        let now = shop.clock.now();
        let actor = Actor { user: "orderlog".to_owned(), role: "system".to_owned() };
        let version = env!("CARGO_PKG_VERSION").to_owned();
        let agent = Agent { name: "orderlog notifications".to_owned(), version, model: None };
        let submission = Submission {
            command: command.into(),
            names: Names::default(),
            // The same for every try: it is recorded once.
            command_id: CommandId(shop.clock.new_id()),
            keyed: false,
            ask: Ask::default(),
            request_hash: Hash::of(b"orderlog notifications"),
            now,
            occurred_at: now,
            expected_version: None,
            readings: None,
            dry_run: false,
            origin: Origin::of(actor, Some(agent)),
        };
        for _ in 1..TRIES {
            match shop.writer.submit(submission.clone()).await {
                Ok(_) => return Ok(()),
                Err(SubmitError::Rejected(rejection)) if rejection.code != Code::Unavailable => {
                    anyhow::bail!("outcomes cannot be recorded: {rejection}");
                }
                Err(_) => sleep(RETRY).await,
            }
        }
        anyhow::bail!("the log takes no outcomes")
    }
}
