//! Ending a rule of notifications.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::NotificationUnsubscribed,
    ids::{RuleId, StreamId},
    rejection::{Code, Rejection},
    states::States,
};

/// End a rule and what it has not sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Unsubscribe {
    /// From notifications_list.
    #[schemars(range(min = 1))]
    pub rule_id: RuleId,
}

impl Act for Unsubscribe {
    fn about(&self, _: &Names) -> About {
        About::Notifications
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let all = states.notifications()?;
        if all.in_force(context.now).all(|(id, _)| id != self.rule_id) {
            return Err(Rejection::new(Code::NotFound, format!("There is no rule {} in force.", self.rule_id))
                .field("rule_id")
                .hint("Find the rule with notifications_list.")
                .into());
        }
        let mut decision = Decision::about(StreamId::Notifications);
        decision.record(StreamId::Notifications, NotificationUnsubscribed { rule_id: self.rule_id });
        Ok(decision)
    }
}
