//! Stores a text of a bulk call, without an event: the orders that its preview showed, or its answer for a repeated
//! call. The changes of each order are separate commands.

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    ids::{OrderId, StreamId},
    states::States,
};

/// Keep a text of a call about many orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerBulk {
    /// The first order of the call; 0 if it found none.
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
