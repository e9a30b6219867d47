//! A tool: its name, its arguments and answer, what it can change, and its function.

use std::sync::Arc;

use orderlog_access::{Principal, Right};
use orderlog_domain::{
    commands::Command,
    rejection::{Code, Rejection},
};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{
    answer::{Answer, DETAIL, Detail, Reply, Told},
    arguments::{Elsewhere, check, cursor, read_as, shape::Shape, when::When},
    call::{Answering, Call, Run},
    command_answer::CommandAnswer,
    command_call::carry_out,
    confirm::{MAX_TOKEN, TOKEN},
    confirmations, echo,
    failure::Failure,
    permit::{permit, seen_by},
    principal::Caller,
    query::Paging,
    request::{AGAIN, Common, Request},
    schema::{self, Object},
    shop::OpenShop,
};

/// One tool.
pub struct Tool {
    /// `orders.get_pending`.
    pub name: &'static str,
    /// Schema of the arguments.
    pub input: Arc<Object>,
    /// For people.
    pub title: &'static str,
    /// The description for assistants.
    pub description: String,
    /// Outline of the answer.
    pub output: Arc<Object>,
    /// What the tool can change.
    pub danger: Danger,
    needs: Option<Right>,
    refused: bool,
    shape: Shape,
    listed: bool,
    run: Run,
}

/// What a tool can change, as hosts want it declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Danger {
    /// Changes nothing.
    Read,
    /// Adds facts.
    Write,
    /// Takes something back that was promised or counted.
    Destructive,
}

impl Tool {
    /// Checks the arguments, then does the work.
    pub async fn run(&self, shop: Arc<OpenShop>, mut call: Call) -> Result<Answer, Failure> {
        self.check(&call.caller.principal)?;
        let (mut arguments, readings) = self.read(&shop, std::mem::take(&mut call.arguments))?;
        let detail = Detail::take(&mut arguments);
        let principal = call.caller.principal.clone();
        let call = Call { arguments, detail, ..call };
        let waits = self.is_command() && confirmations::may_wait(&shop, &call.caller);
        let reply = match waits {
            // In a box, so that the futures of shops that need no agreement stay small.
            true => Box::pin(seen_by(&principal, confirmations::through(&self.run, self.name, shop, call))).await,
            false => seen_by(&principal, (self.run)(shop, call)).await,
        };
        let reply = reply.map_err(|mut failure| {
            if let Failure::Rejected(Rejection { confirmation: Some(confirmation), .. }) = &mut failure {
                echo::tidy(&mut confirmation.preview);
            }
            if let Failure::Rejected(Rejection { agreement: Some(agreement), .. }) = &mut failure {
                echo::tidy(&mut agreement.preview);
            }
            failure
        })?;
        Ok(reply.answer(readings))
    }

    /// Whether the tool accepts these arguments. Looks nothing up and changes nothing.
    ///
    /// # Errors
    /// `INVALID_ARGUMENT` with all problems.
    pub fn fits(&self, shop: &OpenShop, arguments: Object) -> Result<(), Rejection> {
        self.read(shop, arguments).map(|_| ())
    }

    fn read(&self, shop: &OpenShop, mut arguments: Object) -> Result<(Object, Vec<String>), Rejection> {
        self.drop_nulls(&mut arguments);
        let when = When { now: shop.clock.now(), calendar: &shop.settings.calendar };
        check::read(&self.shape, &self.input, arguments, when)
    }

    /// A tool for a command that needs no preparation before its names are resolved: its domain struct is the tool's
    /// input.
    pub(crate) fn command<C>(name: &'static str, title: &'static str, danger: Danger) -> Tool
    where
        C: DeserializeOwned + JsonSchema + Into<Command> + Send + 'static,
    {
        Tool::command_with(name, title, danger, |shop, request, input: C| async move {
            carry_out(&shop, request, input.into()).await
        })
    }

