//! Calls the shop's tools by name, like an assistant, with every field of their answers.

use std::{sync::Arc, time::Instant};

use futures::future::BoxFuture;
use orderlog_access::Right;
use orderlog_assistant::{Assistant, LanguageModel, Step};
use orderlog_tools::{
    Call, Failure, Object, OpenShop, Progress, Tool, Tools,
    agreeing::{self, Waiting},
    in_words, metrics, permit,
    principal::{self, Caller, Principal},
    run_in_task,
    undelivered::{self, OperatorAct, Undelivered},
};
use serde_json::{Value, json};

use crate::once::Once;

/// Name of the program in events and metrics.
const AGENT: &str = "orderlog web";

/// The state of the node for one visitor: what `/readyz` says, and more for visitors who may see it.
pub type Status = Arc<dyn Fn(Arc<Principal>) -> BoxFuture<'static, Value> + Send + Sync>;

/// Sends a test message to a target, or returns why it did not arrive.
pub type TestMessage = Arc<dyn Fn(String) -> BoxFuture<'static, Result<(), String>> + Send + Sync>;

/// Functions of the server for pages, in addition to the tools.
#[derive(Clone)]
pub(crate) struct Server {
    pub(crate) status: Status,
    pub(crate) test: TestMessage,
    pub(crate) model: Option<Arc<LanguageModel>>,
    /// Forms that sent a test message.
    pub(crate) tested: Once,
}

/// The shop as pages see it, for one visitor.
pub(crate) struct Front {
    shop: Arc<OpenShop>,
    tools: Arc<Tools>,
    visitor: Arc<Principal>,
    /// Whether the visitor is a person, and not a program with a key.
    in_person: bool,
    /// How the visitor reached this server.
    origin: String,
    server: Server,
}

/// Why there is no answer, in the form of the tools: `code`, `message`, `hint`, `candidates`.
#[derive(Debug)]
pub(crate) struct Trouble(pub(crate) Value);

impl Front {
    pub(crate) fn new(
        shop: Arc<OpenShop>,
        tools: Arc<Tools>,
        (visitor, in_person): (Arc<Principal>, bool),
        origin: String,
        server: Server,
    ) -> Front {
        Front { shop, tools, visitor, in_person, origin, server }
    }

    /// The state of the node, as far as the visitor may know it.
    pub(crate) async fn status(&self) -> Value {
        (self.server.status)(Arc::clone(&self.visitor)).await
    }

