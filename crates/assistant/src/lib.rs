//! Sentences: text → plan of calls → shown back in words → run with the user's Yes. It reaches the shop through `tools` alone.
//!
//! A sentence's path: `token` takes it apart, `understand` finds its requests by the grammar in `requests`, `model` asks a
//! language model where there is one and the grammar fails, `wording` says the plan back, [`Assistant`] runs it.

mod abilities;
mod assistant;
mod grammar;
mod model;
mod plan;
mod requests;
mod token;
mod turn;
mod understand;
mod vocabulary;
mod wording;

#[cfg(test)]
mod tests;

pub use self::{
    abilities::Abilities,
    assistant::{Assistant, Done, Outcome},
    model::LanguageModel,
    plan::{Plan, Step},
    token::Today,
    turn::Turn,
    understand::{MAX_SENTENCE_CHARS, Misunderstood, understand},
    wording::in_words,
};
