//! MCP: the handler that rmcp calls, the same for HTTP and stdio, in every protocol era.

pub(crate) mod check;
mod elicit;
mod prompts;
mod resources;
pub(crate) mod schema;

use std::{sync::Arc, time::Duration};

use axum::http::{HeaderMap, header::USER_AGENT, request::Parts};
use orderlog_domain::{
    envelope::Agent,
    rejection::{Code, Rejection, Unfit},
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
use serde_json::Value;

use self::elicit::Heard;
use crate::{
    node::Node,
    principal::{self, Caller, Principal},
    tools::{Call, Failure, Tool, Tools},
};

/// Longest time a call may take before its client is told to try again.
const CALL_DEADLINE: Duration = Duration::from_secs(30);

const INSTRUCTIONS: &str = "Orderlog runs a shop's orders. Amounts going in are decimal strings such as \"999.00\"; \
    amounts coming out are {minor, currency, formatted}; \
    dates may be phrases such as \"last week\", read in the shop's time zone. Every answer has `text`, which can be read aloud as \
    it stands. Give each change an idempotency_key and repeat it when you repeat the call: it then acts once. \
    dry_run shows what a change would do; what is hard to take back asks for the user's word first (CONFIRMATION_REQUIRED). Errors say what to do next in `hint` and `candidates`.";

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

/// How tool names are listed. Both forms can be called everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Names {
    /// `orders_get_pending`: some hosts drop all tools when one name has a dot.
    Underscored,
    /// `orders.get_pending`.
    Dotted,
}

/// One connection's or request's handler; all share the node and the table of tools.
#[derive(Clone)]
pub(crate) struct Mcp {
    node: Arc<Node>,
    tools: Arc<Tools>,
    names: Names,
}

impl Mcp {
    pub(crate) fn new(node: Arc<Node>, tools: Arc<Tools>, names: Names) -> Mcp {
        Mcp { node, tools, names }
    }

    /// Runs the tool in a task of its own: a panic, a deadline or a client that went away never tears it, and the
    /// client always gets an answer.
    async fn call(&self, tool: Arc<Tool>, call: Call) -> Result<Value, Failure> {
        let node = Arc::clone(&self.node);
        let task = {
            let tool = Arc::clone(&tool);
            self.node.tasks.spawn(async move { tool.run(node, call).await })
        };
        match tokio::time::timeout(CALL_DEADLINE, task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(broken)) => Err(Failure::Failed(anyhow::anyhow!("the tool broke off: {broken}"))),
            Err(_) => Err(Failure::Rejected(
                Rejection::new(
                    Code::Unavailable,
                    "The answer took too long; the change may or may not have been made.",
                )
                .hint("Repeat the call with the same idempotency_key, or look first whether it was made."),
            )),
        }
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
        let mut info = ServerConfig::new(capabilities).with_instructions(INSTRUCTIONS);
        info.server_info = Implementation::new("orderlog", env!("CARGO_PKG_VERSION")).with_title("Orderlog");
        info
    }

    fn get_tool(&self, name: &str) -> Option<ListedTool> {
        self.tools.find(name).map(|tool| ListedTool::new_with_raw(tool.name, None, Arc::clone(&tool.input)))
    }

    async fn list_tools(
        &self,
        _page: Option<PaginatedRequestParams>,
        _context: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.list(self.names)))
    }

    async fn call_tool(
        &self,
        mut request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let Some(tool) = self.tools.find(&request.name) else {
            return Err(ErrorData::invalid_params(format!("there is no tool `{}`", request.name), None));
        };
        let heard = elicit::hear(&mut request, tool.may_ask())?;
        let call = Call { arguments: request.arguments.unwrap_or_default(), caller: caller(&context) };
        let answer = match heard {
            Heard::No => Err(elicit::declined().into()),
            Heard::Nothing | Heard::Yes => self.call(Arc::clone(&tool), call).await,
        };
        let outcome = match &answer {
            Ok(_) => "ok",
            Err(Failure::Rejected(rejection)) => crate::tools::code_name(rejection.code),
            Err(Failure::Failed(_)) => "failed",
        };
        metrics::counter!("orderlog_commands_total", "tool" => tool.name, "outcome" => outcome).increment(1);
        if let Err(Failure::Rejected(Rejection { confirmation: Some(confirmation), .. })) = &answer {
            if heard == Heard::Yes && confirmation.unfit == Some(Unfit::Foreign) {
                return Err(elicit::foreign());
            }
            if elicit::possible(&context) {
                return Ok(elicit::question(confirmation)?.into());
            }
        }
        Ok(result(tool.name, answer).into())
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
        _context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        resources::read(&self.node, &request.uri).await
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
        _context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        Ok(prompts::get(&request)?.into())
    }

    async fn complete(
        &self,
        request: CompleteRequestParams,
        _context: RequestContext<RoleServer>,
    ) -> Result<CompleteResult, ErrorData> {
        prompts::complete(&self.node, &request.r#ref, &request.argument).await
    }

    /// A method that rmcp does not know, or one of ours whose parameters it could not read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _context: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if METHODS.contains(&request.method.as_str()) {
            let message = format!("the params of {} do not have the shape that MCP gives them", request.method);
            return Err(ErrorData::invalid_params(message, None));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None))
    }
}

/// Success: the sentence, then the same answer as JSON for hosts that pass on text only. Errors: JSON text alone, since
/// hosts check structured content against the schema of successes.
fn result(tool: &'static str, answer: Result<Value, Failure>) -> CallToolResult {
    let rejection = match answer {
        Ok(answer) => {
            let text = answer.get("text").and_then(Value::as_str).unwrap_or_default();
            let content = vec![ContentBlock::text(text), ContentBlock::text(answer.to_string())];
            let mut result = CallToolResult::success(content);
            result.structured_content = Some(answer);
            return result;
        }
        Err(Failure::Rejected(rejection)) => rejection,
        Err(Failure::Failed(error)) => {
            tracing::error!(tool, error = format!("{error:#}"), "a tool failed");
            Rejection::new(Code::Unavailable, "The server could not carry this out just now.")
                .hint("Try again in a moment with the same idempotency_key; the operator finds the cause in the log.")
        }
    };
    let text = serde_json::to_string(&rejection).unwrap_or_else(|_| rejection.message.clone());
    CallToolResult::error(vec![ContentBlock::text(text)])
}

/// Who calls, through what: from this request's metadata and headers, since there are no sessions.
fn caller(context: &RequestContext<RoleServer>) -> Caller {
    let headers = context.extensions.get::<Parts>().map(|parts| &parts.headers);
    let header = |name: &str| headers.and_then(|headers| headers.get(name)).and_then(|value| value.to_str().ok());
    let traceparent = context.meta.get_traceparent().or_else(|| header("traceparent"));
    Caller {
        principal: Principal::local(),
        agent: agent(context, headers),
        trace_id: traceparent.and_then(principal::trace_id),
    }
}

fn agent(context: &RequestContext<RoleServer>, headers: Option<&HeaderMap>) -> Option<Agent> {
    let from = |client: Implementation| principal::agent(&client.name, &client.version, None);
    match headers {
        // Over HTTP rmcp invents client information for requests that carry none; the header at least is true.
        Some(headers) => context.meta.client_info().map(from).or_else(|| {
            let (name, version) = headers.get(USER_AGENT)?.to_str().ok()?.split_once('/').unwrap_or_default();
            (!name.is_empty()).then(|| principal::agent(name, version, None))
        }),
        None => context.client_info().map(from),
    }
}