    /// The zone in which all times are shown.
    pub(crate) fn zone(&self) -> &'static str {
        self.shop.settings.calendar.timezone.name()
    }

    fn caller(&self) -> Caller {
        let agent = principal::agent(AGENT, env!("CARGO_PKG_VERSION"), None);
        let address = Some(self.origin.clone());
        let caller = Caller { address, ..Caller::of((*self.visitor).clone(), Some(agent)) };
        if self.in_person { caller.in_person() } else { caller }
    }

    /// Understands sentences for the visitor.
    pub(crate) fn assistant(&self) -> Assistant {
        Assistant::new(Arc::clone(&self.shop), Arc::clone(&self.tools), self.caller(), self.server.model.clone())
    }

    /// The shop's signature under a text that a form of this visitor carries.
    pub(crate) fn signed(&self, purpose: &[u8], text: &str) -> String {
        let signed = self.shop.keyring.sign(&[purpose, self.visitor.user.as_bytes(), b"\0", text.as_bytes()]);
        signed.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The same call with this key, so that it acts once, if its tool takes a key.
    pub(crate) fn once(&self, step: &Step, key: &str) -> Step {
        const KEY: &str = "idempotency_key";
        let takes = |tool: Arc<Tool>| tool.input.get("properties").is_some_and(|taken| taken.get(KEY).is_some());
        let mut step = step.clone();
        if self.tools.find(&step.tool).is_some_and(takes) {
            step.arguments.insert(KEY.to_owned(), key.into());
        }
        step
    }

    /// A new id, by which an act happens once.
    pub(crate) fn new_id(&self) -> String {
        self.shop.clock.new_id().to_string()
    }

    /// Whether the visitor may use a tool.
    pub(crate) fn may(&self, tool: &str) -> bool {
        self.tools.find(tool).is_some_and(|tool| tool.serves(&self.visitor))
    }

    /// The visitor.
    pub(crate) fn visitor(&self) -> &Principal {
        &self.visitor
    }

    /// Whether the visitor may undo what this user did.
    pub(crate) fn speaks_for(&self, user: &str) -> bool {
        self.visitor.speaks_for(user)
    }

    /// Calls the tool. Arguments that are null are left out.
    pub(crate) fn ask<'a>(&'a self, name: &'a str, arguments: Value) -> BoxFuture<'a, Result<Value, Trouble>> {
        self.ask_telling(name, arguments, Progress::default())
    }

    /// The same of a call that tells how far it is.
    pub(crate) fn ask_telling<'a>(
        &'a self,
        name: &'a str,
        arguments: Value,
        progress: Progress,
    ) -> BoxFuture<'a, Result<Value, Trouble>> {
        Box::pin(async move {
            let Some(tool) = self.tools.find(name) else { return Err(failed()) };
            let mut given = Object::new();
            if let Value::Object(all) = arguments {
                given.extend(all.into_iter().filter(|(_, value)| !value.is_null()));
            }
            given.insert("detail".to_owned(), "full".into());
            let started = Instant::now();
            let mut call = Call::new(given, self.caller());
            call.progress = progress;
            let answer = run_in_task(&self.shop, Arc::clone(&tool), call).await;
            metrics::called(&tool, &answer, started.elapsed());
            answer.map(|answer| answer.structured).map_err(|failure| trouble(name, failure))
        })
    }

    /// The names of the targets of notifications.
    pub(crate) fn targets(&self) -> Vec<&str> {
        self.shop.targets.iter().map(|target| target.name.as_str()).collect()
    }

    /// Sets of templates that a rule may ask for.
    pub(crate) fn templates(&self) -> &[String] {
        &self.shop.templates
    }

    /// Whether the visitor may do what an operator does about notifications.
    pub(crate) fn may_operate(&self) -> bool {
        let writes = self.tools.find("notifications.unsubscribe");
        self.visitor.may(Right::Admin) && writes.is_some_and(|tool| tool.serves(&Principal::local()))
    }

    /// Whether the visitor may see single messages.
    pub(crate) fn may_see_messages(&self) -> bool {
        undelivered::may_see(&self.visitor)
    }

    /// Messages that wait or were given up, at most so many of each.
    pub(crate) async fn undelivered(&self, most: usize) -> Result<Undelivered, Trouble> {
        let found = undelivered::list(&self.shop, &self.visitor, most).await;
        found.map_err(|failure| trouble(OPERATING, failure))
    }

    /// The ids of all messages that were given up, or of those to one target.
    pub(crate) async fn given_up(&self, target: Option<&str>) -> Result<Vec<String>, Trouble> {
        self.operators_only()?;
        let found = undelivered::given_up(&self.shop, target).await;
        let found = found.map_err(|error| trouble(OPERATING, Failure::Failed(error)))?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    /// Carries out an operator's act, or previews it. Continues if the visitor goes away.
    pub(crate) fn operate(
        &self,
        act: Result<OperatorAct, Failure>,
        arguments: Value,
    ) -> BoxFuture<'_, Result<Value, Trouble>> {
        Box::pin(async move {
            self.operators_only()?;
            let act = act.map_err(|failure| trouble(OPERATING, failure))?;
            let Value::Object(row) = arguments else { return Err(failed()) };
            let row: Object = row.into_iter().filter(|(_, value)| !value.is_null()).collect();
            let (shop, caller) = (Arc::clone(&self.shop), self.caller());
            let doing = async move { undelivered::carry_out_act(&shop, caller, act, row).await };
            match self.shop.tasks.spawn(doing).await {
                Ok(Ok(answer)) => Ok(json!(answer)),
                Ok(Err(failure)) => Err(trouble(OPERATING, failure)),
                Err(error) => Err(trouble(OPERATING, Failure::Failed(error.into()))),
            }
        })
    }

    /// Passes where the visitor may send this target a test message.
    pub(crate) fn may_test(&self, target: &str) -> Result<(), Trouble> {
        self.operators_only()?;
        if self.targets().contains(&target) {
            return Ok(());
        }
        Err(Trouble(json!({ "code": "NOT_FOUND", "message": "There is no target of that name." })))
    }

    /// Sends a test message; true if it was sent now. A form that is sent again sends no message.
    pub(crate) async fn test(&self, target: &str, form: &str) -> Result<bool, Trouble> {
        self.may_test(target)?;
        if !self.server.tested.is_first(form) {
            return Ok(false);
        }
        let sent = (self.server.test)(target.to_owned()).await;
        tracing::info!(target, user = self.visitor.user, arrived = sent.is_ok(), "a test message was asked for");
        let refused = |why: String| {
            let (message, hint) =
                (format!("The test message did not arrive. {why}."), "Look at the target's settings.");
            Trouble(json!({ "code": "NOT_DELIVERED", "message": message, "hint": hint }))
        };
        sent.map(|()| true).map_err(refused)
    }

    fn operators_only(&self) -> Result<(), Trouble> {
        permit(&self.visitor, Right::Admin).map_err(|rejection| Trouble(json!(rejection)))?;
        if self.may_operate() {
            return Ok(());
        }
        let message = "This server only reads (--read-only). Nothing was changed.";
        Err(Trouble(json!({ "code": "FORBIDDEN", "message": message })))
    }

    /// How many acts wait for the visitor's word.
    pub(crate) fn count_waiting(&self) -> BoxFuture<'_, usize> {
        agreeing::count(&self.shop, &self.tools, &self.visitor)
    }

    /// The acts that wait for the visitor's word.
    pub(crate) async fn waiting(&self) -> Result<Vec<Waiting>, Trouble> {
        let found = agreeing::list(&self.shop, &self.tools, &self.visitor).await;
        found.map_err(|failure| trouble(WAITING, failure))
    }

    /// One question, answered or not.
    pub(crate) async fn question(&self, id: &str) -> Result<Waiting, Trouble> {
        let found = agreeing::one(&self.shop, &self.tools, &self.visitor, id).await;
        found.map_err(|failure| trouble(WAITING, failure))
    }

    /// Says Yes to a question, and returns what was done.
    pub(crate) async fn agree(&self, id: &str) -> Result<Value, Trouble> {
        let done = agreeing::agree(&self.shop, &self.tools, &self.caller(), id).await;
        done.map(|answer| answer.structured).map_err(|failure| trouble(WAITING, failure))
    }

    /// Says No to a question.
    pub(crate) async fn decline(&self, id: &str) -> Result<(), Trouble> {
        let done = agreeing::decline(&self.shop, &self.tools, &self.caller(), id).await;
        done.map_err(|failure| trouble(WAITING, failure))
    }
}

/// Name of the acts that wait, in logs, in place of a tool.
const WAITING: &str = "confirmations";
/// Name of an operator's acts about messages, in logs.
const OPERATING: &str = "notifications";

fn trouble(tool: &str, failure: Failure) -> Trouble {
    match failure {
        Failure::Rejected(rejection) => Trouble(json!(rejection)),
        Failure::Failed(error) => {
            tracing::error!(tool, error = in_words(&error), "a page could not be answered");
            failed()
        }
    }
}

fn failed() -> Trouble {
    Trouble(json!({
        "code": "UNAVAILABLE", "message": "The server could not answer this just now.",
        "hint": "Try again in a moment; the operator finds the cause in the log.",
    }))
}