    /// A tool for a command that needs preparation. Takes `C` and the common arguments.
    pub(crate) fn command_with<C, F>(
        name: &'static str,
        title: &'static str,
        danger: Danger,
        run: impl Fn(Arc<OpenShop>, Request, C) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        C: DeserializeOwned + JsonSchema + Send + 'static,
        F: Future<Output = Result<CommandAnswer, Failure>> + Send + 'static,
    {
        let (mut input, output) = (schema::input::<C>(), schema::output::<CommandAnswer>());
        schema::merge(&mut input, schema::input::<Common>());
        Tool::new(name, title, danger, input, output, move |shop, call| {
            let detail = call.detail;
            Box::pin(async move {
                let (request, arguments) = Request::split(&shop, name, call)?;
                Reply::of(run(shop, request, read_as(arguments)?).await?, detail)
            })
        })
    }

    /// A tool for a query that answers a page of a list. Takes `I` and paging.
    pub(crate) fn listing<I, O, F>(
        name: &'static str,
        title: &'static str,
        run: impl Fn(Arc<OpenShop>, I, Paging) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Told + JsonSchema,
        F: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        Tool::listing_for_caller(name, title, move |shop, input, paging, _| run(shop, input, paging))
    }

    /// As [`listing`](Self::listing), for queries that must know the caller.
    pub(crate) fn listing_for_caller<I, O, F>(
        name: &'static str,
        title: &'static str,
        run: impl Fn(Arc<OpenShop>, I, Paging, Caller) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Told + JsonSchema,
        F: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let (mut input, output) = (schema::input::<I>(), schema::output::<O>());
        schema::merge(&mut input, schema::input::<Paging>());
        Tool::new(name, title, Danger::Read, input, output, move |shop, call| {
            let Call { mut arguments, caller, detail, .. } = call;
            let mut paging = Object::new();
            for name in ["limit", "cursor"] {
                paging.extend(arguments.remove_entry(name));
            }
            let list = cursor::list_of(name, &arguments);
            let inputs = cursor::take(&mut paging, &list).and_then(|()| Ok((read_as(arguments)?, read_as(paging)?)));
            Box::pin(async move {
                let (input, paging) = inputs?;
                let mut reply = Reply::of(run(shop, input, paging, caller).await?, detail)?;
                reply.give_cursor(&list);
                Ok(reply)
            })
        })
    }

    /// A tool that only reads.
    pub(crate) fn query<I, O, F>(
        name: &'static str,
        title: &'static str,
        run: impl Fn(Arc<OpenShop>, I, Caller) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Told + JsonSchema,
        F: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let (input, output) = (schema::input::<I>(), schema::output::<O>());
        Tool::new(name, title, Danger::Read, input, output, move |shop, call| {
            let input = read_as(call.arguments);
            Box::pin(async move { Reply::of(run(shop, input?, call.caller).await?, call.detail) })
        })
    }

    pub(crate) fn new(
        name: &'static str,
        title: &'static str,
        danger: Danger,
        mut input: Object,
        mut output: Object,
        run: impl Fn(Arc<OpenShop>, Call) -> Answering + Send + Sync + 'static,
    ) -> Tool {
        output.remove("description");
        let description = input.remove("description").and_then(|text| text.as_str().map(one_line)).unwrap_or_default();
        let properties = input.entry("properties").or_insert_with(|| Value::Object(Object::new()));
        if let Value::Object(properties) = properties {
            properties.insert(DETAIL.to_owned(), Detail::schema());
        }
        let shape = shape(name, &input);
        Tool {
            name,
            title,
            description,
            input: Arc::new(input),
            output: Arc::new(output),
            danger,
            needs: None,
            refused: false,
            shape,
            listed: true,
            run: Box::new(run),
        }
    }

    /// Declares that the tool may ask for a confirmation before it acts.
    pub(crate) fn asks(self) -> Tool {
        let description = "From CONFIRMATION_REQUIRED.";
        self.with_argument(TOKEN, json!({ "type": "string", "maxLength": MAX_TOKEN, "description": description }))
    }

    /// Declares that the tool may ask whether a repetition of a recent act is intended.
    pub(crate) fn suspects(self) -> Tool {
        let description = "Do it although the same was done a moment ago.";
        self.with_argument(AGAIN, json!({ "type": "boolean", "description": description }))
    }

    /// Adds an argument, which is removed before the rest is read.
    fn with_argument(self, name: &str, schema: Value) -> Tool {
        let mut input = (*self.input).clone();
        if let Some(Value::Object(properties)) = input.get_mut("properties") {
            properties.insert(name.to_owned(), schema);
        }
        let shape = shape(self.name, &input);
        Tool { input: Arc::new(input), shape, ..self }
    }

    /// Takes note which tools take the arguments that this tool does not.
    pub(crate) fn learn(&mut self, tools: &Elsewhere) {
        self.shape.learn(tools);
    }

    /// Sets the right that a caller must have.
    pub(crate) fn needs(self, right: Right) -> Tool {
        Tool { needs: Some(right), ..self }
    }

    /// Makes the tool refuse every call, if it would change something.
    pub(crate) fn only_reads(&mut self) {
        self.refused = self.is_command();
    }

    #[cfg(test)]
    pub(crate) fn said_needs(&self) -> Option<Right> {
        self.needs
    }

    /// The right that the tool needs; if none was set, the right of administrators.
    pub fn right(&self) -> Right {
        self.needs.unwrap_or(Right::Admin)
    }

    /// Whether this caller may use the tool.
    pub fn serves(&self, principal: &Principal) -> bool {
        self.check(principal).is_ok()
    }

    fn check(&self, principal: &Principal) -> Result<(), Rejection> {
        if self.refused {
            let message = "This server only reads (--read-only). Nothing was changed.";
            let hint = "Whoever runs the server can start it without --read-only.";
            return Err(Rejection::new(Code::Forbidden, message).hint(hint));
        }
        permit(principal, self.right())
    }

    /// Can be called, but is not listed.
    pub(crate) fn hidden(mut self) -> Tool {
        self.listed = false;
        self
    }

    /// Whether the tool can change anything.
    pub fn is_command(&self) -> bool {
        self.danger != Danger::Read
    }

    /// Whether the tool may ask for a confirmation.
    pub fn may_ask(&self) -> bool {
        self.input.get("properties").is_some_and(|properties| properties.get(TOKEN).is_some())
    }

    /// Whether `tools/list` contains the tool.
    pub fn is_listed(&self) -> bool {
        self.listed
    }

    /// Some hosts send null for arguments that the user left out.
    fn drop_nulls(&self, arguments: &mut Object) {
        let known = self.input.get("properties");
        arguments.retain(|name, value| !(value.is_null() && known.is_some_and(|known| known.get(name).is_some())));
    }
}

/// Made once, at start.
fn shape(name: &str, input: &Object) -> Shape {
    Shape::of(input).unwrap_or_else(|problem| panic!("the schema of {name} cannot be checked: {problem}"))
}

/// Doc comments are wrapped for editors; descriptions are not.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
