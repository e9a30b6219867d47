//! A small MCP client over HTTP: just enough JSON-RPC to say exactly what goes over the wire.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_json::{Value, json};

/// How a client and the server agree on the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Era {
    /// 2026-07-28: no handshake, every request says all.
    Stateless,
    /// `initialize` first, asking for this version.
    Handshake(&'static str),
}

impl Era {
    /// Every protocol version the server must speak.
    pub const ALL: [Era; 5] = [
        Era::Handshake("2024-11-05"),
        Era::Handshake("2025-03-26"),
        Era::Handshake("2025-06-18"),
        Era::Handshake("2025-11-25"),
        Era::Stateless,
    ];

    /// As the protocol names it.
    #[must_use]
    pub fn version(self) -> &'static str {
        match self {
            Era::Stateless => "2026-07-28",
            Era::Handshake(version) => version,
        }
    }
}

/// A tool's refusal.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Refusal {
    /// `INVALID_ARGUMENT`, `NOT_FOUND`, …
    pub code: String,
    /// One or two sentences.
    pub message: String,
    /// The argument at fault.
    pub field: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Suggestions.
    #[serde(default)]
    pub candidates: Vec<Value>,
    /// The preview, if the user must confirm.
    #[serde(default)]
    pub preview: Value,
    /// The token that carries it out.
    #[serde(default)]
    pub confirm_token: Option<String>,
    /// Where a person says Yes or No.
    #[serde(default)]
    pub confirm_at: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (field {:?}, hint {:?})", self.code, self.message, self.field, self.hint)
    }
}

/// Minor units of an amount with two decimals as short answers write it: `₹1,23,456.78`.
///
/// # Errors
/// When it is none.
pub fn minor(amount: &Value) -> Result<i64> {
    let text = amount.as_str().with_context(|| format!("{amount} is no amount"))?;
    ensure!(text.bytes().rev().nth(2) == Some(b'.'), "{text} has not two decimals");
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == '-').collect();
    digits.parse().with_context(|| format!("{text} is no amount"))
}

/// A client of one endpoint. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Mcp {
    http: reqwest::Client,
    url: String,
    era: Era,
    capabilities: Value,
    key: Option<String>,
    next_id: Arc<AtomicU64>,
}

impl Mcp {
    pub(crate) fn new(http: reqwest::Client, url: String, era: Era) -> Mcp {
        Mcp { http, url, era, capabilities: json!({}), key: None, next_id: Arc::new(AtomicU64::new(1)) }
    }

    /// The same client with another version of the protocol.
    #[must_use]
    pub fn speaking(&self, era: Era) -> Mcp {
        Mcp { era, ..self.clone() }
    }

    /// The same client, which announces this capability in its requests.
    #[must_use]
    pub fn capable_of(&self, capabilities: Value) -> Mcp {
        Mcp { capabilities, ..self.clone() }
    }

