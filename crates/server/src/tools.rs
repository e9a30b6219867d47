//! The table of tools: what each is called, takes and answers, how dangerous it is, and the function that does it.

mod bench_noop;

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc};

use jsonschema::Validator;
use orderlog_domain::rejection::{Code, Rejection};
use rmcp::model::{Tool as ListedTool, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{
    mcp::{
        Names, check,
        schema::{self, Object},
    },
    node::Node,
    principal::Caller,
};

/// One call of a tool.
pub(crate) struct Call {
    pub(crate) arguments: Object,
    pub(crate) caller: Caller,
}

/// Why a tool has no answer.
#[derive(Debug)]
pub(crate) enum Failure {
    /// For the assistant.
    Rejected(Rejection),
    /// For the operator.
    Failed(anyhow::Error),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Failure {
        Failure::Rejected(rejection)
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Failure {
        Failure::Failed(error)
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Value, Failure>> + Send>>;

/// One tool.
pub(crate) struct Tool {
    /// `orders.get_pending`.
    pub(crate) name: &'static str,
    pub(crate) input: Arc<Object>,
    title: &'static str,
    description: String,
    output: Arc<Object>,
    danger: Danger,
    validator: Validator,
    listed: bool,
    run: Box<dyn Fn(Arc<Node>, Call) -> Answering + Send + Sync>,
}

/// What a tool can do to the shop, as hosts want it declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Danger {
    /// Changes nothing.
    Read,
    /// Adds facts.
    Write,
    /// Takes something back that was promised or counted.
    Destructive,
}

impl Tool {
    /// Checks the arguments, then does the work.
    pub(crate) async fn run(&self, node: Arc<Node>, mut call: Call) -> Result<Value, Failure> {
        self.drop_nulls(&mut call.arguments);
        let arguments = Value::Object(call.arguments);
        check::check(&self.validator, &arguments)?;
        let Value::Object(arguments) = arguments else { unreachable!("it was an object a line ago") };
        (self.run)(node, Call { arguments, ..call }).await
    }

    /// A tool that only reads.
    fn query<I, O, F>(
        name: &'static str,
        title: &'static str,
        run: impl Fn(Arc<Node>, I, Caller) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema,
        F: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let (input, output) = (schema::input::<I>(), schema::output::<O>());
        Tool::new(name, title, Danger::Read, input, output, move |node, call| {
            let input = read(call.arguments);
            Box::pin(async move { write(run(node, input?, call.caller).await?) })
        })
    }

    fn new(
        name: &'static str,
        title: &'static str,
        danger: Danger,
        mut input: Object,
        mut output: Object,
        run: impl Fn(Arc<Node>, Call) -> Answering + Send + Sync + 'static,
    ) -> Tool {
        output.remove("description");
        let description = input.remove("description").and_then(|text| text.as_str().map(one_line)).unwrap_or_default();
        input.entry("properties").or_insert_with(|| Value::Object(Object::new()));
        let validator = jsonschema::validator_for(&Value::Object(input.clone()))
            .unwrap_or_else(|error| panic!("the schema of {name} is no schema: {error}"));
        Tool {
            name,
            title,
            description,
            input: Arc::new(input),
            output: Arc::new(output),
            danger,
            validator,
            listed: true,
            run: Box::new(run),
        }
    }

    /// Can be called, but is not listed.
    fn hidden(mut self) -> Tool {
        self.listed = false;
        self
    }

    /// Some hosts send null for what the user left open.
    fn drop_nulls(&self, arguments: &mut Object) {
        let known = self.input.get("properties");
        arguments.retain(|name, value| !(value.is_null() && known.is_some_and(|known| known.get(name).is_some())));
    }

    fn listed(&self, names: Names) -> ListedTool {
        let name = match names {
            Names::Underscored => self.name.replace('.', "_"),
            Names::Dotted => self.name.to_owned(),
        };
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(self.danger == Danger::Read)
            .destructive(self.danger == Danger::Destructive)
            .idempotent(self.danger == Danger::Read)
            .open_world(false);
        ListedTool::new(name, self.description.clone(), Arc::clone(&self.input))
            .with_title(self.title)
            .with_annotations(annotations)
            .with_raw_output_schema(Arc::clone(&self.output))
    }
}

/// All tools, by both forms of their names.
pub(crate) struct Tools {
    all: Vec<Arc<Tool>>,
    by_name: HashMap<String, Arc<Tool>>,
}

impl Tools {
    /// The tools of this version. One line each.
    pub(crate) fn new(bench_noop: bool) -> Tools {
        let mut all = vec![];
        if bench_noop {
            all.push(bench_noop::tool());
        }
        let all: Vec<Arc<Tool>> = all.into_iter().map(Arc::new).collect();
        let by_name = all
            .iter()
            .flat_map(|tool| [tool.name.to_owned(), tool.name.replace('.', "_")].map(|name| (name, Arc::clone(tool))))
            .collect();
        Tools { all, by_name }
    }

    /// The tool called `orders.get_pending` or `orders_get_pending`.
    pub(crate) fn find(&self, name: &str) -> Option<Arc<Tool>> {
        self.by_name.get(name).cloned()
    }

    /// What `tools/list` answers.
    pub(crate) fn list(&self, names: Names) -> Vec<ListedTool> {
        self.all.iter().filter(|tool| tool.listed).map(|tool| tool.listed(names)).collect()
    }
}

/// A code as metrics name it.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "invalid_argument",
        Code::Ambiguous => "ambiguous",
        Code::NotFound => "not_found",
        Code::IllegalTransition => "illegal_transition",
        Code::VersionConflict => "version_conflict",
        Code::InsufficientStock => "insufficient_stock",
        Code::OnHold => "on_hold",
        Code::IdempotencyMismatch => "idempotency_mismatch",
        Code::DuplicateSuspected => "duplicate_suspected",
        Code::ConfirmationRequired => "confirmation_required",
        Code::Forbidden => "forbidden",
        Code::LimitExceeded => "limit_exceeded",
        Code::UseOtherTool => "use_other_tool",
        Code::StaleRead => "stale_read",
        Code::RateLimited => "rate_limited",
        Code::Unavailable => "unavailable",
    }
}

/// Arguments that passed the schema, as the tool's type.
fn read<I: DeserializeOwned>(arguments: Object) -> Result<I, Rejection> {
    serde_json::from_value(Value::Object(arguments)).map_err(|error| Rejection::invalid("arguments", error.to_string()))
}

fn write<O: Serialize>(answer: O) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::Failed(anyhow::Error::new(error).context("write the answer")))
}

/// Doc comments are wrapped for editors; descriptions are not.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
