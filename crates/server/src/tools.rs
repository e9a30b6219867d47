//! The table of tools: what each is called, takes and answers, how dangerous it is, and the function that does it.

mod bench_noop;
mod command;
mod confirm;
mod cursor;
mod customers;
mod inventory;
mod orders_bulk_update_status;
mod orders_create_order;
pub(crate) mod orders_get;
mod orders_get_pending;
pub(crate) mod orders_history;
mod orders_report_sales;
mod orders_search;
mod orders_undo;
mod products;
mod query;
mod sales_explain;
pub(crate) mod views;

pub(crate) use self::{
    command::{CommandAnswer, Request, carry_out, keyed_command},
    confirm::TOKEN as CONFIRM_TOKEN,
    customers::register,
};

use std::{collections::HashMap, future::Future, pin::Pin, sync::Arc, time::Duration};

use jsonschema::Validator;
use orderlog_domain::{
    commands::{
        AdjustStock, Cancel, ChangeLines, Command, ReceiveStock, RecordPayment, Refund, ReturnItems, SetHold, SetRate,
        Ship, UpdateStatus, UpsertProduct,
    },
    rejection::{Code, Rejection},
};
use orderlog_event_log::LogError;
use orderlog_projections::QueryError;
use rmcp::model::{Tool as ListedTool, ToolAnnotations};
use schemars::JsonSchema;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use self::{command::Common, query::Paging};
use crate::{
    echo,
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
    /// A database that is away is no news for each call: the log says so once, and the caller is told when to try again.
    fn from(error: anyhow::Error) -> Failure {
        match error.chain().find_map(|cause| cause.downcast_ref::<LogError>()) {
            Some(log) if log.is_retryable() => Failure::Rejected(unavailable(log)),
            _ => Failure::Failed(error),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Failure {
        anyhow::Error::new(error).into()
    }
}

/// What a caller is told while the log's database cannot be used.
fn unavailable(error: &LogError) -> Rejection {
    let outcome = match error {
        LogError::Unknown { .. } => " Whether the change was made is not known yet.",
        _ => "",
    };
    Rejection::new(Code::Unavailable, format!("The shop's log cannot be used just now: {error}.{outcome}"))
        .hint("Call again in a moment with the same idempotency_key: it acts once.")
        .retry_after(RETRY_AFTER)
}

/// When a caller shall try again after the database was away.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl From<QueryError> for Failure {
    fn from(error: QueryError) -> Failure {
        match error {
            QueryError::AnotherPast(stranger) => {
                let message = format!("This cannot be answered yet: {stranger}.");
                let hint = "Ask again in a moment. `orderlog status` shows how far it has come.";
                Failure::Rejected(Rejection::new(Code::Unavailable, message).hint(hint))
            }
            QueryError::Log(error) => error.into(),
            QueryError::Store(error) => Failure::Failed(anyhow::Error::new(error)),
        }
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
        let (arguments, readings) = check::read(&self.validator, &self.input, call.arguments)?;
        let answer = (self.run)(node, Call { arguments, ..call }).await;
        let mut answer = answer.map_err(|mut failure| {
            if let Failure::Rejected(Rejection { confirmation: Some(confirmation), .. }) = &mut failure {
                echo::tidy(&mut confirmation.preview);
            }
            failure
        })?;
        tell(&mut answer, readings);
        echo::tidy(&mut answer);
        Ok(answer)
    }

    /// A command that needs nothing before its names are resolved: its domain struct is the tool's input.
    fn command<C>(name: &'static str, title: &'static str, danger: Danger) -> Tool
    where
        C: DeserializeOwned + JsonSchema + Into<Command> + Send + 'static,
    {
        Tool::command_with(name, title, danger, |node, request, input: C| async move {
            carry_out(&node, request, input.into()).await
        })
    }

    /// A command with some work of its own at the edge. Takes `C` and the common arguments.
    fn command_with<C, F>(
        name: &'static str,
        title: &'static str,
        danger: Danger,
        run: impl Fn(Arc<Node>, Request, C) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        C: DeserializeOwned + JsonSchema + Send + 'static,
        F: Future<Output = Result<CommandAnswer, Failure>> + Send + 'static,
    {
        Tool::command_of_call::<C, _>(name, title, danger, move |node, call| async move {
            let Call { mut arguments, caller } = call;
            let request = Request::split(&node, name, &mut arguments, caller)?;
            run(node, request, read(arguments)?).await
        })
    }

    /// A command that reads its arguments itself. They are described by `C` and the common ones.
    fn command_of_call<C, F>(
        name: &'static str,
        title: &'static str,
        danger: Danger,
        run: impl Fn(Arc<Node>, Call) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        C: JsonSchema,
        F: Future<Output = Result<CommandAnswer, Failure>> + Send + 'static,
    {
        let (mut input, output) = (schema::input::<C>(), schema::output::<CommandAnswer>());
        schema::merge(&mut input, schema::input::<Common>());
        Tool::new(name, title, danger, input, output, move |node, call| {
            Box::pin(async move { write(run(node, call).await?) })
        })
    }

    /// A query that answers a page of a list. Takes `I` and paging.
    fn listing<I, O, F>(
        name: &'static str,
        title: &'static str,
        run: impl Fn(Arc<Node>, I, Paging) -> F + Send + Sync + Copy + 'static,
    ) -> Tool
    where
        I: DeserializeOwned + JsonSchema + Send + 'static,
        O: Serialize + JsonSchema,
        F: Future<Output = Result<O, Failure>> + Send + 'static,
    {
        let (mut input, output) = (schema::input::<I>(), schema::output::<O>());
        schema::merge(&mut input, schema::input::<Paging>());
        Tool::new(name, title, Danger::Read, input, output, move |node, call| {
            let mut arguments = call.arguments;
            let mut paging = Object::new();
            for name in ["limit", "cursor"] {
                paging.extend(arguments.remove_entry(name));
            }
            let list = cursor::list_of(name, &arguments);
            let inputs = cursor::take(&mut paging, &list).and_then(|()| Ok((read(arguments)?, read(paging)?)));
            Box::pin(async move {
                let (input, paging) = inputs?;
                let mut answer = write(run(node, input, paging).await?)?;
                cursor::give(&mut answer, &list);
                Ok(answer)
            })
        })
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
        let validator = validator(name, &input);
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

    /// Takes one more argument, which the edge removes before the rest is read.
    fn with_argument(self, name: &str, schema: Value) -> Tool {
        let mut input = (*self.input).clone();
        if let Some(Value::Object(properties)) = input.get_mut("properties") {
            properties.insert(name.to_owned(), schema);
        }
        let validator = validator(self.name, &input);
        Tool { input: Arc::new(input), validator, ..self }
    }

    /// Can be called, but is not listed.
    fn hidden(mut self) -> Tool {
        self.listed = false;
        self
    }

    /// Whether it can change anything.
    pub(crate) fn is_command(&self) -> bool {
        self.danger != Danger::Read
    }

    /// Whether it may ask the user to confirm.
    pub(crate) fn may_ask(&self) -> bool {
        self.input.get("properties").is_some_and(|properties| properties.get(CONFIRM_TOKEN).is_some())
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
        let annotations = ToolAnnotations::new()
            .read_only(self.danger == Danger::Read)
            .destructive(self.danger == Danger::Destructive)
            .idempotent(self.danger == Danger::Read)
            .open_world(false);
        ListedTool::new(name, self.description.clone(), Arc::new(schema::listed(&self.input)))
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
        let (write, destructive) = (Danger::Write, Danger::Destructive);
        let mut all = vec![
            orders_get_pending::tool(),
            orders_create_order::tool(),
            Tool::command::<UpdateStatus>("orders.update_status", "Update an order's status", destructive),
            orders_report_sales::tool(),
            sales_explain::tool(),
            orders_get::tool(),
            orders_search::tool(),
            orders_history::tool(),
            Tool::command::<Ship>("orders.ship", "Ship units of an order", write),
            Tool::command::<Cancel>("orders.cancel", "Cancel an order or units of it", destructive),
            Tool::command::<SetHold>("orders.set_hold", "Hold or release an order", write),
            Tool::command::<RecordPayment>("orders.record_payment", "Record a payment", write),
            Tool::command::<ChangeLines>("orders.change_lines", "Change an order's lines", destructive),
            Tool::command::<ReturnItems>("orders.return_items", "Take back shipped units", destructive),
            Tool::command::<Refund>("orders.refund", "Pay money back", destructive),
            orders_bulk_update_status::tool(),
            orders_undo::tool(),
            Tool::command::<SetRate>("currencies.set_rate", "Store an exchange rate", write),
            inventory::check(),
            inventory::low_stock(),
            Tool::command::<ReceiveStock>("inventory.receive", "Receive stock", write),
            Tool::command::<AdjustStock>("inventory.adjust", "Correct stock", destructive),
            products::search(),
            Tool::command::<UpsertProduct>("products.upsert", "Register or change a product", write),
            customers::search(),
            customers::upsert(),
            customers::erase(),
        ];
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

    /// Every tool.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Tool> {
        self.all.iter().map(|tool| &**tool)
    }

    /// What `tools/list` answers.
    pub(crate) fn list(&self, names: Names) -> Vec<ListedTool> {
        self.all.iter().filter(|tool| tool.listed).map(|tool| tool.listed(names)).collect()
    }
}

/// Says how arguments were read that were not written as they are listed.
fn tell(answer: &mut Value, readings: Vec<String>) {
    let Value::Object(answer) = answer else { return };
    if readings.is_empty() {
        return;
    }
    let interpretation = answer.entry("interpretation").or_insert_with(|| Value::Object(Object::new()));
    if let Value::Object(interpretation) = interpretation {
        interpretation.insert("arguments".to_owned(), readings.into());
    }
}

/// Compiled once, at start.
fn validator(name: &str, input: &Object) -> Validator {
    check::validator(&Value::Object(input.clone()))
        .unwrap_or_else(|error| panic!("the schema of {name} is no schema: {error}"))
}

/// Every code.
pub(crate) const CODES: [Code; 16] = [
    Code::InvalidArgument,
    Code::Ambiguous,
    Code::NotFound,
    Code::IllegalTransition,
    Code::VersionConflict,
    Code::InsufficientStock,
    Code::OnHold,
    Code::IdempotencyMismatch,
    Code::DuplicateSuspected,
    Code::ConfirmationRequired,
    Code::Forbidden,
    Code::LimitExceeded,
    Code::UseOtherTool,
    Code::StaleRead,
    Code::RateLimited,
    Code::Unavailable,
];

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
    serde_json::from_value(Value::Object(arguments)).map_err(|error| {
        Rejection::invalid("arguments", error.to_string()).hint("See what the tool's input schema says of it.")
    })
}

fn write<O: Serialize>(answer: O) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| Failure::Failed(anyhow::Error::new(error).context("write the answer")))
}

/// Doc comments are wrapped for editors; descriptions are not.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, path::Path};

    use super::*;

    /// What hosts take in at once; larger lists are cut or refused.
    const MAX_LIST_BYTES: usize = 48_000;
    /// Beyond it assistants choose badly.
    const MAX_TOOLS: usize = 30;

    #[test]
    fn the_list_of_tools_fits_every_host() {
        let listed = Tools::new(true).list(Names::Underscored);
        assert!(listed.len() <= MAX_TOOLS, "{} tools are listed", listed.len());
        let bytes = serde_json::to_vec(&listed).unwrap().len();
        assert!(bytes <= MAX_LIST_BYTES, "tools/list has {bytes} bytes");
        for tool in &listed {
            let name = &tool.name;
            let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
                && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_'))
                && name.len() <= 40;
            assert!(fits, "{name}");
            let hints = tool.annotations.as_ref().unwrap();
            assert!(tool.title.is_some(), "{name}");
            let all = [hints.read_only_hint, hints.destructive_hint, hints.idempotent_hint, hints.open_world_hint];
            assert!(all.iter().all(Option::is_some), "{name}");
            assert!(tool.description.as_ref().is_some_and(|text| text.len() > 20), "{name} has no description");
            assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object", "{name}");
            check_schema(name, &serde_json::to_value(tool).unwrap());
        }
    }

    /// No null types, no formats on numbers, no references.
    fn check_schema(path: &str, value: &Value) {
        match value {
            Value::Object(fields) => {
                assert!(fields.get("type") != Some(&Value::from("null")), "{path} is null");
                assert!(!fields.get("type").is_some_and(Value::is_array), "{path} has several types");
                assert!(!fields.contains_key("$ref"), "{path} is a reference");
                let number = fields.get("type").is_some_and(|kind| kind == "integer" || kind == "number");
                assert!(!(number && fields.contains_key("format")), "{path} is a number with a format");
                fields.iter().for_each(|(name, inner)| check_schema(&format!("{path}.{name}"), inner));
            }
            Value::Array(items) => items.iter().for_each(|inner| check_schema(path, inner)),
            _ => {}
        }
    }

    #[test]
    fn every_pattern_and_format_of_an_input_is_said_in_words() {
        fn asked<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
            match value {
                Value::Object(fields) => {
                    found.extend(["pattern", "format"].iter().filter_map(|name| fields.get(*name)?.as_str()));
                    fields.values().for_each(|inner| asked(inner, found));
                }
                Value::Array(items) => items.iter().for_each(|inner| asked(inner, found)),
                _ => {}
            }
        }
        for tool in Tools::new(false).all {
            let input = Value::Object((*tool.input).clone());
            let mut found = vec![];
            asked(&input, &mut found);
            assert!(found.iter().all(|asked| check::has_words(asked)), "{}: {found:?}", tool.name);
        }
    }

    #[test]
    fn both_forms_of_a_name_call_the_same_tool() {
        let tools = Tools::new(false);
        let dotted = tools.find("orders.get_pending").unwrap();
        assert!(Arc::ptr_eq(&dotted, &tools.find("orders_get_pending").unwrap()));
        assert!(tools.find("bench.noop").is_none());
        assert!(tools.list(Names::Dotted).iter().any(|tool| tool.name == "orders.get_pending"));
    }

    #[test]
    fn what_is_listed_is_what_the_snapshots_say() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tools/listed");
        let renew = std::env::var_os("ORDERLOG_WRITE_DOCS").is_some();
        let mut known: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        let mut changed = vec![];
        for tool in Tools::new(false).list(Names::Underscored) {
            let (file, listed) = (format!("{}.json", tool.name), serde_json::to_string_pretty(&tool).unwrap() + "\n");
            if renew {
                std::fs::write(folder.join(&file), &listed).unwrap();
            }
            if std::fs::read_to_string(folder.join(&file)).unwrap_or_default() != listed {
                changed.push(file.clone());
            }
            known.remove(&file);
        }
        changed.extend(known);
        assert!(
            changed.is_empty(),
            "tools/list changed in {changed:?}: run this test with ORDERLOG_WRITE_DOCS=1 and look at the difference; delete \
             the file of a tool that is gone"
        );
    }
}
