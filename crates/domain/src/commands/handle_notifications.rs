//! Recording the outcomes of messages: given by the node that delivers them, never by a caller.

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{Message, NotificationsHandled},
    ids::{Position, StreamId},
    states::States,
};

/// Record the outcomes of messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandleNotifications {
    /// Events up to here were compared with the rules.
    pub through: Position,
    /// Messages of which there is news.
    pub messages: Vec<Message>,
    /// Targets that want no more messages.
    pub disabled: Vec<String>,
    /// Targets of whose failures the owner was told, or cannot be.
    pub owner_told: Vec<String>,
}

impl Act for HandleNotifications {
    fn about(&self, _: &Names) -> About {
        About::Notifications
    }

    /// A message that another node has settled meanwhile stays settled.
    fn decide(&self, states: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        let all = states.notifications()?;
        let open = |message: &&Message| all.waiting.contains_key(&message.id) || message.position > all.through;
        let messages: Vec<Message> = self.messages.iter().filter(open).cloned().collect();
        let disabled: Vec<String> =
            self.disabled.iter().filter(|target| !all.disabled.contains(*target)).cloned().collect();
        let untold = |target: &&String| all.notices.get(*target).is_some_and(|notice| !notice.told);
        let owner_told: Vec<String> = self.owner_told.iter().filter(untold).cloned().collect();
        let mut decision = Decision::about(StreamId::Notifications);
        if !messages.is_empty() || !disabled.is_empty() || !owner_told.is_empty() || self.through > all.through {
            let through = self.through.max(all.through);
            decision.record(StreamId::Notifications, NotificationsHandled { through, messages, disabled, owner_told });
        }
        Ok(decision)
    }
}
