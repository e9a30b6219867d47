//! Tells the operator and the owner that messages were given up. Nothing of it stands in the log, and a node that stops forgets it:
//! what was given up is listed in any case.

use std::sync::Arc;

use orderlog_domain::event::Message;
use tokio::time::{Duration, Instant, sleep};
use uuid::Uuid;

use super::Work;
use crate::{content::Content, delivery::Tried};

/// How often the owner hears of one target.
const OWNER_PAUSE: Duration = Duration::from_secs(3_600);
/// Pauses before a notice that is not taken is tried again; after the last one it is left at that.
const LADDER_SECONDS: [u64; 3] = [5, 30, 120];

impl Work<'_> {
    /// Tells the operator, and the owner where one is named: of one target once an hour, not in its quiet hours, and not when it
    /// wants no more messages.
    pub(super) fn given_up(&mut self, message: &Message, why: &str) {
        let Message { id, target, .. } = message;
        tracing::warn!(%id, target, why, "a message was given up");
        let lately = self.owner_told.get(target).is_some_and(|at| at.elapsed() < OWNER_PAUSE);
        let takes = |name: &String| name != target && !self.all.disabled.contains(name) && !self.gone.contains(name);
        let Some(owner) = self.of.sender.targets.owner().filter(|owner| takes(&owner.name) && !lately) else { return };
        self.owner_told.insert(target.clone(), Instant::now());
        let content = Content::undelivered(target, why);
        let (sender, owner, shop) = (Arc::clone(&self.of.sender), owner.clone(), Arc::clone(&self.of.shop));
        // An id of its own: a receiver takes it for no repetition of the message.
        let (notice, pace) = (Uuid::new_v5(id, b"owner"), self.of.pace.max(1));
        self.notices.spawn(async move {
            let mut pauses = LADDER_SECONDS.into_iter();
            loop {
                let now = shop.clock.now();
                if let Some(end) = owner.quiet.and_then(|quiet| quiet.end(&shop.settings.calendar, now)) {
                    sleep((end - now).to_std().unwrap_or_default()).await;
                    continue;
                }
                let tried = sender.send(&owner, notice, &content, now).await;
                match (&tried, pauses.next()) {
                    (Tried::Later { .. }, Some(pause)) => sleep(Duration::from_secs(pause) / pace).await,
                    _ => return (owner.name, tried),
                }
            }
        });
    }

    /// An owner that wants no more messages gets none of any kind.
    pub(super) fn heard(&mut self, (owner, tried): (String, Tried)) {
        match tried {
            Tried::Sent => {}
            Tried::Gone => self.gone.push(owner),
            Tried::Later { why, .. } | Tried::Never { why } => {
                tracing::warn!(owner, why, "the owner could not be told of messages that were given up");
            }
        }
    }
}
