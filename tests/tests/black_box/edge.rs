//! Requests that no well-behaved client sends: refused with short messages of the protocol, without harm for others.

use anyhow::{Context, Result, ensure};
use futures::{StreamExt as _, stream};
use orderlog_tests::{Checks, Era, RawAnswer, SetUp, Shop, check, connect, events, send_raw};
use rand::{Rng as _, SeedableRng as _, seq::IndexedRandom as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;

const PARSE_ERROR: i64 = -32_700;
const INVALID_REQUEST: i64 = -32_600;
const INVALID_PARAMS: i64 = -32_602;
/// Raw requests of the random test, and how many at a time.
const RANDOM_REQUESTS: usize = 4_000;
const AT_ONCE: usize = 16;
/// Longest answer to a request whose every name is endless, in bytes.
const SHORT: usize = 2_000;

/// A POST of `body` to `/mcp`, with more headers.
fn post(headers: &str, body: &str) -> Vec<u8> {
    format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nAccept: application/json, text/event-stream\r\nContent-Length: {}\r\n\
         {headers}Connection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

const JSON: &str = "Content-Type: application/json\r\n";

async fn posted(shop: &Shop, body: &str) -> Result<RawAnswer> {
    send_raw(&shop.node, &post(JSON, body)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_rpc_is_answered_in_json_rpc() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let ping = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    check!(checks, posted(&shop, ping).await?.status == 200, "a ping must be answered");
    for (body, code, id) in [
        ("", PARSE_ERROR, json!(null)),
        ("{", PARSE_ERROR, json!(null)),
        ("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"ping\"", PARSE_ERROR, json!(null)),
        ("\u{feff}{}", PARSE_ERROR, json!(null)),
        ("'text'", PARSE_ERROR, json!(null)),
        ("[]", INVALID_REQUEST, json!(null)),
        (&format!("[{ping}]"), INVALID_REQUEST, json!(null)),
        ("7", INVALID_REQUEST, json!(null)),
        (r#"{"jsonrpc":"1.0","id":7,"method":"ping"}"#, INVALID_REQUEST, json!(7)),
        (r#"{"id":"a","method":"ping"}"#, INVALID_REQUEST, json!("a")),
        (r#"{"jsonrpc":"2.0","id":7,"method":["ping"]}"#, INVALID_REQUEST, json!(7)),
        (r#"{"jsonrpc":"2.0","id":[7],"method":"ping"}"#, INVALID_REQUEST, json!(null)),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":7}"#, INVALID_REQUEST, json!(7)),
        (r#"{"jsonrpc":"2.0","id":7,"method":"tools/list","params":{"_meta":[]}}"#, INVALID_REQUEST, json!(7)),
        (r#"{"jsonrpc":"2.0","id":7,"result":{}}"#, INVALID_REQUEST, json!(7)),
    ] {
        let answer = posted(&shop, body).await?;
        check!(checks, answer.status == 400, "{body} answered {answer:?}");
        check!(checks, answer.head.contains("content-type: application/json"), "{body} answered {answer:?}");
        let told = answer.json()?;
        check!(
            checks,
            told["jsonrpc"] == "2.0" && told["error"]["code"] == code && told["id"] == id,
            "{body} answered {told}"
        );
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stands_twice_is_refused_wherever_it_stands() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let before = events(&shop.node, 0).await?.len();
    let call = |name: &str, arguments: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"{name}","arguments":{arguments}}}}}"#
        )
    };
    for (body, key, place) in [
        (
            call("inventory_receive", r#"{"product":"PEN","quantity":1,"quantity":1000}"#),
            "quantity",
            "params.arguments",
        ),
        (
            call("inventory_receive", r#"{"product":"PEN","quantity":1,"\u0071uantity":1}"#),
            "quantity",
            "params.arguments",
        ),
        (
            call("orders_create_order", r#"{"customer":"x","lines":[{"product":"PEN","quantity":1,"product":"PEN"}]}"#),
            "product",
            "params.arguments.lines[0]",
        ),
        (r#"{"jsonrpc":"2.0","id":7,"method":"ping","method":"tools/list"}"#.to_owned(), "method", "the request"),
    ] {
        let answer = posted(&shop, &body).await?;
        let told = answer.json()?;
        check!(
            checks,
            answer.status == 400 && told["error"]["code"] == INVALID_REQUEST && told["id"] == 7,
            "{body}: {told}"
        );
        let message = told["error"]["message"].as_str().context("message")?;
        check!(checks, message.contains(&format!("`{key}` stands twice in {place}:")), "{body}: {message}");
    }
    check!(checks, events(&shop.node, 0).await?.len() == before, "a refused call recorded something");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_is_never_rounded_without_a_word() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let upsert = |price: &str| {
        format!(
            r#"{{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{{"name":"products_upsert","arguments":{{"sku":"PEN","name":"Pen","price":{price}}}}}}}"#
        )
    };
    let answer = posted(&shop, &upsert("100.00000000000000000000001")).await?;
    let told = answer.json()?;
    check!(checks, answer.status == 400 && told["error"]["code"] == INVALID_REQUEST && told["id"] == 7, "{told}");
    let message = told["error"]["message"].as_str().context("message")?;
    check!(
        checks,
        message.contains("100.00000000000000000000001 in params.arguments has more than 15 digits"),
        "{message}"
    );
    check!(checks, events(&shop.node, 0).await?.is_empty(), "a refused call recorded something");
    let answer = posted(&shop, &upsert("1234567.25")).await?.json()?;
    let price = &answer["result"]["structuredContent"]["changed"]["price"];
    check!(checks, price == "₹12,34,567.25", "{answer}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_greeting_that_cannot_be_read_is_told_what_is_wrong() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    let client = json!({ "name": "a", "version": "1" });
    for (params, wrong) in [
        (json!(null), "it needs params"),
        (json!({}), "params.protocolVersion must be a text"),
        (json!({ "protocolVersion": 5, "capabilities": {}, "clientInfo": client }), "params.protocolVersion"),
        (json!({ "protocolVersion": "2025-11-25", "clientInfo": client }), "params.capabilities must be an object"),
        (json!({ "protocolVersion": "2025-11-25", "capabilities": {} }), "params.clientInfo must be an object"),
        (
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "a" } }),
            "params.clientInfo.version must be a text",
        ),
    ] {
        let mut request = json!({ "jsonrpc": "2.0", "id": 7, "method": "initialize" });
        if !params.is_null() {
            request["params"] = params;
        }
        let told = posted(&shop, &request.to_string()).await?.json()?;
        ensure!(told["error"]["code"] == INVALID_PARAMS && told["id"] == 7, "{request}: {told}");
        ensure!(told["error"]["message"].as_str().is_some_and(|text| text.contains(wrong)), "{request}: {told}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_and_unseen_names_come_back_short_and_escaped() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    let endless = "\u{1b}[31m\u{202e}".to_owned() + &"é".repeat(100_000);
    let argument = json!({ "name": "orders_get", "arguments": { &endless: 1 } });
    let value = json!({ "name": "orders_search", "arguments": { "text": [&endless] } });
    for era in [Era::Handshake("2025-11-25"), Era::Stateless] {
        let mcp = shop.mcp().speaking(era);
        for (method, params) in [
            ("tools/call", json!({ "name": endless, "arguments": {} })),
            (endless.as_str(), json!({})),
            ("tools/call", argument.clone()),
            ("tools/call", value.clone()),
            ("prompts/get", json!({ "name": endless })),
            ("resources/read", json!({ "uri": endless })),
        ] {
            // Some of these names cannot be in a header, where the newest version of the protocol wants them.
            let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params });
            let answer = match mcp.send(method, params.clone()).await {
                Ok(answer) => answer.text().await?,
                Err(_) => posted(&shop, &body.to_string()).await?.body,
            };
            let shown: String = answer.chars().take(SHORT).collect();
            check!(checks, answer.len() < SHORT, "{era:?}: {} bytes: {shown}", answer.len());
            let told: Value = serde_json::from_str(&answer).with_context(|| shown.clone())?;
            check!(checks, told.get("error").is_some() || told["result"]["isError"] == true, "{era:?}: {told}");
            let refusal =
                told["result"]["content"][0]["text"].as_str().map(serde_json::from_str::<Value>).transpose()?;
            let said = refusal.as_ref().map_or(&told["error"]["message"], |refusal| &refusal["message"]);
            let said = said.as_str().with_context(|| format!("no message: {told}"))?;
            check!(checks, !said.contains(|c: char| c.is_control() || c == '\u{202e}'), "{era:?}: {told}");
        }
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_are_json_in_utf_8_as_they_stand() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    let ping = r#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#;
    for (headers, status) in [
        (JSON, 200),
        ("Content-Type: Application/JSON; charset=\"UTF-8\"\r\nContent-Encoding: identity\r\n", 200),
        ("Content-Type: application/json; charset=utf-7\r\n", 415),
        ("Content-Type: application/json; charset=utf-8; charset=utf-16\r\n", 415),
        ("Content-Type: text/plain\r\n", 415),
        ("Content-Type: application/json\r\nContent-Type: text/plain\r\n", 415),
        ("", 415),
        ("Content-Type: application/json\r\nContent-Encoding: gzip\r\n", 415),
        ("Content-Type: application/json\r\nContent-Encoding: br\r\n", 415),
    ] {
        let answer = send_raw(&shop.node, &post(headers, ping)).await?;
        ensure!(answer.status == status, "{headers} answered {answer:?}");
        ensure!(answer.json()?["jsonrpc"] == "2.0", "{headers} answered {answer:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn addresses_and_origins_must_be_one_and_well_formed() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    for (target, headers, status) in [
        ("/version", "Host: localhost\r\n", 200),
        ("/version", "Host: localhost:7400\r\nOrigin: http://localhost:3000\r\n", 200),
        ("http://localhost/version", "Host: localhost\r\n", 200),
        ("/version", "", 400),
        ("/version", "Host: localhost\r\nHost: localhost\r\n", 400),
        ("/version", "Host: localhost\r\nHost: evil.example\r\n", 400),
        ("/version", "Host: localhost:99999\r\n", 400),
        ("/version", "Host: localhost:\r\n", 400),
        ("/version", "Host: localhost:80:80\r\n", 400),
        ("/version", "Host: user@localhost\r\n", 400),
        ("http://evil.example/version", "Host: localhost\r\n", 400),
        ("/version", "Host: localhost\r\nOrigin: http://localhost:3000\r\nOrigin: https://evil.example\r\n", 403),
        ("/version", "Host: localhost\r\nOrigin: http://localhost:3000/x\r\n", 403),
        ("/version", "Host: localhost\r\nOrigin: localhost\r\n", 403),
    ] {
        for target in [target.to_owned(), target.replace("/version", "/mcp")] {
            let request = format!("GET {target} HTTP/1.1\r\n{headers}Connection: close\r\n\r\n");
            let answer = send_raw(&shop.node, request.as_bytes()).await?;
            let expected = if target.ends_with("/mcp") && status == 200 { 405 } else { status };
            check!(checks, answer.status == expected, "{target} {headers} answered {answer:?}");
        }
    }
    // A refused body is still read; otherwise the client would not receive the reason.
    let body = "x".repeat(2 << 20);
    for (host, content_type, status) in
        [("evil.example", JSON, 403), ("localhost", "Content-Type: text/plain\r\n", 415)]
    {
        let head =
            format!("POST /mcp HTTP/1.1\r\nHost: {host}\r\n{content_type}Content-Length: {}\r\n\r\n", body.len());
        let answer = send_raw(&shop.node, (head + &body).as_bytes()).await?;
        check!(checks, answer.status == status, "{host} {content_type} answered {answer:?}");
    }
    let large = format!("GET /version HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(70 * 1024));
    let answer = send_raw(&shop.node, large.as_bytes()).await?;
    check!(checks, answer.status == 431, "a head of 70 KiB answered {answer:?}");
    let log = shop.node.output();
    check!(checks, log.contains("a request was refused"), "the log says nothing of refused requests:\n{log}");
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn events_carry_the_client_in_every_era() -> Result<()> {
    let mut checks = Checks::default();
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let receive = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"inventory_receive","arguments":{"product":"PEN","quantity":1,"allow_duplicate":true}}}"#;
    for version in ["2025-03-26", "2025-06-18", "2025-11-25"] {
        let initialize = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
            "protocolVersion": version, "capabilities": {}, "clientInfo": { "name": "Côté", "version": "1.2" } } });
        let hello = posted(&shop, &initialize.to_string()).await?;
        let session = hello.head.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).context("a session")?;
        // The head was read in lower case; the header's value is not.
        let answer = shop.node.http().post(format!("{}/mcp", shop.node.url())).body(initialize.to_string());
        let answer = answer.header("Accept", "application/json, text/event-stream");
        let answer = answer.header("Content-Type", "application/json").send().await?;
        let exact = answer.headers()["mcp-session-id"].to_str()?.to_owned();
        check!(checks, exact.to_lowercase() == session, "the same client, another session: {exact}");
        for (headers, name, agent_version) in [
            (format!("Mcp-Session-Id: {exact}\r\nUser-Agent: node\r\n"), json!("Côté"), json!("1.2")),
            ("User-Agent: node\r\n".to_owned(), json!("node"), json!("")),
            (
                "Mcp-Session-Id: 1868a90c\r\nUser-Agent: python-httpx/0.28.1 x\r\n".to_owned(),
                json!("python-httpx"),
                json!("0.28.1"),
            ),
        ] {
            let headers = format!("{JSON}MCP-Protocol-Version: {version}\r\n{headers}");
            let answer = send_raw(&shop.node, &post(&headers, receive)).await?;
            check!(checks, answer.status == 200, "{version}: {answer:?}");
            let log = events(&shop.node, 0).await?;
            let agent = log.last().context("an event")?.json()["provenance"]["agent"].clone();
            check!(
                checks,
                agent["name"] == name && agent["version"] == agent_version,
                "{version} with {headers}: {agent}"
            );
        }
    }
    checks.all_hold()
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_that_leave_are_no_errors() -> Result<()> {
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let receive = r#"{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"inventory_receive","arguments":{"product":"PEN","quantity":1}}}"#;
    for leave_within in [true, false].repeat(20) {
        let mut stream = connect(&shop.node).await?;
        let request = post(JSON, receive);
        let sent = if leave_within { request.len() - 5 } else { request.len() };
        stream.write_all(&request[..sent]).await?;
    }
    shop.mcp().ok("inventory_check", json!({ "product": "PEN" })).await?;
    let log = shop.node.output();
    ensure!(!log.contains(" ERROR "), "a client that left is no error:\n{log}");
    Ok(())
}

/// Requests bent and broken at random, from a printed seed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_harm_nobody() -> Result<()> {
    let mut checks = Checks::default();
    let seed = rand::rng().random();
    eprintln!("random requests with seed {seed}");
    let shop = Shop::open(SetUp::Sqlite).await?;
    shop.stock("PEN", "Pen", "10.00", 5).await?;
    let before = events(&shop.node, 0).await?.len();
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let requests: Vec<Vec<u8>> = (0..RANDOM_REQUESTS).map(|_| bent(&mut random)).collect();
    let mut answers = stream::iter(&requests)
        .map(async |request| (request, send_raw(&shop.node, request).await))
        .buffer_unordered(AT_ONCE);
    while let Some((request, answer)) = answers.next().await {
        let shown = String::from_utf8_lossy(&request[..request.len().min(600)]).into_owned();
        let answer = answer.with_context(|| shown.clone())?;
        check!(checks, answer.status < 500, "{shown:?} answered {answer:?}");
    }
    drop(answers);
    let after = events(&shop.node, 0).await?.len();
    check!(checks, after == before, "random requests recorded {} events", after - before);
    let log = shop.node.output();
    check!(checks, !log.contains(" ERROR "), "random requests are no errors:\n{log}");
    checks.all_hold()
}

/// A good request to read something, with some of its bytes changed.
fn bent(random: &mut ChaCha8Rng) -> Vec<u8> {
    const PARTS: [&str; 14] = [
        "\r\n",
        "\r\n\r\n",
        "\0",
        "{\"a\":1,\"a\":2}",
        "\u{202e}",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 9\r\n",
        "Host: x\r\n",
        "Expect: 100-continue\r\n",
        "[[[[[[",
        "\"",
        "\\ud800",
        "HTTP/2.0",
        "ffffffffffffffff\r\n",
    ];
    let body = [
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"orders_search","arguments":{"text":"x","limit":5}}}"#,
        r#"{"jsonrpc":"2.0","id":"a","method":"resources/read","params":{"uri":"orderlog://orders/1001"}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"a","version":"1"}}}"#,
        r#"{"jsonrpc":"2.0","id":1,"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"order_story"},"argument":{"name":"order_id","value":"1"}}}"#,
    ];
    let mut request = match random.random_range(0..4) {
        0 => b"GET /v1/events?after=0&limit=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".to_vec(),
        _ => post(JSON, body.choose(random).copied().unwrap_or_default()),
    };
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..request.len());
        match random.random_range(0..4) {
            0 => request[at] = random.random(),
            1 => request.truncate(at.max(1)),
            2 => {
                let part = PARTS.choose(random).copied().unwrap_or_default();
                drop(request.splice(at..at, part.bytes()));
            }
            _ => {
                let end = random.random_range(at..request.len());
                let copy = request[at..=end].to_vec();
                drop(request.splice(at..at, copy));
            }
        }
    }
    request
}
