//! Records what became of messages, in one event for many.

use orderlog_domain::commands::HandleNotifications;
use tokio::time::Instant;

use super::Work;
use crate::{desk::News, submit::submit};

impl Work<'_> {
    /// Records the news. Meanwhile nothing is sent: what could not be recorded would be sent again after a restart.
    pub(super) async fn record(&mut self) -> anyhow::Result<()> {
        let News { through, messages } = self.desk.news();
        let disabled = self.gone.clone();
        let owner_told = self.owner_told.clone();
        let command = HandleNotifications { through, messages, disabled, owner_told };
        submit(&self.of.shop, command.clone()).await?;
        self.desk.recorded(&command.messages);
        for target in std::mem::take(&mut self.gone) {
            // Not into the rules: they follow the log event by event, and that of this one opens a notice.
            self.leaving.insert(target);
        }
        for target in std::mem::take(&mut self.owner_told) {
            if let Some(notice) = self.all.notices.get_mut(&target) {
                notice.told = true;
            }
            self.telling.remove(&target);
        }
        self.all.through = self.all.through.max(command.through);
        self.news_since = self.desk.has_news().then(Instant::now);
        Ok(())
    }
}