    /// The same client with a key.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Mcp {
        Mcp { key: Some(key.to_owned()), ..self.clone() }
    }

    /// The same client at another path, such as `/mcp/dotted`.
    #[must_use]
    pub fn at(&self, path: &str) -> Mcp {
        let server = self.url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
        Mcp { url: format!("{server}{path}"), ..self.clone() }
    }

    /// Calls a tool; the outer error is a broken transport or protocol, the inner one the tool's refusal.
    ///
    /// # Errors
    /// When there is no well-formed answer.
    pub async fn call(&self, tool: &str, arguments: Value) -> Result<Result<Value, Refusal>> {
        let result = self.request("tools/call", json!({ "name": tool, "arguments": arguments })).await?;
        let text =
            result["content"][0]["text"].as_str().with_context(|| format!("{tool} answered no text: {result}"))?;
        if result["isError"] == json!(true) {
            ensure!(result.get("structuredContent").is_none(), "refusals carry text only: {result}");
            let refusal = serde_json::from_str(text).with_context(|| format!("{tool} refused with: {text}"))?;
            return Ok(Err(refusal));
        }
        let answer = result.get("structuredContent").with_context(|| format!("{tool} answered: {result}"))?;
        Ok(Ok(answer.clone()))
    }

    /// Calls a tool that must succeed.
    ///
    /// # Errors
    /// When it refuses or there is no well-formed answer.
    pub async fn ok(&self, tool: &str, arguments: Value) -> Result<Value> {
        match self.call(tool, arguments.clone()).await? {
            Ok(answer) => Ok(answer),
            Err(refusal) => bail!("{tool} refused {arguments}: {refusal}"),
        }
    }

    /// Calls a tool that must succeed, and asks for every field of its answer.
    ///
    /// # Errors
    /// When it refuses or there is no well-formed answer.
    pub async fn full(&self, tool: &str, mut arguments: Value) -> Result<Value> {
        arguments["detail"] = "full".into();
        self.ok(tool, arguments).await
    }

    /// Calls a tool that must ask for the user's word first, and gives it.
    ///
    /// # Errors
    /// When the tool does not ask, or does not act then.
    pub async fn confirmed(&self, tool: &str, arguments: Value) -> Result<Value> {
        let token = self.asked(tool, arguments.clone()).await?;
        let mut arguments = arguments;
        arguments["confirm_token"] = token.into();
        self.ok(tool, arguments).await
    }

    /// Calls a tool that must ask for the user's word first; answers the token.
    ///
    /// # Errors
    /// When the tool does not ask.
    pub async fn asked(&self, tool: &str, arguments: Value) -> Result<String> {
        let refusal = self.refused(tool, arguments).await?;
        ensure!(refusal.code == "CONFIRMATION_REQUIRED", "{tool} answered {refusal}");
        ensure!(refusal.preview["text"].is_string(), "{tool} previews nothing: {refusal:?}");
        refusal.confirm_token.with_context(|| format!("{tool} gave no token"))
    }

    /// Calls a tool that must refuse.
    ///
    /// # Errors
    /// When the command is carried out, or there is no well-formed answer.
    pub async fn refused(&self, tool: &str, arguments: Value) -> Result<Refusal> {
        match self.call(tool, arguments.clone()).await? {
            Ok(answer) => bail!("{tool} should have refused {arguments}: {answer}"),
            Err(refusal) => Ok(refusal),
        }
    }

    /// Sends one request and takes its result.
    ///
    /// # Errors
    /// When the answer is an error of the protocol, or none at all.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value> {
        let answer = self.send(method, params).await?.text().await.context("reading the answer")?;
        let mut answer: Value = serde_json::from_str(&answer).with_context(|| format!("{method} answered {answer}"))?;
        if let Some(error) = answer.get("error") {
            bail!("{method} failed: {error}");
        }
        Ok(answer["result"].take())
    }

    /// Sends one request and hands over the raw HTTP answer.
    ///
    /// # Errors
    /// When the server does not answer at all.
    pub async fn send(&self, method: &str, mut params: Value) -> Result<reqwest::Response> {
        let mut request = self
            .http
            .post(&self.url)
            .header("Accept", "application/json, text/event-stream")
            .header("MCP-Protocol-Version", self.era.version());
        if self.era == Era::Stateless {
            params["_meta"] = json!({
                "io.modelcontextprotocol/protocolVersion": self.era.version(),
                "io.modelcontextprotocol/clientInfo": { "name": "orderlog-tests", "version": "1" },
                "io.modelcontextprotocol/clientCapabilities": self.capabilities,
            });
            request = request.header("Mcp-Method", method);
            let named = if method == "resources/read" { &params["uri"] } else { &params["name"] };
            if let Some(name) = named.as_str() {
                request = request.header("Mcp-Name", name);
            }
            // The one argument that is annotated to be repeated in a header.
            if let (Some("products_upsert" | "products.upsert"), Some(currency)) =
                (params["name"].as_str(), params["arguments"]["currency"].as_str())
            {
                request = request.header("Mcp-Param-Currency", currency);
            }
        }
        if let Some(key) = &self.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        request.json(&body).send().await.with_context(|| format!("sending {method}"))
    }
}
