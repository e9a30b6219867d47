//! Runs plans: reads at once, changes with the user's Yes. What a change would do is tried first, so that the Yes is to that.

use std::sync::Arc;

use futures::future::BoxFuture;
use orderlog_domain::rejection::{Code, Confirmation, Rejection};
use orderlog_tools::{
    CONFIRM_TOKEN, Call, Failure, OpenShop, Tools, in_words as error_in_words,
    principal::{self, Caller},
    run_in_task,
};
use serde_json::{Map, Value};

use crate::{
    abilities::Abilities,
    model::{Fault, LanguageModel},
    plan::{Plan, Step},
    token::Today,
    turn::Turn,
    understand::{Misunderstood, understand},
    wording::{in_full, in_words},
};

/// By which a call acts once.
const ONCE: &str = "idempotency_key";

/// Somebody who says sentences to a shop, and what was spoken of.
pub struct Assistant {
    shop: Arc<OpenShop>,
    tools: Arc<Tools>,
    abilities: Abilities,
    caller: Caller,
    turn: Turn,
    model: Option<Arc<LanguageModel>>,
    /// Whether the plan under way is the model's.
    by_model: bool,
}

/// What became of one call.
#[derive(Debug)]
pub struct Done {
    /// What was asked for.
    pub words: String,
    /// The call.
    pub step: Step,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a call.
#[derive(Debug)]
pub enum Outcome {
    /// The tool answered.
    Answered {
        /// For who reads.
        texts: Vec<String>,
        /// For programs.
        structured: Value,
    },
    /// The tool refused; nothing was done.
    Refused(Box<Rejection>),
    /// The shop failed.
    Failed(String),
}

impl Assistant {
    /// Speaks for `caller`. Where there is a `model`, it is asked for what the grammar does not understand.
    pub fn new(shop: Arc<OpenShop>, tools: Arc<Tools>, caller: Caller, model: Option<Arc<LanguageModel>>) -> Assistant {
        let abilities = Abilities::of(&tools);
        Assistant { shop, tools, abilities, caller, turn: Turn::default(), model, by_model: false }
    }

    /// What a sentence asks for. Nothing is done yet.
    ///
    /// # Errors
    /// When any of it that could matter is not understood.
    pub fn understand<'a>(&'a mut self, sentence: &'a str) -> BoxFuture<'a, Result<Plan, Misunderstood>> {
        Box::pin(async move {
            self.by_model = false;
            let read = understand(sentence, &self.today(), &self.abilities, &self.turn);
            let wholly = match &read {
                Ok(plan) => plan.set_aside.is_empty(),
                Err(not) => not.not.is_empty(),
            };
            let Some(model) = self.model.clone().filter(|_| !wholly) else { return read };
            self.by_model = true;
            let planned = model.plan(&self.shop, &self.tools, &self.speaker(), sentence).await;
            self.by_model = planned.is_ok();
            let told = |fault: Fault| {
                let how = if fault.is_before_asking() { "was not asked" } else { "was asked too" };
                format!("The language model {} {how}: {fault}.", model.name())
            };
            match (planned, read) {
                (Ok(steps), _) => Ok(Plan { steps, by: Some(model.name().to_owned()), ..Plan::default() }),
                (Err(fault), Ok(plan)) => Ok(Plan { note: Some(told(fault)), ..plan }),
                (Err(fault), Err(not)) => Err(Misunderstood { asked: Some(told(fault)), ..not }),
            }
        })
    }

    /// Takes up a plan that a model made before, so that a Yes is to that plan. Nothing where no model is asked any more.
    pub fn take_up(&mut self, steps: Vec<Step>) -> Option<Plan> {
        let by = self.model.as_ref()?.name().to_owned();
        self.by_model = true;
        Some(Plan { steps, by: Some(by), ..Plan::default() })
    }

    /// What a call does, all of it: words of the grammar where, read again, they make the same call.
    #[must_use]
    pub fn in_words(&self, step: &Step) -> String {
        let words = in_words(step);
        if !self.by_model {
            // A property test holds that the grammar's own calls are said whole.
            return words;
        }
        let mut step = step.clone();
        // That it is done once is how it is sent, and nothing that was asked for.
        step.arguments.remove(ONCE);
        let read = understand(&words, &self.today(), &self.abilities, &Turn::default());
        if read.is_ok_and(|plan| plan.steps == [step.clone()]) { words } else { in_full(&step) }
    }

    fn today(&self) -> Today {
        Today { now: self.shop.clock.now(), calendar: self.shop.settings.calendar.clone() }
    }

    /// On whose behalf calls are made, and through which model.
    fn speaker(&self) -> Caller {
        let mut caller = self.caller.clone();
        if let (Some(agent), Some(model), true) = (&mut caller.agent, &self.model, self.by_model) {
            *agent = principal::agent(&agent.name, &agent.version, Some(model.name()));
        }
        caller
    }

    /// Whether a call changes something, so that it needs a Yes.
    #[must_use]
    pub fn needs_yes(&self, step: &Step) -> bool {
        !self.abilities.only_reads(step)
    }

    /// What a change would do. Nothing is recorded.
    pub fn try_out<'a>(&'a self, step: &'a Step) -> BoxFuture<'a, Done> {
        Box::pin(async move {
            // Without a dry run a trial would be the change itself.
            if !self.abilities.takes(&step.tool, "dry_run") {
                let outcome = Outcome::Answered { texts: vec![self.in_words(step)], structured: Value::Null };
                return Done { words: self.in_words(step), step: step.clone(), outcome };
            }
            let outcome = match self.call(&step.clone().with("dry_run", true)).await {
                // A preview is a trial too.
                Outcome::Refused(rejection) => match preview(&rejection) {
                    Some(texts) => Outcome::Answered { texts, structured: Value::Null },
                    None => Outcome::Refused(rejection),
                },
                outcome => outcome,
            };
            Done { words: self.in_words(step), step: step.clone(), outcome }
        })
    }

