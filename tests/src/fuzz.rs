//! Requests that anybody could send: calls of tools by their schemas, pages with any address, forms with any field. What the
//! shop answers is sent back to it, so that the requests reach further than chance alone would.

mod values;

use rand::{Rng as _, seq::IndexedRandom as _};
use serde_json::{Value, json};

use self::values::Values;

/// Longest text that is worth keeping, in bytes.
const WORTH_KEEPING: usize = 300;

const PAGES: [&str; 25] = [
    "/",
    "/orders",
    "/orders.csv",
    "/orders/new",
    "/orders/bulk",
    "/orders/1001",
    "/orders/1001/print",
    "/orders/1002/cancel",
    "/products",
    "/products/PEN",
    "/customers",
    "/reports",
    "/explain",
    "/activity",
    "/notifications",
    "/status",
    "/confirm",
    "/sign-in",
    "/connect",
    "/ask",
    "/go",
    "/undo",
    "/v1/events",
    "/v1/head",
    "/readyz",
];

const PARAMETERS: [&str; 34] = [
    "from",
    "to",
    "range",
    "date_range",
    "q",
    "text",
    "status",
    "scope",
    "sort",
    "order",
    "page",
    "cursor",
    "as_of",
    "group_by",
    "basis",
    "compare_to",
    "by",
    "with",
    "columns",
    "view",
    "limit",
    "day",
    "figure",
    "product",
    "customer",
    "said",
    "t",
    "older_than",
    "after",
    "types",
    "stream",
    "currency",
    "number",
    "sentence",
];

/// A request, and in words what it is.
#[derive(Debug, Clone)]
pub struct Fuzzed {
    /// Whether it is posted.
    pub post: bool,
    /// Path and query.
    pub path: String,
    /// `content-type`, `cookie` and such.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Makes requests; the same seed and the same answers give the same requests.
#[derive(Debug)]
pub struct Fuzzer {
    values: Values,
    tools: Vec<(String, Value)>,
    /// Names of fields that pages had.
    fields: Vec<String>,
    cookie: Option<String>,
    form_token: String,
}

impl Fuzzer {
    /// For a shop with these tools, as `tools/list` gives them.
    #[must_use]
    pub fn new(seed: u64, tools: &Value) -> Fuzzer {
        let tools = tools.as_array().into_iter().flatten();
        let tools = tools.filter_map(|tool| Some((tool["name"].as_str()?.to_owned(), tool["inputSchema"].clone())));
        Fuzzer {
            values: Values::new(seed),
            tools: tools.collect(),
            fields: vec!["quantity".to_owned(), "reason".to_owned()],
            cookie: None,
            form_token: String::new(),
        }
    }

    /// The next request.
    pub fn request(&mut self) -> Fuzzed {
        match self.values.random.random_range(0..100) {
            0..60 => self.call(),
            60..82 => self.page(),
            82..94 => self.form(),
            _ => self.message(),
        }
    }

    /// Learns from an answer.
    pub fn hear(&mut self, cookie: Option<&str>, body: &str) {
        if let Some((name, value)) = cookie.and_then(|cookie| cookie.split(';').next()?.split_once('='))
            && name == "orderlog_form"
        {
            self.cookie = Some(format!("{name}={value}"));
        }
        // Texts between quotes are names and values, of JSON and of pages alike.
        let mut parts = body.split('"').skip(self.values.random.random_range(0..2));
        while let Some(text) = parts.nth(self.values.random.random_range(0..40)) {
            if !text.is_empty() && text.len() <= WORTH_KEEPING {
                self.values.keep(text.to_owned());
            }
        }
        let token = |body: &str| Some(body.split_once("name=\"form_token\" value=\"")?.1.split_once('"')?.0.to_owned());
        if let Some(token) = token(body) {
            self.form_token = token;
            let names = body.split(" name=\"").skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
            for name in names {
                if !self.fields.contains(&name) {
                    self.fields.push(name);
                }
            }
        }
    }

    fn call(&mut self) -> Fuzzed {
        let Some((name, schema)) = self.tools.choose(&mut self.values.random).cloned() else { return self.page() };
        let arguments = self.values.of(&schema, 0);
        self.rpc("tools/call", json!({ "name": name, "arguments": arguments }))
    }

