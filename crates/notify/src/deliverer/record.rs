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
        let command = HandleNotifications { through, messages, disabled };
        submit(&self.of.shop, command.clone()).await?;
        self.desk.recorded(&command.messages);
        for target in std::mem::take(&mut self.gone) {
            self.all.disabled.insert(target);
        }
        self.all.through = self.all.through.max(command.through);
        self.news_since = self.desk.has_news().then(Instant::now);
        Ok(())
    }
}