    /// Makes a call; a change only with the user's Yes, which must have been given. `said` is the sentence, for the log.
    /// A change that wants to be confirmed answers so; [`Assistant::confirm`] does it then.
    pub fn carry_out<'a>(&'a mut self, step: &'a Step, said: &'a str) -> BoxFuture<'a, Done> {
        Box::pin(async move {
            let mut call = step.clone();
            if self.abilities.takes(&step.tool, "request_text") {
                call = call.with("request_text", said);
            }
            let outcome = self.call(&call).await;
            self.remember(step, &outcome);
            Done { words: self.in_words(step), step: step.clone(), outcome }
        })
    }

    /// The same with the token of the preview to which the user agreed.
    pub fn confirm<'a>(
        &'a mut self,
        step: &'a Step,
        said: &'a str,
        confirmation: &'a Confirmation,
    ) -> BoxFuture<'a, Done> {
        Box::pin(async move {
            let call = step.clone().with(CONFIRM_TOKEN, confirmation.confirm_token.as_str());
            let mut done = self.carry_out(&call, said).await;
            (done.words, done.step) = (self.in_words(step), step.clone());
            done
        })
    }

    async fn call(&self, step: &Step) -> Outcome {
        let Some(tool) = self.tools.find(&step.tool) else {
            return Outcome::Failed(format!("there is no tool {}", step.tool));
        };
        match run_in_task(&self.shop, tool, Call::new(step.arguments.clone(), self.speaker())).await {
            Ok(answer) => Outcome::Answered { texts: answer.texts, structured: answer.structured },
            Err(Failure::Rejected(rejection)) => Outcome::Refused(Box::new(rejection)),
            Err(Failure::Failed(error)) => Outcome::Failed(error_in_words(&error)),
        }
    }

    /// What the next sentence may call "it".
    fn remember(&mut self, step: &Step, outcome: &Outcome) {
        let mut said = step.clone();
        said.arguments.remove(CONFIRM_TOKEN);
        self.turn.heard(&said);
        if let Outcome::Answered { structured, .. } = outcome {
            if let Some(order) =
                structured.get("order_id").or(structured.pointer("/order/order_id")).and_then(Value::as_i64)
            {
                self.turn.order = Some(order);
            }
            if let Some(command) = structured.get("command_id").and_then(Value::as_str) {
                self.turn.command = Some(command.to_owned());
            }
        }
    }
}

impl Outcome {
    /// Whether the tool did what it was asked for.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        matches!(self, Outcome::Answered { .. })
    }

    /// What the user is asked to confirm, if anything.
    #[must_use]
    pub fn confirmation(&self) -> Option<&Confirmation> {
        match self {
            Outcome::Refused(rejection) => rejection.confirmation.as_deref(),
            Outcome::Answered { .. } | Outcome::Failed(_) => None,
        }
    }

    /// For a person: the answer, or why there is none with what may have been meant.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Outcome::Answered { texts, .. } => texts.join("\n"),
            Outcome::Failed(error) => format!("That failed: {error}"),
            Outcome::Refused(rejection) => match preview(rejection) {
                Some(texts) => texts.join("\n"),
                None => refusal(rejection),
            },
        }
    }
}

fn refusal(rejection: &Rejection) -> String {
    let mut lines = vec![rejection.message.clone()];
    lines.extend(rejection.candidates.iter().map(|candidate| format!("  {}", candidate_in_words(candidate))));
    if rejection.candidates.is_empty() || rejection.code == Code::DuplicateSuspected {
        lines.extend(rejection.hint.clone());
    }
    lines.join("\n")
}

/// `name Blue mug, sku MUG`
fn candidate_in_words(candidate: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match candidate {
        Value::Object(members) => {
            let said = |(name, value): (&String, &Value)| format!("{} {}", name.replace('_', " "), text(value));
            members.iter().filter(|(_, value)| !value.is_null()).map(said).collect::<Vec<_>>().join(", ")
        }
        other => text(other),
    }
}

/// What would happen, where the user has to confirm it.
fn preview(rejection: &Rejection) -> Option<Vec<String>> {
    let confirmation = rejection.confirmation.as_ref()?;
    let preview: &Value = &confirmation.preview;
    let mut texts: Vec<String> = confirmation.unfit.iter().map(ToString::to_string).collect();
    texts.extend(preview["text"].as_str().map(str::to_owned));
    for more in ["changes", "warnings"] {
        texts.extend(preview[more].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned));
    }
    Some(texts)
}

impl Done {
    /// For programs.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut told = Map::new();
        told.insert("words".to_owned(), self.words.clone().into());
        told.insert("tool".to_owned(), self.step.tool.clone().into());
        told.insert("arguments".to_owned(), Value::Object(self.step.arguments.clone()));
        let (name, value) = match &self.outcome {
            Outcome::Answered { structured, .. } => ("answer", structured.clone()),
            Outcome::Refused(rejection) => ("error", serde_json::to_value(rejection).unwrap_or_default()),
            Outcome::Failed(error) => ("failure", error.clone().into()),
        };
        told.insert(name.to_owned(), value);
        Value::Object(told)
    }
}