    /// Any other message of the protocol.
    fn message(&mut self) -> Fuzzed {
        const METHODS: [&str; 10] = [
            "initialize",
            "ping",
            "tools/list",
            "resources/list",
            "resources/read",
            "resources/templates/list",
            "prompts/list",
            "prompts/get",
            "completion/complete",
            "no/such/method",
        ];
        let method = METHODS.choose(&mut self.values.random).copied().unwrap_or_default();
        let params = match self.values.random.random_range(0..4) {
            0 => self.values.any(0),
            1 => {
                json!({ "uri": self.values.word(), "name": self.values.word(), "arguments": { "order_id": self.values.word() } })
            }
            2 => {
                let (name, value) = (self.values.word(), self.values.word());
                json!({ "ref": { "type": "ref/prompt", "name": name }, "argument": { "name": "order_id", "value": value } })
            }
            _ => json!({ "cursor": self.values.word() }),
        };
        self.rpc(method, params)
    }

    fn rpc(&mut self, method: &str, mut params: Value) -> Fuzzed {
        const VERSION: &str = "2026-07-28";
        if let Some(params) = params.as_object_mut() {
            params.insert(
                "_meta".to_owned(),
                json!({
                    "io.modelcontextprotocol/protocolVersion": VERSION,
                    "io.modelcontextprotocol/clientInfo": { "name": "fuzzer", "version": "1" },
                    "io.modelcontextprotocol/clientCapabilities": {},
                }),
            );
        }
        let mut headers = vec![
            ("content-type", "application/json".to_owned()),
            ("accept", "application/json, text/event-stream".to_owned()),
            ("mcp-protocol-version", VERSION.to_owned()),
            ("mcp-method", method.to_owned()),
        ];
        if let Some(name) = params.get("name").or(params.get("uri")).and_then(Value::as_str)
            && name.bytes().all(|byte| (b' '..=b'~').contains(&byte))
        {
            headers.push(("mcp-name", name.to_owned()));
        }
        let id = self.values.random.random_range(0..1_000_000);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        Fuzzed { post: true, path: "/mcp".to_owned(), headers, body: body.to_string() }
    }

    fn page(&mut self) -> Fuzzed {
        let path = self.address();
        let mut query = form_urlencoded::Serializer::new(String::new());
        for _ in 0..self.values.random.random_range(0..5) {
            let name = PARAMETERS.choose(&mut self.values.random).copied().unwrap_or_default();
            let value = self.values.word();
            query.append_pair(name, &value);
        }
        let mut headers = self.cookies();
        if self.values.random.random_range(0..4) == 0 {
            headers.push(("hx-request", "true".to_owned()));
        }
        Fuzzed { post: false, path: format!("{path}?{}", query.finish()), headers, body: String::new() }
    }

    fn form(&mut self) -> Fuzzed {
        const ACTS: [&str; 12] = [
            "confirm", "cancel", "ship", "hold", "release", "refund", "payment", "return", "note", "lines", "deliver",
            "process",
        ];
        let path = match self.values.random.random_range(0..6) {
            0 => self.address(),
            1 => "/orders/new".to_owned(),
            2 => "/orders/bulk".to_owned(),
            3 => "/ask".to_owned(),
            4 => "/undo".to_owned(),
            _ => {
                let act = ACTS.choose(&mut self.values.random).copied().unwrap_or_default();
                format!("/orders/{}/{act}", self.values.random.random_range(1000..1012))
            }
        };
        let mut fields = form_urlencoded::Serializer::new(String::new());
        if self.values.random.random_range(0..10) != 0 {
            fields.append_pair("form_token", &self.form_token);
        }
        for _ in 0..self.values.random.random_range(0..9) {
            let name = self.fields.choose(&mut self.values.random).cloned().unwrap_or_default();
            let value = self.values.word();
            fields.append_pair(&name, &value);
        }
        let mut headers = self.cookies();
        headers.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
        Fuzzed { post: true, path, headers, body: fields.finish() }
    }

    fn cookies(&self) -> Vec<(&'static str, String)> {
        self.cookie.iter().map(|cookie| ("cookie", cookie.clone())).collect()
    }

    fn address(&mut self) -> String {
        match self.values.random.random_range(0..10) {
            0 => {
                let word: String = form_urlencoded::byte_serialize(self.values.word().as_bytes()).collect();
                let folder =
                    ["orders", "products", "customers", "v1", "assets"].choose(&mut self.values.random).copied();
                format!("/{}/{word}", folder.unwrap_or_default())
            }
            1 => {
                let links: Vec<&String> = self.values.remembered.iter().filter(|text| text.starts_with('/')).collect();
                let link = links.choose(&mut self.values.random).map_or("/", |link| link.as_str());
                link.split(['?', '#', ' ']).next().unwrap_or("/").to_owned()
            }
            _ => PAGES.choose(&mut self.values.random).copied().unwrap_or("/").to_owned(),
        }
    }
}
