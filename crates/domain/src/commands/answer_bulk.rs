//! Records that a bulk call was carried out, without an event, so that a repeated call gets its first answer.
//! What the call did to each order is a command of its own.

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    ids::{OrderId, StreamId},
    states::States,
};

/// Keep that a call about many orders was carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerBulk {
    /// The first order that it was about; 0 where it found none.
    pub first: OrderId,
}

impl Act for AnswerBulk {
    fn about(&self, _: &Names) -> About {
        About::Orders { first: self.first }
    }

    fn decide(&self, _: &States, _: &Context<'_>) -> Result<Decision, Refusal> {
        Ok(Decision::about(StreamId::Order(self.first)))
    }
}
