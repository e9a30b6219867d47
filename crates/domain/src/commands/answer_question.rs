//! A person's Yes or No to an act that waits. The first answer counts; the tools carry out the act after a Yes.

use uuid::Uuid;

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::ConfirmationAnswered,
    ids::StreamId,
    rejection::{Code, Rejection},
    states::States,
};

/// Say Yes or No to an act that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerQuestion {
    /// The question.
    pub confirmation_id: Uuid,
    /// Whether the answer is Yes.
    pub agreed: bool,
}

impl Act for AnswerQuestion {
    fn about(&self, _: &Names) -> About {
        About::Confirmations
    }

    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let AnswerQuestion { confirmation_id, agreed } = *self;
        let mut standing = states.confirmations()?.standing(context.now);
        let Some(question) = standing.find(|question| question.asked.confirmation_id == confirmation_id) else {
            let message = "No question with that id waits for a person; perhaps it has expired.";
            return Err(Rejection::new(Code::NotFound, message).into());
        };
        let mut decision = Decision::about(StreamId::Confirmations);
        match &question.answer {
            None => decision.record(StreamId::Confirmations, ConfirmationAnswered { confirmation_id, agreed }),
            Some(answer) if answer.agreed == agreed => {}
            Some(answer) => {
                let word = if answer.agreed { "Yes" } else { "No" };
                let message = format!("{} said {word} to it before.", answer.by.user);
                return Err(Rejection::new(Code::IllegalTransition, message).into());
            }
        }
        Ok(decision)
    }
}
