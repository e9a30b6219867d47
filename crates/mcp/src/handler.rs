//! The handler that the protocol library calls, the same for HTTP and stdio, in every protocol era.

use std::{collections::HashSet, pin::Pin, sync::Arc, time::Instant};

use axum::http::{HeaderMap, header::USER_AGENT, request::Parts};
use orderlog_access::Right;
use orderlog_domain::{
    envelope::Agent,
    rejection::{Code, Rejection, Unfit},
};
use orderlog_tools::{
    Answer, CALL_DEADLINE, Call, Failure, Introduction, OpenShop, Tool, Tools,
    echo::{shown, visible},
    in_words, metrics, nearest_tool, permit,
    principal::{self as says, Caller, Principal, Word},
    run_in_task, seen_by,
};
use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, CompleteRequestParams, CompleteResult, ContentBlock,
        CustomRequest, CustomResult, ErrorCode, GetPromptRequestParams, GetPromptResponse, Implementation,
        ListPromptsResult, ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
        ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig, Tool as ListedTool,
    },
    service::RequestContext,
};
use serde_json::{Value, json};
use tracing::Instrument as _;

use crate::{
    client,
    elicit::{self, Heard},
    limits::RETRY_AFTER_SECONDS,
    list::{self, Names},
    prompts, resources,
    session::{RetryAfter, SESSION},
};

/// What can be asked here.
const METHODS: [&str; 8] = [
    "tools/list",
    "tools/call",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "prompts/list",
    "prompts/get",
    "completion/complete",
];

/// Marks in a schema an argument that clients repeat in a header.
const HEADER_ANNOTATION: &str = "x-mcp-header";

/// One connection's or request's handler; all share the shop and the table of tools.
#[derive(Clone)]
pub(crate) struct Mcp {
    shop: Arc<OpenShop>,
    constant: Arc<Constant>,
    tools: Arc<Tools>,
    names: Names,
    /// Whether this server speaks HTTPS itself.
    secured: bool,
}

/// What the protocol library wants with every request, and what does not change.
struct Constant {
    introduction: Introduction,
    /// Tools with an argument that clients repeat in a header.
    repeated_in_headers: HashSet<&'static str>,
}

impl Mcp {
    pub(crate) fn new(shop: Arc<OpenShop>, tools: Arc<Tools>, names: Names, secured: bool) -> Mcp {
        let repeats = |tool: &&Tool| json!(*tool.input).to_string().contains(HEADER_ANNOTATION);
        let constant = Constant {
            introduction: Introduction::of(&shop),
            repeated_in_headers: tools.all().filter(repeats).map(|tool| tool.name).collect(),
        };
        Mcp { shop, constant: Arc::new(constant), tools, names, secured }
    }
}

