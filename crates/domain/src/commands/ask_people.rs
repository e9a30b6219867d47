//! Makes an act wait for a person's agreement. The tools give this command when a program asks for the act; callers
//! never do.

use super::{About, Act};
use crate::{
    decide::{Context, Decision, Names, Refusal},
    event::ConfirmationAsked,
    ids::StreamId,
    limits,
    rejection::{Code, Rejection},
    states::States,
};

/// Let an act wait for a person's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskPeople {
    /// The act that waits, with its texts sealed.
    pub asked: ConfirmationAsked,
}

impl Act for AskPeople {
    fn about(&self, _: &Names) -> About {
        About::Confirmations
    }

    /// Two equal calls at the same time make one question.
    fn decide(&self, states: &States, context: &Context<'_>) -> Result<Decision, Refusal> {
        let all = states.confirmations()?;
        let mut decision = Decision::about(StreamId::Confirmations);
        if all.about(&self.asked.call, context.now).is_some_and(|question| question.answer.is_none()) {
            return Ok(decision);
        }
        let most = limits::WAITING_QUESTIONS;
        if all.waiting(context.now).count() >= most {
            let message = format!("{most} acts wait for a person's word already; nothing was changed.");
            return Err(Rejection::new(Code::LimitExceeded, message)
                .hint("Tell the user to answer those on the shop's page /confirm first.")
                .into());
        }
        decision.record(StreamId::Confirmations, self.asked.clone());
        Ok(decision)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::{commands::AnswerQuestion, guarded::GuardedAct, testing::Story};

    fn asked(story: &Story, nth: u128, call: &str) -> AskPeople {
        AskPeople {
            asked: ConfirmationAsked {
                confirmation_id: Uuid::from_u128(nth),
                tool: "orders.cancel".to_owned(),
                acts: vec![GuardedAct::Cancelling],
                order_id: None,
                arguments: "sealed".to_owned(),
                preview: "sealed".to_owned(),
                confirm_token: "token".to_owned(),
                call: call.to_owned(),
                rights: "orders:write".to_owned(),
                refunds_up_to: None,
                by_key: false,
                key_id: None,
                expires_at: story.now + limits::QUESTION_HOLDS,
            },
        }
    }

    #[test]
    fn one_call_is_one_question_until_it_is_answered_or_void() {
        let mut story = Story::new();
        let (one, again) = (asked(&story, 1, "a"), asked(&story, 2, "a"));
        assert_eq!(story.done(one).facts.len(), 1);
        assert!(story.done(again.clone()).facts.is_empty(), "it waits already");
        let yes = |nth| AnswerQuestion { confirmation_id: Uuid::from_u128(nth), agreed: true };
        let no = AnswerQuestion { agreed: false, ..yes(1) };
        assert_eq!(story.done(yes(1)).facts.len(), 1);
        assert!(story.done(yes(1)).facts.is_empty(), "said before");
        assert_eq!(story.refused(no).code, Code::IllegalTransition);
        assert_eq!(story.refused(yes(2)).code, Code::NotFound);
        assert_eq!(story.done(again).facts.len(), 1, "asked anew after the answer");
        story.now += limits::QUESTION_HOLDS;
        assert_eq!(story.refused(yes(2)).code, Code::NotFound, "void by now");
        let later = asked(&story, 3, "b");
        story.done(later);
        let kept = story.states.confirmations().unwrap().questions.len();
        assert_eq!(kept, 1, "what is void is not kept");
    }

    #[test]
    fn only_so_many_wait_at_once() {
        let mut story = Story::new();
        for nth in 0..limits::WAITING_QUESTIONS {
            let one = asked(&story, nth as u128, &nth.to_string());
            story.done(one);
        }
        let more = asked(&story, u128::MAX, "more");
        assert_eq!(story.refused(more).code, Code::LimitExceeded);
    }
}
