//! MCP itself: every protocol era, the tools as hosts list them, resources, and the local process over stdio.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    process::{Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use orderlog_tests::{Checks, Era, Mcp, SetUp, Shop, check, python, send_raw};
use serde_json::{Value, json};

/// The tools as they should be listed, by name: the snapshots that a test in `crates/mcp/src/list.rs` keeps, one file a tool.
fn snapshots() -> Result<BTreeMap<String, Value>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/mcp/src/listed");
    let mut snapshots = BTreeMap::new();
    for entry in std::fs::read_dir(folder)? {
        let tool: Value = serde_json::from_slice(&std::fs::read(entry?.path())?)?;
        snapshots.insert(tool["name"].as_str().context("name")?.to_owned(), tool);
    }
    ensure!(snapshots.len() > 20, "only {} snapshots were found", snapshots.len());
    Ok(snapshots)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_era_is_spoken_by_one_process() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    for era in Era::ALL {
        let mcp = shop.mcp().speaking(era);
        if let Era::Handshake(version) = era {
            let client = json!({ "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
            let server = mcp.request("initialize", client).await?;
            check!(checks, introduced(&server), "{server}");
            check!(checks, server["protocolVersion"] == json!(version), "asked for {version}, got {server}");
            check!(checks, server["serverInfo"]["name"] == json!("orderlog"), "{server}");
        } else {
            let server = mcp.request("server/discover", json!({})).await?;
            check!(checks, introduced(&server), "{server}");
            let versions = server["supportedVersions"].as_array().context("supportedVersions")?;
            for era in Era::ALL {
                check!(checks, versions.contains(&json!(era.version())), "{} is missing in {server}", era.version());
            }
        }
        let listed = tools(&mcp).await?;
        check!(checks, listed.len() == snapshots()?.len(), "{era:?} lists {} tools", listed.len());
        let stock = mcp.ok("inventory.check", json!({ "product": "PEN" })).await?;
        check!(checks, stock["available"] == json!(5), "{era:?}: {stock}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_as_hosts_digest_them() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let expected = snapshots()?;
    let listed = tools(&shop.mcp()).await?;
    let server = shop.mcp().request("server/discover", json!({})).await?;
    let introduction = server["instructions"].as_str().context("instructions")?;
    let introduced: BTreeSet<&str> = introduction.split(|c: char| c != '_' && !c.is_alphanumeric()).collect();
    check!(checks, names(&listed).iter().eq(expected.keys()), "listed: {:?}", names(&listed));
    let dotted = tools(&shop.mcp().at("/mcp/dotted")).await?;
    let with_dots: BTreeSet<String> = expected.keys().map(|name| name.replacen('_', ".", 1)).collect();
    check!(checks, names(&dotted) == with_dots, "listed at /mcp/dotted: {:?}", names(&dotted));
    for tool in &listed {
        let name = tool["name"].as_str().context("name")?;
        check!(checks, expected.get(name) == Some(tool), "{name} is not listed as its snapshot says");
        for text in ["title", "description"] {
            check!(checks, tool[text].as_str().is_some_and(|text| !text.is_empty()), "{name} has no {text}");
        }
        for hint in ["readOnlyHint", "destructiveHint", "idempotentHint", "openWorldHint"] {
            check!(checks, tool["annotations"][hint].is_boolean(), "{name} has no {hint}");
        }
        for schema in ["inputSchema", "outputSchema"] {
            check!(checks, tool[schema]["type"] == json!("object"), "{name} has no {schema}");
            check!(checks, tool[schema]["properties"].is_object(), "{schema} of {name} has no properties");
            digestible(&tool[schema], &format!("{name}.{schema}"))?;
        }
        check!(checks, tool["inputSchema"]["additionalProperties"] == json!(false), "{name} takes unknown arguments");
        for (argument, schema) in tool["inputSchema"]["properties"].as_object().context("properties")? {
            let explained = schema["description"].is_string() || introduced.contains(argument.as_str());
            check!(checks, explained, "neither {name} nor the introduction says what `{argument}` is");
        }
    }
    let tokens = serde_json::to_string(&listed)?.len() / 4;
    check!(checks, tokens < 25_000, "the list of tools costs about {tokens} tokens");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_tools_methods_and_resources_are_errors_of_the_protocol() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let mcp = shop.mcp();
    for (method, params) in [
        ("tools/call", json!({ "name": "orders.explode", "arguments": {} })),
        ("tools/explode", json!({})),
        ("resources/read", json!({ "uri": "orderlog://orders/999999" })),
        ("resources/read", json!({ "uri": "file:///etc/passwd" })),
    ] {
        let answer = mcp.send(method, params.clone()).await?;
        let status = answer.status();
        let body: Value = answer.json().await?;
        check!(checks, !status.is_server_error(), "{method} {params} answered {status}");
        check!(checks, body["error"]["code"].is_i64(), "{method} {params} answered {body}");
        check!(checks, body["error"]["data"]["uri"] == params["uri"], "{method} {params} answered {body}");
    }
    for (method, params, code) in [
        ("tools/call", json!({ "name": "orders_get", "arguments": [1001] }), -32602),
        ("resources/read", json!({ "uri": 7 }), -32602),
        ("tools/juggle", json!({}), -32601),
    ] {
        let body: Value = shop.mcp().send(method, params.clone()).await?.json().await?;
        check!(checks, body["error"]["code"] == code, "{method} {params} answered {body}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn resources_show_orders_histories_and_the_catalogue() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let mcp = shop.mcp();
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    mcp.ok("orders.create_order", order).await?;
    for (uri, contains) in [
        ("orderlog://orders/1001", "1001"),
        ("orderlog://orders/1001/history", "OrderPlaced"),
        ("orderlog://events", "orderlog.v1.order.OrderPlaced"),
    ] {
        let read = mcp.request("resources/read", json!({ "uri": uri })).await?;
        let text = read["contents"][0]["text"].as_str().with_context(|| format!("{uri} has no text: {read}"))?;
        check!(checks, text.contains(contains), "{uri} does not mention {contains}: {text}");
    }
    let templates = mcp.request("resources/templates/list", json!({})).await?;
    check!(checks, templates["resourceTemplates"].as_array().is_some_and(|all| all.len() == 2), "{templates}");
    let listed = mcp.request("resources/list", json!({})).await?;
    check!(checks, listed["resources"][0]["uri"] == json!("orderlog://events"), "{listed}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_are_ready_and_what_they_take_is_completed() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.customer("Asha Rao", "asha@example.com").await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    shop.stock("CUP", "Cup", "10.00", 0).await?;
    let mcp = shop.mcp();
    let order = json!({ "customer": "asha@example.com", "lines": [{ "product": "PEN", "quantity": 1 }] });
    mcp.ok("orders.create_order", order).await?;
    let listed = mcp.request("prompts/list", json!({})).await?;
    let names: BTreeSet<&str> =
        listed["prompts"].as_array().context("prompts")?.iter().filter_map(|prompt| prompt["name"].as_str()).collect();
    check!(checks, names == ["daily_briefing", "pending_last_week", "order_story", "product_check"].into(), "{listed}");
    let story = json!({ "name": "order_story", "arguments": { "order_id": "1001" } });
    let story = mcp.request("prompts/get", story).await?;
    check!(
        checks,
        story["messages"][0]["content"]["text"].as_str().is_some_and(|text| text.contains("order 1001")),
        "{story}"
    );
    // The prompt contains the answers of tools.
    for (name, arguments, said) in [
        (
            "order_story",
            json!({ "order_id": "1001" }),
            ["orders_get:\nOrder #1001 of Asha Rao", "is pending", "Placed: 1 × Pen"],
        ),
        ("daily_briefing", json!({}), ["₹10 with 1 order", "1 order is pending", "#1001 Asha Rao"]),
        ("pending_last_week", json!({}), ["There are no pending orders from last week", "ask them again", "Show me"]),
        ("product_check", json!({ "product": "PEN" }), ["4 units of Pen are available", "1 Pen", "₹10"]),
        (
            "product_check",
            json!({ "product": "QUILL" }),
            ["How is QUILL doing?", "There is no product called `QUILL`", "inventory_check"],
        ),
    ] {
        let prompt = mcp.request("prompts/get", json!({ "name": name, "arguments": arguments })).await?;
        let text = prompt["messages"][0]["content"]["text"].as_str().context("a text")?.to_owned();
        said.iter().for_each(|said| check!(checks, text.contains(said), "{name} lacks {said}: {text}"));
    }
    let (key, node) =
        (shop.key(&["till", "--right", "orders:write"]).await?, shop.open_node(&["--shop-name", "Pens & Co"]).await?);
    let server = node.mcp().with_key(&key).request("server/discover", json!({})).await?;
    let told = server["instructions"].as_str().unwrap_or_default();
    check!(checks, told.contains("The shop is called Pens & Co."), "{told}");
    let blind = json!({ "name": "daily_briefing" });
    let blind = node.mcp().with_key(&key).request("prompts/get", blind).await?.to_string();
    check!(checks, blind.contains("needs the right orders:read") && !blind.contains("₹10"), "{blind}");
    for refused in [json!({ "name": "order_story", "arguments": {} }), json!({ "name": "weather" })] {
        let body: Value = mcp.send("prompts/get", refused).await?.json().await?;
        check!(checks, body["error"]["code"] == -32602, "{body}");
    }
    for (of, argument, typed, offered) in [
        (json!({ "type": "ref/prompt", "name": "order_story" }), "order_id", "10", json!(["1001"])),
        (json!({ "type": "ref/prompt", "name": "order_story" }), "order_id", "2", json!([])),
        (json!({ "type": "ref/prompt", "name": "product_check" }), "product", "pe", json!(["PEN"])),
        (json!({ "type": "ref/resource", "uri": "orderlog://orders/{id}" }), "id", "", json!(["1001"])),
        (json!({ "type": "ref/resource", "uri": "orderlog://events" }), "id", "1", json!([])),
    ] {
        let asked = json!({ "ref": of, "argument": { "name": argument, "value": typed } });
        let completed = mcp.request("completion/complete", asked).await?;
        check!(checks, completed["completion"]["values"] == offered, "{of} {typed}: {completed}");
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_local_process_speaks_over_stdio() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    let database = format!("sqlite://{}/stdio/log.db", shop.folder().display());
    let output = tokio::task::spawn_blocking(move || -> Result<_> {
        let script = orderlog_tests::clients_folder().join("stdio.py");
        let mut command = Command::new(python()?);
        command.arg(script).arg(std::env::var("ORDERLOG_TEST_BINARY")?).arg(database).stdin(Stdio::null());
        command.output().context("running stdio.py")
    })
    .await??;
    ensure!(output.status.success(), "stdio.py: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}

/// Whether the shop says its zone, its currency and what day it is.
fn introduced(server: &Value) -> bool {
    let told = server["instructions"].as_str().unwrap_or_default();
    ["Asia/Kolkata", "INR", "Today is "].iter().all(|fact| told.contains(fact))
}

async fn tools(mcp: &Mcp) -> Result<Vec<Value>> {
    let answer = mcp.request("tools/list", json!({})).await?;
    Ok(answer["tools"].as_array().context("tools")?.clone())
}

fn names(tools: &[Value]) -> BTreeSet<String> {
    tools.iter().filter_map(|tool| tool["name"].as_str().map(str::to_owned)).collect()
}

/// No lists of types, no null, no integer formats, no references: what one host or another stumbles over.
fn digestible(schema: &Value, path: &str) -> Result<()> {
    match schema {
        Value::Object(fields) => {
            ensure!(!fields.get("type").is_some_and(Value::is_array), "{path} has a list of types");
            ensure!(fields.get("type") != Some(&json!("null")), "{path} is of type null");
            ensure!(!fields.contains_key("$ref"), "{path} is a reference");
            let format = fields.get("format").and_then(Value::as_str).unwrap_or_default();
            ensure!(!format.contains("int"), "{path} has the format {format}");
            fields.iter().try_for_each(|(name, inner)| digestible(inner, &format!("{path}.{name}")))
        }
        Value::Array(items) => items.iter().try_for_each(|inner| digestible(inner, path)),
        _ => Ok(()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_that_says_otherwise_than_its_argument_is_refused() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let version = Era::Stateless.version();
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": version,
        "io.modelcontextprotocol/clientInfo": { "name": "orderlog-tests", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let arguments = json!({ "sku": "TEA", "name": "Tea", "price": "50.00", "currency": "INR" });
    let params = json!({ "name": "products_upsert", "arguments": arguments, "_meta": meta });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params }).to_string();
    for (header, status) in [("Mcp-Param-Currency: USD\r\n", 400), ("", 400), ("Mcp-Param-Currency: INR\r\n", 200)] {
        let headers = format!("Mcp-Method: tools/call\r\nMcp-Name: products_upsert\r\n{header}");
        let request = format!(
            "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\nMCP-Protocol-Version: {version}\r\n{headers}\
             Connection: close\r\n\r\n{call}",
            call.len()
        );
        let answer = send_raw(&shop.node, request.as_bytes()).await?;
        check!(checks, answer.status == status, "{header}: {} {}", answer.status, answer.body);
        let known = shop.mcp().ok("products_search", json!({})).await?;
        check!(checks, (known["total_count"] == 1) == (status == 200), "{header}: {known}");
    }
    checks.all_hold()
}