impl ServerHandler for Mcp {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder()
            .enable_tools()
            .enable_resources()
            .enable_prompts()
            .enable_completions()
            .build();
        let mut info = ServerConfig::new(capabilities).with_instructions(self.constant.introduction.told(&self.shop));
        info.server_info = Implementation::new("orderlog", env!("CARGO_PKG_VERSION")).with_title("Orderlog");
        info
    }

    /// For the protocol library, which compares arguments with headers that repeat them. Of other tools it need not search
    /// the schema.
    fn get_tool(&self, name: &str) -> Option<ListedTool> {
        let tool = self.tools.find(name).filter(|tool| self.constant.repeated_in_headers.contains(tool.name))?;
        Some(ListedTool::new_with_raw(tool.name, None, Arc::clone(&tool.input)))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        // What the protocol library says of every list holds here: it may be kept for this caller only.
        Ok(ListToolsResult::with_all_items(list::of(&self.tools, self.names, &principal(&context))))
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let started = Instant::now();
        let Some(tool) = self.tools.find(&request.name) else {
            let listed = list::of(&self.tools, self.names, &principal(&context));
            let meant = nearest_tool(&request.name, listed.iter().map(|tool| &*tool.name));
            let meant = meant.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default();
            let message = format!("there is no tool `{}`{meant}; tools/list lists all tools", shown(&request.name));
            return Err(ErrorData::invalid_params(message, None));
        };
        let heard = elicit::hear(&mut request, tool.may_ask())?;
        let call = Call::new(request.arguments.unwrap_or_default(), caller(&context, self.secured));
        let trace_id = call.caller.trace_id.clone();
        let answer = match heard {
            Heard::No => Err(elicit::declined().into()),
            Heard::Nothing | Heard::Yes => {
                // Lines of the log that belong to one call say so, with the trace that its events carry.
                let span = match &call.caller.trace_id {
                    Some(trace_id) => tracing::info_span!("call", tool = tool.name, trace_id),
                    None => tracing::Span::none(),
                };
                run_in_task(&self.shop, Arc::clone(&tool), call).instrument(span).await
            }
        };
        metrics::called(&tool, &answer, started.elapsed());
        if overloaded(&answer)
            && let Some(retry_after) =
                context.extensions.get::<Parts>().and_then(|parts| parts.extensions.get::<RetryAfter>())
        {
            retry_after.set(RETRY_AFTER_SECONDS);
        }
        if let Err(Failure::Rejected(Rejection { confirmation: Some(confirmation), .. })) = &answer {
            if heard == Heard::Yes && confirmation.unfit == Some(Unfit::Foreign) {
                return Err(elicit::foreign());
            }
            if elicit::possible(&context) {
                return Ok(elicit::question(confirmation)?.into());
            }
        }
        Ok(result(tool.name, trace_id.as_deref(), answer).into())
    }

    async fn list_resources(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        Ok(resources::list())
    }

    async fn list_resource_templates(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(resources::templates())
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let principal = principal(&context);
        in_time(Box::pin(seen_by(&principal, resources::read(&self.shop, &principal, &request.uri)))).await
    }

    async fn list_prompts(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(prompts::list())
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let filled_in = prompts::get(&self.shop, &self.tools, caller(&context, self.secured), &request);
        Ok(in_time(Box::pin(filled_in)).await?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        if permit(&principal(&context), Right::OrdersRead).is_err() {
            return Ok(CompleteResult::default());
        }
        in_time(Box::pin(prompts::complete(&self.shop, &request.r#ref, &request.argument))).await
    }

    /// A method that rmcp does not know, or one of ours whose parameters it could not read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == "initialize" {
            return Err(ErrorData::invalid_params(greeting_fault(request.params.as_ref()), None));
        }
        if METHODS.contains(&request.method.as_str()) {
            let message = format!("the params of {} do not have the shape that MCP gives them", request.method);
            return Err(ErrorData::invalid_params(message, None));
        }
        let message = format!("there is no method `{}`", shown(&request.method));
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, message, None))
    }
}

/// What is wrong with the params of an `initialize` that the protocol library could not read.
fn greeting_fault(params: Option<&Value>) -> String {
    let wrong = |what: &str| format!("initialize cannot be answered: {what}; nothing was done");
    let Some(params) = params.filter(|params| params.is_object()) else {
        return wrong("it needs params with protocolVersion, capabilities and clientInfo");
    };
    let is_text = |path: &str| params.pointer(path).is_some_and(Value::is_string);
    let is_object = |path: &str| params.pointer(path).is_some_and(Value::is_object);
    match () {
        () if !is_text("/protocolVersion") => wrong("params.protocolVersion must be a text such as \"2025-11-25\""),
        () if !is_object("/capabilities") => wrong("params.capabilities must be an object; {} will do"),
        () if !is_object("/clientInfo") => wrong("params.clientInfo must be an object with name and version"),
        () if !is_text("/clientInfo/name") => wrong("params.clientInfo.name must be a text"),
        () if !is_text("/clientInfo/version") => wrong("params.clientInfo.version must be a text"),
        () => wrong("the params do not have the shape that MCP gives them"),
    }
}

