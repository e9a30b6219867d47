//! How to connect an assistant to this server: one section per host, with the real address.

use maud::{Markup, html};
use serde_json::{Value, json};

use crate::{front::Front, layout::Page};

const PATH: &str = "/connect";

/// `origin` is how the visitor reached this server: `http://127.0.0.1:7400`.
pub(crate) async fn page(front: &Front, origin: &str) -> Page {
    let status = front.status().await;
    let keys = status["keys"] == true;
    let url = format!("{origin}/mcp");
    let local = &status["node"]["local"];
    let body = html! {
        p { "Assistants call this shop over MCP at " code { (url) } "." }
        @if keys {
            p { "Every call needs a key that is for a program; the one that signs you in is for you alone. Whoever runs the server makes one with "
                code { "orderlog keys create NAME --role staff" } "; put it into the variable " code { "ORDERLOG_KEY" } " of the machine that the assistant runs on. A key never stands in an address." }
        } @else { p { "On this machine no key is needed." } }
        @for (host, how, text) in hosts(&url, keys) {
            section { h2 { (host) } p { (how) } (copied(&text)) }
        }
        section {
            h2 { "Claude Desktop, and others that start a local process" }
            @if let (Some(binary), Some(database)) = (local["binary"].as_str(), local["database"].as_str()) {
                p { "In " code { "claude_desktop_config.json" } ". The process works on the same log as this server, at the same time." }
                (copied(&stdio(binary, database)))
            } @else {
                p { "Such a process needs the database's address, which is not shown here. In " code { "claude_desktop_config.json" } ":" }
                (copied(&stdio("/path/to/orderlog", "postgres://user:password@host/orderlog")))
            }
        }
        section {
            h2 { "What to say" }
            ul {
                li { "“Show me pending orders from last week.”" }
                li { "“Update order 1234 to shipped and show me today's revenue.”" }
                li { "“What runs out this week?”" }
            }
        }
    };
    Page { title: "Connect an assistant".to_owned(), place: PATH, body }
}

/// Text that a click selects completely, and that the keyboard can reach; with a script, a button copies it.
fn copied(text: &str) -> Markup {
    html! {
        pre class="copied" tabindex="0" { (text) }
        button type="button" class="scripted" data-copies="" aria-live="polite" { "Copy" }
    }
}

/// Hosts that use HTTP: the name, where the text belongs, and the text.
fn hosts(url: &str, keys: bool) -> [(&'static str, &'static str, String); 5] {
    let header = if keys { " --header \"Authorization: Bearer $ORDERLOG_KEY\"" } else { "" };
    let codex = format!(
        "[mcp_servers.orderlog]\nurl = \"{url}\"{}",
        if keys { "\nbearer_token_env_var = \"ORDERLOG_KEY\"" } else { "" }
    );
    let mut code = json!({ "servers": { "orderlog": { "type": "http", "url": url } } });
    let mut cursor = json!({ "mcpServers": { "orderlog": { "url": url } } });
    if keys {
        code["servers"]["orderlog"]["headers"] = json!({ "Authorization": "Bearer ${input:key}" });
        code["inputs"] =
            json!([{ "id": "key", "type": "promptString", "description": "Orderlog key", "password": true }]);
        cursor["mcpServers"]["orderlog"]["headers"] = json!({ "Authorization": "Bearer ${env:ORDERLOG_KEY}" });
    }
    [
        ("Claude Code", "In a terminal:", format!("claude mcp add --transport http orderlog {url}{header}")),
        ("VS Code", "In mcp.json:", pretty(&code)),
        ("Cursor", "In ~/.cursor/mcp.json:", pretty(&cursor)),
        ("Codex", "In ~/.codex/config.toml:", codex),
        (
            "MCP Inspector",
            "In a terminal, to try a call by hand:",
            format!("npx @modelcontextprotocol/inspector --cli {url} --method tools/list{header}"),
        ),
    ]
}

fn stdio(binary: &str, database: &str) -> String {
    pretty(&json!({ "mcpServers": { "orderlog": { "command": binary, "args": ["mcp", "--database-url", database] } } }))
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
