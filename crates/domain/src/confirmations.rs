//! What waits for a person's word, folded from the one stream of confirmations, and what was said to it lately.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    envelope::{Actor, Agent, Provenance},
    event::{ConfirmationAsked, ConfirmationFact},
    ids::Version,
};

/// An act that somebody asked for and that a person must agree to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// What was asked for.
    pub asked: ConfirmationAsked,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub by: Actor,
    /// Through which program.
    pub agent: Option<Agent>,
    /// What a person said to it.
    pub answer: Option<Answer>,
}

/// A person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether it was a Yes.
    pub agreed: bool,
    /// Whose.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// Everything that the stream of confirmations adds up to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confirmations {
    /// Of its stream.
    pub version: Version,
    /// The questions that are not void yet, answered or not.
    pub questions: BTreeMap<Uuid, Question>,
}

impl Confirmations {
    pub(crate) fn evolve(&mut self, fact: ConfirmationFact<'_>, provenance: &Provenance) {
        let now = provenance.recorded_at;
        self.questions.retain(|_, question| now < question.asked.expires_at);
        match fact {
            ConfirmationFact::ConfirmationAsked(asked) => {
                let (by, agent) = (provenance.actor.clone(), provenance.agent.clone());
                let question = Question { asked: asked.clone(), at: now, by, agent, answer: None };
                self.questions.insert(asked.confirmation_id, question);
            }
            ConfirmationFact::ConfirmationAnswered(answered) => {
                if let Some(question) = self.questions.get_mut(&answered.confirmation_id) {
                    let (agreed, by) = (answered.agreed, provenance.actor.clone());
                    question.answer = Some(Answer { agreed, by, at: now });
                }
            }
        }
    }

    /// The latest question about this very call that is not void at `now`.
    #[must_use]
    pub fn about(&self, call: &str, now: DateTime<Utc>) -> Option<&Question> {
        self.standing(now).filter(|question| question.asked.call == call).max_by_key(|question| question.at)
    }

    /// The questions that are not void at `now`.
    pub fn standing(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Question> {
        self.questions.values().filter(move |question| now < question.asked.expires_at)
    }

    /// Those of them that nobody answered.
    pub fn waiting(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Question> {
        self.standing(now).filter(|question| question.answer.is_none())
    }
}
