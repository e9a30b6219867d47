//! Tells the operator and the owner that messages were given up. What the owner is still to be told stands in the log: it follows
//! from the outcomes there, and a node that takes over goes on with it.

use std::sync::Arc;

use orderlog_domain::{event::Message, notifications::Notice};
use tokio::time::{Duration, sleep};
use uuid::Uuid;

use super::{Work, noticed::Heard};
use crate::{content::Content, delivery::Tried};

/// Pauses before a notice that is not taken is tried again; after the last one it is left at that.
const LADDER_SECONDS: [u64; 3] = [5, 30, 120];

impl Work<'_> {
    /// Tells the operator.
    pub(super) fn given_up(&self, message: &Message, why: &str) {
        let Message { id, target, .. } = message;
        tracing::warn!(%id, target, why, "a message was given up");
    }

    /// Tells the owner, where one is named, of other targets than its own: not in its quiet hours, and not when it wants no more
    /// messages.
    pub(super) fn tell_owner(&mut self) {
        let Some(owner) = self.of.sender.targets.owner() else { return };
        if self.has_left(&owner.name) {
            return;
        }
        for (target, notice) in &self.all.notices {
            if notice.told || *target == owner.name || !self.telling.insert(target.clone()) {
                continue;
            }
            let Notice { message, why, .. } = notice;
            let content = Content::undelivered(target, why);
            // An id of its own, the same after a restart: a receiver takes it for no repetition of the message.
            let (notice, pace) = (Uuid::new_v5(message, b"owner"), self.of.pace.max(1));
            let (sender, owner, shop) = (Arc::clone(&self.of.sender), owner.clone(), Arc::clone(&self.of.shop));
            let target = target.clone();
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
                        _ => return Heard { owner: owner.name, target, tried },
                    }
                }
            });
        }
    }

    /// An owner that wants no more messages gets none of any kind; once it is enabled again it is told of what is new.
    pub(super) fn heard(&mut self, Heard { owner, target, tried }: Heard) {
        match tried {
            Tried::Sent => {}
            Tried::Gone => self.gone.push(owner),
            Tried::Later { why, .. } | Tried::Never { why } => {
                tracing::warn!(owner, why, "the owner could not be told of messages that were given up");
            }
        }
        self.owner_told.push(target);
    }
}
