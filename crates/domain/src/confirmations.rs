//! The acts that wait for a person's agreement, folded from the one stream of confirmations, and the recent answers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    envelope::{Actor, Agent, Provenance},
    event::{ConfirmationAsked, ConfirmationFact},
    ids::Version,
};

/// An act that was asked for and to which a person must agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The act.
    pub asked: ConfirmationAsked,
    /// When.
    pub at: DateTime<Utc>,
    /// The user who asked.
    pub by: Actor,
    /// Through which program.
    pub agent: Option<Agent>,
    /// The answer of a person.
    pub answer: Option<Answer>,
}

/// A person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Whether the answer is Yes.
    pub agreed: bool,
    /// The person.
    pub by: Actor,
    /// When.
    pub at: DateTime<Utc>,
}

/// The state of the stream of confirmations.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Confirmations {
    /// Version of the stream.
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

    /// The questions that are not answered.
    pub fn waiting(&self, now: DateTime<Utc>) -> impl Iterator<Item = &Question> {
        self.standing(now).filter(|question| question.answer.is_none())
    }
}
