//! Commands of an operator: try messages again that were given up, and allow messages to a target again.

use uuid::Uuid;

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::{NotificationTargetEnabled, NotificationsReplayed},
    ids::StreamId,
    rejection::{Code, Rejection},
    states::States,
};

/// Try messages again that were given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplayNotifications {
    /// Ids of the messages.
    pub messages: Vec<Uuid>,
}

impl Act for ReplayNotifications {
    fn about(&self, _: &Names) -> About {
        About::Notifications
    }

    fn decide(&self, states: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        let all = states.notifications()?;
        for id in &self.messages {
            if all.dead.iter().all(|message| message.id != *id) {
                let message = format!("No message {id} was given up, or it is too long ago.");
                return Err(Rejection::new(Code::NotFound, message).hint("List them first.").into());
            }
        }
        let mut decision = Decision::about(StreamId::Notifications);
        if !self.messages.is_empty() {
            decision.record(StreamId::Notifications, NotificationsReplayed { messages: self.messages.clone() });
        }
        Ok(decision)
    }
}

/// Let a target take messages again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnableTarget {
    /// Name of the target.
    pub target: String,
}

impl Act for EnableTarget {
    fn about(&self, _: &Names) -> About {
        About::Notifications
    }

    fn decide(&self, states: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        let mut decision = Decision::about(StreamId::Notifications);
        if states.notifications()?.disabled.contains(&self.target) {
            let target = self.target.clone();
            decision.record(StreamId::Notifications, NotificationTargetEnabled { target });
        }
        Ok(decision)
    }
}