/// Whether the same call may succeed once the server has less to do or its database is back.
fn overloaded(answer: &Result<Answer, Failure>) -> bool {
    match answer {
        Ok(_) => false,
        Err(Failure::Rejected(rejection)) => matches!(rejection.code, Code::RateLimited | Code::Unavailable),
        Err(Failure::Failed(_)) => true,
    }
}

/// Whatever is asked for is answered within the time of a call. In a box, because the protocol library makes room for every
/// method in the future of each request.
async fn in_time<T>(answer: Pin<Box<impl Future<Output = Result<T, ErrorData>>>>) -> Result<T, ErrorData> {
    let late = || ErrorData::internal_error("the answer took too long; try again in a moment", None);
    tokio::time::timeout(CALL_DEADLINE, answer).await.unwrap_or_else(|_| Err(late()))
}

/// Success: the sentences, what else there is to read, and the same facts for programs. Errors: JSON text alone, since
/// hosts check structured content against the schema of successes.
fn result(tool: &'static str, trace_id: Option<&str>, answer: Result<Answer, Failure>) -> CallToolResult {
    let mut rejection = match answer {
        Ok(answer) => {
            let content = answer.texts.into_iter().map(ContentBlock::text).collect();
            let mut result = CallToolResult::success(content);
            result.structured_content = Some(answer.structured);
            return result;
        }
        Err(Failure::Rejected(rejection)) => rejection,
        Err(Failure::Failed(error)) => {
            tracing::error!(tool, trace_id, error = in_words(&error), "a tool failed");
            Rejection::new(Code::Unavailable, "The server could not carry this out just now.")
                .hint("Try again in a moment with the same idempotency_key; the operator finds the cause in the log.")
        }
    };
    // What the caller typed is part of it: a terminal that shows the answer must not obey it.
    let texts = [Some(&mut rejection.message), rejection.field.as_mut(), rejection.hint.as_mut()];
    let problems = rejection.problems.iter_mut().flat_map(|problem| [&mut problem.field, &mut problem.message]);
    texts.into_iter().flatten().chain(problems).for_each(|text| *text = visible(text).into_owned());
    let text = serde_json::to_string(&rejection).unwrap_or_else(|_| rejection.message.clone());
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// Who calls, through what: from this request's metadata and headers, since there are no sessions.
fn caller(context: &RequestContext<RoleServer>, secured: bool) -> Caller {
    let headers = context.extensions.get::<Parts>().map(|parts| &parts.headers);
    let header = |name: &str| headers.and_then(|headers| headers.get(name)).and_then(|value| value.to_str().ok());
    let traceparent = context.meta.get_traceparent().or_else(|| header("traceparent"));
    Caller {
        principal: principal(context),
        agent: agent(context, headers),
        trace_id: traceparent.and_then(client::trace_id),
        word: Word::Program,
        address: headers.and_then(|headers| client::address(headers, secured)),
    }
}

/// Over HTTP whoever the server let in. Over standard input it is the operating user, who started the program.
fn principal(context: &RequestContext<RoleServer>) -> Principal {
    match context.extensions.get::<Parts>() {
        Some(parts) => parts.extensions.get::<Arc<Principal>>().map_or_else(Principal::nobody, |who| (**who).clone()),
        None => Principal::local(),
    }
}

fn agent(context: &RequestContext<RoleServer>, headers: Option<&HeaderMap>) -> Option<Agent> {
    let from = |client: Implementation| says::agent(&client.name, &client.version, None);
    match headers {
        // Over HTTP rmcp invents client information for requests that carry none; the headers at least are true.
        Some(headers) => {
            let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
            let session = || header(SESSION).and_then(client::of_session);
            let program = || header(USER_AGENT).and_then(client::user_agent);
            context.meta.client_info().map(from).or_else(session).or_else(program)
        }
        None => context.client_info().map(from),
    }
}
